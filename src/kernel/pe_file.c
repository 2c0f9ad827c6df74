#include "kernel/pe_file.h"

#include "kernel/pe.h"

#include <string.h>

/* The loader takes no more. */
#define SECTION_LIMIT 96u
#define SECTION_SIZE  40u

static bool read_bytes(const struct sic_pe_file *file, uint64_t offset, void *buffer, size_t size)
{
    if (offset > file->size || size > file->size - offset)
        return false;
    memcpy(buffer, file->bytes + offset, size);
    return true;
}

/* IMAGE_SECTION_HEADER, as far as a reader needs it. */
struct section {
    uint32_t virtual_size;
    uint32_t rva;
    uint32_t raw_size;
    uint32_t raw_offset;
};

static bool read_section(const struct sic_pe_file *file, unsigned index, struct section *section)
{
    uint8_t bytes[SECTION_SIZE];

    if (!read_bytes(file, file->sections_offset + (uint64_t)index * SECTION_SIZE, bytes, sizeof(bytes)))
        return false;
    *section = (struct section){
        .virtual_size = sic_load32(bytes + 8),
        .rva = sic_load32(bytes + 12),
        .raw_size = sic_load32(bytes + 16),
        .raw_offset = sic_load32(bytes + 20),
    };
    return true;
}

/* Bytes behind those that the file holds are zero in a mapped section. */
static bool read_in_section(const struct sic_pe_file *file, const struct section *section, uint64_t offset,
                            uint8_t *buffer, size_t size)
{
    size_t held = offset < section->raw_size ? section->raw_size - (size_t)offset : 0;

    if (held > size)
        held = size;
    memset(buffer + held, 0, size - held);
    return held == 0 || read_bytes(file, section->raw_offset + offset, buffer, held);
}

static bool read_rva(void *context, uint64_t rva, void *buffer, size_t size)
{
    const struct sic_pe_file *file = context;

    if (rva < file->headers_size && size <= file->headers_size - rva)
        return read_bytes(file, rva, buffer, size);
    for (unsigned i = 0; i < file->section_count; i++) {
        struct section section;
        uint64_t mapped;

        if (!read_section(file, i, &section))
            return false;
        mapped = section.virtual_size > 0 ? section.virtual_size : section.raw_size;
        if (rva >= section.rva && rva - section.rva < mapped && size <= mapped - (rva - section.rva))
            return read_in_section(file, &section, rva - section.rva, buffer, size);
    }
    return false;
}

struct sic_reader sic_pe_file_reader(struct sic_pe_file *file)
{
    return (struct sic_reader){.read = read_rva, .context = file};
}

bool sic_pe_file_open(const void *bytes, size_t size, struct sic_pe_file *file)
{
    /* While the headers are read, the whole file may hold them. */
    struct sic_pe_file opened = {
        .bytes = bytes, .size = size, .headers_size = size < UINT32_MAX ? (uint32_t)size : UINT32_MAX};
    struct sic_reader reader = sic_pe_file_reader(&opened);
    uint8_t nt[0x18 + 0x40], word[4];
    struct sic_pe pe;
    uint32_t nt_offset;

    if (!sic_pe_read(&reader, 0, &pe) || !read_bytes(&opened, 0x3c, word, sizeof(word)))
        return false;
    nt_offset = sic_load32(word);
    if (!read_bytes(&opened, nt_offset, nt, sizeof(nt)))
        return false;
    opened.section_count = sic_load16(nt + 6);
    opened.sections_offset = (size_t)nt_offset + 0x18 + sic_load16(nt + 0x14);
    opened.headers_size = sic_load32(nt + 0x18 + 0x3c);
    if (opened.section_count > SECTION_LIMIT || opened.headers_size > size)
        return false;
    *file = opened;
    return true;
}
