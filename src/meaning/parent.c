#include "meaning/parent.h"

#include "util/memory.h"

#include <stdlib.h>

/* Processes with one pid that are looked at: a sound machine has one, and some that ended but are still held. */
#define CANDIDATE_LIMIT 64u

bool sic_parents_init(const struct sic_scan *scan, struct sic_parents *parents)
{
    uint32_t count = scan->processes.count;

    *parents = (struct sic_parents){.scan = scan, .keys = malloc(((size_t)count + 1) * sizeof(*parents->keys))};
    if (!parents->keys)
        return false;
    for (uint32_t i = 0; i < count; i++)
        parents->keys[i] = (struct sic_key){.key = sic_scan_process(scan, i)->id, .value = i};
    return sic_sort_keys(sic_heap_allocator(), parents->keys, count);
}

void sic_parents_deinit(struct sic_parents *parents)
{
    free(parents->keys);
    *parents = (struct sic_parents){0};
}

uint32_t sic_parents_find(const struct sic_parents *parents, uint32_t process)
{
    const struct sic_process *child = sic_scan_process(parents->scan, process);
    uint32_t low = 0, high = parents->scan->processes.count, found = SIC_NONE;

    while (low < high) {
        uint32_t middle = low + (high - low) / 2;

        if (parents->keys[middle].key < child->parent_id)
            low = middle + 1;
        else
            high = middle;
    }
    /* System, pid 4, has the parent 0, which is nobody. */
    for (uint32_t i = low; child->parent_id != 0 && i < parents->scan->processes.count && i - low < CANDIDATE_LIMIT;
         i++) {
        uint32_t candidate = (uint32_t)parents->keys[i].value;
        const struct sic_process *record = sic_scan_process(parents->scan, candidate);

        if (record->id != child->parent_id)
            break;
        if (candidate == process || record->create_time > child->create_time)
            continue;
        if (found == SIC_NONE || record->create_time > sic_scan_process(parents->scan, found)->create_time)
            found = candidate;
    }
    return found;
}
