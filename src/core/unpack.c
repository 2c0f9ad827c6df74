#include "core/unpack.h"

#include "core/soundness.h"

#define PROCESS_FLAGS    0xfu
#define VIEW_FLAGS       0x1u
#define SUBSECTION_FLAGS (SIC_SUBSECTION_UNREAD | SIC_SUBSECTION_FIRST | SIC_SUBSECTION_GLOBAL)
#define SECTION_FLAGS    0x7fu
/* Page numbers of 64-bit addresses; also what the bit-field of struct sic_view holds. */
#define VPN_LIMIT (1ull << 52)

struct unpacker {
    const uint8_t *bytes;
    size_t size;
    struct sic_wire_table tables[SIC_WIRE_TABLE_COUNT];
    struct sic_scan *scan;
};

static const struct {
    uint32_t element_size;
    const char *refusal;
} table_descriptions[SIC_WIRE_TABLE_COUNT] = {
    [SIC_WIRE_PROCESSES] = {sizeof(struct sic_wire_process), "its table of processes is not where it must be"},
    [SIC_WIRE_VIEWS] = {sizeof(struct sic_wire_view), "its table of views is not where it must be"},
    [SIC_WIRE_SUBSECTIONS] = {sizeof(struct sic_wire_subsection), "its table of subsections is not where it must be"},
    [SIC_WIRE_SECTIONS] = {sizeof(struct sic_wire_section), "its table of sections is not where it must be"},
    [SIC_WIRE_PROBLEMS] = {sizeof(struct sic_wire_problem), "its table of problems is not where it must be"},
    [SIC_WIRE_NOTES] = {sizeof(struct sic_wire_note), "its table of notes is not where it must be"},
    [SIC_WIRE_FIELDS] = {sizeof(struct sic_wire_field), "its layout is not where it must be"},
    [SIC_WIRE_STRINGS] = {sizeof(uint16_t), "its strings are not where they must be"},
};

static const char no_memory[] = "there is not enough memory for it";

bool sic_unpack_is_scan(const void *bytes, size_t size)
{
    return size >= SIC_WIRE_SCAN_MAGIC_SIZE &&
           __builtin_memcmp(bytes, SIC_WIRE_SCAN_MAGIC, SIC_WIRE_SCAN_MAGIC_SIZE) == 0;
}

/* Tables follow each other without gaps but for alignment: there is one place where each can be. */
static const char *check_tables(const struct unpacker *unpacker)
{
    uint64_t expected = sizeof(struct sic_wire_scan);

    for (unsigned i = 0; i < SIC_WIRE_TABLE_COUNT; i++) {
        const struct sic_wire_table *table = &unpacker->tables[i];

        if (table->element_size != table_descriptions[i].element_size || table->offset != expected ||
            (uint64_t)table->count * table->element_size > unpacker->size - expected)
            return table_descriptions[i].refusal;
        expected += (uint64_t)table->count * table->element_size;
        expected = (expected + SIC_WIRE_ALIGNMENT - 1) & ~(uint64_t)(SIC_WIRE_ALIGNMENT - 1);
        if (expected > unpacker->size)
            return table_descriptions[i].refusal;
    }
    return expected == unpacker->size ? NULL : "something follows where it must end";
}

static const char *check_header(struct unpacker *unpacker, struct sic_unpacked *unpacked)
{
    struct sic_wire_scan header;

    if (!sic_unpack_is_scan(unpacker->bytes, unpacker->size))
        return "it does not begin as a saved scan does";
    if (unpacker->size < sizeof(header))
        return "it is cut short";
    __builtin_memcpy(&header, unpacker->bytes, sizeof(header));
    if (header.version != SIC_WIRE_VERSION || header.header_size != sizeof(header))
        return "it was saved by another version of SiC";
    if (header.size != unpacker->size)
        return header.size > unpacker->size ? "it is cut short" : "something follows where it must end";
    if (header.flags & ~SIC_WIRE_SCAN_FIVE_LEVELS)
        return "its header has flags that nobody knows";
    __builtin_memcpy(unpacker->tables, header.tables, sizeof(header.tables));
    unpacker->scan->paging_levels = header.flags & SIC_WIRE_SCAN_FIVE_LEVELS ? 5 : 4;
    unpacker->scan->skipped_processes = header.skipped_processes;
    unpacked->origin = header.origin;
    return check_tables(unpacker);
}

