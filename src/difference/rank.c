#include "difference/rank.h"

#include "core/sort.h"
#include "util/memory.h"

#include <stdlib.h>
#include <string.h>

static bool are_equal(const uint64_t *fields, uint32_t width, uint64_t left, uint64_t right)
{
    return memcmp(fields + left * width, fields + right * width, width * sizeof(*fields)) == 0;
}

bool sic_rank_records(const uint64_t *fields, uint32_t width, uint32_t count, uint32_t *ranks, uint32_t *distinct)
{
    struct sic_key *keys = malloc(((size_t)count + 1) * sizeof(*keys));
    uint32_t rank = 0;
    bool sorted = keys != NULL;

    for (uint32_t i = 0; sorted && i < count; i++)
        keys[i].value = i;
    /* By the last number first: each sort keeps the order of those before it. */
    for (uint32_t field = width; sorted && field-- > 0;) {
        for (uint32_t i = 0; i < count; i++)
            keys[i].key = fields[keys[i].value * width + field];
        sorted = sic_sort_keys(sic_heap_allocator(), keys, count);
    }
    for (uint32_t i = 0; sorted && i < count; i++) {
        rank += i > 0 && !are_equal(fields, width, keys[i - 1].value, keys[i].value);
        ranks[keys[i].value] = rank;
    }
    free(keys);
    if (distinct)
        *distinct = count > 0 ? rank + 1 : 0;
    return sorted;
}

/* Merges from[first, middle) and from[middle, end) into `to`. */
static void merge(const uint32_t *from, uint32_t *to, uint32_t first, uint32_t middle, uint32_t end,
                  sic_rank_compare *compare, const void *context)
{
    uint32_t left = first, right = middle;

    for (uint32_t i = first; i < end; i++) {
        bool is_left = right == end || (left < middle && compare(context, from[left], from[right]) <= 0);

        to[i] = is_left ? from[left++] : from[right++];
    }
}

bool sic_rank_sort(uint32_t *items, uint32_t count, sic_rank_compare *compare, const void *context)
{
    uint32_t *scratch, *from = items, *to;

    if (count < 2)
        return true;
    scratch = to = malloc(count * sizeof(*scratch));
    if (!scratch)
        return false;
    for (uint64_t size = 1; size < count; size *= 2) {
        uint32_t *swap = from;

        for (uint64_t first = 0; first < count; first += 2 * size) {
            uint64_t middle = first + size < count ? first + size : count;
            uint64_t end = first + 2 * size < count ? first + 2 * size : count;

            merge(from, to, (uint32_t)first, (uint32_t)middle, (uint32_t)end, compare, context);
        }
        from = to;
        to = swap;
    }
    if (from != items)
        memcpy(items, from, count * sizeof(*items));
    free(scratch);
    return true;
}
