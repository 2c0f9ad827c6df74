/* Opening a PDB and telling which one it is. */
#include "symbols/pdb.h"

#include "symbols/pdb_private.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The info stream: version, signature (a time), age, GUID. */
enum { INFO_STREAM = 1, INFO_VERSION = 0, INFO_AGE = 8, INFO_GUID = 12, INFO_SIZE = 28, INFO_VERSION_70 = 20000404 };

/* The DBI stream's header (LLVM's DbiStreamHeader), then substreams of the sizes it names, the debug streams' last. */
enum {
    DBI_STREAM = 3,
    DBI_SIGNATURE = 0,
    DBI_VERSION = 4,
    DBI_AGE = 8,
    DBI_SYMBOL_STREAM = 20,
    DBI_SUBSTREAM_SIZES = 24, /* modules, section contributions, section map, sources, type servers */
    DBI_SUBSTREAM_COUNT = 5,
    DBI_DEBUG_SIZE = 48,
    DBI_EDIT_SIZE = 52, /* the edit-and-continue substream stands before the debug streams */
    DBI_MACHINE = 58,
    DBI_HEADER_SIZE = 64,
    DBI_VERSION_70 = 19990903
};

/* Places in the list of debug streams, 16 bits each. */
enum { DEBUG_OMAP_TO_SOURCE = 3, DEBUG_OMAP_FROM_SOURCE = 4, DEBUG_SECTION_HEADERS = 5 };

static enum sic_status read_info(struct sic_pdb *pdb, struct sic_error *error)
{
    struct sic_msf_stream stream;
    uint8_t buffer[INFO_SIZE];
    const uint8_t *info;
    enum sic_status status = sic_msf_open_stream(&pdb->msf, INFO_STREAM, error, &stream);

    if (status != SIC_OK)
        return status == SIC_NOT_FOUND ? SIC_BROKEN : status;
    info = sic_msf_view(&stream, 0, INFO_SIZE, buffer);
    if (info == NULL)
        return sic_error_set(error, SIC_BROKEN, "PDB stream %d (identity) has %" PRIu32 " bytes; at least %d expected",
                             INFO_STREAM, stream.size, INFO_SIZE);
    if (sic_msf_u32(info + INFO_VERSION) < INFO_VERSION_70)
        return sic_error_set(error, SIC_UNSUPPORTED, "the PDB is of version %" PRIu32 "; only %d and later are read",
                             sic_msf_u32(info + INFO_VERSION), INFO_VERSION_70);
    pdb->identity.info_age = sic_msf_u32(info + INFO_AGE);
    memcpy(pdb->identity.guid, info + INFO_GUID, SIC_PDB_GUID_SIZE);
    return SIC_OK;
}

/* The number of the debug stream at `place`, or SIC_PDB_NO_STREAM where the list is shorter or says so. */
static uint32_t debug_stream(const struct sic_msf_stream *dbi, uint32_t list_offset, uint32_t list_size, uint32_t place)
{
    uint8_t buffer[2];
    const uint8_t *number = NULL;

    if (place * 2 + 2 <= list_size)
        number = sic_msf_view(dbi, list_offset + place * 2, 2, buffer);
    return number == NULL ? SIC_PDB_NO_STREAM : sic_msf_u16(number);
}

static bool has_bytes(const struct sic_pdb *pdb, uint32_t number)
{
    struct sic_error ignored;
    struct sic_msf_stream stream;
    enum sic_status status;

    if (number == SIC_PDB_NO_STREAM)
        return false;
    status = sic_msf_open_stream(&pdb->msf, number, &ignored, &stream);
    return status != SIC_OK || stream.size > 0;
}

static enum sic_status read_debug_streams(struct sic_pdb *pdb, const struct sic_msf_stream *dbi, const uint8_t *header,
                                          struct sic_error *error)
{
    uint64_t offset = (uint64_t)DBI_HEADER_SIZE + sic_msf_u32(header + DBI_EDIT_SIZE);
    uint32_t size = sic_msf_u32(header + DBI_DEBUG_SIZE);

    for (uint32_t i = 0; i < DBI_SUBSTREAM_COUNT; i++)
        offset += sic_msf_u32(header + DBI_SUBSTREAM_SIZES + 4 * i);
    if (offset + size > dbi->size)
        return sic_error_set(error, SIC_BROKEN,
                             "PDB stream %d (DBI) promises a list of %" PRIu32 " bytes at offset 0x%" PRIx64
                             " and has %" PRIu32 " bytes",
                             DBI_STREAM, size, offset, dbi->size);
    pdb->identity.has_omap = has_bytes(pdb, debug_stream(dbi, (uint32_t)offset, size, DEBUG_OMAP_TO_SOURCE)) ||
                             has_bytes(pdb, debug_stream(dbi, (uint32_t)offset, size, DEBUG_OMAP_FROM_SOURCE));
    pdb->section_stream = debug_stream(dbi, (uint32_t)offset, size, DEBUG_SECTION_HEADERS);
    return SIC_OK;
}

