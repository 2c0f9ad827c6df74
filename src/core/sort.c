#include "core/sort.h"

#define DIGIT_BITS  8u
#define DIGIT_COUNT (1u << DIGIT_BITS)

static uint32_t digit_of(uint64_t key, unsigned shift)
{
    return (uint32_t)(key >> shift) & (DIGIT_COUNT - 1);
}

/* One pass: distributes `from` by the digit at `shift` into `to`. */
static void distribute(const struct sic_key *from, struct sic_key *to, uint32_t count, unsigned shift)
{
    uint32_t places[DIGIT_COUNT] = {0}, place = 0;

    for (uint32_t i = 0; i < count; i++)
        places[digit_of(from[i].key, shift)]++;
    for (unsigned digit = 0; digit < DIGIT_COUNT; digit++) {
        uint32_t size = places[digit];

        places[digit] = place;
        place += size;
    }
    for (uint32_t i = 0; i < count; i++)
        to[places[digit_of(from[i].key, shift)]++] = from[i];
}

bool sic_sort_keys(const struct sic_allocator *allocator, struct sic_key *keys, uint32_t count)
{
    uint64_t all = 0, common = UINT64_MAX;
    struct sic_key *from = keys, *to;
    void *scratch;

    if (count < 2)
        return true;
    scratch = to = allocator->resize(allocator->context, NULL, 0, count * sizeof(*keys));
    if (!scratch)
        return false;
    for (uint32_t i = 0; i < count; i++) {
        all |= keys[i].key;
        common &= keys[i].key;
    }
    /* Digits that are the same in all keys, as the upper ones of addresses are, need no pass. */
    for (unsigned shift = 0; shift < 64; shift += DIGIT_BITS) {
        struct sic_key *swap = from;

        if (digit_of(all ^ common, shift) == 0)
            continue;
        distribute(from, to, count, shift);
        from = to;
        to = swap;
    }
    if (from != keys)
        __builtin_memcpy(keys, from, count * sizeof(*keys));
    allocator->resize(allocator->context, scratch, count * sizeof(*keys), 0);
    return true;
}
