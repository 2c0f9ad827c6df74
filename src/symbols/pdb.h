/*
 * A PDB file: which kernel it belongs to, where the members of its structures lie, where its public symbols are.
 *
 * Opening reads the header, the directory and the two short streams that identify the PDB, so that a file of another
 * kernel is turned down at once. The first question about types indexes the type stream in one pass; the first question
 * about symbols needs no index. Everything is read where it lies in the mapped file.
 *
 * A PDB is used by one thread at a time.
 */
#ifndef SIC_SYMBOLS_PDB_H
#define SIC_SYMBOLS_PDB_H

#include "util/status.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct sic_pdb;

#define SIC_PDB_GUID_SIZE     16u
#define SIC_PDB_IDENTITY_SIZE 41u /* 32 digits of the GUID, up to 8 of the age, a zero byte */

/*
 * Opens a PDB from bytes that the caller keeps alive until sic_pdb_close. SIC_NOT_MINE: not a PDB; SIC_UNSUPPORTED: a
 * kind of PDB that is not read, named in the message; SIC_BROKEN: cut short or contradicting itself.
 */
SIC_MUST_CHECK enum sic_status sic_pdb_open_bytes(const void *bytes, size_t size, struct sic_error *error,
                                                  struct sic_pdb **pdb);

/* Takes NULL. */
void sic_pdb_close(struct sic_pdb *pdb);

/* Who this PDB is. An image names its PDB by the GUID of the info stream and the age of the DBI stream. */
struct sic_pdb_identity {
    uint8_t guid[SIC_PDB_GUID_SIZE]; /* as stored, which is also as in an image's RSDS record */
    uint32_t age;                    /* of the DBI stream; 0 when there is none */
    uint32_t info_age;               /* of the info stream: counts rewrites of the file, names nothing */
    uint16_t machine;                /* IMAGE_FILE_MACHINE_*: 0x8664; 0 when the PDB does not say */
    bool has_dbi;                    /* false: a compiler's PDB of types, which belongs to no image */
    bool has_omap;                   /* the image was rearranged after linking: addresses of symbols are unknown */
};

const struct sic_pdb_identity *sic_pdb_identity(const struct sic_pdb *pdb);

/* True when an image that names `guid` and `age` means this PDB. */
bool sic_pdb_matches(const struct sic_pdb *pdb, const uint8_t guid[SIC_PDB_GUID_SIZE], uint32_t age);

/* GUID and age as symbol servers spell them: 32 upper-case digits, then the age in hexadecimal without padding. */
void sic_pdb_format_identity(const uint8_t guid[SIC_PDB_GUID_SIZE], uint32_t age, char text[SIC_PDB_IDENTITY_SIZE]);

/* What kind of thing a member is, qualifiers removed. */
enum sic_pdb_kind {
    SIC_PDB_KIND_OTHER, /* a type that SiC does not tell apart; its size is 0 */
    SIC_PDB_KIND_SCALAR,
    SIC_PDB_KIND_POINTER,
    SIC_PDB_KIND_ARRAY,
    SIC_PDB_KIND_ENUM,
    SIC_PDB_KIND_STRUCTURE, /* classes and interfaces too */
    SIC_PDB_KIND_UNION
};

/* Where a member lies. For a structure itself: offset 0 and its size. */
struct sic_pdb_field {
    uint64_t offset;      /* from the start of the first structure of the path; of a bit-field, its storage unit's */
    uint64_t size;        /* bytes; of a bit-field, its storage unit's; 0 when unknown */
    uint8_t bit_position; /* of the lowest bit within the storage unit */
    uint8_t bit_count;    /* 0: not a bit-field */
    enum sic_pdb_kind kind;
    bool ambiguous; /* a structure on the path is defined more than once in different sizes; the largest was taken */
};

enum sic_pdb_answer {
    SIC_PDB_FOUND,
    SIC_PDB_NO_STRUCTURE, /* no definition of a structure on the path: the first, or the type of a member */
    SIC_PDB_NO_MEMBER,    /* a structure on the path lacks the member, or the member before is no structure */
    SIC_PDB_NO_SYMBOL,
    SIC_PDB_NO_ADDRESS /* the symbol exists, but lies in no section, or the PDB has OMAP tables */
};

/*
 * One question: `_EPROCESS.VadRoot`. Components are members, found through anonymous members and base classes as well;
 * a member that is a structure or a union is entered with the next component, a pointer or an array is not.
 * `_EPROCESS` or `_EPROCESS.sizeof` asks for the size.
 */
struct sic_pdb_query {
    const char *path;
    enum sic_pdb_answer answer; /* filled in; field only when SIC_PDB_FOUND */
    struct sic_pdb_field field;
};

/*
 * Answers all queries; each structure's members are read once for all queries that need them. Fails, answering none
 * reliably, when the type stream is broken where it matters.
 */
SIC_MUST_CHECK enum sic_status sic_pdb_find_fields(struct sic_pdb *pdb, struct sic_pdb_query *queries, size_t count,
                                                   struct sic_error *error);

/*
 * A field of a structure. `path` is dotted, without the structure's name, and valid during the call. Returns false to
 * stop.
 */
typedef bool sic_pdb_field_function(void *context, const char *path, const struct sic_pdb_field *field);

/*
 * Calls `function` for each member of a structure or union in the PDB's order, anonymous members and base classes
 * flattened. Members that are structures are also entered, to `depth` levels below the structure's own members.
 * SIC_NOT_FOUND: no such structure.
 */
SIC_MUST_CHECK enum sic_status sic_pdb_each_field(struct sic_pdb *pdb, const char *structure, unsigned depth,
                                                  sic_pdb_field_function *function, void *context,
                                                  struct sic_error *error);

/* A name of a structure, union or class that the PDB defines; valid during the call. Returns false to stop. */
typedef bool sic_pdb_structure_function(void *context, const char *name);

/* Calls `function` for each definition, in the PDB's order. A name can come more than once. */
SIC_MUST_CHECK enum sic_status sic_pdb_each_structure(struct sic_pdb *pdb, sic_pdb_structure_function *function,
                                                      void *context, struct sic_error *error);

/* A public symbol to look up by its decorated name, which for C on x64 is its name. */
struct sic_pdb_global {
    const char *name;
    enum sic_pdb_answer answer; /* filled in: FOUND, NO_SYMBOL or NO_ADDRESS */
    uint32_t rva;               /* only when found */
};

/* Answers all in one pass over the symbol records. */
SIC_MUST_CHECK enum sic_status sic_pdb_find_globals(struct sic_pdb *pdb, struct sic_pdb_global *globals, size_t count,
                                                    struct sic_error *error);

#endif
