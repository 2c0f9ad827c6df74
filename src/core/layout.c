#include "core/layout.h"

enum need { OPTIONAL, EPOCH, REQUIRED };

static const struct {
    const char *name;
    enum need need;
} descriptions[SIC_FIELD_COUNT] = {
#define SIC_LAYOUT_DESCRIPTION(identifier, field_name, field_need)                                                     \
    [SIC_FIELD_##identifier] = {.name = field_name, .need = field_need},
    SIC_LAYOUT_FIELDS(SIC_LAYOUT_DESCRIPTION)
#undef SIC_LAYOUT_DESCRIPTION
};

const char *sic_layout_field_name(enum sic_field field)
{
    return descriptions[field].name;
}

bool sic_layout_field_is_required(enum sic_field field)
{
    return descriptions[field].need == REQUIRED;
}

void sic_layout_init(struct sic_layout *layout)
{
    for (unsigned field = 0; field < SIC_FIELD_COUNT; field++)
        layout->fields[field] = (struct sic_layout_field){.offset = SIC_FIELD_ABSENT};
}

/* Numbers stand where their size divides the offset, and so do structures of pointers; text may stand anywhere. */
static bool is_aligned(uint32_t offset, uint32_t bytes)
{
    uint32_t alignment = bytes % 8 == 0 ? 8 : bytes;

    return alignment > 8 || offset % alignment == 0;
}

/* Members stand inside their structure, where its size is known. */
static bool is_inside(const struct sic_layout *layout, enum sic_field size, enum sic_field member, uint32_t bytes)
{
    uint32_t limit = layout->fields[size].offset, offset = layout->fields[member].offset;

    if (offset == SIC_FIELD_ABSENT)
        return true;
    if (limit < bytes || offset > limit - bytes)
        return false;
    return is_aligned(offset, bytes);
}

static enum sic_field first_outside(const struct sic_layout *layout)
{
    static const struct {
        uint8_t size, member, bytes;
    } members[] = {
        {SIC_FIELD_EPROCESS_SIZE, SIC_FIELD_EPROCESS_UNIQUE_PROCESS_ID, 8},
        {SIC_FIELD_EPROCESS_SIZE, SIC_FIELD_EPROCESS_ACTIVE_PROCESS_LINKS, 8},
        {SIC_FIELD_EPROCESS_SIZE, SIC_FIELD_EPROCESS_IMAGE_FILE_NAME, 15},
        {SIC_FIELD_EPROCESS_SIZE, SIC_FIELD_EPROCESS_VAD_ROOT, 8},
        {SIC_FIELD_EPROCESS_SIZE, SIC_FIELD_EPROCESS_VAD_COUNT, 8},
        {SIC_FIELD_EPROCESS_SIZE, SIC_FIELD_EPROCESS_CREATE_TIME, 8},
        {SIC_FIELD_EPROCESS_SIZE, SIC_FIELD_EPROCESS_EXIT_TIME, 8},
        {SIC_FIELD_EPROCESS_SIZE, SIC_FIELD_EPROCESS_PARENT_ID, 8},
        {SIC_FIELD_EPROCESS_SIZE, SIC_FIELD_EPROCESS_AUDIT_NAME, 8},
        {SIC_FIELD_EPROCESS_SIZE, SIC_FIELD_KPROCESS_DIRECTORY_TABLE_BASE, 8},
        {SIC_FIELD_MMVAD_SHORT_SIZE, SIC_FIELD_MMVAD_SHORT_LEFT, 8},
        {SIC_FIELD_MMVAD_SHORT_SIZE, SIC_FIELD_MMVAD_SHORT_RIGHT, 8},
        {SIC_FIELD_MMVAD_SHORT_SIZE, SIC_FIELD_MMVAD_SHORT_PARENT, 8},
        {SIC_FIELD_MMVAD_SHORT_SIZE, SIC_FIELD_MMVAD_SHORT_STARTING_VPN, 4},
        {SIC_FIELD_MMVAD_SHORT_SIZE, SIC_FIELD_MMVAD_SHORT_ENDING_VPN, 4},
        {SIC_FIELD_MMVAD_SHORT_SIZE, SIC_FIELD_MMVAD_SHORT_STARTING_VPN_HIGH, 1},
        {SIC_FIELD_MMVAD_SHORT_SIZE, SIC_FIELD_MMVAD_SHORT_ENDING_VPN_HIGH, 1},
        {SIC_FIELD_MMVAD_SHORT_SIZE, SIC_FIELD_MMVAD_SHORT_STARTING_VPN_HIGHER, 1},
        {SIC_FIELD_MMVAD_SHORT_SIZE, SIC_FIELD_MMVAD_SHORT_ENDING_VPN_HIGHER, 1},
        {SIC_FIELD_MMVAD_SHORT_SIZE, SIC_FIELD_MMVAD_SHORT_FLAGS, 4},
        {SIC_FIELD_MMVAD_SIZE, SIC_FIELD_MMVAD_SUBSECTION, 8},
        {SIC_FIELD_MMVAD_SIZE, SIC_FIELD_MMVAD_CONTROL_AREA, 8},
        {SIC_FIELD_MMVAD_SIZE, SIC_FIELD_MMVAD_FIRST_PROTOTYPE_PTE, 8},
        {SIC_FIELD_MMVAD_SIZE, SIC_FIELD_MMVAD_LAST_CONTIGUOUS_PTE, 8},
        {SIC_FIELD_MMVAD_SIZE, SIC_FIELD_MMVAD_VIEW_LINKS, 16},
        {SIC_FIELD_MMVAD_SIZE, SIC_FIELD_MMVAD_VADS_PROCESS, 8},
        {SIC_FIELD_SUBSECTION_SIZE, SIC_FIELD_SUBSECTION_CONTROL_AREA, 8},
        {SIC_FIELD_SUBSECTION_SIZE, SIC_FIELD_SUBSECTION_BASE, 8},
        {SIC_FIELD_SUBSECTION_SIZE, SIC_FIELD_SUBSECTION_NEXT, 8},
        {SIC_FIELD_SUBSECTION_SIZE, SIC_FIELD_SUBSECTION_PTE_COUNT, 4},
        {SIC_FIELD_SUBSECTION_SIZE, SIC_FIELD_SUBSECTION_FLAGS, 4},
        {SIC_FIELD_CONTROL_AREA_SIZE, SIC_FIELD_CONTROL_AREA_SEGMENT, 8},
        {SIC_FIELD_CONTROL_AREA_SIZE, SIC_FIELD_CONTROL_AREA_LIST_HEAD, 16},
        {SIC_FIELD_CONTROL_AREA_SIZE, SIC_FIELD_CONTROL_AREA_VIEW_LIST, 16},
        {SIC_FIELD_CONTROL_AREA_SIZE, SIC_FIELD_CONTROL_AREA_COUNTS, 4},
        {SIC_FIELD_CONTROL_AREA_SIZE, SIC_FIELD_CONTROL_AREA_FLAGS, 4},
        {SIC_FIELD_CONTROL_AREA_SIZE, SIC_FIELD_CONTROL_AREA_FILE_POINTER, 8},
        {SIC_FIELD_CONTROL_AREA_SIZE, SIC_FIELD_CONTROL_AREA_MAPPED_VIEWS, 4},
        {SIC_FIELD_CONTROL_AREA_SIZE, SIC_FIELD_CONTROL_AREA_SECTION_REFERENCES, 4},
    };

    for (size_t i = 0; i < sizeof(members) / sizeof(members[0]); i++) {
        if (!is_inside(layout, members[i].size, members[i].member, members[i].bytes))
            return members[i].member;
    }
    return SIC_FIELD_COUNT;
}

static bool is_structure_size_sane(const struct sic_layout *layout, enum sic_field field)
{
    static const struct {
        uint8_t field;
        uint16_t limit;
    } sizes[] = {
        {SIC_FIELD_MMVAD_SHORT_SIZE, SIC_VAD_SIZE_LIMIT},
        {SIC_FIELD_MMVAD_SIZE, SIC_VAD_SIZE_LIMIT},
        {SIC_FIELD_SUBSECTION_SIZE, SIC_SECTION_STRUCTURE_LIMIT},
        {SIC_FIELD_CONTROL_AREA_SIZE, SIC_SECTION_STRUCTURE_LIMIT},
    };

    for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
        if (sizes[i].field == field)
            return layout->fields[field].offset <= sizes[i].limit;
    }
    return true;
}

