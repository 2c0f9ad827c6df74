#include "core/section.h"

/* How many records ahead memory is asked for while a list of them is read. */
#define PREFETCH_DISTANCE 8u

uint64_t sic_view_contiguous_pages(const struct sic_view *view)
{
    uint64_t pages = sic_view_page_count(view), ptes;

    if (view->flags & SIC_VIEW_TORN)
        return 1;
    if (view->last_contiguous_pte == SIC_WHOLE_VIEW_CONTIGUOUS)
        return pages;
    ptes = (view->last_contiguous_pte - view->first_prototype_pte) / 8 + 1;
    return ptes < pages ? ptes : pages;
}

static uint32_t intern_section(struct sic_scan *scan, uint64_t control_area_va)
{
    struct sic_section *section;
    uint32_t index;

    if (sic_index_find(&scan->control_area_index, &scan->sections, sizeof(*section), control_area_va, &index))
        return index;
    section = sic_array_append(&scan->allocator, &scan->sections, sizeof(*section));
    if (!section)
        return SIC_NONE;
    section->control_area_va = control_area_va;
    section->flags = SIC_SECTION_UNREAD;
    section->name.offset = SIC_NONE;
    index = scan->sections.count - 1;
    return sic_index_add(&scan->allocator, &scan->control_area_index, control_area_va, index) ? index : SIC_NONE;
}

static bool is_control_area_pointer(uint64_t va)
{
    return sic_is_kernel_pointer(va, 8);
}

/* A subsection's own fields. False when memory ran out. */
static bool read_subsection(struct sic_scan *scan, const struct sic_reader *reader, const struct sic_layout *layout,
                            uint32_t index)
{
    struct sic_subsection *subsection = sic_scan_subsection(scan, index);
    uint8_t scratch[SIC_SECTION_STRUCTURE_LIMIT];
    const uint8_t *bytes =
        sic_reader_bytes(reader, subsection->va, scratch, sic_layout_offset(layout, SIC_FIELD_SUBSECTION_SIZE));
    uint64_t control_area_va;

    if (!bytes)
        return true;
    control_area_va = sic_load64(bytes + sic_layout_offset(layout, SIC_FIELD_SUBSECTION_CONTROL_AREA));
    if (!is_control_area_pointer(control_area_va))
        return true;
    subsection->base = sic_load64(bytes + sic_layout_offset(layout, SIC_FIELD_SUBSECTION_BASE));
    subsection->next_va = sic_load64(bytes + sic_layout_offset(layout, SIC_FIELD_SUBSECTION_NEXT));
    subsection->pte_count = sic_load32(bytes + sic_layout_offset(layout, SIC_FIELD_SUBSECTION_PTE_COUNT));
    subsection->flags &= ~SIC_SUBSECTION_UNREAD;
    subsection->section = intern_section(scan, control_area_va);
    return subsection->section != SIC_NONE;
}

static uint32_t section_flags(const struct sic_layout *layout, uint32_t word)
{
    return (sic_layout_bits(layout, SIC_FIELD_SECTION_FLAGS_IMAGE, word) ? SIC_SECTION_IMAGE : 0) |
           (sic_layout_bits(layout, SIC_FIELD_SECTION_FLAGS_FILE, word) ? SIC_SECTION_FILE : 0) |
           (sic_layout_bits(layout, SIC_FIELD_SECTION_FLAGS_PHYSICAL_MEMORY, word) ? SIC_SECTION_PHYSICAL : 0);
}

static void read_control_area(struct sic_section *section, const struct sic_reader *reader,
                              const struct sic_layout *layout)
{
    uint8_t scratch[SIC_SECTION_STRUCTURE_LIMIT];
    const uint8_t *bytes = sic_reader_bytes(reader, section->control_area_va, scratch,
                                            sic_layout_offset(layout, SIC_FIELD_CONTROL_AREA_SIZE));

    if (!bytes)
        return;
    section->segment_va = sic_load64(bytes + sic_layout_offset(layout, SIC_FIELD_CONTROL_AREA_SEGMENT));
    section->control_area_flags = sic_load32(bytes + sic_layout_offset(layout, SIC_FIELD_CONTROL_AREA_FLAGS));
    /* An EX_FAST_REF: the low 4 bits count references. */
    section->file_object_va =
        sic_load64(bytes + sic_layout_offset(layout, SIC_FIELD_CONTROL_AREA_FILE_POINTER)) & ~0xfull;
    if (sic_layout_has(layout, SIC_FIELD_CONTROL_AREA_MAPPED_VIEWS))
        section->mapped_views = sic_load64(bytes + sic_layout_offset(layout, SIC_FIELD_CONTROL_AREA_MAPPED_VIEWS));
    if (sic_layout_has(layout, SIC_FIELD_CONTROL_AREA_SECTION_REFERENCES))
        section->section_references =
            sic_load64(bytes + sic_layout_offset(layout, SIC_FIELD_CONTROL_AREA_SECTION_REFERENCES));
    sic_reader_prefetch(reader, section->segment_va);
}

