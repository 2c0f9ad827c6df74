#include "difference/crossing_match.h"

#include "difference/kernel_view_match.h"
#include "difference/rank.h"
#include "difference/region_match.h"
#include "difference/section_compare.h"
#include "util/memory.h"

#include <stdlib.h>

#define WIDTH 5u

struct matcher {
    const struct sic_matching *matching;
    struct sic_pairing pairing;
    bool *hides_trust[2];   /* by class: what decides the trust of one of it was not read */
    bool *hides_handles[2]; /* by class: handles of one of it were not read */
};

static const struct sic_crossing *crossing_at(const struct matcher *matcher, unsigned side, uint32_t index)
{
    return &matcher->matching->sides[side].given->crossings->crossings[index];
}

static uint32_t section_of(const struct matcher *matcher, unsigned side, uint32_t index)
{
    return matcher->matching->sides[side].given->regions->regions[crossing_at(matcher, side, index)->region].section;
}

static bool note_hidden(struct matcher *matcher)
{
    for (unsigned number = 0; number < 2; number++) {
        const struct sic_matching_side *side = &matcher->matching->sides[number];
        bool *trust = calloc((size_t)matcher->matching->class_count + 1, sizeof(bool));
        bool *handles = calloc((size_t)matcher->matching->class_count + 1, sizeof(bool));

        matcher->hides_trust[number] = trust;
        matcher->hides_handles[number] = handles;
        if (!trust || !handles)
            return false;
        for (uint32_t i = 0; i < side->scan->processes.count; i++) {
            const struct sic_process *process = sic_scan_process(side->scan, i);
            const struct sic_token *token = sic_process_token(side->scan, process);

            if (!token || !(token->flags & SIC_TOKEN_READ) || token->integrity == SIC_NONE ||
                !(token->flags & SIC_TOKEN_PACKAGE_KNOWN) || !(process->flags & SIC_PROCESS_PROTECTION_KNOWN))
                trust[side->classes[i]] = true;
            if (!(process->flags & SIC_PROCESS_HANDLES_READ) || process->flags & SIC_PROCESS_HANDLES_INCOMPLETE)
                handles[side->classes[i]] = true;
        }
    }
    return true;
}

/* Sections of a pair have one number, and others numbers of their own. */
static uint64_t section_number(const struct matcher *matcher, unsigned side, uint32_t section)
{
    const struct sic_pairing *sections = &matcher->matching->sections;

    if (side == SIC_OLD)
        return section;
    if (sections->partners[SIC_NEW][section] != SIC_NONE)
        return sections->partners[SIC_NEW][section];
    return (uint64_t)sections->counts[SIC_OLD] + section;
}

/* Regions have many crossings: their intervals are found once. NULL when memory ran out. */
static struct sic_interval *list_intervals(const struct matcher *matcher, unsigned number)
{
    const struct sic_matching_side *side = &matcher->matching->sides[number];
    const struct sic_crossings *crossings = side->given->crossings;
    size_t room = (size_t)side->given->regions->count + 1;
    struct sic_interval *intervals = malloc(room * sizeof(*intervals));
    bool *is_found = calloc(room, sizeof(*is_found));

    for (uint32_t i = 0; intervals && is_found && i < crossings->count; i++) {
        uint32_t region = crossings->crossings[i].region;

        if (!is_found[region])
            intervals[region] = sic_region_interval(side, region);
        is_found[region] = true;
    }
    if (!is_found) {
        free(intervals);
        intervals = NULL;
    }
    free(is_found);
    return intervals;
}

static uint64_t *list_records(const struct matcher *matcher)
{
    const uint32_t *counts = matcher->pairing.counts;
    uint64_t *fields = malloc(((size_t)counts[SIC_OLD] + counts[SIC_NEW] + 1) * WIDTH * sizeof(*fields));
    size_t item = 0;

    for (unsigned side = 0; fields && side < 2; side++) {
        struct sic_interval *intervals = list_intervals(matcher, side);

        for (uint32_t i = 0; intervals && i < counts[side]; i++, item++) {
            const struct sic_crossing *crossing = crossing_at(matcher, side, i);
            uint64_t *record = fields + item * WIDTH;

            record[0] = section_number(matcher, side, section_of(matcher, side, i));
            record[1] =
                (uint64_t)crossing->relation << 16 | (uint64_t)crossing->writers.trust << 8 | crossing->readers.trust;
            record[2] = intervals[crossing->region].is_placed;
            record[3] = intervals[crossing->region].first;
            record[4] = intervals[crossing->region].count;
        }
        if (!intervals) {
            free(fields);
            fields = NULL;
        }
        free(intervals);
    }
    return fields;
}

