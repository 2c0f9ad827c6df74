/*
 * Between the files that unpack a scan: what was walked, and the facts that tell what it is and whose.
 */
#ifndef SIC_CORE_UNPACK_PRIVATE_H
#define SIC_CORE_UNPACK_PRIVATE_H

#include "core/names.h"
#include "core/scan.h"
#include "sic/wire.h"

struct sic_unpacker {
    const uint8_t *bytes;
    size_t size;
    struct sic_wire_table tables[SIC_WIRE_TABLE_COUNT]; /* each inside the bytes */
    struct sic_scan *scan;
};

extern const char sic_unpack_no_memory[];

/* `count` zeroed elements at once. False when memory ran out. */
bool sic_unpack_make_room(struct sic_scan *scan, struct sic_array *array, size_t element_size, uint32_t count);

/* Copies a record, whose index is below the table's count. */
void sic_unpack_record(const struct sic_unpacker *unpacker, enum sic_wire_table_id table, uint32_t index, void *record);

/* Whether it is a string of the table when it has to be known, and none when it may not be. */
bool sic_unpack_is_string(const struct sic_unpacker *unpacker, const struct sic_wire_string *string, bool is_known);

static inline bool sic_unpack_is_index(uint32_t index, uint32_t count)
{
    return index == SIC_WIRE_NONE || index < count;
}

/* Processes, views, subsections, sections, problems, notes: each record for itself. NULL, or what is wrong. */
const char *sic_unpack_walk(struct sic_unpacker *unpacker);

/* Tokens, SIDs, names, handles, devices, kernel views, pointers of PEBs, pages: each record for itself. */
const char *sic_unpack_facts(struct sic_unpacker *unpacker);

#endif