/* The counts of a control area, which are of 8 bytes in some releases. */
static bool are_counts_inside(const struct sic_layout *layout)
{
    uint32_t bytes = sic_layout_has_narrow_counts(layout) ? 4 : 8;

    return is_inside(layout, SIC_FIELD_CONTROL_AREA_SIZE, SIC_FIELD_CONTROL_AREA_MAPPED_VIEWS, bytes) &&
           is_inside(layout, SIC_FIELD_CONTROL_AREA_SIZE, SIC_FIELD_CONTROL_AREA_SECTION_REFERENCES, bytes);
}

/* Where the words of bit-fields may lie: words of flags have up to 8 bytes, a handle table's entry 16. */
static uint32_t bits_limit(enum sic_field field)
{
    switch (field) {
    case SIC_FIELD_HANDLE_TABLE_ENTRY_OBJECT:
    case SIC_FIELD_HANDLE_TABLE_ENTRY_ACCESS:
        return 16;
    case SIC_FIELD_MMVAD_SHORT_STARTING_VPN_HIGHER:
    case SIC_FIELD_MMVAD_SHORT_ENDING_VPN_HIGHER:
        return SIC_VAD_SIZE_LIMIT;
    case SIC_FIELD_AVL_TABLE_COUNT:
        return 0x40; /* the size of an _MM_AVL_TABLE */
    default:
        return 8;
    }
}

