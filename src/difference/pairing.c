#include "difference/pairing.h"

#include "difference/rank.h"
#include "util/memory.h"

#include <stdlib.h>

/* Pairs that are looked at for a key, in proportion to the items that have it. */
#define CANDIDATES_AN_ITEM 8u

bool sic_pairing_init(uint32_t old_count, uint32_t new_count, struct sic_pairing *pairing)
{
    const uint32_t counts[2] = {old_count, new_count};

    *pairing = (struct sic_pairing){0};
    for (unsigned side = 0; side < 2; side++) {
        pairing->counts[side] = counts[side];
        pairing->partners[side] = malloc(((size_t)counts[side] + 1) * sizeof(uint32_t));
        for (uint32_t i = 0; pairing->partners[side] && i < counts[side]; i++)
            pairing->partners[side][i] = SIC_NONE;
    }
    return pairing->partners[SIC_OLD] && pairing->partners[SIC_NEW];
}

void sic_pairing_deinit(struct sic_pairing *pairing)
{
    free(pairing->partners[SIC_OLD]);
    free(pairing->partners[SIC_NEW]);
    *pairing = (struct sic_pairing){0};
}

bool sic_pairing_entries_add(struct sic_pairing_entries *entries, uint64_t key, unsigned side, uint32_t item)
{
    if (entries->count == entries->capacity) {
        uint64_t capacity = entries->capacity ? entries->capacity + (uint64_t)entries->capacity / 2 : 256;
        struct sic_key *grown = capacity <= UINT32_MAX ? realloc(entries->entries, capacity * sizeof(*grown)) : NULL;

        if (!grown)
            return false;
        entries->entries = grown;
        entries->capacity = (uint32_t)capacity;
    }
    entries->entries[entries->count++] = (struct sic_key){.key = key, .value = sic_pairing_value(side, item)};
    return true;
}

void sic_pairing_entries_deinit(struct sic_pairing_entries *entries)
{
    free(entries->entries);
    *entries = (struct sic_pairing_entries){0};
}

static unsigned side_of(const struct sic_key *entry)
{
    return (unsigned)(entry->value >> 32);
}

static bool is_free(const struct sic_pairing *pairing, const struct sic_key *entry)
{
    return pairing->partners[side_of(entry)][(uint32_t)entry->value] == SIC_NONE;
}

static void pair(struct sic_pairing *pairing, uint32_t old_item, uint32_t new_item)
{
    pairing->partners[SIC_OLD][old_item] = new_item;
    pairing->partners[SIC_NEW][new_item] = old_item;
}

/* The end of the entries with the key of entries[first]. */
static uint32_t run_end(const struct sic_key *entries, uint32_t first, uint32_t count)
{
    uint32_t end = first + 1;

    while (end < count && entries[end].key == entries[first].key)
        end++;
    return end;
}

/* The first entry of `side` from `first` on that is free; `end`: none. */
static uint32_t next_free(const struct sic_pairing *pairing, const struct sic_key *entries, uint32_t first,
                          uint32_t end, unsigned side)
{
    while (first < end && (side_of(&entries[first]) != side || !is_free(pairing, &entries[first])))
        first++;
    return first;
}

bool sic_pairing_match_equal(struct sic_pairing *pairing, struct sic_pairing_entries *entries)
{
    if (!sic_sort_keys(sic_heap_allocator(), entries->entries, entries->count))
        return false;
    for (uint32_t first = 0, end; first < entries->count; first = end) {
        uint32_t left = first, right = first;

        end = run_end(entries->entries, first, entries->count);
        for (;;) {
            left = next_free(pairing, entries->entries, left, end, SIC_OLD);
            right = next_free(pairing, entries->entries, right, end, SIC_NEW);
            if (left == end || right == end)
                break;
            pair(pairing, (uint32_t)entries->entries[left].value, (uint32_t)entries->entries[right].value);
        }
    }
    return true;
}

/* Pairs that could be made; key: old item << 32 | new item. */
struct candidates {
    struct sic_key *pairs;
    uint32_t count;
    uint32_t capacity;
};

static bool add_candidate(struct candidates *candidates, uint32_t old_item, uint32_t new_item)
{
    if (candidates->count == candidates->capacity) {
        uint64_t capacity = candidates->capacity ? (uint64_t)candidates->capacity * 2 : 256;
        struct sic_key *grown = capacity <= UINT32_MAX ? realloc(candidates->pairs, capacity * sizeof(*grown)) : NULL;

        if (!grown)
            return false;
        candidates->pairs = grown;
        candidates->capacity = (uint32_t)capacity;
    }
    candidates->pairs[candidates->count++] = (struct sic_key){.key = (uint64_t)old_item << 32 | new_item};
    return true;
}

