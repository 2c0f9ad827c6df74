#include "core/layout.h"

enum need { OPTIONAL, REQUIRED };

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

/* Members stand inside their structure, where its size is known, and numbers where their size divides the offset. */
static bool is_inside(const struct sic_layout *layout, enum sic_field size, enum sic_field member, uint32_t bytes)
{
    uint32_t limit = layout->fields[size].offset, offset = layout->fields[member].offset;

    if (offset == SIC_FIELD_ABSENT)
        return true;
    if (limit < bytes || offset > limit - bytes)
        return false;
    return bytes > 8 || offset % bytes == 0;
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
        {SIC_FIELD_MMVAD_SHORT_SIZE, SIC_FIELD_MMVAD_SHORT_FLAGS, 4},
        {SIC_FIELD_MMVAD_SIZE, SIC_FIELD_MMVAD_SUBSECTION, 8},
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
        {SIC_FIELD_CONTROL_AREA_SIZE, SIC_FIELD_CONTROL_AREA_COUNTS, 4},
        {SIC_FIELD_CONTROL_AREA_SIZE, SIC_FIELD_CONTROL_AREA_FLAGS, 4},
        {SIC_FIELD_CONTROL_AREA_SIZE, SIC_FIELD_CONTROL_AREA_FILE_POINTER, 8},
        {SIC_FIELD_CONTROL_AREA_SIZE, SIC_FIELD_CONTROL_AREA_MAPPED_VIEWS, 8},
        {SIC_FIELD_CONTROL_AREA_SIZE, SIC_FIELD_CONTROL_AREA_SECTION_REFERENCES, 8},
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

/* Words of flags have up to 8 bytes, a handle table's entry 16. */
static bool are_bits_sane(const struct sic_layout *layout, enum sic_field index)
{
    const struct sic_layout_field *field = &layout->fields[index];
    bool is_in_entry = index == SIC_FIELD_HANDLE_TABLE_ENTRY_OBJECT || index == SIC_FIELD_HANDLE_TABLE_ENTRY_ACCESS;

    if (field->bit_count == 0)
        return field->first_bit == 0;
    return field->bit_count < 64 && field->offset < (is_in_entry ? 16 : 8) &&
           field->offset % 8 * 8 + field->first_bit + field->bit_count <= 64;
}

/*
 * Segments are read by field, for a data file's _MAPPED_FILE_SEGMENT is shorter than a _SEGMENT: what both have must
 * lie within the shorter one.
 */
static enum sic_field first_outside_segment(const struct sic_layout *layout)
{
    static const uint8_t fields[] = {SIC_FIELD_SEGMENT_CONTROL_AREA, SIC_FIELD_SEGMENT_PTE_COUNT,
                                     SIC_FIELD_SEGMENT_SIZE_OF_SEGMENT};

    for (size_t i = 0; i < sizeof(fields); i++) {
        if (layout->fields[fields[i]].offset > SIC_SEGMENT_READ_SIZE - 8)
            return fields[i];
    }
    return SIC_FIELD_COUNT;
}

enum sic_field sic_layout_first_bad_field(const struct sic_layout *layout)
{
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
    if (first_outside(layout) != SIC_FIELD_COUNT)
        return first_outside(layout);
    return first_outside_segment(layout);
}