static bool are_bits_sane(const struct sic_layout *layout, enum sic_field index)
{
    const struct sic_layout_field *field = &layout->fields[index];

    if (field->bit_count == 0)
        return field->first_bit == 0;
    return field->bit_count < 64 && field->offset < bits_limit(index) &&
           field->offset % 8 * 8 + field->first_bit + field->bit_count <= 64;
}

/*
 * Segments are read by field, for a data file's _MAPPED_FILE_SEGMENT is shorter than a _SEGMENT: what both have must
 * lie within the shorter one. The size of a _FILE_OBJECT is no field of a layout.
 */
static enum sic_field first_outside_fixed(const struct sic_layout *layout)
{
    static const struct {
        uint8_t field;
        uint32_t bytes, limit;
    } members[] = {
        {SIC_FIELD_SEGMENT_CONTROL_AREA, 8, SIC_SEGMENT_READ_SIZE},
        {SIC_FIELD_SEGMENT_PTE_COUNT, 4, SIC_SEGMENT_READ_SIZE},
        {SIC_FIELD_SEGMENT_SIZE_OF_SEGMENT, 8, SIC_SEGMENT_READ_SIZE},
        {SIC_FIELD_FILE_OBJECT_FILE_NAME, 16, SIC_FILE_OBJECT_LIMIT},
    };

    for (size_t i = 0; i < sizeof(members) / sizeof(members[0]); i++) {
        uint32_t offset = layout->fields[members[i].field].offset;

        if (offset != SIC_FIELD_ABSENT &&
            (offset > members[i].limit - members[i].bytes || !is_aligned(offset, members[i].bytes)))
            return members[i].field;
    }
    return SIC_FIELD_COUNT;
}

/* The fields of which each release has one or the other (see the table). */
static enum sic_field first_missing_of_epoch(const struct sic_layout *layout)
{
    bool has_start = sic_layout_has(layout, SIC_FIELD_MMVAD_SHORT_STARTING_VPN_HIGH);
    bool has_end = sic_layout_has(layout, SIC_FIELD_MMVAD_SHORT_ENDING_VPN_HIGH);
    bool has_sentinel = sic_layout_has_sentinel(layout);