/* Zero-terminated, printable ASCII up to there, zeros behind. */
static bool is_text(const char *text, size_t size)
{
    size_t length = 0;

    while (length < size && text[length] >= 0x20 && text[length] < 0x7f)
        length++;
    for (size_t i = length; i < size; i++) {
        if (text[i] != '\0')
            return false;
    }
    return length < size;
}

/* Zero-terminated, zeros behind: a path may hold any other byte. */
static bool is_path(const char *path, size_t size)
{
    size_t length = 0;

    while (length < size && path[length] != '\0')
        length++;
    for (size_t i = length; i < size; i++) {
        if (path[i] != '\0')
            return false;
    }
    return length < size;
}

static const char *check_origin(const struct sic_wire_origin *origin)
{
    if (origin->flags & ~SIC_WIRE_ORIGIN_MASK)
        return "its origin has flags that nobody knows";
    if (!is_text(origin->container, sizeof(origin->container)) ||
        !is_text(origin->pdb_name, sizeof(origin->pdb_name)) || !is_text(origin->guid_age, sizeof(origin->guid_age)) ||
        !is_text(origin->layout_name, sizeof(origin->layout_name)) ||
        !is_text(origin->layout_source, sizeof(origin->layout_source)) ||
        !is_text(origin->layout_detail, sizeof(origin->layout_detail)) ||
        !is_path(origin->layout_origin, sizeof(origin->layout_origin)) ||
        !is_text(origin->layout_confidence, sizeof(origin->layout_confidence)))
        return "its origin is no text";
    return NULL;
}

static const char *unpack_layout(const struct unpacker *unpacker, struct sic_unpacked *unpacked)
{
    const struct sic_wire_table *table = &unpacker->tables[SIC_WIRE_FIELDS];

    unpacked->has_layout = table->count > 0;
    if (table->count == 0)
        return NULL;
    if (table->count != SIC_FIELD_COUNT)
        return "its layout is that of another version of SiC";
    for (unsigned i = 0; i < SIC_FIELD_COUNT; i++) {
        struct sic_wire_field wire;

        __builtin_memcpy(&wire, unpacker->bytes + table->offset + i * sizeof(wire), sizeof(wire));
        if (wire.reserved != 0)
            return "its layout has members that nobody knows";
        unpacked->layout.fields[i] =
            (struct sic_layout_field){.offset = wire.offset, .first_bit = wire.first_bit, .bit_count = wire.bit_count};
    }
    return sic_layout_first_bad_field(&unpacked->layout) == SIC_FIELD_COUNT ? NULL : "its layout is out of bounds";
}

/* `count` zeroed elements at once. False when memory ran out. */
static bool make_room(struct sic_scan *scan, struct sic_array *array, size_t element_size, uint32_t count)
{
    if (!sic_array_reserve(&scan->allocator, array, element_size, count))
        return false;
    array->count = count;
    return true;
}

static bool is_string(const struct unpacker *unpacker, const struct sic_wire_string *string, bool is_known)
{
    uint32_t count = unpacker->tables[SIC_WIRE_STRINGS].count;

    if (!is_known)
        return string->offset == SIC_WIRE_NONE && string->length == 0;
    return string->length > 0 && string->offset <= count && string->length <= count - string->offset;
}

static bool is_sound_process(const struct unpacker *unpacker, const struct sic_wire_process *wire)
{
    uint32_t views = unpacker->tables[SIC_WIRE_VIEWS].count;

    return !(wire->flags & ~PROCESS_FLAGS) && wire->reserved == 0 &&
           is_string(unpacker, &wire->path, wire->flags & SIC_PROCESS_HAS_PATH) && wire->first_view <= views &&
           wire->view_count <= views - wire->first_view && wire->image_file_name[15] == 0;
}

