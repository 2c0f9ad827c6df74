#include "kernel/pe.h"

#include <stdio.h>
#include <string.h>

#define DOS_SIGNATURE          0x5a4du
#define PE_SIGNATURE           0x4550u
#define MACHINE_AMD64          0x8664u
#define OPTIONAL_HEADER_64     0x20bu
#define DEBUG_TYPE_CODEVIEW    2u
#define CODEVIEW_RSDS          0x53445352u
#define DEBUG_DIRECTORY_LIMIT  64u
#define EXPORT_NAME_LIMIT      0x8000u
#define EXPORT_NAME_SIZE_LIMIT 64u
#define PDB_NAME_SIZE_LIMIT    512u

/* Reads at an RVA, within the image. */
static bool read_rva(const struct sic_reader *reader, const struct sic_pe *pe, uint32_t rva, void *buffer,
                     uint32_t size)
{
    return rva <= pe->size && size <= pe->size - rva && reader->read(reader->context, pe->base_va + rva, buffer, size);
}

/* A zero-terminated string of fewer than `size` bytes. */
static bool read_string(const struct sic_reader *reader, const struct sic_pe *pe, uint32_t rva, char *buffer,
                        uint32_t size)
{
    uint32_t i;

    for (i = 0; i < size; i++) {
        /* Byte by byte: what follows the string may lie in a page that is not there. */
        if (!read_rva(reader, pe, rva + i, &buffer[i], 1))
            return false;
        if (buffer[i] == '\0')
            return true;
    }
    return false;
}

/* IMAGE_NT_HEADERS64: {signature, IMAGE_FILE_HEADER (20 bytes), IMAGE_OPTIONAL_HEADER64}. */
bool sic_pe_read(const struct sic_reader *reader, uint64_t base_va, struct sic_pe *pe)
{
    struct sic_pe header = {.base_va = base_va, .size = 0x1000};
    uint8_t dos[0x40], nt[0x18 + 0xf0];
    uint32_t nt_offset;

    if (!read_rva(reader, &header, 0, dos, sizeof(dos)) || sic_load16(dos) != DOS_SIGNATURE)
        return false;
    nt_offset = sic_load32(dos + 0x3c);
    if (!read_rva(reader, &header, nt_offset, nt, sizeof(nt)) || sic_load32(nt) != PE_SIGNATURE ||
        sic_load16(nt + 4) != MACHINE_AMD64 || sic_load16(nt + 0x18) != OPTIONAL_HEADER_64)
        return false;
    header.size = sic_load32(nt + 0x18 + 0x38);
    header.export_rva = sic_load32(nt + 0x18 + 0x70);
    header.export_size = sic_load32(nt + 0x18 + 0x74);
    header.debug_rva = sic_load32(nt + 0x18 + 0x70 + 6 * 8);
    header.debug_size = sic_load32(nt + 0x18 + 0x74 + 6 * 8);
    *pe = header;
    return true;
}

bool sic_pe_is_named(const struct sic_reader *reader, const struct sic_pe *pe, const char *name)
{
    char found[EXPORT_NAME_SIZE_LIMIT];
    uint8_t rva[4];

    return pe->export_rva != 0 && read_rva(reader, pe, pe->export_rva + 0xc, rva, sizeof(rva)) &&
           read_string(reader, pe, sic_load32(rva), found, sizeof(found)) && strcmp(found, name) == 0;
}

/* IMAGE_EXPORT_DIRECTORY, the part behind its name. */
struct export_tables {
    uint32_t function_count;
    uint32_t name_count;
    uint32_t functions_rva;
    uint32_t names_rva;
    uint32_t ordinals_rva;
};

static bool read_export_tables(const struct sic_reader *reader, const struct sic_pe *pe, struct export_tables *tables)
{
    uint8_t directory[0x28];

    if (pe->export_rva == 0 || !read_rva(reader, pe, pe->export_rva, directory, sizeof(directory)))
        return false;
    *tables = (struct export_tables){
        .function_count = sic_load32(directory + 0x14),
        .name_count = sic_load32(directory + 0x18),
        .functions_rva = sic_load32(directory + 0x1c),
        .names_rva = sic_load32(directory + 0x20),
        .ordinals_rva = sic_load32(directory + 0x24),
    };
    return tables->name_count <= EXPORT_NAME_LIMIT;
}