/* The segment must point back: that is what makes its control area one. */
static void read_segment(struct sic_section *section, const struct sic_reader *reader, const struct sic_layout *layout)
{
    uint8_t scratch[SIC_SECTION_STRUCTURE_LIMIT];
    const uint8_t *bytes;

    if (!sic_is_kernel_pointer(section->segment_va, 8))
        return;
    bytes = sic_reader_bytes(reader, section->segment_va, scratch, sic_layout_offset(layout, SIC_FIELD_SEGMENT_SIZE));
    if (!bytes ||
        sic_load64(bytes + sic_layout_offset(layout, SIC_FIELD_SEGMENT_CONTROL_AREA)) != section->control_area_va)
        return;
    section->size = sic_load64(bytes + sic_layout_offset(layout, SIC_FIELD_SEGMENT_SIZE_OF_SEGMENT));
    section->pte_count = sic_load32(bytes + sic_layout_offset(layout, SIC_FIELD_SEGMENT_PTE_COUNT));
    if (sic_layout_has(layout, SIC_FIELD_SEGMENT_PROTOTYPE_PTE))
        section->prototype_pte = sic_load64(bytes + sic_layout_offset(layout, SIC_FIELD_SEGMENT_PROTOTYPE_PTE));
    section->flags = section_flags(layout, section->control_area_flags);
}

/* Reads the subsections from `first` on, and the control areas and segments that they lead to. */
static bool read_new_records(struct sic_scan *scan, const struct sic_reader *reader, const struct sic_layout *layout,
                             uint32_t first)
{
    uint32_t first_section = scan->sections.count;

    for (uint32_t i = first; i < scan->subsections.count; i++) {
        if (i + PREFETCH_DISTANCE < scan->subsections.count)
            sic_reader_prefetch(reader, sic_scan_subsection(scan, i + PREFETCH_DISTANCE)->va);
        if (sic_reader_is_cancelled(reader) || !read_subsection(scan, reader, layout, i))
            return false;
    }
    for (uint32_t i = first_section; i < scan->sections.count && !sic_reader_is_cancelled(reader); i++)
        read_control_area(sic_scan_section(scan, i), reader, layout);
    for (uint32_t i = first_section; i < scan->sections.count && !sic_reader_is_cancelled(reader); i++)
        read_segment(sic_scan_section(scan, i), reader, layout);
    return true;
}

/* Marks the subsections that views start in, and those that a view goes on from. */
static void mark_views(struct sic_scan *scan)
{
    for (uint32_t i = 0; i < scan->views.count; i++) {
        const struct sic_view *view = sic_scan_view(scan, i);
        struct sic_subsection *subsection = sic_scan_subsection(scan, view->subsection);

        subsection->flags |= SIC_SUBSECTION_VIEWED;
        if (!(view->flags & SIC_VIEW_TORN) && sic_view_contiguous_pages(view) < sic_view_page_count(view))
            subsection->flags |= SIC_SUBSECTION_GOES_ON;
    }
}

/* The subsections of an image need no chain: their prototype PTEs are one array. */
static bool has_chain(const struct sic_scan *scan, const struct sic_subsection *subsection)
{
    return !(subsection->flags & SIC_SUBSECTION_UNREAD) &&
           !(sic_scan_section(scan, subsection->section)->flags & SIC_SECTION_IMAGE);
}

/* Adds and reads the subsection at `va`, unless it is known. SIC_NONE when memory ran out. */
static uint32_t add_subsection(struct sic_scan *scan, const struct sic_reader *reader, const struct sic_layout *layout,
                               uint64_t va)
{
    uint32_t known = scan->subsections.count, index = sic_scan_intern_subsection(scan, va);

    if (index == SIC_NONE || !read_new_records(scan, reader, layout, known))
        return SIC_NONE;
    return index;
}

/* What a subsection hands on to its successor, and the same once it has been handed on. */
#define HANDED_ON       (SIC_SUBSECTION_GOES_ON | SIC_SUBSECTION_WANTED)
#define HANDED_ON_SHIFT 8

/* The successor of `index`, linked; SIC_NONE when there is none or it belongs elsewhere. False when memory ran out. */
static bool link_successor(struct sic_scan *scan, const struct sic_reader *reader, const struct sic_layout *layout,
                           uint32_t index, uint32_t *successor)
{
    uint64_t next_va = sic_scan_subsection(scan, index)->next_va;
    uint32_t next;

    *successor = SIC_NONE;
    if (next_va == 0)
        return true;
    if (!sic_is_kernel_pointer(next_va, 8)) {
        if (sic_scan_subsection(scan, index)->flags & SIC_SUBSECTION_GOES_ON)
            return sic_scan_add_problem(scan, SIC_PROBLEM_SUBSECTION, SIC_NONE, next_va);
        return true;
    }
    next = add_subsection(scan, reader, layout, next_va);
    if (next == SIC_NONE)
        return false;
    /* A successor of another control area is no successor. One that could not be read may be. */
    if (sic_scan_subsection(scan, next)->section == sic_scan_subsection(scan, index)->section)
        sic_scan_subsection(scan, index)->next = next;
    *successor = next;
    return true;
}

