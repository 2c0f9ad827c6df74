/*
 * Looking records up in sorted keys.
 */
#ifndef SIC_MEANING_KEYS_H
#define SIC_MEANING_KEYS_H

#include "core/sort.h"

/* The first key from which on all are at least `wanted`; `count` when there is none. */
static inline uint32_t sic_keys_lower_bound(const struct sic_key *keys, uint32_t count, uint64_t wanted)
{
    uint32_t low = 0, high = count;

    while (low < high) {
        uint32_t middle = low + (high - low) / 2;

        if (keys[middle].key < wanted)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

/* The keys that equal `wanted`, which is not UINT64_MAX: *found of them from the one returned on, or NULL. */
static inline const struct sic_key *sic_keys_equal(const struct sic_key *keys, uint32_t count, uint64_t wanted,
                                                   uint32_t *found)
{
    uint32_t first = sic_keys_lower_bound(keys, count, wanted);

    *found = sic_keys_lower_bound(keys, count, wanted + 1) - first;
    return *found > 0 ? keys + first : NULL;
}

#endif
