#include "core/unpack_private.h"

#define PROCESS_FLAGS    0x1fffu
#define VIEW_FLAGS       0x1u
#define SUBSECTION_FLAGS (SIC_SUBSECTION_UNREAD | SIC_SUBSECTION_FIRST | SIC_SUBSECTION_GLOBAL)
#define SECTION_FLAGS    0xffu
/* Page numbers of 64-bit addresses; also what the bit-field of struct sic_view holds. */
#define VPN_LIMIT (1ull << 52)

static bool is_sound_process(const struct sic_unpacker *unpacker, const struct sic_wire_process *wire)
{
    static const uint8_t zeros[sizeof(wire->reserved)];
    uint32_t views = unpacker->tables[SIC_WIRE_VIEWS].count;

    return !(wire->flags & ~PROCESS_FLAGS) && __builtin_memcmp(wire->reserved, zeros, sizeof(zeros)) == 0 &&
           sic_unpack_is_index(wire->token, unpacker->tables[SIC_WIRE_TOKENS].count) &&
           sic_unpack_is_string(unpacker, &wire->path, wire->flags & SIC_PROCESS_HAS_PATH) &&
           wire->first_view <= views && wire->view_count <= views - wire->first_view && wire->image_file_name[15] == 0;
}

static const char *unpack_processes(struct sic_unpacker *unpacker)
{
    const struct sic_wire_table *table = &unpacker->tables[SIC_WIRE_PROCESSES];
    struct sic_scan *scan = unpacker->scan;

    if (!sic_unpack_make_room(scan, &scan->processes, sizeof(struct sic_process), table->count))
        return sic_unpack_no_memory;
    for (uint32_t i = 0; i < table->count; i++) {
        struct sic_process *process = sic_scan_process(scan, i);
        struct sic_wire_process wire;

        sic_unpack_record(unpacker, SIC_WIRE_PROCESSES, i, &wire);
        if (!is_sound_process(unpacker, &wire))
            return "a process contradicts the rest";
        *process = (struct sic_process){
            .eprocess_va = wire.eprocess_va,
            .id = wire.id,
            .parent_id = wire.parent_id,
            .create_time = wire.create_time,
            .exit_time = wire.exit_time,
            .directory_table_base = wire.directory_table_base,
            .vad_root_va = wire.vad_root_va,
            .vad_count = wire.vad_count,
            .path = {.offset = wire.path.offset, .length = wire.path.length},
            .flags = wire.flags,
            .first_view = wire.first_view,
            .view_count = wire.view_count,
            .node_count = wire.node_count,
            .private_count = wire.private_count,
            .deleting_count = wire.deleting_count,
            .unshared_count = wire.unshared_count,
            .token = wire.token,
            .peb_va = wire.peb_va,
            .handle_table_va = wire.handle_table_va,
            .protection = wire.protection,
        };
        __builtin_memcpy(process->image_file_name, wire.image_file_name, sizeof(process->image_file_name));
    }
    return NULL;
}

static bool is_sound_pte_range(const struct sic_wire_view *wire)
{
    if (!sic_is_kernel_pointer(wire->first_prototype_pte, 8))
        return false;
    if (wire->flags & SIC_VIEW_TORN || wire->last_contiguous_pte == SIC_WHOLE_VIEW_CONTIGUOUS)
        return true;
    return sic_is_kernel_pointer(wire->last_contiguous_pte, 8) &&
           wire->last_contiguous_pte >= wire->first_prototype_pte;
}

static bool is_sound_view(const struct sic_unpacker *unpacker, const struct sic_wire_view *wire)
{
    static const uint8_t zeros[sizeof(wire->reserved)];

    return wire->start_vpn <= wire->end_vpn && wire->end_vpn < VPN_LIMIT && is_sound_pte_range(wire) &&
           wire->subsection < unpacker->tables[SIC_WIRE_SUBSECTIONS].count &&
           wire->process < unpacker->tables[SIC_WIRE_PROCESSES].count && wire->protection < 32 && wire->vad_type < 8 &&
           !(wire->flags & ~VIEW_FLAGS) && __builtin_memcmp(wire->reserved, zeros, sizeof(zeros)) == 0;
}

static const char *unpack_views(struct sic_unpacker *unpacker)
{
    const struct sic_wire_table *table = &unpacker->tables[SIC_WIRE_VIEWS];
    struct sic_scan *scan = unpacker->scan;

    if (!sic_unpack_make_room(scan, &scan->views, sizeof(struct sic_view), table->count))
        return sic_unpack_no_memory;
    for (uint32_t i = 0; i < table->count; i++) {
        struct sic_wire_view wire;

        sic_unpack_record(unpacker, SIC_WIRE_VIEWS, i, &wire);
        if (!is_sound_view(unpacker, &wire))
            return "a view contradicts the rest";
        *sic_scan_view(scan, i) = (struct sic_view){
            .first_prototype_pte = wire.first_prototype_pte,
            .last_contiguous_pte = wire.last_contiguous_pte,
            .end_vpn = wire.end_vpn,
            .start_vpn = wire.start_vpn,
            .protection = wire.protection,
            .vad_type = wire.vad_type,
            .flags = wire.flags,
            .subsection = wire.subsection,
            .process = wire.process,
        };
    }
    return NULL;
}

/* What could not be read says nothing. */
static bool is_sound_subsection(const struct sic_unpacker *unpacker, const struct sic_wire_subsection *wire)
{
    if (wire->flags & ~SUBSECTION_FLAGS || wire->protection >= 32 || wire->reserved != 0 ||
        !sic_unpack_is_index(wire->section, unpacker->tables[SIC_WIRE_SECTIONS].count) ||
        !sic_unpack_is_index(wire->next, unpacker->tables[SIC_WIRE_SUBSECTIONS].count))
        return false;
    if (!(wire->flags & SIC_SUBSECTION_UNREAD))
        return wire->section != SIC_WIRE_NONE;
    return wire->flags == SIC_SUBSECTION_UNREAD && wire->base == 0 && wire->next_va == 0 && wire->pte_count == 0 &&
           wire->next == SIC_WIRE_NONE && wire->protection == 0;
}

