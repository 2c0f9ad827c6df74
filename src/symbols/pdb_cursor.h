/*
 * Reads the parts of one CodeView record in their order. A read past the end gives zero and is remembered, so that a
 * record is read without a check at each step and judged once at the end.
 */
#ifndef SIC_SYMBOLS_PDB_CURSOR_H
#define SIC_SYMBOLS_PDB_CURSOR_H

#include <stdbool.h>
#include <stdint.h>

struct sic_pdb_cursor {
    const uint8_t *at;
    const uint8_t *end;
    const char *fault; /* NULL while all is well, else what the first failed read wanted: constant text */
};

/* A piece of a record: not terminated. */
struct sic_pdb_name {
    const char *text;
    uint32_t length;
};

uint8_t sic_pdb_cursor_u8(struct sic_pdb_cursor *cursor);
uint16_t sic_pdb_cursor_u16(struct sic_pdb_cursor *cursor);
uint32_t sic_pdb_cursor_u32(struct sic_pdb_cursor *cursor);

/* A number that cannot be negative: a size, a count, an offset. Anything else in its place is a fault. */
uint64_t sic_pdb_cursor_unsigned(struct sic_pdb_cursor *cursor);

/* Passes over a number of any kind. */
void sic_pdb_cursor_skip_number(struct sic_pdb_cursor *cursor);

/* A name that ends with a zero byte. */
struct sic_pdb_name sic_pdb_cursor_name(struct sic_pdb_cursor *cursor);

/* Passes over the padding between two members of a field list. */
void sic_pdb_cursor_skip_padding(struct sic_pdb_cursor *cursor);

#endif
