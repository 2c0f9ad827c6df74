/* The type stream: its header, one pass that finds the records, and records by their index. */
#include "symbols/codeview.h"
#include "symbols/pdb_private.h"

#include <inttypes.h>
#include <stdlib.h>

enum {
    TYPE_STREAM = 2,
    HEADER_VERSION = 0,
    HEADER_HEADER_SIZE = 4,
    HEADER_FIRST_INDEX = 8,
    HEADER_END_INDEX = 12,
    HEADER_RECORD_BYTES = 16,
    HEADER_SIZE = 56,
    VERSION_80 = 20040203,
    RECORD_SIZE_MINIMUM = 4, /* the 16-bit size and the kind */
    CHECKPOINT_STEP = 16
};

/*
 * How much work a question may cost: field lists and chains of names of this many times the type stream, and each
 * member compared with each path asked for. Honest answers stay far below, as each structure is read once; lists that
 * contain themselves would go on for ever.
 */
enum { WORK_FACTOR = 16, WORK_MINIMUM = 1 << 20, MEMBER_SIZE_MINIMUM = 12 };

void sic_pdb_types_close(struct sic_pdb_types *types)
{
    free(types->checkpoints);
    free(types->definitions);
    free(types->buckets);
    free(types->list_buffer);
    free(types->record_buffer);
    *types = (struct sic_pdb_types){0};
}

enum sic_status sic_pdb_spend(struct sic_pdb *pdb, uint64_t amount, struct sic_error *error)
{
    if (amount > pdb->types.work)
        return sic_error_set(error, SIC_BROKEN,
                             "the PDB's types go round in a circle: more was read for one answer than %d times the "
                             "%" PRIu32 " bytes of stream %d",
                             WORK_FACTOR, pdb->types.stream.size, TYPE_STREAM);
    pdb->types.work -= amount;
    return SIC_OK;
}

enum sic_status sic_pdb_record_fault(const struct sic_pdb_record *record, const char *wanted, struct sic_error *error)
{
    return sic_error_set(error, SIC_BROKEN,
                         "PDB stream %d, offset 0x%" PRIx32 ": type 0x%" PRIx32 " of kind 0x%04" PRIx16 " with %" PRIu32
                         " bytes lacks %s",
                         TYPE_STREAM, record->offset, record->type_index, record->kind, record->size, wanted);
}

static enum sic_status read_header(struct sic_pdb_types *types, struct sic_error *error)
{
    const uint8_t *header = sic_msf_view(&types->stream, 0, HEADER_SIZE, types->record_buffer);
    uint32_t header_size, record_bytes;

    if (header == NULL)
        return sic_error_set(error, SIC_BROKEN, "PDB stream %d (types) has %" PRIu32 " bytes; its header alone has %d",
                             TYPE_STREAM, types->stream.size, HEADER_SIZE);
    if (sic_msf_u32(header + HEADER_VERSION) != VERSION_80)
        return sic_error_set(error, SIC_UNSUPPORTED,
                             "PDB stream %d (types) is of version %" PRIu32
                             "; only %d (Visual C++ 8 and later) is read",
                             TYPE_STREAM, sic_msf_u32(header + HEADER_VERSION), VERSION_80);
    header_size = sic_msf_u32(header + HEADER_HEADER_SIZE);
    types->first_index = sic_msf_u32(header + HEADER_FIRST_INDEX);
    types->end_index = sic_msf_u32(header + HEADER_END_INDEX);
    record_bytes = sic_msf_u32(header + HEADER_RECORD_BYTES);
    if (header_size < HEADER_SIZE || header_size > types->stream.size ||
        record_bytes > types->stream.size - header_size)
        return sic_error_set(error, SIC_BROKEN,
                             "PDB stream %d (types) promises %" PRIu32 " + %" PRIu32
                             " bytes of header and records and has %" PRIu32,
                             TYPE_STREAM, header_size, record_bytes, types->stream.size);
    if (types->first_index < CV_FIRST_RECORD_TYPE || types->end_index < types->first_index ||
        types->end_index - types->first_index > record_bytes / RECORD_SIZE_MINIMUM)
        return sic_error_set(error, SIC_BROKEN,
                             "PDB stream %d promises the types 0x%" PRIx32 " to 0x%" PRIx32 " in %" PRIu32 " bytes",
                             TYPE_STREAM, types->first_index, types->end_index, record_bytes);
    types->records_offset = header_size;
    types->records_end = header_size + record_bytes;
    return SIC_OK;
}

/* The size of the record at `offset`, its 16-bit size included. */
static enum sic_status record_size(const struct sic_pdb_types *types, uint32_t offset, struct sic_error *error,
                                   uint32_t *size)
{
    uint8_t buffer[2];
    uint32_t left = types->records_end - offset;
    const uint8_t *bytes = left >= RECORD_SIZE_MINIMUM ? sic_msf_view(&types->stream, offset, 2, buffer) : NULL;
    uint32_t told = bytes == NULL ? 0 : sic_msf_u16(bytes) + 2u;

    if (told < RECORD_SIZE_MINIMUM || told > left)
        return sic_error_set(error, SIC_BROKEN,
                             "PDB stream %d, offset 0x%" PRIx32 ": a type record of %" PRIu32
                             " bytes was expected to have at least %d and at most the %" PRIu32 " that are left",
                             TYPE_STREAM, offset, told, RECORD_SIZE_MINIMUM, left);
    *size = told;
    return SIC_OK;
}

