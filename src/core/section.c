#include "core/section.h"

#include "core/chain.h"
#include "core/view_place.h"

#define MM_PROTECTION_MASK 0x1fu

/* How many records ahead memory is asked for while a list of them is read. */
#define PREFETCH_DISTANCE 8u
/* The same for views, of which there is less to do. */
#define VIEW_DISTANCE 24u
/* Subsections that one thread reads before their sections are looked up: kernel stacks are small. */
#define READ_AT_ONCE 32u

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
    section->device = SIC_NONE;
    index = scan->sections.count - 1;
    return sic_index_add(&scan->allocator, &scan->control_area_index, control_area_va, index) ? index : SIC_NONE;
}

static void load_flags(struct sic_subsection *subsection, const struct sic_layout *layout, uint32_t word)
{
    subsection->protection = sic_layout_bits(layout, SIC_FIELD_SUBSECTION_FLAGS_PROTECTION, word) & MM_PROTECTION_MASK;
    if (sic_layout_bits(layout, SIC_FIELD_SUBSECTION_FLAGS_GLOBAL_MEMORY, word))
        subsection->flags |= SIC_SUBSECTION_GLOBAL;
}

/* A subsection's own fields. Returns the address of its control area, 0 where it cannot be read. */
static uint64_t read_subsection(struct sic_subsection *subsection, const struct sic_reader *reader,
                                const struct sic_layout *layout)
{
    uint8_t scratch[SIC_SECTION_STRUCTURE_LIMIT];
    const uint8_t *bytes =
        sic_reader_bytes(reader, subsection->va, scratch, sic_layout_offset(layout, SIC_FIELD_SUBSECTION_SIZE));
    uint64_t control_area_va;

    if (!bytes)
        return 0;
    control_area_va = sic_load64(bytes + sic_layout_offset(layout, SIC_FIELD_SUBSECTION_CONTROL_AREA));
    if (!sic_is_kernel_pointer(reader, control_area_va, 8))
        return 0;
    subsection->base = sic_load64(bytes + sic_layout_offset(layout, SIC_FIELD_SUBSECTION_BASE));
    subsection->next_va = sic_load64(bytes + sic_layout_offset(layout, SIC_FIELD_SUBSECTION_NEXT));
    subsection->pte_count = sic_load32(bytes + sic_layout_offset(layout, SIC_FIELD_SUBSECTION_PTE_COUNT));
    subsection->flags &= ~SIC_SUBSECTION_UNREAD;
    if (sic_layout_has(layout, SIC_FIELD_SUBSECTION_FLAGS))
        load_flags(subsection, layout, sic_load32(bytes + sic_layout_offset(layout, SIC_FIELD_SUBSECTION_FLAGS)));
    if (subsection->va == control_area_va + sic_layout_offset(layout, SIC_FIELD_CONTROL_AREA_SIZE))
        subsection->flags |= SIC_SUBSECTION_FIRST;
    return control_area_va;
}

static uint32_t section_flags(const struct sic_layout *layout, uint32_t word)
{
    return (sic_layout_bits(layout, SIC_FIELD_SECTION_FLAGS_IMAGE, word) ? SIC_SECTION_IMAGE : 0) |
           (sic_layout_bits(layout, SIC_FIELD_SECTION_FLAGS_FILE, word) ? SIC_SECTION_FILE : 0) |
           (sic_layout_bits(layout, SIC_FIELD_SECTION_FLAGS_PHYSICAL_MEMORY, word) ? SIC_SECTION_PHYSICAL : 0);
}

/* NumberOfSystemCacheViews is the first member of the union in data sections; images keep something else there. */
static uint32_t load_cache_views(const struct sic_section *section, const struct sic_layout *layout,
                                 const uint8_t *bytes)
{
    if (section->flags & SIC_SECTION_IMAGE || !sic_layout_has(layout, SIC_FIELD_CONTROL_AREA_COUNTS))
        return 0;
    return sic_load32(bytes + sic_layout_offset(layout, SIC_FIELD_CONTROL_AREA_COUNTS));
}

static uint64_t load_count(const struct sic_layout *layout, const uint8_t *bytes, enum sic_field field)
{
    if (!sic_layout_has(layout, field))
        return 0;
    bytes += sic_layout_offset(layout, field);
    return sic_layout_has_narrow_counts(layout) ? sic_load32(bytes) : sic_load64(bytes);
}

