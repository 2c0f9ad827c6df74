#include "crossing/pair.h"

#include <stdlib.h>

/* Those who are none to each other: a side of its own, or, within a class, those of one user and session. */
static uint32_t party_of(const struct sic_pair *pair, uint32_t process, bool is_writer)
{
    if (pair->writer != pair->reader)
        return is_writer;
    return pair->relation == SIC_CROSSING_APART ? pair->ground->trusts.identities[process] : process;
}

static int compare_u32(const void *left, const void *right)
{
    uint32_t a = *(const uint32_t *)left, b = *(const uint32_t *)right;

    return a < b ? -1 : a > b;
}

void sic_side_sort(struct sic_side *side)
{
    uint32_t kept = 0;

    if (side->count > 0)
        qsort(side->processes, side->count, sizeof(*side->processes), compare_u32);
    for (uint32_t i = 0; i < side->count; i++) {
        if (kept == 0 || side->processes[kept - 1] != side->processes[i])
            side->processes[kept++] = side->processes[i];
    }
    side->count = kept;
}

bool sic_side_has(const struct sic_side *side, uint32_t process)
{
    return side->count > 0 && bsearch(&process, side->processes, side->count, sizeof(process), compare_u32) != NULL;
}

bool sic_side_reserve(struct sic_side *side, uint32_t count)
{
    free(side->processes);
    *side = (struct sic_side){.processes = malloc(((size_t)count + 1) * sizeof(*side->processes))};
    return side->processes != NULL;
}

/* --- views ------------------------------------------------------------------------------------------------------ */

static void add_reaches(struct sic_pair *pair, unsigned class_index, bool is_writer)
{
    uint32_t count;
    const struct sic_ground_reach *reaches = sic_ground_reaches(pair->ground, class_index, &count);

    for (uint32_t i = 0; i < count; i++) {
        if (!(is_writer ? reaches[i].writes : reaches[i].shows))
            continue;
        pair->reaches[pair->reach_count] = reaches[i].reach;
        pair->reaches[pair->reach_count].is_writer = is_writer;
        pair->reaches[pair->reach_count++].party = party_of(pair, reaches[i].process, is_writer);
    }
}

static bool gather_reaches(struct sic_pair *pair)
{
    uint32_t writers, readers;

    sic_ground_reaches(pair->ground, pair->writer, &writers);
    sic_ground_reaches(pair->ground, pair->reader, &readers);
    pair->reaches = malloc(((size_t)writers + readers + 1) * sizeof(*pair->reaches));
    if (!pair->reaches)
        return false;
    add_reaches(pair, pair->writer, true);
    add_reaches(pair, pair->reader, false);
    return true;
}

/* Those whose views cross, on both sides. */
static bool take_crossing_views(struct sic_pair *pair)
{
    const struct sic_scan *scan = pair->ground->request->scan;

    if (!sic_side_reserve(&pair->writers, pair->reach_count) || !sic_side_reserve(&pair->readers, pair->reach_count))
        return false;
    for (uint32_t i = 0; i < pair->reach_count; i++) {
        struct sic_side *side = pair->reaches[i].is_writer ? &pair->writers : &pair->readers;

        if (pair->reaches[i].is_crossing)
            side->processes[side->count++] = sic_scan_view(scan, pair->reaches[i].view)->process;
    }
    sic_side_sort(&pair->writers);
    sic_side_sort(&pair->readers);
    return true;
}

/* --- handles, names, files -------------------------------------------------------------------------------------- */

static bool is_opener(const struct sic_pair *pair, uint32_t process, enum sic_answer answer)
{
    return pair->ground->best[process].answer == answer;
}

static bool gather_openers(struct sic_pair *pair, enum sic_answer answer)
{
    const struct sic_ground *ground = pair->ground;
    uint32_t first = ground->class_starts[pair->writer], end = ground->class_starts[pair->writer + 1];

    if (!sic_side_reserve(&pair->writers, end - first))
        return false;
    for (uint32_t i = first; ground->opens[pair->writer] && i < end; i++) {
        if (is_opener(pair, ground->members[i], answer))
            pair->writers.processes[pair->writers.count++] = ground->members[i];
    }
    return true;
}

static bool gather_holders(struct sic_pair *pair)
{
    uint32_t count;
    const struct sic_ground_holder *holders = sic_ground_holders(pair->ground, pair->writer, &count);

    if (!sic_side_reserve(&pair->writers, count))
        return false;
    for (uint32_t i = 0; i < count; i++)
        pair->writers.processes[pair->writers.count++] = holders[i].process;
    sic_side_sort(&pair->writers);
    return true;
}

/* The processes of a class that show something, or write. */
static bool gather_viewers(struct sic_pair *pair, unsigned class_index, bool writes, struct sic_side *side)
{
    uint32_t count;
    const struct sic_ground_reach *reaches = sic_ground_reaches(pair->ground, class_index, &count);

    if (!sic_side_reserve(side, count))
        return false;
    for (uint32_t i = 0; i < count; i++) {
        if (writes ? reaches[i].writes : reaches[i].shows)
            side->processes[side->count++] = reaches[i].process;
    }
    sic_side_sort(side);
    return true;
}

