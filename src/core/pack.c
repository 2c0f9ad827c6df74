#include "core/pack.h"

/* What the others say follows from views and links: who unpacks finds it anew, and nobody has to believe it. */
#define SUBSECTION_FLAGS (SIC_SUBSECTION_UNREAD | SIC_SUBSECTION_FIRST | SIC_SUBSECTION_GLOBAL)

/* Where the next byte goes. */
struct packer {
    uint8_t *bytes;
    uint64_t used;
};

static const uint32_t element_sizes[SIC_WIRE_TABLE_COUNT] = {
    [SIC_WIRE_PROCESSES] = sizeof(struct sic_wire_process),      [SIC_WIRE_VIEWS] = sizeof(struct sic_wire_view),
    [SIC_WIRE_SUBSECTIONS] = sizeof(struct sic_wire_subsection), [SIC_WIRE_SECTIONS] = sizeof(struct sic_wire_section),
    [SIC_WIRE_PROBLEMS] = sizeof(struct sic_wire_problem),       [SIC_WIRE_NOTES] = sizeof(struct sic_wire_note),
    [SIC_WIRE_FIELDS] = sizeof(struct sic_wire_field),           [SIC_WIRE_STRINGS] = sizeof(uint16_t),
};

/* Fills in the places of all tables and returns the size of the whole: below 2^40, as counts have 32 bits. */
static uint64_t place_tables(const struct sic_scan *scan, const struct sic_layout *layout,
                             struct sic_wire_table *tables)
{
    const uint32_t counts[SIC_WIRE_TABLE_COUNT] = {
        [SIC_WIRE_PROCESSES] = scan->processes.count,     [SIC_WIRE_VIEWS] = scan->views.count,
        [SIC_WIRE_SUBSECTIONS] = scan->subsections.count, [SIC_WIRE_SECTIONS] = scan->sections.count,
        [SIC_WIRE_PROBLEMS] = scan->problems.count,       [SIC_WIRE_NOTES] = scan->notes.count,
        [SIC_WIRE_FIELDS] = layout ? SIC_FIELD_COUNT : 0, [SIC_WIRE_STRINGS] = scan->strings.count,
    };
    uint64_t offset = sizeof(struct sic_wire_scan);

    for (unsigned i = 0; i < SIC_WIRE_TABLE_COUNT; i++) {
        tables[i] = (struct sic_wire_table){.offset = offset, .count = counts[i], .element_size = element_sizes[i]};
        offset += (uint64_t)counts[i] * element_sizes[i];
        offset = (offset + SIC_WIRE_ALIGNMENT - 1) & ~(uint64_t)(SIC_WIRE_ALIGNMENT - 1);
    }
    return offset;
}

uint64_t sic_pack_size(const struct sic_scan *scan, const struct sic_layout *layout)
{
    struct sic_wire_table tables[SIC_WIRE_TABLE_COUNT];

    return place_tables(scan, layout, tables);
}

static void put(struct packer *packer, const void *bytes, uint64_t size)
{
    if (size > 0)
        __builtin_memcpy(packer->bytes + packer->used, bytes, size);
    packer->used += size;
}

static void put_header(struct packer *packer, const struct sic_scan *scan, const struct sic_wire_origin *origin,
                       const struct sic_layout *layout)
{
    static const struct sic_wire_origin unknown;
    struct sic_wire_table tables[SIC_WIRE_TABLE_COUNT];
    uint64_t size = place_tables(scan, layout, tables);
    uint32_t version = SIC_WIRE_VERSION, header_size = sizeof(struct sic_wire_scan),
             flags = scan->paging_levels == 5 ? SIC_WIRE_SCAN_FIVE_LEVELS : 0;

    /* Piece by piece: the whole header would fill half of what a kernel function's frame may be. */
    put(packer, SIC_WIRE_SCAN_MAGIC, SIC_WIRE_SCAN_MAGIC_SIZE);
    put(packer, &version, sizeof(version));
    put(packer, &header_size, sizeof(header_size));
    put(packer, &size, sizeof(size));
    put(packer, &flags, sizeof(flags));
    put(packer, &scan->skipped_processes, sizeof(scan->skipped_processes));
    put(packer, tables, sizeof(tables));
    put(packer, origin ? origin : &unknown, sizeof(*origin));
}

static struct sic_wire_string wire_string(struct sic_string string)
{
    return (struct sic_wire_string){.offset = string.offset, .length = string.length};
}

static void put_processes(struct packer *packer, const struct sic_scan *scan)
{
    for (uint32_t i = 0; i < scan->processes.count; i++) {
        const struct sic_process *process = sic_scan_process(scan, i);
        struct sic_wire_process wire = {
            .eprocess_va = process->eprocess_va,
            .id = process->id,
            .parent_id = process->parent_id,
            .create_time = process->create_time,
            .exit_time = process->exit_time,
            .directory_table_base = process->directory_table_base,
            .vad_root_va = process->vad_root_va,
            .vad_count = process->vad_count,
            .path = wire_string(process->path),
            .flags = process->flags,
            .first_view = process->first_view,
            .view_count = process->view_count,
            .node_count = process->node_count,
            .private_count = process->private_count,
            .deleting_count = process->deleting_count,
            .unshared_count = process->unshared_count,
        };

        __builtin_memcpy(wire.image_file_name, process->image_file_name, sizeof(wire.image_file_name));
        put(packer, &wire, sizeof(wire));
    }
}