/*
 * Follows the chain from `index` as long as there is something new to hand on: each subsection is passed at most once
 * for each of the two marks, so that a cycle ends.
 */
static bool follow_chain(struct sic_scan *scan, const struct sic_reader *reader, const struct sic_layout *layout,
                         uint32_t index)
{
    while (index != SIC_NONE) {
        struct sic_subsection *subsection = sic_scan_subsection(scan, index);
        uint32_t marks = subsection->flags & HANDED_ON;
        uint32_t successor;

        if ((subsection->flags >> HANDED_ON_SHIFT & HANDED_ON) == marks || !has_chain(scan, subsection))
            return true;
        subsection->flags |= marks << HANDED_ON_SHIFT;
        if (!link_successor(scan, reader, layout, index, &successor))
            return false;
        if (successor != SIC_NONE) {
            subsection = sic_scan_subsection(scan, successor);
            subsection->flags |= marks;
            if (marks & SIC_SUBSECTION_GOES_ON)
                subsection->flags |= SIC_SUBSECTION_REACHED;
        }
        index = successor;
    }
    return true;
}

/*
 * A view that does not start in its section's first subsection: the chain from the first one tells at what offset.
 * The first subsection follows its control area in memory.
 */
static bool follow_from_first(struct sic_scan *scan, const struct sic_reader *reader, const struct sic_layout *layout,
                              uint32_t index)
{
    const struct sic_subsection *subsection = sic_scan_subsection(scan, index);
    uint64_t first_va;
    uint32_t first;

    if (!has_chain(scan, subsection))
        return true;
    first_va = sic_scan_section(scan, subsection->section)->control_area_va +
               sic_layout_offset(layout, SIC_FIELD_CONTROL_AREA_SIZE);
    if (subsection->va == first_va) {
        sic_scan_subsection(scan, index)->flags |= SIC_SUBSECTION_FIRST;
        return true;
    }
    if (!sic_is_kernel_pointer(first_va, 8))
        return true;
    first = add_subsection(scan, reader, layout, first_va);
    if (first == SIC_NONE)
        return false;
    if (sic_scan_subsection(scan, first)->section != sic_scan_subsection(scan, index)->section)
        return true;
    sic_scan_subsection(scan, first)->flags |= SIC_SUBSECTION_WANTED | SIC_SUBSECTION_FIRST;
    return follow_chain(scan, reader, layout, first);
}

/* A section of its own for a subsection that could not be read, so that its views still find each other. */
static bool add_unread_section(struct sic_scan *scan, uint32_t index)
{
    struct sic_section *section = sic_array_append(&scan->allocator, &scan->sections, sizeof(*section));

    if (!section)
        return false;
    section->flags = SIC_SECTION_UNREAD;
    section->name.offset = SIC_NONE;
    sic_scan_subsection(scan, index)->section = scan->sections.count - 1;
    return true;
}

static bool report_unread_subsections(struct sic_scan *scan)
{
    for (uint32_t i = 0; i < scan->subsections.count; i++) {
        const struct sic_subsection *subsection = sic_scan_subsection(scan, i);

        if (!(subsection->flags & SIC_SUBSECTION_UNREAD) ||
            !(subsection->flags & (SIC_SUBSECTION_VIEWED | SIC_SUBSECTION_REACHED)))
            continue;
        if (!sic_scan_add_problem(scan, SIC_PROBLEM_SUBSECTION, SIC_NONE, subsection->va) ||
            !add_unread_section(scan, i))
            return false;
    }
    return true;
}

static bool count_views(struct sic_scan *scan)
{
    for (uint32_t i = 0; i < scan->views.count; i++) {
        const struct sic_subsection *subsection = sic_scan_subsection(scan, sic_scan_view(scan, i)->subsection);

        sic_scan_section(scan, subsection->section)->view_count++;
    }
    for (uint32_t i = 0; i < scan->sections.count; i++) {
        const struct sic_section *section = sic_scan_section(scan, i);

        if (section->view_count > 0 && section->control_area_va != 0 && section->flags & SIC_SECTION_UNREAD &&
            !sic_scan_add_problem(scan, SIC_PROBLEM_CONTROL_AREA, SIC_NONE, section->control_area_va))
            return false;
    }
    return true;
}

bool sic_sections_resolve(struct sic_scan *scan, const struct sic_reader *reader, const struct sic_layout *layout)
{
    uint32_t viewed = scan->subsections.count;

    mark_views(scan);
    if (!read_new_records(scan, reader, layout, 0))
        return false;
    for (uint32_t i = 0; i < viewed; i++) {
        if (!follow_chain(scan, reader, layout, i) || !follow_from_first(scan, reader, layout, i))
            return false;
    }
    return report_unread_subsections(scan) && count_views(scan);
}
