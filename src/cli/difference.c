#include "cli/difference.h"

#include "cli/report.h"
#include "cli/select.h"

#include <stdlib.h>

static struct sic_difference_side side_of(const struct sic_comparison *comparison, unsigned number)
{
    const struct sic_listing *listing = number == 0 ? comparison->old_listing : comparison->new_listing;

    return (struct sic_difference_side){
        .scan = &listing->scan,
        .meaning = &listing->meaning,
        .regions = &listing->regions,
        .crossings = &listing->crossings,
        .origin = &listing->origin,
        .sections_shown = comparison->sections_shown[number],
        .processes_shown = comparison->processes_shown[number],
    };
}

static bool choose(const struct sic_listing *listing, const struct sic_selection *selection, bool **sections,
                   bool **processes)
{
    if (sic_selection_is_empty(selection))
        return true;
    *sections = malloc(((size_t)listing->scan.sections.count + 1) * sizeof(**sections));
    if (!*sections || !sic_listing_select_sections(listing, selection, *sections))
        return false;
    if (selection->filters.count == 0)
        return true;
    *processes = malloc(((size_t)listing->scan.processes.count + 1) * sizeof(**processes));
    if (*processes)
        sic_listing_select_processes(listing, selection, *processes);
    return *processes != NULL;
}

bool sic_comparison_init(const struct sic_listing *old_listing, const struct sic_listing *new_listing,
                         const struct sic_options *options, bool by_path, struct sic_comparison *comparison)
{
    struct sic_difference_request request = {.by_path = by_path,
                                             .is_one_kernel = old_listing->is_live && new_listing->is_live};

    *comparison = (struct sic_comparison){.old_listing = old_listing,
                                          .new_listing = new_listing,
                                          .old_name = old_listing->called,
                                          .new_name = new_listing->called};
    if (!choose(old_listing, &options->selection, &comparison->sections_shown[0], &comparison->processes_shown[0]) ||
        !choose(new_listing, &options->selection, &comparison->sections_shown[1], &comparison->processes_shown[1]))
        return false;
    request.old_side = side_of(comparison, 0);
    request.new_side = side_of(comparison, 1);
    return sic_difference_find(&request, &comparison->difference);
}

void sic_comparison_deinit(struct sic_comparison *comparison)
{
    sic_difference_deinit(&comparison->difference);
    for (unsigned number = 0; number < 2; number++) {
        free(comparison->sections_shown[number]);
        free(comparison->processes_shown[number]);
    }
    *comparison = (struct sic_comparison){0};
}

bool sic_comparison_is_complete(const struct sic_comparison *comparison)
{
    return sic_listing_is_complete(comparison->old_listing) && sic_listing_is_complete(comparison->new_listing);
}

int sic_comparison_exit_status(const struct sic_comparison *comparison)
{
    if (comparison->difference.is_different)
        return SIC_EXIT_DIFFERENT;
    return sic_comparison_is_complete(comparison) ? SIC_EXIT_SAME : SIC_EXIT_INCOMPLETE;
}