/* Which parties a side has: one, or several. */
struct parties {
    uint32_t first;
    bool are_many;
};

static struct parties parties_of(const struct sic_pair *pair, const struct sic_side *side, bool is_writer)
{
    struct parties parties = {.first = SIC_NONE};

    for (uint32_t i = 0; i < side->count; i++) {
        uint32_t party = party_of(pair, side->processes[i], is_writer);

        parties.are_many |= i > 0 && party != parties.first;
        parties.first = i == 0 ? party : parties.first;
    }
    return parties;
}

static void keep_those_with_others(const struct sic_pair *pair, struct sic_side *side, bool is_writer,
                                   const struct parties *others)
{
    uint32_t kept = 0;

    for (uint32_t i = 0; i < side->count; i++) {
        if (others->are_many || party_of(pair, side->processes[i], is_writer) != others->first)
            side->processes[kept++] = side->processes[i];
    }
    side->count = kept;
}

/* The System process, which runs nothing but the kernel, is no danger to it. */
#define SYSTEM_ID 4u

static void leave_system_out(const struct sic_pair *pair, struct sic_side *side)
{
    const struct sic_scan *scan = pair->ground->request->scan;
    uint32_t kept = 0;

    for (uint32_t i = 0; i < side->count; i++) {
        if (sic_scan_process(scan, side->processes[i])->id != SYSTEM_ID)
            side->processes[kept++] = side->processes[i];
    }
    side->count = kept;
}

/* Leaves on both sides those who have somebody else on the other. True when there are such. */
static bool oppose(struct sic_pair *pair)
{
    struct parties writers, readers;

    if (pair->reader == SIC_TRUST_KERNEL) {
        leave_system_out(pair, &pair->writers);
        return pair->writers.count > 0;
    }
    if (pair->writers.count == 0 || pair->readers.count == 0)
        return false;
    writers = parties_of(pair, &pair->writers, true);
    readers = parties_of(pair, &pair->readers, false);
    keep_those_with_others(pair, &pair->writers, true, &readers);
    keep_those_with_others(pair, &pair->readers, false, &writers);
    return pair->writers.count > 0;
}

/* --- the strongest way ------------------------------------------------------------------------------------------ */

/* The ways, the strongest first; of those that something unknown decides, after all others. */
static const struct attempt {
    enum sic_crossing_way way;
    bool is_certain;
    bool needs_relation; /* nothing is said on top of an unknown relation */
} attempts[] = {{SIC_CROSSING_HANDLE, true, false},
                {SIC_CROSSING_NAME, true, true},
                {SIC_CROSSING_VIEW, false, true},
                {SIC_CROSSING_NAME, false, true},
                {SIC_CROSSING_FILE, false, true}};

/* The writers of an attempt; false when memory ran out. */
static bool gather_writers(struct sic_pair *pair, const struct attempt *attempt)
{
    switch (attempt->way) {
    case SIC_CROSSING_HANDLE:
        return gather_holders(pair);
    case SIC_CROSSING_NAME:
        return gather_openers(pair, attempt->is_certain ? SIC_ANSWER_YES : SIC_ANSWER_UNKNOWN);
    case SIC_CROSSING_VIEW:
        /* Views of the kernel's own do not tell their extent. */
        pair->writers.count = 0;
        return pair->reader != SIC_TRUST_KERNEL || gather_viewers(pair, pair->writer, true, &pair->writers);
    default:
        pair->writers.count = 0;
        return !pair->ground->has_file_in_doubt || gather_viewers(pair, pair->writer, false, &pair->writers);
    }
}

/* *found: there is a way, which the crossing names. */
static bool try_views(struct sic_pair *pair, bool *found)
{
    *found = false;
    if (!pair->ground->writes[pair->writer] || pair->reader == SIC_TRUST_KERNEL)
        return true;
    if (!gather_reaches(pair) || !sic_overlap_find(pair->reaches, pair->reach_count, &pair->crossing.pages))
        return false;
    if (pair->crossing.pages.pages == 0)
        return true;
    pair->crossing.way = SIC_CROSSING_VIEW;
    pair->crossing.is_certain = pair->relation != SIC_CROSSING_UNKNOWN;
    *found = true;
    return take_crossing_views(pair);
}

bool sic_pair_find_way(struct sic_pair *pair, bool *found)
{
    if (!try_views(pair, found))
        return false;
    for (size_t i = 0; i < sizeof(attempts) / sizeof(attempts[0]) && !*found; i++) {
        if (attempts[i].needs_relation && pair->relation == SIC_CROSSING_UNKNOWN)
            continue;
        if (!gather_writers(pair, &attempts[i]) || !gather_viewers(pair, pair->reader, false, &pair->readers))
            return false;
        *found = oppose(pair);
        pair->crossing.way = attempts[i].way;
        pair->crossing.is_certain = attempts[i].is_certain && pair->relation != SIC_CROSSING_UNKNOWN;
    }
    return true;
}