static const char *unpack_processes(struct unpacker *unpacker)
{
    const struct sic_wire_table *table = &unpacker->tables[SIC_WIRE_PROCESSES];
    struct sic_scan *scan = unpacker->scan;

    if (!make_room(scan, &scan->processes, sizeof(struct sic_process), table->count))
        return no_memory;
    for (uint32_t i = 0; i < table->count; i++) {
        struct sic_process *process = sic_scan_process(scan, i);
        struct sic_wire_process wire;

        __builtin_memcpy(&wire, unpacker->bytes + table->offset + (size_t)i * sizeof(wire), sizeof(wire));
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
            .token = SIC_NONE,
            .first_view = wire.first_view,
            .view_count = wire.view_count,
            .node_count = wire.node_count,
            .private_count = wire.private_count,
            .deleting_count = wire.deleting_count,
            .unshared_count = wire.unshared_count,
        };
        __builtin_memcpy(process->image_file_name, wire.image_file_name, sizeof(process->image_file_name));
    }
    return NULL;
}

static bool is_sound_pte_range(const struct unpacker *unpacker, const struct sic_wire_view *wire)
{
    unsigned levels = unpacker->scan->paging_levels;

    if (!sic_is_kernel_address(levels, wire->first_prototype_pte, 8))
        return false;
    if (wire->flags & SIC_VIEW_TORN || wire->last_contiguous_pte == SIC_WHOLE_VIEW_CONTIGUOUS)
        return true;
    return sic_is_kernel_address(levels, wire->last_contiguous_pte, 8) &&
           wire->last_contiguous_pte >= wire->first_prototype_pte;
}

static bool is_sound_view(const struct unpacker *unpacker, const struct sic_wire_view *wire)
{
    static const uint8_t zeros[sizeof(wire->reserved)];

    return wire->start_vpn <= wire->end_vpn && wire->end_vpn < VPN_LIMIT && is_sound_pte_range(unpacker, wire) &&
           wire->subsection < unpacker->tables[SIC_WIRE_SUBSECTIONS].count &&
           wire->process < unpacker->tables[SIC_WIRE_PROCESSES].count && wire->protection < 32 && wire->vad_type < 8 &&
           !(wire->flags & ~VIEW_FLAGS) && __builtin_memcmp(wire->reserved, zeros, sizeof(zeros)) == 0;
}

