#include "difference/kernel_view_match.h"

#include "sharing/kernel_view.h"
#include "util/memory.h"

#include <stdlib.h>

/* key: session */
static bool list_views(const struct sic_matching_side *side, unsigned number, uint32_t section,
                       struct sic_pairing_entries *views)
{
    uint32_t first, count;

    if (section == SIC_NONE || sic_scan_section(side->scan, section)->kernel_views == 0)
        return true;
    sic_kernel_views_find(side->scan, section, &first, &count);
    for (uint32_t i = first; i < first + count; i++) {
        const struct sic_kernel_view *view = sic_scan_kernel_view(side->scan, i);

        if (view->kind == SIC_KERNEL_VIEW_SESSION && !sic_pairing_entries_add(views, view->session_id, number, section))
            return false;
    }
    return true;
}

/* The section's own list was walked, or it has none that the trees lack. */
bool sic_kernel_views_are_known(const struct sic_matching_side *side, uint32_t section)
{
    const struct sic_section *record = section == SIC_NONE ? NULL : sic_scan_section(side->scan, section);

    if (!record || record->flags & SIC_SECTION_RING_WALKED)
        return true;
    return !(record->flags & SIC_SECTION_UNREAD) && record->mapped_views == record->view_count;
}

static bool add(uint32_t session_id, const uint32_t counts[2], bool is_certain, struct sic_difference *difference)
{
    struct sic_kernel_view_change *change =
        sic_array_append(sic_heap_allocator(), &difference->kernel_views, sizeof(struct sic_kernel_view_change));

    if (!change)
        return false;
    *change = (struct sic_kernel_view_change){
        .change = counts[SIC_OLD] == 0   ? SIC_CAME
                  : counts[SIC_NEW] == 0 ? SIC_WENT
                                         : SIC_CHANGED,
        .is_certain = is_certain,
        .session_id = session_id,
        .old_count = counts[SIC_OLD],
        .new_count = counts[SIC_NEW],
    };
    return true;
}

/* What no process maps is found through names and handles: a side that did not read them all may hold it unseen. */
static bool may_be_missed(const struct sic_matching *matching, unsigned number, uint32_t its_section,
                          uint32_t other_section)
{
    const struct sic_meaning *meaning = matching->sides[number].given->meaning;

    return its_section == SIC_NONE && sic_matching_view_count(&matching->sides[!number], other_section) == 0 &&
           !(meaning->names.complete && meaning->handles.complete);
}

bool sic_kernel_views_compare(const struct sic_matching *matching, uint32_t old_section, uint32_t new_section,
                              struct sic_difference *difference, bool *is_certain)
{
    struct sic_pairing_entries views = {0};
    const struct sic_matching_side *sides = matching->sides;
    bool are_known = sic_kernel_views_are_known(&sides[SIC_OLD], old_section) &&
                     sic_kernel_views_are_known(&sides[SIC_NEW], new_section) &&
                     !may_be_missed(matching, SIC_OLD, old_section, new_section) &&
                     !may_be_missed(matching, SIC_NEW, new_section, old_section);
    bool done = list_views(&sides[SIC_OLD], SIC_OLD, old_section, &views) &&
                list_views(&sides[SIC_NEW], SIC_NEW, new_section, &views) &&
                sic_sort_keys(sic_heap_allocator(), views.entries, views.count);

    for (uint32_t first = 0, end; done && first < views.count; first = end) {
        uint32_t counts[2] = {0};

        for (end = first; end < views.count && views.entries[end].key == views.entries[first].key; end++)
            counts[views.entries[end].value >> 32]++;
        if (counts[SIC_OLD] == counts[SIC_NEW])
            continue;
        done = add((uint32_t)views.entries[first].key, counts, are_known, difference);
        *is_certain = are_known;
    }
    sic_pairing_entries_deinit(&views);
    return done;
}
