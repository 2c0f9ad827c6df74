/* What the files of the PDB reader share. Callers use pdb.h. */
#ifndef SIC_SYMBOLS_PDB_PRIVATE_H
#define SIC_SYMBOLS_PDB_PRIVATE_H

#include "symbols/msf.h"
#include "symbols/pdb.h"
#include "symbols/pdb_cursor.h"

/* A record's 16-bit length counts what follows it. */
#define SIC_PDB_RECORD_LIMIT (65535u + 2u)
#define SIC_PDB_NO_STREAM    0xffffu

/* A definition of a structure, union, class or enumeration in the index of names. */
struct sic_pdb_definition {
    uint32_t hash;
    uint32_t type_index;
    uint32_t next; /* in the chain of its bucket: 1 + index; 0 ends it */
};

/* The type stream and its index, made at the first question about types. */
struct sic_pdb_types {
    bool indexed;
    struct sic_msf_stream stream;
    uint32_t first_index;
    uint32_t end_index;
    uint32_t records_offset;
    uint32_t records_end;
    uint32_t *checkpoints; /* offset of every SIC_PDB_CHECKPOINT_STEP-th record */
    struct sic_pdb_definition *definitions;
    uint32_t definition_count;
    uint32_t definition_capacity;
    uint32_t *buckets;
    uint32_t bucket_mask;
    uint32_t unreadable;               /* records that should have defined a structure and could not be read */
    struct sic_error unreadable_error; /* of the first of them */
    uint64_t work;                     /* left for the question being answered; see sic_pdb_spend */
    uint8_t *list_buffer;              /* for the field list being walked */
    uint8_t *record_buffer;            /* for any other record, until the next one is read */
};

struct sic_pdb {
    struct sic_msf msf;
    struct sic_pdb_identity identity;
    uint32_t symbol_stream;
    uint32_t section_stream;
    struct sic_pdb_types types;
};

/* One record of the type stream. `data` lies behind the kind and is valid until its buffer is used again. */
struct sic_pdb_record {
    uint32_t type_index;
    uint32_t offset; /* of the record in the stream */
    uint16_t kind;
    uint32_t size; /* of data */
    const uint8_t *data;
};

/* What the record of a structure, union, class, interface or enumeration says. Names are borrowed from the record. */
struct sic_pdb_compound {
    enum sic_pdb_kind kind;
    bool forward;
    uint64_t member_count;
    uint32_t field_list;
    uint32_t underlying; /* an enumeration's type */
    uint64_t size;
    struct sic_pdb_name name;
    struct sic_pdb_name unique_name; /* empty where there is none */
};

/* A type with qualifiers, aliases and forward references resolved. */
struct sic_pdb_type {
    enum sic_pdb_kind kind;
    uint64_t size;
    uint8_t bit_position;
    uint8_t bit_count;
    uint32_t definition; /* a structure's or union's type index; 0: it has no definition */
    bool ambiguous;
};

/* pdb_types.c: records by index, and the index of names. */
void sic_pdb_types_close(struct sic_pdb_types *types);
/* Makes the index when there is none yet, and allows the work of a question about `paths` paths. */
SIC_MUST_CHECK enum sic_status sic_pdb_types_begin(struct sic_pdb *pdb, size_t paths, struct sic_error *error);
SIC_MUST_CHECK enum sic_status sic_pdb_record_get(struct sic_pdb *pdb, uint32_t type_index, uint8_t *buffer,
                                                  struct sic_error *error, struct sic_pdb_record *record);
SIC_MUST_CHECK enum sic_status sic_pdb_record_fault(const struct sic_pdb_record *record, const char *wanted,
                                                    struct sic_error *error);
SIC_MUST_CHECK enum sic_status sic_pdb_spend(struct sic_pdb *pdb, uint64_t amount, struct sic_error *error);

/* pdb_compound.c: what types mean. */
bool sic_pdb_is_compound(uint16_t kind);
SIC_MUST_CHECK enum sic_status sic_pdb_compound_read(const struct sic_pdb_record *record, struct sic_error *error,
                                                     struct sic_pdb_compound *compound);
SIC_MUST_CHECK enum sic_status sic_pdb_type_describe(struct sic_pdb *pdb, uint32_t type_index, struct sic_error *error,
                                                     struct sic_pdb_type *type);

/* pdb_names.c: definitions by name. */
SIC_MUST_CHECK enum sic_status sic_pdb_names_add(struct sic_pdb_types *types, struct sic_pdb_name name,
                                                 uint32_t type_index, struct sic_error *error);
SIC_MUST_CHECK enum sic_status sic_pdb_names_finish(struct sic_pdb_types *types, struct sic_error *error);

/* A definition found by name. */
struct sic_pdb_found {
    uint32_t type_index;              /* 0: there is none */
    struct sic_pdb_compound compound; /* without its names: their record is no longer in memory */
    bool ambiguous;
};

/*
 * The definition of `name`, of an enumeration or of anything else. Where `unique_name` is not empty, a definition that
 * has a unique name must have that one. Of several, the largest.
 */
SIC_MUST_CHECK enum sic_status sic_pdb_names_find(struct sic_pdb *pdb, struct sic_pdb_name name,
                                                  struct sic_pdb_name unique_name, bool enumeration,
                                                  struct sic_error *error, struct sic_pdb_found *found);

/* pdb_walk.c: the members of a structure, one at a time. */
#define SIC_PDB_DEPTH_LIMIT 32u

struct sic_pdb_frame {
    uint32_t list;     /* type index of the field list, or of its continuation */
    uint32_t position; /* of the next member in the list's data */
    uint64_t base;
    uint32_t prefix; /* the caller's: length of the path before the members of this list */
    bool ambiguous;
};

struct sic_pdb_walk {
    struct sic_pdb *pdb;
    struct sic_pdb_frame frames[SIC_PDB_DEPTH_LIMIT];
    unsigned depth;
    bool viewed; /* record is that of the top frame */
    struct sic_pdb_record record;
};

/* A member with a name. The name is valid until the next step of the walk. */
struct sic_pdb_member {
    struct sic_pdb_name name;
    uint32_t type_index;
    uint64_t offset; /* from the start of the walk's first structure */
    uint32_t prefix;
    bool ambiguous;
};

/* Enters a definition, whose members come next, before the rest of the structure left. */
SIC_MUST_CHECK enum sic_status sic_pdb_walk_enter(struct sic_pdb_walk *walk, uint32_t definition, uint64_t base,
                                                  uint32_t prefix, bool ambiguous, struct sic_error *error);

/* The next member; SIC_NOT_FOUND (without a message) behind the last. Members without a name are entered. */
SIC_MUST_CHECK enum sic_status sic_pdb_walk_next(struct sic_pdb_walk *walk, struct sic_error *error,
                                                 struct sic_pdb_member *member);

#endif
