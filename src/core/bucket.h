/*
 * The entries of one object directory: 37 hash buckets, each a chain of {ChainLink, Object}.
 */
#ifndef SIC_CORE_BUCKET_H
#define SIC_CORE_BUCKET_H

#include "core/layout.h"

#define SIC_BUCKET_COUNT 37u
/* Entries of one chain: a sound machine has a few, a directory of a hundred thousand names some thousands. */
#define SIC_CHAIN_LIMIT 0x10000u
/* Entries of one directory in which a single name is looked for; those of a machine have some hundred. */
#define SIC_SEARCH_LIMIT 0x10000u

/* A cursor over one directory. */
struct sic_buckets {
    const struct sic_reader *reader;
    const struct sic_layout *layout;
    uint64_t heads[SIC_BUCKET_COUNT];
    uint64_t next_va;       /* the entry that comes next in the chain at hand; 0: its end */
    uint64_t anchor_va;     /* an entry that was passed: a chain that comes back to it is a ring */
    uint32_t steps;         /* in the chain at hand */
    uint32_t anchor_step;   /* the anchor is moved when steps reach it */
    uint32_t bucket;        /* that comes next */
    uint32_t *entries_left; /* that may still be looked at, of this and other directories */
    bool is_broken;         /* a chain ended where it should not: an entry that cannot be read, a ring, no pointer */
};

/*
 * False when the directory cannot be read. The layout knows the fields (sic_objects_can_be_read). Each entry that is
 * looked at, whatever it holds, is taken from *entries_left, which outlives the cursor.
 */
bool sic_buckets_begin(struct sic_buckets *buckets, const struct sic_reader *reader, const struct sic_layout *layout,
                       uint64_t directory_va, uint32_t *entries_left);

/*
 * The next object of the directory. False at the end, or when no entries are left, or the reader is cancelled;
 * is_broken then says whether some objects may be missing.
 */
bool sic_buckets_next(struct sic_buckets *buckets, uint64_t *object_va);

#endif