/* Items of a key: olds[0, old_count) and behind them the new ones, each side by rank. */
static bool add_candidates(struct candidates *candidates, const struct sic_key *items, uint32_t old_count,
                           uint32_t new_count)
{
    const uint64_t longer = old_count > new_count ? old_count : new_count;
    const bool is_whole = (uint64_t)old_count * new_count <= CANDIDATES_AN_ITEM * ((uint64_t)old_count + new_count);
    const uint64_t reach = is_whole ? UINT64_MAX : CANDIDATES_AN_ITEM / 4 * longer;

    for (uint32_t i = 0; i < old_count; i++) {
        /* New items whose place, in proportion, is near: |i * new_count - j * old_count| <= reach. */
        uint64_t place = (uint64_t)i * new_count;
        uint64_t first = is_whole || place < reach ? 0 : (place - reach + old_count - 1) / old_count;
        uint64_t last = is_whole ? new_count - 1u : (place + reach) / old_count;

        for (uint64_t j = first; j <= last && j < new_count; j++) {
            if (!add_candidate(candidates, (uint32_t)items[i].value, (uint32_t)items[old_count + j].value))
                return false;
        }
    }
    return true;
}

/* Sorts entries by key, in it old ones first, in them by rank. */
static bool sort_entries(struct sic_pairing_entries *entries, uint32_t *const ranks[2])
{
    struct sic_key *sorted = malloc(((size_t)entries->count + 1) * sizeof(*sorted));
    bool done = sorted != NULL;

    for (uint32_t i = 0; done && i < entries->count; i++) {
        unsigned side = side_of(&entries->entries[i]);

        sorted[i].key = (uint64_t)side << 32 | ranks[side][(uint32_t)entries->entries[i].value];
        sorted[i].value = i;
    }
    done = done && sic_sort_keys(sic_heap_allocator(), sorted, entries->count);
    for (uint32_t i = 0; done && i < entries->count; i++)
        sorted[i] = entries->entries[sorted[i].value];
    if (!done || !sic_sort_keys(sic_heap_allocator(), sorted, entries->count)) {
        free(sorted);
        return false;
    }
    free(entries->entries);
    entries->entries = sorted;
    entries->capacity = entries->count;
    return true;
}

static bool find_candidates(const struct sic_pairing *pairing, const struct sic_pairing_entries *entries,
                            struct candidates *candidates)
{
    struct sic_key *items = malloc(((size_t)entries->count + 1) * sizeof(*items));
    bool found = items != NULL;

    for (uint32_t first = 0, end; found && first < entries->count; first = end) {
        uint32_t counts[2] = {0}, count = 0;

        end = run_end(entries->entries, first, entries->count);
        for (uint32_t i = first; i < end; i++) {
            if (is_free(pairing, &entries->entries[i])) {
                counts[side_of(&entries->entries[i])]++;
                items[count++] = entries->entries[i];
            }
        }
        if (counts[SIC_OLD] > 0 && counts[SIC_NEW] > 0)
            found = add_candidates(candidates, items, counts[SIC_OLD], counts[SIC_NEW]);
    }
    free(items);
    return found && sic_sort_keys(sic_heap_allocator(), candidates->pairs, candidates->count);
}

/* Leaves each pair once; value: how many keys the two have in common. */
static void count_common(struct candidates *candidates)
{
    uint32_t count = 0;

    for (uint32_t first = 0, end; first < candidates->count; first = end) {
        end = run_end(candidates->pairs, first, candidates->count);
        candidates->pairs[count].key = candidates->pairs[first].key;
        candidates->pairs[count++].value = end - first;
    }
    candidates->count = count;
}

/* The most keys in common first, then the lowest ranks: candidates that have an item in common never tie there. */
static bool sort_candidates(struct candidates *candidates, uint32_t *const ranks[2])
{
    uint32_t count = candidates->count;
    struct sic_key *order = malloc(((size_t)count + 1) * sizeof(*order)), *sorted = NULL;
    bool done = order != NULL;

    for (uint32_t i = 0; done && i < count; i++) {
        order[i].key = (uint64_t)ranks[SIC_OLD][candidates->pairs[i].key >> 32] +
                       ranks[SIC_NEW][(uint32_t)candidates->pairs[i].key];
        order[i].value = i;
    }
    done = done && sic_sort_keys(sic_heap_allocator(), order, count);
    for (uint32_t i = 0; done && i < count; i++)
        order[i].key = ~candidates->pairs[order[i].value].value;
    done = done && sic_sort_keys(sic_heap_allocator(), order, count);
    sorted = done ? malloc(((size_t)count + 1) * sizeof(*sorted)) : NULL;
    for (uint32_t i = 0; sorted && i < count; i++)
        sorted[i] = candidates->pairs[order[i].value];
    free(order);
    if (!sorted)
        return false;
    free(candidates->pairs);
    candidates->pairs = sorted;
    return true;
}

bool sic_pairing_match_overlapping(struct sic_pairing *pairing, struct sic_pairing_entries *entries,
                                   uint32_t *const ranks[2])
{
    struct candidates candidates = {0};
    bool done = sort_entries(entries, ranks) && find_candidates(pairing, entries, &candidates);

    if (done)
        count_common(&candidates);
    done = done && sort_candidates(&candidates, ranks);
    for (uint32_t i = 0; done && i < candidates.count; i++) {
        uint32_t old_item = (uint32_t)(candidates.pairs[i].key >> 32), new_item = (uint32_t)candidates.pairs[i].key;

        if (pairing->partners[SIC_OLD][old_item] == SIC_NONE && pairing->partners[SIC_NEW][new_item] == SIC_NONE)
            pair(pairing, old_item, new_item);
    }
    free(candidates.pairs);
    return done;
}