static void put_views(struct packer *packer, const struct sic_scan *scan)
{
    for (uint32_t i = 0; i < scan->views.count; i++) {
        const struct sic_view *view = sic_scan_view(scan, i);
        struct sic_wire_view wire = {
            .first_prototype_pte = view->first_prototype_pte,
            .last_contiguous_pte = view->last_contiguous_pte,
            .start_vpn = view->start_vpn,
            .end_vpn = view->end_vpn,
            .subsection = view->subsection,
            .process = view->process,
            .protection = view->protection,
            .vad_type = view->vad_type,
            .flags = view->flags,
        };

        put(packer, &wire, sizeof(wire));
    }
}

static void put_subsections(struct packer *packer, const struct sic_scan *scan)
{
    for (uint32_t i = 0; i < scan->subsections.count; i++) {
        const struct sic_subsection *subsection = sic_scan_subsection(scan, i);
        struct sic_wire_subsection wire = {
            .va = subsection->va,
            .base = subsection->base,
            .next_va = subsection->next_va,
            .pte_count = subsection->pte_count,
            .section = subsection->section,
            .next = subsection->next,
            .flags = subsection->flags & SUBSECTION_FLAGS,
            .protection = subsection->protection,
        };

        put(packer, &wire, sizeof(wire));
    }
}

static void put_sections(struct packer *packer, const struct sic_scan *scan)
{
    for (uint32_t i = 0; i < scan->sections.count; i++) {
        const struct sic_section *section = sic_scan_section(scan, i);
        struct sic_wire_section wire = {
            .control_area_va = section->control_area_va,
            .segment_va = section->segment_va,
            .size = section->size,
            .file_object_va = section->file_object_va,
            .mapped_views = section->mapped_views,
            .section_references = section->section_references,
            .name = wire_string(section->name),
            .pte_count = section->pte_count,
            .control_area_flags = section->control_area_flags,
            .flags = section->flags,
            .view_count = section->view_count,
            .cache_views = section->cache_views,
            .kernel_views = section->kernel_views,
        };

        put(packer, &wire, sizeof(wire));
    }
}

static void put_problems(struct packer *packer, const struct sic_scan *scan)
{
    const struct sic_problem *problems = scan->problems.elements;

    for (uint32_t i = 0; i < scan->problems.count; i++) {
        struct sic_wire_problem wire = {.kind = problems[i].kind, .process = problems[i].process, .va = problems[i].va};

        put(packer, &wire, sizeof(wire));
    }
}

static void put_notes(struct packer *packer, const struct sic_scan *scan)
{
    const struct sic_note *notes = scan->notes.elements;

    for (uint32_t i = 0; i < scan->notes.count; i++) {
        struct sic_wire_note wire = {
            .va = notes[i].va, .kind = notes[i].kind, .process = notes[i].process, .section = notes[i].section};

        put(packer, &wire, sizeof(wire));
    }
}

static void put_fields(struct packer *packer, const struct sic_layout *layout)
{
    for (unsigned i = 0; layout && i < SIC_FIELD_COUNT; i++) {
        const struct sic_layout_field *field = &layout->fields[i];
        struct sic_wire_field wire = {
            .offset = field->offset, .first_bit = field->first_bit, .bit_count = field->bit_count};

        put(packer, &wire, sizeof(wire));
    }
}

/* Only the units of UTF-16 are of a size that can leave a gap. */
static void put_strings(struct packer *packer, const struct sic_scan *scan)
{
    static const uint8_t zeros[SIC_WIRE_ALIGNMENT];

    put(packer, scan->strings.elements, (uint64_t)scan->strings.count * sizeof(uint16_t));
    put(packer, zeros, -packer->used & (SIC_WIRE_ALIGNMENT - 1));
}

SIC_WIRE_ASSERT(sizeof(struct sic_wire_process) % SIC_WIRE_ALIGNMENT == 0);
SIC_WIRE_ASSERT(sizeof(struct sic_wire_view) % SIC_WIRE_ALIGNMENT == 0);
SIC_WIRE_ASSERT(sizeof(struct sic_wire_subsection) % SIC_WIRE_ALIGNMENT == 0);
SIC_WIRE_ASSERT(sizeof(struct sic_wire_section) % SIC_WIRE_ALIGNMENT == 0);
SIC_WIRE_ASSERT(sizeof(struct sic_wire_problem) % SIC_WIRE_ALIGNMENT == 0);
SIC_WIRE_ASSERT(sizeof(struct sic_wire_note) % SIC_WIRE_ALIGNMENT == 0);
SIC_WIRE_ASSERT(sizeof(struct sic_wire_field) % SIC_WIRE_ALIGNMENT == 0);

bool sic_pack(const struct sic_scan *scan, const struct sic_wire_origin *origin, const struct sic_layout *layout,
              void *buffer, size_t size)
{
    struct packer packer = {.bytes = buffer};

    if (size != sic_pack_size(scan, layout))
        return false;
    put_header(&packer, scan, origin, layout);
    put_processes(&packer, scan);
    put_views(&packer, scan);
    put_subsections(&packer, scan);
    put_sections(&packer, scan);
    put_problems(&packer, scan);
    put_notes(&packer, scan);
    put_fields(&packer, layout);
    put_strings(&packer, scan);
    return true;
}
