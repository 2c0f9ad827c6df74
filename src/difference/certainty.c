#include "difference/certainty.h"

#include "meaning/keys.h"
#include "util/memory.h"

#include <stdlib.h>

static bool hides_views_of_process(unsigned kind)
{
    switch (kind) {
    case SIC_PROBLEM_TREE_MISSING:
    case SIC_PROBLEM_TREE_SHARED:
    case SIC_PROBLEM_NODE_UNREADABLE:
    case SIC_PROBLEM_NODE_ORDER:
    case SIC_PROBLEM_NODE_POINTER:
    case SIC_PROBLEM_NODE_OWNER:
    case SIC_PROBLEM_NODE_PARENT:
    case SIC_PROBLEM_VIEW_TORN:
    case SIC_PROBLEM_PROCESS_ENDING:
    case SIC_PROBLEM_PROCESS_UNSTABLE:
        return true;
    default:
        return false;
    }
}

static void note_processes(struct sic_matching_side *side)
{
    const struct sic_scan *scan = side->scan;
    const struct sic_problem *problems = scan->problems.elements;

    for (uint32_t i = 0; i < scan->problems.count; i++) {
        bool is_of_list = problems[i].kind == SIC_PROBLEM_PROCESS_LIST;

        side->hides_processes =
            side->hides_processes || is_of_list || problems[i].kind == SIC_PROBLEM_PROCESS_UNREADABLE;
        if (problems[i].process < scan->processes.count && hides_views_of_process(problems[i].kind))
            side->hides_views[side->classes[problems[i].process]] = true;
    }
    for (uint32_t i = 0; i < scan->processes.count; i++) {
        if (sic_scan_process(scan, i)->flags & SIC_PROCESS_NOT_WALKED)
            side->hides_views[side->classes[i]] = true;
    }
}

/* A class that the side has fewer of. */
static void note_missing(const struct sic_matching *matching, unsigned number, struct sic_matching_side *side)
{
    for (uint32_t i = 0; side->hides_processes && i < matching->class_count; i++) {
        if (sic_matching_member_count(matching, number, i) < sic_matching_member_count(matching, !number, i))
            side->hides_views[i] = true;
    }
}

/* Nobody knows of which section it is. */
static bool is_of_unread(const struct sic_scan *scan, uint32_t view)
{
    const struct sic_subsection *subsection = sic_scan_subsection(scan, sic_scan_view(scan, view)->subsection);

    return subsection->flags & SIC_SUBSECTION_UNREAD ||
           sic_scan_section(scan, subsection->section)->flags & SIC_SECTION_UNREAD;
}

/* Its views may be of any section. By path a place is none, so that all of a class's are in doubt. */
static bool note_unread_views(const struct sic_matching *matching, struct sic_matching_side *side)
{
    const struct sic_scan *scan = side->scan;

    side->unread_places = malloc(((size_t)scan->views.count + 1) * sizeof(*side->unread_places));
    for (uint32_t i = 0; side->unread_places && i < scan->views.count; i++) {
        if (!is_of_unread(scan, i))
            continue;
        side->unread_places[side->unread_count++].key = side->place_keys[i];
        if (matching->basis == SIC_DIFFERENCE_BY_PATH)
            side->hides_views[side->classes[sic_scan_view(scan, i)->process]] = true;
    }
    return side->unread_places && sic_sort_keys(sic_heap_allocator(), side->unread_places, side->unread_count);
}

static bool is_listed(const struct sic_key *keys, uint32_t count, uint64_t wanted)
{
    uint32_t place = sic_keys_lower_bound(keys, count, wanted);

    return place < count && keys[place].key == wanted;
}

/* Problems of sections name the control area or the subsection. */
static bool note_flaws(struct sic_matching_side *side)
{
    const struct sic_scan *scan = side->scan;
    const struct sic_problem *problems = scan->problems.elements;
    struct sic_key *addresses = malloc(((size_t)scan->problems.count + 1) * sizeof(*addresses));
    uint32_t count = 0;

    side->is_flawed = calloc((size_t)scan->sections.count + 1, sizeof(bool));
    for (uint32_t i = 0; addresses && i < scan->problems.count; i++) {
        if (problems[i].kind == SIC_PROBLEM_SUBSECTION || problems[i].kind == SIC_PROBLEM_CONTROL_AREA ||
            problems[i].kind == SIC_PROBLEM_ARRAY_CLAIMED_TWICE)
            addresses[count++].key = problems[i].va;
    }
    if (!addresses || !side->is_flawed || !sic_sort_keys(sic_heap_allocator(), addresses, count)) {
        free(addresses);
        return false;
    }
    for (uint32_t i = 0; count > 0 && i < scan->sections.count; i++)
        side->is_flawed[i] = is_listed(addresses, count, sic_scan_section(scan, i)->control_area_va);
    for (uint32_t i = 0; count > 0 && i < scan->subsections.count; i++) {
        const struct sic_subsection *subsection = sic_scan_subsection(scan, i);

        if (subsection->section < scan->sections.count && is_listed(addresses, count, subsection->va))
            side->is_flawed[subsection->section] = true;
    }
    free(addresses);
    return true;
}

bool sic_certainty_find(struct sic_matching *matching)
{
    for (unsigned i = 0; i < 2; i++) {
        struct sic_matching_side *side = &matching->sides[i];

        side->hides_views = calloc((size_t)matching->class_count + 1, sizeof(bool));
        if (!side->hides_views)
            return false;
        note_processes(side);
        note_missing(matching, i, side);
        if (!note_unread_views(matching, side) || !note_flaws(side))
            return false;
    }
    return true;
}

bool sic_certainty_of_view(const struct sic_matching *matching, unsigned side, uint32_t view)
{
    const struct sic_matching_side *ours = &matching->sides[side], *theirs = &matching->sides[!side];

    return !is_of_unread(ours->scan, view) &&
           !theirs->hides_views[ours->classes[sic_scan_view(ours->scan, view)->process]] &&
           !is_listed(theirs->unread_places, theirs->unread_count, ours->place_keys[view]);
}
