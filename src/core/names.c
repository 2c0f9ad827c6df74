#include "core/names.h"

bool sic_string_read(struct sic_scan *scan, const struct sic_reader *reader, uint64_t va, struct sic_string *string)
{
    uint8_t scratch[16];
    const uint8_t *header = sic_reader_bytes(reader, va, scratch, sizeof(scratch));
    uint64_t buffer_va;
    uint32_t size;

    *string = (struct sic_string){.offset = SIC_NONE};
    if (!header)
        return true;
    size = sic_load16(header);
    buffer_va = sic_load64(header + 8);
    if (size == 0 || size % 2 != 0 || size > sic_load16(header + 2) || size > SIC_STRING_SIZE_LIMIT ||
        scan->strings.count > SIC_STRINGS_LIMIT || !sic_is_kernel_pointer(reader, buffer_va, 2))
        return true;
    if (!sic_array_reserve(&scan->allocator, &scan->strings, sizeof(uint16_t), size / 2))
        return false;
    if (!reader->read(reader->context, buffer_va, (uint16_t *)scan->strings.elements + scan->strings.count, size))
        return true;
    *string = (struct sic_string){.offset = scan->strings.count, .length = size / 2};
    scan->strings.count += size / 2;
    return true;
}

/* FILE_OBJECT.Type, the first two bytes of all releases: IO_TYPE_FILE (wdm.h). */
#define IO_TYPE_FILE 5u

bool sic_is_file_object(const struct sic_reader *reader, uint64_t va)
{
    uint8_t scratch[2];
    const uint8_t *type = sic_reader_bytes(reader, va, scratch, sizeof(scratch));

    return type && sic_load16(type) == IO_TYPE_FILE;
}

#define PREFETCH_DISTANCE 8u

bool sic_section_has_file(const struct sic_section *section, const struct sic_reader *reader, uint32_t minimum_views)
{
    return sic_section_owner_count(section) >= minimum_views && !(section->flags & SIC_SECTION_UNREAD) &&
           sic_is_kernel_pointer(reader, section->file_object_va, 16);
}

/* Asks for the name of a section that comes after `index`, and for where it is told of one that comes later. */
static void prefetch_name(const struct sic_scan *scan, const struct sic_reader *reader, uint32_t file_name_offset,
                          uint32_t minimum_views, uint32_t index)
{
    const struct sic_section *sections = scan->sections.elements;
    uint8_t scratch[16];
    const uint8_t *header = NULL;

    if (scan->sections.count - index <= 2 * PREFETCH_DISTANCE || !reader->prefetch)
        return;
    if (sic_section_has_file(&sections[index + 2 * PREFETCH_DISTANCE], reader, minimum_views)) {
        sic_reader_prefetch(reader, sections[index + 2 * PREFETCH_DISTANCE].file_object_va);
        sic_reader_prefetch(reader, sections[index + 2 * PREFETCH_DISTANCE].file_object_va + file_name_offset);
    }
    if (sic_section_has_file(&sections[index + PREFETCH_DISTANCE], reader, minimum_views))
        header = sic_reader_bytes(reader, sections[index + PREFETCH_DISTANCE].file_object_va + file_name_offset,
                                  scratch, sizeof(scratch));
    if (header)
        sic_reader_prefetch(reader, sic_load64(header + 8));
}

bool sic_section_names_read(struct sic_scan *scan, const struct sic_reader *reader, uint32_t file_name_offset,
                            uint32_t minimum_views)
{
    for (uint32_t i = 0; i < scan->sections.count; i++) {
        struct sic_section *section = sic_scan_section(scan, i);
        struct sic_string name;

        prefetch_name(scan, reader, file_name_offset, minimum_views, i);
        if (!sic_section_has_file(section, reader, minimum_views))
            continue;
        if (sic_reader_is_cancelled(reader))
            return false;
        if (!sic_is_file_object(reader, section->file_object_va))
            continue;
        if (!sic_string_read(scan, reader, section->file_object_va + file_name_offset, &name))
            return false;
        if (name.offset != SIC_NONE) {
            section->name = name;
            section->flags |= SIC_SECTION_HAS_NAME;
        }
    }
    return true;
}