static enum sic_status read_dbi(struct sic_pdb *pdb, struct sic_error *error)
{
    struct sic_msf_stream stream;
    uint8_t buffer[DBI_HEADER_SIZE];
    const uint8_t *header;
    enum sic_status status;

    pdb->symbol_stream = SIC_PDB_NO_STREAM;
    pdb->section_stream = SIC_PDB_NO_STREAM;
    status = sic_msf_open_stream(&pdb->msf, DBI_STREAM, error, &stream);
    if (status == SIC_NOT_FOUND || (status == SIC_OK && stream.size == 0))
        return SIC_OK;
    if (status != SIC_OK)
        return status;
    header = sic_msf_view(&stream, 0, DBI_HEADER_SIZE, buffer);
    if (header == NULL)
        return sic_error_set(error, SIC_BROKEN, "PDB stream %d (DBI) has %" PRIu32 " bytes; at least %d expected",
                             DBI_STREAM, stream.size, DBI_HEADER_SIZE);
    if (sic_msf_u32(header + DBI_SIGNATURE) != 0xffffffffu || sic_msf_u32(header + DBI_VERSION) < DBI_VERSION_70)
        return sic_error_set(error, SIC_UNSUPPORTED,
                             "PDB stream %d (DBI) is of version %" PRIu32 "; only %d and later are read", DBI_STREAM,
                             sic_msf_u32(header + DBI_VERSION), DBI_VERSION_70);
    pdb->identity.has_dbi = true;
    pdb->identity.age = sic_msf_u32(header + DBI_AGE);
    pdb->identity.machine = sic_msf_u16(header + DBI_MACHINE);
    pdb->symbol_stream = sic_msf_u16(header + DBI_SYMBOL_STREAM);
    return read_debug_streams(pdb, &stream, header, error);
}

enum sic_status sic_pdb_open_bytes(const void *bytes, size_t size, struct sic_error *error, struct sic_pdb **pdb)
{
    struct sic_pdb *opened = calloc(1, sizeof(*opened));
    enum sic_status status;

    if (opened == NULL)
        return sic_error_set(error, SIC_NO_MEMORY, "no memory to open a PDB");
    status = sic_msf_open(bytes, size, error, &opened->msf);
    if (status == SIC_OK)
        status = read_info(opened, error);
    if (status == SIC_OK)
        status = read_dbi(opened, error);
    if (status != SIC_OK) {
        sic_pdb_close(opened);
        return status;
    }
    *pdb = opened;
    return SIC_OK;
}

void sic_pdb_close(struct sic_pdb *pdb)
{
    if (pdb == NULL)
        return;
    sic_pdb_types_close(&pdb->types);
    sic_msf_close(&pdb->msf);
    free(pdb);
}

const struct sic_pdb_identity *sic_pdb_identity(const struct sic_pdb *pdb)
{
    return &pdb->identity;
}

bool sic_pdb_matches(const struct sic_pdb *pdb, const uint8_t guid[SIC_PDB_GUID_SIZE], uint32_t age)
{
    return pdb->identity.has_dbi && pdb->identity.age == age &&
           memcmp(pdb->identity.guid, guid, SIC_PDB_GUID_SIZE) == 0;
}

/* A GUID's first three parts are numbers, stored with the low byte first; the rest is bytes. */
void sic_pdb_format_identity(const uint8_t guid[SIC_PDB_GUID_SIZE], uint32_t age, char text[SIC_PDB_IDENTITY_SIZE])
{
    int length = snprintf(text, SIC_PDB_IDENTITY_SIZE, "%08" PRIX32 "%04" PRIX16 "%04" PRIX16, sic_msf_u32(guid),
                          sic_msf_u16(guid + 4), sic_msf_u16(guid + 6));

    for (uint32_t i = 8; i < SIC_PDB_GUID_SIZE; i++)
        length += snprintf(text + length, SIC_PDB_IDENTITY_SIZE - (size_t)length, "%02X", guid[i]);
    snprintf(text + length, SIC_PDB_IDENTITY_SIZE - (size_t)length, "%" PRIX32, age);
}
