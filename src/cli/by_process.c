#include "cli/by_process.h"

#include <stdlib.h>

/* Views of one process stand side by side in a region. */
static void list_owners(const struct sic_listing *listing, uint32_t index, struct sic_by_process *by_process)
{
    const struct sic_region *region = &listing->regions.regions[index];
    struct sic_owner *owner = NULL;

    for (uint32_t i = region->first; i < region->first + region->count; i++) {
        uint32_t process = sic_scan_view(&listing->scan, listing->regions.views[i])->process;

        if (!owner || owner->process != process) {
            owner = &by_process->owners[by_process->owner_count++];
            *owner = (struct sic_owner){.process = process, .region = index, .first = i};
        }
        owner->count++;
    }
}

/* Counting sort, which keeps the order of the regions. */
static void sort_by_process(uint32_t processes, struct sic_by_process *by_process)
{
    uint32_t *starts = by_process->process_starts, total = 0;

    for (uint32_t i = 0; i < by_process->owner_count; i++)
        starts[by_process->owners[i].process]++;
    for (uint32_t i = 0; i <= processes; i++) {
        total += starts[i];
        starts[i] = total;
    }
    for (uint32_t i = by_process->owner_count; i-- > 0;)
        by_process->order[--starts[by_process->owners[i].process]] = i;
}

bool sic_by_process_init(const struct sic_listing *listing, struct sic_by_process *by_process)
{
    size_t views = (size_t)listing->regions.view_count + 1;

    *by_process = (struct sic_by_process){
        .owners = malloc(views * sizeof(struct sic_owner)),
        .order = malloc(views * sizeof(uint32_t)),
        .region_starts = calloc((size_t)listing->regions.count + 1, sizeof(uint32_t)),
        .process_starts = calloc((size_t)listing->scan.processes.count + 1, sizeof(uint32_t)),
    };
    if (!by_process->owners || !by_process->order || !by_process->region_starts || !by_process->process_starts)
        return false;
    for (uint32_t i = 0; i < listing->regions.count; i++) {
        by_process->region_starts[i] = by_process->owner_count;
        if (listing->selected[i])
            list_owners(listing, i, by_process);
    }
    by_process->region_starts[listing->regions.count] = by_process->owner_count;
    sort_by_process(listing->scan.processes.count, by_process);
    return true;
}

void sic_by_process_deinit(struct sic_by_process *by_process)
{
    free(by_process->owners);
    free(by_process->order);
    free(by_process->region_starts);
    free(by_process->process_starts);
    *by_process = (struct sic_by_process){0};
}