/* The control area is believed for now; its segment may still contradict it. */
static void read_control_area(struct sic_section *section, const struct sic_reader *reader,
                              const struct sic_layout *layout)
{
    uint8_t scratch[SIC_SECTION_STRUCTURE_LIMIT];
    const uint8_t *bytes = sic_reader_bytes(reader, section->control_area_va, scratch,
                                            sic_layout_offset(layout, SIC_FIELD_CONTROL_AREA_SIZE));

    if (!bytes)
        return;
    section->segment_va = sic_load64(bytes + sic_layout_offset(layout, SIC_FIELD_CONTROL_AREA_SEGMENT));
    if (!sic_is_kernel_pointer(reader, section->segment_va, 8))
        return;
    section->control_area_flags = sic_load32(bytes + sic_layout_offset(layout, SIC_FIELD_CONTROL_AREA_FLAGS));
    section->flags = section_flags(layout, section->control_area_flags);
    /* An EX_FAST_REF: the low 4 bits count references. */
    section->file_object_va =
        sic_load64(bytes + sic_layout_offset(layout, SIC_FIELD_CONTROL_AREA_FILE_POINTER)) & ~0xfull;
    section->mapped_views = load_count(layout, bytes, SIC_FIELD_CONTROL_AREA_MAPPED_VIEWS);
    section->section_references = load_count(layout, bytes, SIC_FIELD_CONTROL_AREA_SECTION_REFERENCES);
    section->cache_views = load_cache_views(section, layout, bytes);
    sic_reader_prefetch(reader, section->segment_va);
}

/* `bytes`: SIC_SEGMENT_READ_SIZE of the segment. */
static bool has_large_pages(const struct sic_layout *layout, const uint8_t *bytes)
{
    return sic_layout_has(layout, SIC_FIELD_SEGMENT_FLAGS) &&
           sic_layout_offset(layout, SIC_FIELD_SEGMENT_FLAGS) <= SIC_SEGMENT_READ_SIZE - sizeof(uint32_t) &&
           sic_layout_bits(layout, SIC_FIELD_SEGMENT_FLAGS_LARGE_PAGES,
                           sic_load32(bytes + sic_layout_offset(layout, SIC_FIELD_SEGMENT_FLAGS)));
}

/*
 * The segment must point back: that is what makes its control area one. It is pageable, though, and nothing in it
 * decides regions: where it is not in memory, only the size is unknown.
 */
static void read_segment(struct sic_section *section, const struct sic_reader *reader, const struct sic_layout *layout)
{
    uint8_t scratch[SIC_SEGMENT_READ_SIZE];
    const uint8_t *bytes;

    if (section->flags & SIC_SECTION_UNREAD)
        return;
    bytes = sic_reader_bytes(reader, section->segment_va, scratch, sizeof(scratch));
    if (!bytes) {
        section->flags |= SIC_SECTION_SIZE_UNKNOWN;
        return;
    }
    if (sic_load64(bytes + sic_layout_offset(layout, SIC_FIELD_SEGMENT_CONTROL_AREA)) != section->control_area_va) {
        section->flags = SIC_SECTION_UNREAD;
        return;
    }
    section->size = sic_load64(bytes + sic_layout_offset(layout, SIC_FIELD_SEGMENT_SIZE_OF_SEGMENT));
    section->pte_count = sic_load32(bytes + sic_layout_offset(layout, SIC_FIELD_SEGMENT_PTE_COUNT));
    if (has_large_pages(layout, bytes))
        section->flags |= SIC_SECTION_LARGE_PAGES;
}

bool sic_subsections_load(struct sic_scan *scan, const struct sic_reader *reader, const struct sic_layout *layout,
                          uint32_t first, uint32_t end, uint64_t *control_areas)
{
    for (uint32_t i = first; i < end; i++) {
        if (i + PREFETCH_DISTANCE < scan->subsections.count)
            sic_reader_prefetch(reader, sic_scan_subsection(scan, i + PREFETCH_DISTANCE)->va);
        if (sic_reader_is_cancelled(reader))
            return false;
        control_areas[i - first] = read_subsection(sic_scan_subsection(scan, i), reader, layout);
    }
    return true;
}

bool sic_sections_intern(struct sic_scan *scan, uint32_t first, uint32_t end, const uint64_t *control_areas)
{
    for (uint32_t i = first; i < end; i++) {
        uint32_t section;

        if (i + PREFETCH_DISTANCE < end)
            sic_index_prefetch(&scan->control_area_index, control_areas[i - first + PREFETCH_DISTANCE]);
        if (control_areas[i - first] == 0)
            continue;
        section = intern_section(scan, control_areas[i - first]);
        if (section == SIC_NONE)
            return false;
        sic_scan_subsection(scan, i)->section = section;
    }
    return true;
}

/* Segments are read some sections behind their control areas, which ask for them. */
void sic_sections_load(struct sic_scan *scan, const struct sic_reader *reader, const struct sic_layout *layout,
                       uint32_t first, uint32_t end)
{
    for (uint32_t i = first; i < end + PREFETCH_DISTANCE && !sic_reader_is_cancelled(reader); i++) {
        if (i + PREFETCH_DISTANCE < end)
            sic_reader_prefetch(reader, sic_scan_section(scan, i + PREFETCH_DISTANCE)->control_area_va);
        if (i < end)
            read_control_area(sic_scan_section(scan, i), reader, layout);
        if (i >= first + PREFETCH_DISTANCE)
            read_segment(sic_scan_section(scan, i - PREFETCH_DISTANCE), reader, layout);
    }
}