static const char *unpack_views(struct unpacker *unpacker)
{
    const struct sic_wire_table *table = &unpacker->tables[SIC_WIRE_VIEWS];
    struct sic_scan *scan = unpacker->scan;

    if (!make_room(scan, &scan->views, sizeof(struct sic_view), table->count))
        return no_memory;
    for (uint32_t i = 0; i < table->count; i++) {
        struct sic_wire_view wire;

        __builtin_memcpy(&wire, unpacker->bytes + table->offset + (size_t)i * sizeof(wire), sizeof(wire));
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

static bool is_index(uint32_t index, uint32_t count)
{
    return index == SIC_WIRE_NONE || index < count;
}

/* What could not be read says nothing. */
static bool is_sound_subsection(const struct unpacker *unpacker, const struct sic_wire_subsection *wire)
{
    if (wire->flags & ~SUBSECTION_FLAGS || wire->protection >= 32 || wire->reserved != 0 ||
        !is_index(wire->section, unpacker->tables[SIC_WIRE_SECTIONS].count) ||
        !is_index(wire->next, unpacker->tables[SIC_WIRE_SUBSECTIONS].count))
        return false;
    if (!(wire->flags & SIC_SUBSECTION_UNREAD))
        return wire->section != SIC_WIRE_NONE;
    return wire->flags == SIC_SUBSECTION_UNREAD && wire->base == 0 && wire->next_va == 0 && wire->pte_count == 0 &&
           wire->next == SIC_WIRE_NONE && wire->protection == 0;
}

static const char *unpack_subsections(struct unpacker *unpacker)
{
    const struct sic_wire_table *table = &unpacker->tables[SIC_WIRE_SUBSECTIONS];
    struct sic_scan *scan = unpacker->scan;

    if (!make_room(scan, &scan->subsections, sizeof(struct sic_subsection), table->count))
        return no_memory;
    for (uint32_t i = 0; i < table->count; i++) {
        struct sic_wire_subsection wire;

        __builtin_memcpy(&wire, unpacker->bytes + table->offset + (size_t)i * sizeof(wire), sizeof(wire));
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

static bool is_sound_section(const struct unpacker *unpacker, const struct sic_wire_section *wire)
{
    if (wire->flags & SIC_SECTION_UNREAD && wire->flags != SIC_SECTION_UNREAD)
        return false;
    return !(wire->flags & ~SECTION_FLAGS) && is_string(unpacker, &wire->name, wire->flags & SIC_SECTION_HAS_NAME);
}

static const char *unpack_sections(struct unpacker *unpacker)
{
    const struct sic_wire_table *table = &unpacker->tables[SIC_WIRE_SECTIONS];
    struct sic_scan *scan = unpacker->scan;

    if (!make_room(scan, &scan->sections, sizeof(struct sic_section), table->count))
        return no_memory;
    for (uint32_t i = 0; i < table->count; i++) {
        struct sic_wire_section wire;

        __builtin_memcpy(&wire, unpacker->bytes + table->offset + (size_t)i * sizeof(wire), sizeof(wire));
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
            .device = SIC_NONE,
        };
    }
    return NULL;
}

static const char *unpack_problems(struct unpacker *unpacker)
{
    const struct sic_wire_table *table = &unpacker->tables[SIC_WIRE_PROBLEMS];
    struct sic_scan *scan = unpacker->scan;

    if (!make_room(scan, &scan->problems, sizeof(struct sic_problem), table->count))
        return no_memory;
    for (uint32_t i = 0; i < table->count; i++) {
        struct sic_wire_problem wire;

        __builtin_memcpy(&wire, unpacker->bytes + table->offset + (size_t)i * sizeof(wire), sizeof(wire));
        if (wire.kind >= SIC_PROBLEM_KIND_COUNT || !is_index(wire.process, scan->processes.count))
            return "a problem contradicts the rest";
        ((struct sic_problem *)scan->problems.elements)[i] =
            (struct sic_problem){.kind = wire.kind, .process = wire.process, .va = wire.va};
    }
    return NULL;
}

static const char *unpack_notes(struct unpacker *unpacker)
{
    const struct sic_wire_table *table = &unpacker->tables[SIC_WIRE_NOTES];
    struct sic_scan *scan = unpacker->scan;

    if (!make_room(scan, &scan->notes, sizeof(struct sic_note), table->count))
        return no_memory;
    for (uint32_t i = 0; i < table->count; i++) {
        struct sic_wire_note wire;

        __builtin_memcpy(&wire, unpacker->bytes + table->offset + (size_t)i * sizeof(wire), sizeof(wire));
        if (wire.kind >= SIC_NOTE_KIND_COUNT || !is_index(wire.process, scan->processes.count) ||
            !is_index(wire.section, scan->sections.count) || wire.reserved != 0)
            return "a note contradicts the rest";
        ((struct sic_note *)scan->notes.elements)[i] =
            (struct sic_note){.va = wire.va, .kind = wire.kind, .process = wire.process, .section = wire.section};
    }
    return NULL;
}

static const char *unpack_strings(struct unpacker *unpacker)
{
    const struct sic_wire_table *table = &unpacker->tables[SIC_WIRE_STRINGS];
    size_t end = (size_t)(table->offset + (uint64_t)table->count * sizeof(uint16_t));
    struct sic_scan *scan = unpacker->scan;

    if (!make_room(scan, &scan->strings, sizeof(uint16_t), table->count))
        return no_memory;
    if (table->count > 0)
        __builtin_memcpy(scan->strings.elements, unpacker->bytes + table->offset, end - (size_t)table->offset);
    for (size_t i = end; i < unpacker->size; i++) {
        if (unpacker->bytes[i] != 0)
            return "its last bytes are not zero";
    }
    return NULL;
}

const char *sic_unpack(const void *bytes, size_t size, struct sic_scan *scan, struct sic_unpacked *unpacked)
{
    static const char *(*const steps[])(struct unpacker *) = {
        unpack_processes, unpack_views, unpack_subsections, unpack_sections,
        unpack_problems,  unpack_notes, unpack_strings,
    };
    struct unpacker unpacker = {.bytes = bytes, .size = size, .scan = scan};
    const char *refusal;

    __builtin_memset(unpacked, 0, sizeof(*unpacked));
    refusal = check_header(&unpacker, unpacked);
    if (!refusal)
        refusal = check_origin(&unpacked->origin);
    if (!refusal)
        refusal = unpack_layout(&unpacker, unpacked);
    for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]) && !refusal; i++)
        refusal = steps[i](&unpacker);
    return refusal ? refusal : sic_scan_make_sound(scan);
}