static enum sic_status view_record(const struct sic_pdb_types *types, uint32_t type_index, uint32_t offset,
                                   uint8_t *buffer, struct sic_error *error, struct sic_pdb_record *record)
{
    uint32_t size = 0;
    const uint8_t *bytes;
    enum sic_status status = record_size(types, offset, error, &size);

    if (status != SIC_OK)
        return status;
    bytes = sic_msf_view(&types->stream, offset, size, buffer);
    if (bytes == NULL)
        return sic_error_set(error, SIC_BROKEN, "PDB stream %d ends within the record at offset 0x%" PRIx32,
                             TYPE_STREAM, offset);
    *record = (struct sic_pdb_record){.type_index = type_index,
                                      .offset = offset,
                                      .kind = sic_msf_u16(bytes + 2),
                                      .size = size - RECORD_SIZE_MINIMUM,
                                      .data = bytes + RECORD_SIZE_MINIMUM};
    return SIC_OK;
}

/*
 * A record that cannot be read is remembered and passed over: it only matters to a question whose answer it might
 * have held.
 */
static enum sic_status index_record(struct sic_pdb_types *types, const struct sic_pdb_record *record,
                                    struct sic_error *error)
{
    struct sic_pdb_compound compound;
    struct sic_error unreadable;

    if (!sic_pdb_is_compound(record->kind))
        return SIC_OK;
    if (sic_pdb_compound_read(record, &unreadable, &compound) != SIC_OK) {
        if (types->unreadable++ == 0)
            types->unreadable_error = unreadable;
        return SIC_OK;
    }
    if (compound.forward)
        return SIC_OK;
    return sic_pdb_names_add(types, compound.name, record->type_index, error);
}

static enum sic_status index_records(struct sic_pdb_types *types, struct sic_error *error)
{
    uint32_t offset = types->records_offset;
    uint32_t count = types->end_index - types->first_index;

    for (uint32_t i = 0; i < count; i++) {
        struct sic_pdb_record record;
        enum sic_status status =
            view_record(types, types->first_index + i, offset, types->record_buffer, error, &record);

        if (status == SIC_OK)
            status = index_record(types, &record, error);
        if (status != SIC_OK)
            return status;
        if (i % CHECKPOINT_STEP == 0)
            types->checkpoints[i / CHECKPOINT_STEP] = offset;
        offset += record.size + RECORD_SIZE_MINIMUM;
    }
    return sic_pdb_names_finish(types, error);
}

static enum sic_status allocate(struct sic_pdb_types *types, struct sic_error *error)
{
    types->list_buffer = malloc(SIC_PDB_RECORD_LIMIT);
    types->record_buffer = malloc(SIC_PDB_RECORD_LIMIT);
    if (types->list_buffer == NULL || types->record_buffer == NULL)
        return sic_error_set(error, SIC_NO_MEMORY, "no memory for two type records of the PDB");
    return SIC_OK;
}

static enum sic_status allocate_checkpoints(struct sic_pdb_types *types, struct sic_error *error)
{
    uint32_t count = (types->end_index - types->first_index) / CHECKPOINT_STEP + 1;

    types->checkpoints = calloc(count, sizeof(*types->checkpoints));
    if (types->checkpoints == NULL)
        return sic_error_set(error, SIC_NO_MEMORY, "no memory for an index of the PDB's types");
    return SIC_OK;
}

static enum sic_status make_index(struct sic_pdb *pdb, struct sic_error *error)
{
    struct sic_pdb_types types = {0};
    enum sic_status status = sic_msf_open_stream(&pdb->msf, TYPE_STREAM, error, &types.stream);

    if (status == SIC_OK)
        status = allocate(&types, error);
    if (status == SIC_OK)
        status = read_header(&types, error);
    if (status == SIC_OK)
        status = allocate_checkpoints(&types, error);
    if (status == SIC_OK)
        status = index_records(&types, error);
    if (status != SIC_OK) {
        sic_pdb_types_close(&types);
        return status;
    }
    types.indexed = true;
    pdb->types = types;
    return SIC_OK;
}

enum sic_status sic_pdb_types_begin(struct sic_pdb *pdb, size_t paths, struct sic_error *error)
{
    if (!pdb->types.indexed) {
        enum sic_status status = make_index(pdb, error);

        if (status != SIC_OK)
            return status;
    }
    pdb->types.work = (uint64_t)pdb->types.stream.size * WORK_FACTOR + WORK_MINIMUM +
                      (uint64_t)pdb->types.stream.size / MEMBER_SIZE_MINIMUM * paths;
    return SIC_OK;
}

enum sic_status sic_pdb_record_get(struct sic_pdb *pdb, uint32_t type_index, uint8_t *buffer, struct sic_error *error,
                                   struct sic_pdb_record *record)
{
    const struct sic_pdb_types *types = &pdb->types;
    uint32_t distance = type_index - types->first_index;
    uint32_t offset;

    if (type_index < types->first_index || type_index >= types->end_index)
        return sic_error_set(error, SIC_BROKEN,
                             "the PDB refers to type 0x%" PRIx32 "; stream %d has 0x%" PRIx32 " to 0x%" PRIx32,
                             type_index, TYPE_STREAM, types->first_index, types->end_index);
    offset = types->checkpoints[distance / CHECKPOINT_STEP];
    for (uint32_t i = 0; i < distance % CHECKPOINT_STEP; i++) {
        uint32_t size = 0;
        enum sic_status status = record_size(types, offset, error, &size);

        if (status != SIC_OK)
            return status;
        offset += size;
    }
    return view_record(types, type_index, offset, buffer, error, record);
}