    if (has_start != has_end)
        return has_start ? SIC_FIELD_MMVAD_SHORT_ENDING_VPN_HIGH : SIC_FIELD_MMVAD_SHORT_STARTING_VPN_HIGH;
    if (!has_start && !has_sentinel && sic_layout_vpn_format(layout) != SIC_VPN_64)
        return SIC_FIELD_MMVAD_SHORT_STARTING_VPN_HIGH;
    if (!sic_layout_has(layout, SIC_FIELD_MMVAD_SUBSECTION) && !sic_layout_has(layout, SIC_FIELD_MMVAD_CONTROL_AREA))
        return SIC_FIELD_MMVAD_SUBSECTION;
    if (!sic_layout_has(layout, SIC_FIELD_MMVAD_VADS_PROCESS) && !has_sentinel)
        return SIC_FIELD_MMVAD_VADS_PROCESS;
    return SIC_FIELD_COUNT;
}

/* What a member's place says that the bounds of its structure do not. */
static enum sic_field first_misplaced(const struct sic_layout *layout)
{
    static const uint8_t flags[] = {SIC_FIELD_VAD_FLAGS_TYPE, SIC_FIELD_VAD_FLAGS_PROTECTION,
                                    SIC_FIELD_VAD_FLAGS_PRIVATE_MEMORY, SIC_FIELD_VAD_FLAGS_DELETE_IN_PROGRESS};
    uint32_t width = sic_layout_offset(layout, SIC_FIELD_MMVAD_SHORT_ENDING_VPN) -
                     sic_layout_offset(layout, SIC_FIELD_MMVAD_SHORT_STARTING_VPN);

    if ((width != 4 && width != 8) ||
        !is_inside(layout, SIC_FIELD_MMVAD_SHORT_SIZE, SIC_FIELD_MMVAD_SHORT_ENDING_VPN, width))
        return SIC_FIELD_MMVAD_SHORT_ENDING_VPN;
    if (!is_inside(layout, SIC_FIELD_MMVAD_SHORT_SIZE, SIC_FIELD_MMVAD_SHORT_FLAGS, width))
        return SIC_FIELD_MMVAD_SHORT_FLAGS;
    for (size_t i = 0; i < sizeof(flags); i++) {
        const struct sic_layout_field *field = &layout->fields[flags[i]];

        if (sic_layout_has(layout, flags[i]) && (field->offset * 8 + field->first_bit + field->bit_count > width * 8))
            return flags[i];
    }
    if (!are_counts_inside(layout))
        return SIC_FIELD_CONTROL_AREA_MAPPED_VIEWS;
    /* The node's links are read where the table stands. */
    if (sic_layout_has_sentinel(layout) && sic_layout_offset(layout, SIC_FIELD_AVL_TABLE_BALANCED_ROOT) % 8 != 0)
        return SIC_FIELD_AVL_TABLE_BALANCED_ROOT;
    return SIC_FIELD_COUNT;
}

enum sic_field sic_layout_first_bad_field(const struct sic_layout *layout)
{
    enum sic_field bad;

    for (unsigned field = 0; field < SIC_FIELD_COUNT; field++) {
        const struct sic_layout_field *description = &layout->fields[field];

        if (description->offset == SIC_FIELD_ABSENT) {
            if (descriptions[field].need == REQUIRED)
                return field;
            continue;
        }
        if (description->offset > SIC_STRUCTURE_LIMIT || !are_bits_sane(layout, field) ||
            !is_structure_size_sane(layout, field))
            return field;
    }
    bad = first_missing_of_epoch(layout);
    if (bad == SIC_FIELD_COUNT)
        bad = first_outside(layout);
    if (bad == SIC_FIELD_COUNT)
        bad = first_misplaced(layout);
    return bad == SIC_FIELD_COUNT ? first_outside_fixed(layout) : bad;
}
