#include "cli/select.h"

#include "util/fold.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool does_process_match(const struct sic_listing *listing, uint32_t process, const struct sic_options *options)
{
    char pid[24];

    snprintf(pid, sizeof(pid), "%" PRIu64, sic_scan_process(&listing->scan, process)->id);
    for (unsigned i = 0; i < options->filter_count; i++) {
        if (strcmp(pid, options->filters[i]) == 0 ||
            sic_contains_ignoring_case(listing->names[process], options->filters[i]))
            return true;
    }
    return options->filter_count == 0;
}

static bool does_region_match(const struct sic_listing *listing, const struct sic_region *region, const bool *matches)
{
    for (uint32_t i = region->first; i < region->first + region->count; i++) {
        if (matches[sic_scan_view(&listing->scan, listing->regions.views[i])->process])
            return true;
    }
    return false;
}

enum sic_status sic_listing_select(struct sic_listing *listing, const struct sic_options *options,
                                   struct sic_error *error)
{
    bool *matches = calloc((size_t)listing->scan.processes.count + 1, sizeof(*matches));

    listing->selected = calloc((size_t)listing->regions.count + 1, sizeof(*listing->selected));
    if (!matches || !listing->selected) {
        free(matches);
        return sic_error_set(error, SIC_NO_MEMORY, "out of memory; close other programs and try again");
    }
    for (uint32_t i = 0; i < listing->scan.processes.count; i++)
        matches[i] = does_process_match(listing, i, options);
    for (uint32_t i = 0; i < listing->regions.count; i++) {
        listing->selected[i] = does_region_match(listing, &listing->regions.regions[i], matches);
        listing->selected_count += listing->selected[i];
    }
    free(matches);
    return SIC_OK;
}
