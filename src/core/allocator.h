/*
 * Memory for the walk: realloc with a context, so that the driver can account for every byte of pool it takes.
 */
#ifndef SIC_CORE_ALLOCATOR_H
#define SIC_CORE_ALLOCATOR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct sic_allocator {
    /* Resizes `memory` (NULL: allocates) from `old_size` to `new_size` bytes (0: frees and returns NULL).
     * NULL with a non-zero `new_size` means that there is none; `memory` is then still valid. */
    void *(*resize)(void *context, void *memory, size_t old_size, size_t new_size);
    void *context;
    /* A random number: it keeps those who choose the keys of a hash table from choosing collisions. No answer depends
     * on it. */
    uint64_t hash_seed;
};

/*
 * A growing array: `struct sic_array` holds `count` elements of one size, contiguous from `elements`.
 * The owner releases it with sic_array_free.
 */
struct sic_array {
    void *elements;
    uint32_t count;
    uint32_t capacity;
};

/* Makes room for `extra` more elements. False when memory ran out or the count would not fit 32 bits. */
bool sic_array_reserve(const struct sic_allocator *allocator, struct sic_array *array, size_t element_size,
                       uint32_t extra);
/* A new zeroed element at the end, or NULL. Pointers to older elements are invalid afterwards. */
void *sic_array_append(const struct sic_allocator *allocator, struct sic_array *array, size_t element_size);
/* Gives back what is reserved beyond `count`. */
void sic_array_trim(const struct sic_allocator *allocator, struct sic_array *array, size_t element_size);
void sic_array_free(const struct sic_allocator *allocator, struct sic_array *array, size_t element_size);

/*
 * A map from an address to the index of the record that holds it: open addressing, no removal. The records stand in an
 * array and begin with their address; a slot keeps only a part of the key's hash and the index, so that the map stays
 * small beside them.
 */
struct sic_index {
    struct sic_index_slot {
        uint32_t hash; /* 0: empty */
        uint32_t record;
    } * slots;
    uint32_t count;
    uint32_t capacity;   /* 0 or a power of two */
    uint64_t multiplier; /* odd; from the allocator's seed */
};

/* True and *record when a record of `records` begins with `key`. */
bool sic_index_find(const struct sic_index *index, const struct sic_array *records, size_t record_size, uint64_t key,
                    uint32_t *record);
/* A hint that `key` will be looked up soon. */
void sic_index_prefetch(const struct sic_index *index, uint64_t key);
/* Makes room for so many records in all. False when memory ran out. */
bool sic_index_reserve(const struct sic_allocator *allocator, struct sic_index *index, uint32_t count);
/* Adds a record whose key is not there yet. False when memory ran out. */
bool sic_index_add(const struct sic_allocator *allocator, struct sic_index *index, uint64_t key, uint32_t record);
void sic_index_free(const struct sic_allocator *allocator, struct sic_index *index);

#endif