static bool pair_by(struct matcher *matcher, const uint64_t *fields)
{
    const uint32_t *counts = matcher->pairing.counts;
    uint32_t total = counts[SIC_OLD] + counts[SIC_NEW];
    uint32_t *ranks = malloc(((size_t)total + 1) * sizeof(*ranks));
    struct sic_pairing_entries entries = {0};
    bool done = ranks && sic_rank_records(fields, WIDTH, total, ranks, NULL);

    for (uint32_t i = 0; done && i < total; i++) {
        unsigned side = i >= counts[SIC_OLD];

        done = sic_pairing_entries_add(&entries, ranks[i], side, side ? i - counts[SIC_OLD] : i);
    }
    free(ranks);
    done = done && sic_pairing_match_equal(&matcher->pairing, &entries);
    sic_pairing_entries_deinit(&entries);
    return done;
}

static bool match(struct matcher *matcher)
{
    uint64_t *fields = list_records(matcher);
    size_t total = (size_t)matcher->pairing.counts[SIC_OLD] + matcher->pairing.counts[SIC_NEW];
    bool done = fields && pair_by(matcher, fields);

    for (size_t i = 0; done && i < total; i++)
        fields[i * WIDTH + 2] = fields[i * WIDTH + 3] = fields[i * WIDTH + 4] = 0;
    done = done && pair_by(matcher, fields);
    free(fields);
    return done;
}

/* Classes of the listed processes, ascending. */
static void list_classes(const struct matcher *matcher, unsigned number, const struct sic_crossing_side *crossing_side,
                         uint32_t classes[SIC_CROSSING_LISTED])
{
    const struct sic_matching_side *side = &matcher->matching->sides[number];
    const uint32_t *processes =
        (const uint32_t *)side->given->crossings->processes.elements + crossing_side->processes.first;

    for (uint32_t i = 0; i < crossing_side->processes.listed; i++) {
        uint32_t class_index = side->classes[processes[i]], place = i;

        while (place > 0 && classes[place - 1] > class_index) {
            classes[place] = classes[place - 1];
            place--;
        }
        classes[place] = class_index;
    }
}

/* Where not all are listed their number has to do. */
static bool are_processes_same(const struct matcher *matcher, const struct sic_crossing_side *left,
                               const struct sic_crossing_side *right)
{
    uint32_t olds[SIC_CROSSING_LISTED], news[SIC_CROSSING_LISTED];

    if (left->processes.count != right->processes.count)
        return false;
    if (left->processes.listed < left->processes.count || right->processes.listed < right->processes.count)
        return true;
    list_classes(matcher, SIC_OLD, left, olds);
    list_classes(matcher, SIC_NEW, right, news);
    for (uint32_t i = 0; i < left->processes.count; i++) {
        if (olds[i] != news[i])
            return false;
    }
    return true;
}

static uint32_t compare(const struct matcher *matcher, uint32_t old_index, uint32_t new_index)
{
    const struct sic_crossing *left = crossing_at(matcher, SIC_OLD, old_index);
    const struct sic_crossing *right = crossing_at(matcher, SIC_NEW, new_index);
    uint32_t what = 0;

    if (left->way != right->way)
        what |= SIC_CROSSING_CHANGE_WAY;
    if (left->is_certain != right->is_certain)
        what |= SIC_CROSSING_CHANGE_CERTAINTY;
    if (!are_processes_same(matcher, &left->writers, &right->writers) ||
        !are_processes_same(matcher, &left->readers, &right->readers))
        what |= SIC_CROSSING_CHANGE_PROCESSES;
    return what;
}

/* Whether what makes this side's processes cross, here alone, may be that something was not read on one of the sides.
 */
static bool is_side_hidden(const struct matcher *matcher, unsigned number, const struct sic_crossing_side *side,
                           bool with_handles)
{
    const struct sic_matching_side *ours = &matcher->matching->sides[number];
    const uint32_t *processes = (const uint32_t *)ours->given->crossings->processes.elements + side->processes.first;

    for (uint32_t i = 0; i < side->processes.listed; i++) {
        uint32_t class_index = ours->classes[processes[i]];

        if (matcher->hides_trust[number][class_index] || matcher->hides_trust[!number][class_index] ||
            matcher->matching->sides[!number].hides_views[class_index] ||
            (with_handles && matcher->hides_handles[!number][class_index]))
            return true;
    }
    return false;
}

/* Whether a crossing is, as it is here, not on the other side for certain. */
static bool is_certain(const struct matcher *matcher, unsigned number, uint32_t index)
{
    const struct sic_matching *matching = matcher->matching;
    const struct sic_crossing *crossing = crossing_at(matcher, number, index);
    uint32_t section = section_of(matcher, number, index), partner = matching->sections.partners[number][section];

    /* A view that one side hides may have joined regions, or parted them. */
    if (matching->sides[number].has_unsure[section] || matching->sides[number].is_flawed[section] ||
        (partner != SIC_NONE &&
         (matching->sides[!number].has_unsure[partner] || matching->sides[!number].is_flawed[partner])))
        return false;
    if (crossing->readers.trust == SIC_TRUST_KERNEL && !sic_kernel_views_are_known(&matching->sides[!number], partner))
        return false;
    if (crossing->way == SIC_CROSSING_NAME && !matching->sides[!number].given->meaning->names.complete)
        return false;
    return !is_side_hidden(matcher, number, &crossing->writers, crossing->way == SIC_CROSSING_HANDLE) &&
           !is_side_hidden(matcher, number, &crossing->readers, false);
}