static const char *unpack_subsections(struct sic_unpacker *unpacker)
{
    const struct sic_wire_table *table = &unpacker->tables[SIC_WIRE_SUBSECTIONS];
    struct sic_scan *scan = unpacker->scan;

    if (!sic_unpack_make_room(scan, &scan->subsections, sizeof(struct sic_subsection), table->count))
        return sic_unpack_no_memory;
    for (uint32_t i = 0; i < table->count; i++) {
        struct sic_wire_subsection wire;

        sic_unpack_record(unpacker, SIC_WIRE_SUBSECTIONS, i, &wire);
        if (!is_sound_subsection(unpacker, &wire))
            return "a subsection contradicts the rest";
        *sic_scan_subsection(scan, i) = (struct sic_subsection){
            .va = wire.va,
            .base = wire.base,
            .next_va = wire.next_va,
            .pte_count = wire.pte_count,
            .section = wire.section,
            .next = wire.next,
            .head = SIC_NONE,
            .flags = wire.flags,
            .protection = wire.protection,
        };
    }
    return NULL;
}

static bool is_sound_section(const struct sic_unpacker *unpacker, const struct sic_wire_section *wire)
{
    if (wire->flags & SIC_SECTION_UNREAD && wire->flags != SIC_SECTION_UNREAD)
        return false;
    return !(wire->flags & ~SECTION_FLAGS) && wire->reserved == 0 &&
           sic_unpack_is_index(wire->device, unpacker->tables[SIC_WIRE_DEVICES].count) &&
           sic_unpack_is_string(unpacker, &wire->name, wire->flags & SIC_SECTION_HAS_NAME);
}

static const char *unpack_sections(struct sic_unpacker *unpacker)
{
    const struct sic_wire_table *table = &unpacker->tables[SIC_WIRE_SECTIONS];
    struct sic_scan *scan = unpacker->scan;

    if (!sic_unpack_make_room(scan, &scan->sections, sizeof(struct sic_section), table->count))
        return sic_unpack_no_memory;
    for (uint32_t i = 0; i < table->count; i++) {
        struct sic_wire_section wire;

        sic_unpack_record(unpacker, SIC_WIRE_SECTIONS, i, &wire);
        if (!is_sound_section(unpacker, &wire))
            return "a section contradicts the rest";
        *sic_scan_section(scan, i) = (struct sic_section){
            .control_area_va = wire.control_area_va,
            .segment_va = wire.segment_va,
            .size = wire.size,
            .file_object_va = wire.file_object_va,
            .mapped_views = wire.mapped_views,
            .section_references = wire.section_references,
            .name = {.offset = wire.name.offset, .length = wire.name.length},
            .pte_count = wire.pte_count,
            .control_area_flags = wire.control_area_flags,
            .flags = wire.flags,
            .view_count = wire.view_count,
            .cache_views = wire.cache_views,
            .kernel_views = wire.kernel_views,
            .device = wire.device,
        };
    }
    return NULL;
}

static const char *unpack_problems(struct sic_unpacker *unpacker)
{
    const struct sic_wire_table *table = &unpacker->tables[SIC_WIRE_PROBLEMS];
    struct sic_scan *scan = unpacker->scan;

    if (!sic_unpack_make_room(scan, &scan->problems, sizeof(struct sic_problem), table->count))
        return sic_unpack_no_memory;
    for (uint32_t i = 0; i < table->count; i++) {
        struct sic_wire_problem wire;

        sic_unpack_record(unpacker, SIC_WIRE_PROBLEMS, i, &wire);
        if (wire.kind >= SIC_PROBLEM_KIND_COUNT || !sic_unpack_is_index(wire.process, scan->processes.count))
            return "a problem contradicts the rest";
        ((struct sic_problem *)scan->problems.elements)[i] =
            (struct sic_problem){.kind = wire.kind, .process = wire.process, .va = wire.va};
    }
    return NULL;
}

static const char *unpack_notes(struct sic_unpacker *unpacker)
{
    const struct sic_wire_table *table = &unpacker->tables[SIC_WIRE_NOTES];
    struct sic_scan *scan = unpacker->scan;

    if (!sic_unpack_make_room(scan, &scan->notes, sizeof(struct sic_note), table->count))
        return sic_unpack_no_memory;
    for (uint32_t i = 0; i < table->count; i++) {
        struct sic_wire_note wire;

        sic_unpack_record(unpacker, SIC_WIRE_NOTES, i, &wire);
        if (wire.kind >= SIC_NOTE_KIND_COUNT || !sic_unpack_is_index(wire.process, scan->processes.count) ||
            !sic_unpack_is_index(wire.section, scan->sections.count) || wire.reserved != 0)
            return "a note contradicts the rest";
        ((struct sic_note *)scan->notes.elements)[i] =
            (struct sic_note){.va = wire.va, .kind = wire.kind, .process = wire.process, .section = wire.section};
    }
    return NULL;
}

const char *sic_unpack_walk(struct sic_unpacker *unpacker)
{
    static const char *(*const steps[])(struct sic_unpacker *) = {
        unpack_processes, unpack_views, unpack_subsections, unpack_sections, unpack_problems, unpack_notes,
    };
    const char *refusal = NULL;

    for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]) && !refusal; i++)
        refusal = steps[i](unpacker);
    return refusal;
}
