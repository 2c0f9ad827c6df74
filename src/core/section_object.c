#include "core/section_object.h"

/* _SECTION.u1: the control area, or a file object whose lowest two bits say that it is a remote file's. */
#define REMOTE_MASK 3ull

static bool read_control_area(const struct sic_reader *reader, const struct sic_layout *layout, uint64_t object_va,
                              uint64_t *control_area_va)
{
    uint64_t segment_va;

    if (sic_layout_has(layout, SIC_FIELD_SECTION_CONTROL_AREA))
        return sic_reader_u64(reader, object_va + sic_layout_offset(layout, SIC_FIELD_SECTION_CONTROL_AREA),
                              control_area_va) &&
               (*control_area_va & REMOTE_MASK) == 0;
    return sic_layout_has(layout, SIC_FIELD_SECTION_OBJECT_SEGMENT) &&
           sic_reader_u64(reader, object_va + sic_layout_offset(layout, SIC_FIELD_SECTION_OBJECT_SEGMENT),
                          &segment_va) &&
           sic_is_kernel_pointer(reader, segment_va, 8) &&
           sic_reader_u64(reader, segment_va + sic_layout_offset(layout, SIC_FIELD_SEGMENT_CONTROL_AREA),
                          control_area_va);
}

uint32_t sic_section_of_object(const struct sic_scan *scan, const struct sic_reader *reader,
                               const struct sic_layout *layout, uint64_t object_va)
{
    uint64_t control_area_va;
    uint32_t section;

    if (!read_control_area(reader, layout, object_va, &control_area_va) ||
        !sic_index_find(&scan->control_area_index, &scan->sections, sizeof(struct sic_section), control_area_va,
                        &section))
        return SIC_NONE;
    return section;
}