static uint32_t export_address(const struct sic_reader *reader, const struct sic_pe *pe,
                               const struct export_tables *tables, uint32_t name_index)
{
    uint8_t ordinal[2], function[4];

    if (!read_rva(reader, pe, tables->ordinals_rva + 2 * name_index, ordinal, sizeof(ordinal)) ||
        sic_load16(ordinal) >= tables->function_count ||
        !read_rva(reader, pe, tables->functions_rva + 4 * sic_load16(ordinal), function, sizeof(function)))
        return 0;
    return sic_load32(function);
}

void sic_pe_find_exports(const struct sic_reader *reader, const struct sic_pe *pe, const char *const *names,
                         unsigned count, uint32_t *rvas)
{
    struct export_tables tables;

    memset(rvas, 0, count * sizeof(*rvas));
    if (!read_export_tables(reader, pe, &tables))
        return;
    /* One by one, not by bisection: a page of names that is missing then hides only its own names. */
    for (uint32_t i = 0; i < tables.name_count; i++) {
        char name[EXPORT_NAME_SIZE_LIMIT];
        uint8_t name_rva[4];

        if (!read_rva(reader, pe, tables.names_rva + 4 * i, name_rva, sizeof(name_rva)) ||
            !read_string(reader, pe, sic_load32(name_rva), name, sizeof(name)))
            continue;
        for (unsigned wanted = 0; wanted < count; wanted++) {
            if (strcmp(name, names[wanted]) == 0)
                rvas[wanted] = export_address(reader, pe, &tables, i);
        }
    }
}

/* {"RSDS", GUID, age, name}: the GUID's first three parts are little-endian numbers. */
static void format_reference(const uint8_t *record, struct sic_pdb_reference *reference)
{
    const uint8_t *guid = record + 4;
    int length = snprintf(reference->guid_age, sizeof(reference->guid_age), "%08X%04X%04X", sic_load32(guid),
                          sic_load16(guid + 4), sic_load16(guid + 6));

    for (unsigned i = 8; i < 16; i++)
        length += snprintf(reference->guid_age + length, sizeof(reference->guid_age) - (size_t)length, "%02X", guid[i]);
    snprintf(reference->guid_age + length, sizeof(reference->guid_age) - (size_t)length, "%X", sic_load32(guid + 16));
}

/* Kernels built outside Microsoft's laboratories may name their PDB with its folder. */
static void clean_name(const char *name, struct sic_pdb_reference *reference)
{
    const char *last = name + strlen(name);

    while (last > name && last[-1] != '\\' && last[-1] != '/')
        last--;
    snprintf(reference->name, sizeof(reference->name), "%.63s", last);
    for (char *at = reference->name; *at != '\0'; at++) {
        if (*at < 0x20 || *at > 0x7e)
            *at = '?';
    }
}

bool sic_pe_read_pdb_reference(const struct sic_reader *reader, const struct sic_pe *pe,
                               struct sic_pdb_reference *reference)
{
    uint32_t count = pe->debug_size / 0x1c;

    for (uint32_t i = 0; i < count && i < DEBUG_DIRECTORY_LIMIT; i++) {
        uint8_t entry[0x1c], record[0x18];
        char name[PDB_NAME_SIZE_LIMIT];
        uint32_t rva;

        if (!read_rva(reader, pe, pe->debug_rva + i * 0x1c, entry, sizeof(entry)) ||
            sic_load32(entry + 0xc) != DEBUG_TYPE_CODEVIEW)
            continue;
        rva = sic_load32(entry + 0x14);
        if (!read_rva(reader, pe, rva, record, sizeof(record)) || sic_load32(record) != CODEVIEW_RSDS ||
            !read_string(reader, pe, rva + 0x18, name, sizeof(name)))
            continue;
        format_reference(record, reference);
        clean_name(name, reference);
        return true;
    }
    return false;
}

void sic_pdb_reference_format(const struct sic_pdb_reference *reference, char text[SIC_PDB_REFERENCE_TEXT_SIZE])
{
    if (reference->name[0] == '\0')
        snprintf(text, SIC_PDB_REFERENCE_TEXT_SIZE, "PDB unknown");
    else
        snprintf(text, SIC_PDB_REFERENCE_TEXT_SIZE, "%s %s", reference->name, reference->guid_age);
}
