#include "cli/summary.h"

#include "meaning/rights.h"

#include <stdlib.h>

static struct sic_summary summarize(const struct sic_listing *listing, const struct sic_region *region)
{
    struct sic_memory memory;

    sic_memory_judge(&listing->meaning, &listing->regions, region, &memory);
    return (struct sic_summary){
        .processes = sic_region_processes(&listing->scan, &listing->regions, region),
        .known = (uint8_t)memory.known,
        .is_writable = sic_region_is_writable(&listing->scan, &listing->regions, region, &listing->shared_writable),
    };
}

struct sic_summary *sic_summaries_make(const struct sic_listing *listing)
{
    struct sic_summary *summaries = calloc((size_t)listing->regions.count + 1, sizeof(*summaries));

    for (uint32_t i = 0; summaries && i < listing->regions.count; i++) {
        if (listing->selected[i])
            summaries[i] = summarize(listing, &listing->regions.regions[i]);
    }
    return summaries;
}