bool sic_sections_read(struct sic_scan *scan, const struct sic_reader *reader, const struct sic_layout *layout,
                       uint32_t first)
{
    uint64_t control_areas[READ_AT_ONCE];
    uint32_t first_section = scan->sections.count;

    for (uint32_t i = first; i < scan->subsections.count; i += READ_AT_ONCE) {
        uint32_t end = scan->subsections.count - i < READ_AT_ONCE ? scan->subsections.count : i + READ_AT_ONCE;

        if (!sic_subsections_load(scan, reader, layout, i, end, control_areas) ||
            !sic_sections_intern(scan, i, end, control_areas))
            return false;
    }
    sic_sections_load(scan, reader, layout, first_section, scan->sections.count);
    return true;
}

/* A section of its own for a subsection that could not be read, so that its views still find each other. */
static bool add_unread_section(struct sic_scan *scan, uint32_t index)
{
    struct sic_section *section = sic_array_append(&scan->allocator, &scan->sections, sizeof(*section));

    if (!section)
        return false;
    section->flags = SIC_SECTION_UNREAD;
    section->name.offset = SIC_NONE;
    section->device = SIC_NONE;
    sic_scan_subsection(scan, index)->section = scan->sections.count - 1;
    return true;
}

static bool report_unread_subsections(struct sic_scan *scan)
{
    for (uint32_t i = 0; i < scan->subsections.count; i++) {
        const struct sic_subsection *subsection = sic_scan_subsection(scan, i);

        if (!(subsection->flags & SIC_SUBSECTION_UNREAD) || !(subsection->flags & SIC_SUBSECTION_VIEWED))
            continue;
        if (!sic_scan_add_problem(scan, SIC_PROBLEM_SUBSECTION, SIC_NONE, subsection->va) ||
            !add_unread_section(scan, i))
            return false;
    }
    return true;
}

static bool report_unread_control_areas(struct sic_scan *scan)
{
    for (uint32_t i = 0; i < scan->sections.count; i++) {
        const struct sic_section *section = sic_scan_section(scan, i);

        if (section->view_count > 0 && section->control_area_va != 0 && section->flags & SIC_SECTION_UNREAD &&
            !sic_scan_add_problem(scan, SIC_PROBLEM_CONTROL_AREA, SIC_NONE, section->control_area_va))
            return false;
    }
    return true;
}

/* Asks for the section of a view that comes after view `index`, and for the subsection of one that comes later. */
static void prefetch_section(const struct sic_scan *scan, uint32_t index)
{
    const struct sic_view *views = scan->views.elements;

    if (index + 2 * VIEW_DISTANCE >= scan->views.count)
        return;
    __builtin_prefetch(&sic_scan_subsection(scan, views[index + 2 * VIEW_DISTANCE].subsection)->section);
    __builtin_prefetch(
        &sic_scan_section(scan, sic_scan_subsection(scan, views[index + VIEW_DISTANCE].subsection)->section)
             ->view_count);
}

/* Counts each section's views. A view that claims to be an image's in a section that is none is torn. */
static bool count_views(struct sic_scan *scan)
{
    for (uint32_t i = 0; i < scan->views.count; i++) {
        struct sic_view *view = sic_scan_view(scan, i);
        const struct sic_subsection *subsection = sic_scan_subsection(scan, view->subsection);
        struct sic_section *section = sic_scan_section(scan, subsection->section);

        prefetch_section(scan, i);
        section->view_count++;
        if (view->last_contiguous_pte != SIC_WHOLE_VIEW_CONTIGUOUS ||
            section->flags & (SIC_SECTION_IMAGE | SIC_SECTION_UNREAD))
            continue;
        view->flags |= SIC_VIEW_TORN;
        if (!sic_scan_add_problem(scan, SIC_PROBLEM_VIEW_TORN, view->process, sic_view_start_va(view)))
            return false;
    }
    return true;
}

bool sic_sections_connect(struct sic_scan *scan, const struct sic_reader *reader, const struct sic_layout *layout)
{
    if (!sic_views_place(scan, reader, layout))
        return false;
    sic_chains_mark(scan);
    return report_unread_subsections(scan) && count_views(scan) && report_unread_control_areas(scan) &&
           sic_chains_follow(scan, reader, layout);
}

bool sic_sections_resolve(struct sic_scan *scan, const struct sic_reader *reader, const struct sic_layout *layout)
{
    return sic_sections_read(scan, reader, layout, 0) && sic_sections_connect(scan, reader, layout);
}