static bool add(const struct matcher *matcher, uint32_t old_index, uint32_t new_index, uint32_t what,
                struct sic_difference *difference)
{
    struct sic_crossing_change *change =
        sic_array_append(sic_heap_allocator(), &difference->crossings, sizeof(struct sic_crossing_change));

    if (!change)
        return false;
    *change = (struct sic_crossing_change){
        .change = sic_change_of(old_index, new_index),
        .is_certain = (old_index == SIC_NONE || is_certain(matcher, SIC_OLD, old_index)) &&
                      (new_index == SIC_NONE || is_certain(matcher, SIC_NEW, new_index)),
        .old_index = old_index,
        .new_index = new_index,
        .what = what,
    };
    return true;
}

/* A section is shown with all of both sides when one side's is. */
static bool is_shown(const struct matcher *matcher, unsigned number, uint32_t index)
{
    const struct sic_matching *matching = matcher->matching;
    uint32_t section, partner;

    if (index == SIC_NONE)
        return false;
    section = section_of(matcher, number, index);
    partner = matching->sections.partners[number][section];
    return sic_section_is_shown(&matching->sides[number], section) ||
           (partner != SIC_NONE && sic_section_is_shown(&matching->sides[!number], partner));
}

static bool add_all(const struct matcher *matcher, struct sic_difference *difference)
{
    const uint32_t *olds = matcher->pairing.partners[SIC_OLD], *news = matcher->pairing.partners[SIC_NEW];
    bool done = true;

    for (uint32_t i = 0; done && i < matcher->pairing.counts[SIC_NEW]; i++) {
        if (news[i] == SIC_NONE && is_shown(matcher, SIC_NEW, i))
            done = add(matcher, SIC_NONE, i, 0, difference);
    }
    for (uint32_t i = 0; done && i < matcher->pairing.counts[SIC_OLD]; i++) {
        uint32_t what;

        if (!is_shown(matcher, SIC_OLD, i) && !is_shown(matcher, SIC_NEW, olds[i]))
            continue;
        what = olds[i] == SIC_NONE ? 0 : compare(matcher, i, olds[i]);
        if (olds[i] == SIC_NONE || what != 0)
            done = add(matcher, i, olds[i], what, difference);
    }
    return done;
}

static unsigned width_of(const struct matcher *matcher, const struct sic_crossing_change *change)
{
    return change->new_index != SIC_NONE ? crossing_at(matcher, SIC_NEW, change->new_index)->width
                                         : crossing_at(matcher, SIC_OLD, change->old_index)->width;
}

/* Came, went, changed; in each the widest gap first, else as the sides have them. */
static bool sort_changes(const struct matcher *matcher, struct sic_difference *difference)
{
    struct sic_crossing_change *changes = difference->crossings.elements;
    uint32_t count = difference->crossings.count;
    struct sic_key *order = malloc(((size_t)count + 1) * sizeof(*order));
    struct sic_crossing_change *sorted = malloc(((size_t)count + 1) * sizeof(*sorted));
    bool done = order && sorted;

    for (uint32_t i = 0; done && i < count; i++)
        order[i] = (struct sic_key){
            .key = (uint64_t)changes[i].change << 32 | (UINT32_MAX - width_of(matcher, &changes[i])), .value = i};
    done = done && sic_sort_keys(sic_heap_allocator(), order, count);
    for (uint32_t i = 0; done && i < count; i++)
        sorted[i] = changes[order[i].value];
    for (uint32_t i = 0; done && i < count; i++)
        changes[i] = sorted[i];
    free(order);
    free(sorted);
    return done;
}

bool sic_crossings_compare(const struct sic_matching *matching, struct sic_difference *difference)
{
    struct matcher matcher = {.matching = matching};
    bool done = sic_pairing_init(matching->sides[SIC_OLD].given->crossings->count,
                                 matching->sides[SIC_NEW].given->crossings->count, &matcher.pairing) &&
                note_hidden(&matcher) && match(&matcher) && add_all(&matcher, difference) &&
                sort_changes(&matcher, difference);

    sic_pairing_deinit(&matcher.pairing);
    for (unsigned side = 0; side < 2; side++) {
        free(matcher.hides_trust[side]);
        free(matcher.hides_handles[side]);
    }
    return done;
}
