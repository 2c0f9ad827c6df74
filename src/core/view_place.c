#include "core/view_place.h"

#include "core/chain.h"
#include "core/section.h"
#include "core/sort.h"

/*
 * sizeof(_LARGE_CONTROL_AREA) beyond _CONTROL_AREA, in 3790: StartingFrame, UserGlobalList and SessionId, as public
 * driver headers of that release give them. Images whose shared sections are each session's own have such a control
 * area; that the subsection behind it points back is the proof.
 */
#define LARGE_CONTROL_AREA_TAIL 0x20u

/* The control area of the subsection, if it was read. */
static uint64_t control_area_of(const struct sic_scan *scan, uint32_t subsection)
{
    uint32_t section = sic_scan_subsection(scan, subsection)->section;

    return section == SIC_NONE ? 0 : sic_scan_section(scan, section)->control_area_va;
}

/*
 * The first subsection of the control area that views meant when they were given `index`, which is taken to follow it.
 * SIC_NONE when memory ran out.
 */
static uint32_t find_first(struct sic_scan *scan, const struct sic_reader *reader, const struct sic_layout *layout,
                           uint32_t index)
{
    uint64_t va = sic_scan_subsection(scan, index)->va;
    uint64_t control_area_va = va - sic_layout_offset(layout, SIC_FIELD_CONTROL_AREA_SIZE);
    uint32_t known = scan->subsections.count, other;

    if (control_area_of(scan, index) == control_area_va)
        return index;
    /* What lies there is no subsection of this control area, whatever it looks like. */
    sic_scan_subsection(scan, index)->section = SIC_NONE;
    sic_scan_subsection(scan, index)->flags |= SIC_SUBSECTION_UNREAD;
    other = sic_scan_intern_subsection(scan, va + LARGE_CONTROL_AREA_TAIL);
    if (other == SIC_NONE || !sic_sections_read(scan, reader, layout, known))
        return SIC_NONE;
    if (control_area_of(scan, other) != control_area_va)
        return index;
    sic_scan_subsection(scan, other)->flags |= SIC_SUBSECTION_FIRST;
    return other;
}

/* Gives each view the first subsection of its control area. `firsts` has room for every subsection known before. */
static bool move_to_first(struct sic_scan *scan, const struct sic_reader *reader, const struct sic_layout *layout,
                          uint32_t *firsts, uint32_t known)
{
    for (uint32_t i = 0; i < known; i++) {
        if (sic_reader_is_cancelled(reader))
            return false;
        firsts[i] = find_first(scan, reader, layout, i);
        if (firsts[i] == SIC_NONE)
            return false;
    }
    for (uint32_t i = 0; i < scan->views.count; i++)
        sic_scan_view(scan, i)->subsection = firsts[sic_scan_view(scan, i)->subsection];
    return true;
}

/* An image's prototype PTEs are one array, whose views all begin in the first subsection's section. */
static bool is_elsewhere(const struct sic_scan *scan, const struct sic_view *view)
{
    const struct sic_subsection *subsection = sic_scan_subsection(scan, view->subsection);

    return !(subsection->flags & SIC_SUBSECTION_UNREAD) && !sic_view_is_in_subsection(scan, view) &&
           !(sic_scan_section(scan, subsection->section)->flags & SIC_SECTION_IMAGE);
}

/* Reads the chains of the views that lie beyond their first subsection. */
static bool read_chains(struct sic_scan *scan, const struct sic_reader *reader, const struct sic_layout *layout,
                        bool *any)
{
    *any = false;
    for (uint32_t i = 0; i < scan->views.count; i++) {
        const struct sic_view *view = sic_scan_view(scan, i);

        if (!is_elsewhere(scan, view))
            continue;
        *any = true;
        if (!sic_chain_chase(scan, reader, layout, view->subsection))
            return false;
    }
    return true;
}

static bool gather_bases(const struct sic_scan *scan, struct sic_array *bases)
{
    if (!sic_array_reserve(&scan->allocator, bases, sizeof(struct sic_key), scan->subsections.count))
        return false;
    for (uint32_t i = 0; i < scan->subsections.count; i++) {
        const struct sic_subsection *subsection = sic_scan_subsection(scan, i);

        if (!(subsection->flags & SIC_SUBSECTION_UNREAD) && subsection->base != 0 && subsection->pte_count != 0)
            ((struct sic_key *)bases->elements)[bases->count++] = (struct sic_key){.key = subsection->base, .value = i};
    }
    return sic_sort_keys(&scan->allocator, bases->elements, bases->count);
}

/* The last of the sorted arrays that begins at or before `pte_va`; SIC_NONE when none does. */
static uint32_t find_array(const struct sic_array *bases, uint64_t pte_va)
{
    const struct sic_key *keys = bases->elements;
    uint32_t low = 0, high = bases->count;

    while (low < high) {
        uint32_t middle = low + (high - low) / 2;

        if (keys[middle].key <= pte_va)
            low = middle + 1;
        else
            high = middle;
    }
    return low == 0 ? SIC_NONE : (uint32_t)keys[low - 1].value;
}

static bool move_to_arrays(struct sic_scan *scan)
{
    struct sic_array bases = {0};
    bool gathered = gather_bases(scan, &bases);

    for (uint32_t i = 0; gathered && i < scan->views.count; i++) {
        struct sic_view *view = sic_scan_view(scan, i);
        uint32_t first = view->subsection, found;

        if (!is_elsewhere(scan, view))
            continue;
        found = find_array(&bases, view->first_prototype_pte);
        if (found == SIC_NONE || sic_scan_subsection(scan, found)->section != sic_scan_subsection(scan, first)->section)
            continue;
        view->subsection = found;
        if (!sic_view_is_in_subsection(scan, view))
            view->subsection = first;
    }
    sic_array_free(&scan->allocator, &bases, sizeof(struct sic_key));
    return gathered;
}

bool sic_views_place(struct sic_scan *scan, const struct sic_reader *reader, const struct sic_layout *layout)
{
    const struct sic_allocator *allocator = &scan->allocator;
    uint32_t known = scan->subsections.count;
    uint32_t *firsts;
    bool placed, any;

    if (sic_layout_has(layout, SIC_FIELD_MMVAD_SUBSECTION) || known == 0)
        return true;
    firsts = allocator->resize(allocator->context, NULL, 0, known * sizeof(*firsts));
    if (!firsts)
        return false;
    placed = move_to_first(scan, reader, layout, firsts, known);
    allocator->resize(allocator->context, firsts, known * sizeof(*firsts), 0);
    return placed && read_chains(scan, reader, layout, &any) && (!any || move_to_arrays(scan));
}
