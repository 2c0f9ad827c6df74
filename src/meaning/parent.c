#include "meaning/parent.h"

#include "meaning/identity.h"
#include "meaning/keys.h"
#include "util/memory.h"

#include <stdlib.h>

/* Processes with one pid that are looked at: a sound machine has one, and some that ended but are still held. */
#define CANDIDATE_LIMIT 64u
#define SYSTEM_ID       4u

/* Processes may be missing in the scan. */
static bool is_scan_short(const struct sic_scan *scan)
{
    const struct sic_problem *problems = scan->problems.elements;

    for (uint32_t i = 0; i < scan->problems.count; i++) {
        if (problems[i].kind == SIC_PROBLEM_PROCESS_LIST || problems[i].kind == SIC_PROBLEM_PROCESS_UNREADABLE)
            return true;
    }
    return scan->skipped_processes > 0;
}

bool sic_parents_init(const struct sic_scan *scan, struct sic_parents *parents)
{
    uint32_t count = scan->processes.count;

    *parents = (struct sic_parents){.scan = scan, .keys = malloc(((size_t)count + 1) * sizeof(*parents->keys))};
    if (!parents->keys)
        return false;
    parents->is_short = is_scan_short(scan);
    for (uint32_t i = 0; i < count; i++)
        parents->keys[i] = (struct sic_key){.key = sic_scan_process(scan, i)->id, .value = i};
    return sic_sort_keys(sic_heap_allocator(), parents->keys, count);
}

void sic_parents_deinit(struct sic_parents *parents)
{
    free(parents->keys);
    *parents = (struct sic_parents){0};
}

/* Whether the process was there before the other: unknown where a time was not read. System was there before all. */
static enum sic_answer was_before(const struct sic_process *process, const struct sic_process *other)
{
    if (process->id == SYSTEM_ID)
        return SIC_ANSWER_YES;
    if (process->create_time == 0 || other->create_time == 0)
        return SIC_ANSWER_UNKNOWN;
    return process->create_time <= other->create_time ? SIC_ANSWER_YES : SIC_ANSWER_NO;
}

static enum sic_parent_state find(const struct sic_parents *parents, uint32_t process, uint32_t *found)
{
    const struct sic_scan *scan = parents->scan;
    const struct sic_process *child = sic_scan_process(scan, process);
    uint32_t first = sic_keys_lower_bound(parents->keys, scan->processes.count, child->parent_id);
    bool is_unknown = false;

    *found = SIC_NONE;
    /* System, pid 4, has the parent 0, which is nobody. */
    if (child->parent_id == 0)
        return SIC_PARENT_NONE;
    for (uint32_t i = first; i < scan->processes.count && i - first < CANDIDATE_LIMIT; i++) {
        uint32_t candidate = (uint32_t)parents->keys[i].value;
        const struct sic_process *record = sic_scan_process(scan, candidate);
        enum sic_answer answer = was_before(record, child);

        if (record->id != child->parent_id)
            break;
        is_unknown = is_unknown || (candidate != process && answer == SIC_ANSWER_UNKNOWN);
        if (candidate == process || answer != SIC_ANSWER_YES)
            continue;
        if (*found == SIC_NONE || record->create_time > sic_scan_process(scan, *found)->create_time)
            *found = candidate;
    }
    if (*found != SIC_NONE)
        return SIC_PARENT_FOUND;
    return is_unknown || parents->is_short ? SIC_PARENT_UNKNOWN : SIC_PARENT_GONE;
}

enum sic_parent_state sic_parents_state(const struct sic_parents *parents, uint32_t process)
{
    uint32_t found;

    return find(parents, process, &found);
}

uint32_t sic_parents_find(const struct sic_parents *parents, uint32_t process)
{
    uint32_t found;

    find(parents, process, &found);
    return found;
}
