/*
 * Pairs of items of two sides: one to one, and the same with the sides exchanged.
 */
#ifndef SIC_DIFFERENCE_PAIRING_H
#define SIC_DIFFERENCE_PAIRING_H

#include "core/scan.h"
#include "core/sort.h"

#define SIC_OLD 0u
#define SIC_NEW 1u

struct sic_pairing {
    uint32_t *partners[2]; /* by item of a side: the other side's, or SIC_NONE */
    uint32_t counts[2];
};

/* Nothing is paired. The owner calls sic_pairing_deinit, after a failure too. False when memory ran out. */
bool sic_pairing_init(uint32_t old_count, uint32_t new_count, struct sic_pairing *pairing);
void sic_pairing_deinit(struct sic_pairing *pairing);

/* An item's appearances: under each key that it has. */
struct sic_pairing_entries {
    struct sic_key *entries; /* key: any number; value: see sic_pairing_value */
    uint32_t count;
    uint32_t capacity;
};

/* False when memory ran out. The owner calls sic_pairing_entries_deinit. */
bool sic_pairing_entries_add(struct sic_pairing_entries *entries, uint64_t key, unsigned side, uint32_t item);
void sic_pairing_entries_deinit(struct sic_pairing_entries *entries);

static inline uint64_t sic_pairing_value(unsigned side, uint32_t item)
{
    return (uint64_t)side << 32 | item;
}

/*
 * Pairs the items of equal keys that have no partner yet, of several the first ones with each other, in the order of
 * their entries. Sorts the entries by key. False when memory ran out.
 */
bool sic_pairing_match_equal(struct sic_pairing *pairing, struct sic_pairing_entries *entries);

/*
 * Pairs items that have keys in common, those with the most first. An item has each key once. `ranks` by side and item:
 * of equal candidates those of the lowest ranks go first; of one side no two are equal. False when memory ran out.
 *
 * Of a key that many items of both sides have not all pairs are looked at: only those of about the same place among
 * them, by rank.
 */
bool sic_pairing_match_overlapping(struct sic_pairing *pairing, struct sic_pairing_entries *entries,
                                   uint32_t *const ranks[2]);

#endif
