/*
 * Sorting that needs no comparison and cannot be slowed down by the order of its input.
 */
#ifndef SIC_CORE_SORT_H
#define SIC_CORE_SORT_H

#include "core/allocator.h"

struct sic_key {
    uint64_t key;
    uint64_t value;
};

/* Sorts by key, keeping the order of equal keys. Takes as much memory again for the time. False when there is none. */
bool sic_sort_keys(const struct sic_allocator *allocator, struct sic_key *keys, uint32_t count);

#endif
