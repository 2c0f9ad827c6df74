/*
 * Builds small PDBs for tests, byte by byte, including ones that no tool would write. Aborts when memory is short.
 *
 * Records are given as a format and values: b 8 bits, h 16, w 32, q 64, z a string with its zero byte. Numeric leaves
 * are spelled out: "h" for a small number, "hq" for CV_LF_UQUADWORD and its value.
 */
#ifndef SIC_TESTS_PDB_BUILDER_H
#define SIC_TESTS_PDB_BUILDER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define PDB_STREAM_LIMIT 12u

/* The streams of a built PDB. Where a test puts something else there, the reader must cope. */
enum { PDB_INFO = 1, PDB_TYPES = 2, PDB_DBI = 3, PDB_SYMBOLS = 5, PDB_SECTIONS = 6, PDB_OMAP = 7, PDB_STREAMS = 8 };

struct pdb_bytes {
    uint8_t *data;
    size_t size;
    size_t capacity;
};

struct pdb_builder {
    struct pdb_bytes streams[PDB_STREAM_LIMIT];
    uint32_t type_count;
    struct pdb_bytes list; /* the field list being made */
    bool has_omap_to_source;
    bool has_omap_from_source;
    uint32_t extra_streams; /* deleted streams behind the others */
    uint32_t dbi_age;
    uint32_t info_age;
};

extern const uint8_t pdb_guid[16];

void pdb_builder_init(struct pdb_builder *builder);
void pdb_builder_deinit(struct pdb_builder *builder);

void pdb_put(struct pdb_bytes *bytes, const char *format, ...);

/* Adds a type record, padded to 4 bytes as compilers do, and returns its index. */
uint32_t pdb_record(struct pdb_builder *builder, uint16_t kind, const char *format, ...);

/* Adds a member to the list being made; pdb_end_list makes it a record. */
void pdb_member(struct pdb_builder *builder, const char *format, ...);
uint32_t pdb_end_list(struct pdb_builder *builder);

/* A structure of `size` bytes with the members in `list`. */
uint32_t pdb_structure(struct pdb_builder *builder, const char *name, uint32_t list, uint16_t size);
uint32_t pdb_forward(struct pdb_builder *builder, const char *name);

void pdb_section(struct pdb_builder *builder, uint32_t rva, uint32_t size);
void pdb_public(struct pdb_builder *builder, const char *name, uint16_t segment, uint32_t offset);

/* The whole file, to be freed. `shuffle`: 0 keeps the blocks in order, else seeds their disorder. */
uint8_t *pdb_finish(struct pdb_builder *builder, uint32_t block_size, uint32_t shuffle, size_t *size);

/* A PDB with something of everything, for damage and as a seed. */
uint8_t *pdb_sample(uint32_t block_size, size_t *size);

/* Numbers that are the same on every machine. */
uint32_t pdb_random(uint32_t *state);

#endif
