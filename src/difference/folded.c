#include "difference/folded.h"

#include "core/sort.h"
#include "difference/rank.h"
#include "util/fold.h"
#include "util/memory.h"

#include <stdlib.h>

__extension__ typedef unsigned __int128 wide;

/* Hashes are polynomials over the field of 2^61 - 1 elements, at a point that is chosen anew in each run: two different
 * texts have one hash only by chance, of which nobody can have more than 2^-45. */
#define FIELD ((1ull << 61) - 1)
/* Units that are compared one by one before hashes are. */
#define UNITS_AT_HAND 16u

struct hashes {
    const struct sic_scan *const *scans;
    const struct sic_folded_text *texts;
    uint64_t *sums[2]; /* of the first i units of a side's strings */
    uint64_t *powers;
    uint64_t point;
};

static uint64_t multiply(uint64_t left, uint64_t right)
{
    wide product = (wide)left * right;
    uint64_t sum = (uint64_t)(product & FIELD) + (uint64_t)(product >> 61);

    return sum >= FIELD ? sum - FIELD : sum;
}

static uint64_t add(uint64_t left, uint64_t right)
{
    return left + right >= FIELD ? left + right - FIELD : left + right;
}

static uint32_t unit_at(const struct hashes *hashes, const struct sic_folded_text *text, uint32_t index)
{
    const uint16_t *units = hashes->scans[text->side]->strings.elements;

    return sic_fold_character(units[text->string.offset + index]);
}

static uint64_t *sum_up(const struct sic_scan *scan, uint64_t point)
{
    const uint16_t *units = scan->strings.elements;
    uint64_t *sums = malloc(((size_t)scan->strings.count + 1) * sizeof(*sums));

    if (!sums)
        return NULL;
    sums[0] = 0;
    for (uint32_t i = 0; i < scan->strings.count; i++)
        sums[i + 1] = add(multiply(sums[i], point), sic_fold_character(units[i]) + 1);
    return sums;
}

static uint64_t *raise(uint64_t point, uint32_t longest)
{
    uint64_t *powers = malloc(((size_t)longest + 1) * sizeof(*powers));

    if (!powers)
        return NULL;
    powers[0] = 1;
    for (uint32_t i = 0; i < longest; i++)
        powers[i + 1] = multiply(powers[i], point);
    return powers;
}

/* Of the first `length` units of a text. */
static uint64_t hash_of(const struct hashes *hashes, const struct sic_folded_text *text, uint32_t length)
{
    const uint64_t *sums = hashes->sums[text->side] + text->string.offset;

    return add(sums[length], FIELD - multiply(sums[0], hashes->powers[length]));
}

/* How many units the two have in common from their first on. */
static uint32_t common_length(const struct hashes *hashes, const struct sic_folded_text *left,
                              const struct sic_folded_text *right)
{
    uint32_t end = left->string.length < right->string.length ? left->string.length : right->string.length;
    uint32_t low = 0;

    while (low < end && low < UNITS_AT_HAND) {
        if (unit_at(hashes, left, low) != unit_at(hashes, right, low))
            return low;
        low++;
    }
    while (low < end) {
        uint32_t middle = low + (end - low + 1) / 2;

        if (hash_of(hashes, left, middle) == hash_of(hashes, right, middle))
            low = middle;
        else
            end = middle - 1;
    }
    return low;
}

static int compare_texts(const void *context, uint32_t left_index, uint32_t right_index)
{
    const struct hashes *hashes = context;
    const struct sic_folded_text *left = &hashes->texts[left_index], *right = &hashes->texts[right_index];
    uint32_t common = common_length(hashes, left, right);
    bool left_ends = common == left->string.length, right_ends = common == right->string.length;

    if (left_ends || right_ends)
        return (int)right_ends - (int)left_ends;
    return unit_at(hashes, left, common) < unit_at(hashes, right, common) ? -1 : 1;
}

/* One text of each that differ, and for all texts which of these they are. */
static bool find_distinct(const struct hashes *hashes, uint32_t count, uint32_t *numbers, uint32_t *examples,
                          uint32_t *distinct)
{
    uint64_t *fields = malloc(((size_t)count + 1) * 2 * sizeof(*fields));
    bool found = fields != NULL;

    for (uint32_t i = 0; found && i < count; i++) {
        fields[2 * (size_t)i] = hash_of(hashes, &hashes->texts[i], hashes->texts[i].string.length);
        fields[2 * (size_t)i + 1] = hashes->texts[i].string.length;
    }
    found = found && sic_rank_records(fields, 2, count, numbers, distinct);
    for (uint32_t i = 0; found && i < count; i++)
        examples[numbers[i]] = i;
    free(fields);
    return found;
}

static bool rank(const struct hashes *hashes, uint32_t count, uint32_t *ranks)
{
    uint32_t *examples = malloc(((size_t)count + 1) * sizeof(*examples));
    uint32_t *places = malloc(((size_t)count + 1) * sizeof(*places)), distinct = 0;
    bool done = examples && places && find_distinct(hashes, count, ranks, examples, &distinct) &&
                sic_rank_sort(examples, distinct, compare_texts, hashes);

    /* An example knows its number still. */
    for (uint32_t i = 0; done && i < distinct; i++)
        places[ranks[examples[i]]] = i;
    for (uint32_t i = 0; done && i < count; i++)
        ranks[i] = places[ranks[i]];
    free(examples);
    free(places);
    return done;
}

bool sic_folded_rank(const struct sic_scan *const scans[2], const struct sic_folded_text *texts, uint32_t count,
                     uint32_t *ranks)
{
    struct hashes hashes = {.scans = scans, .texts = texts};
    uint32_t longest = 0;
    bool done;

    /* Far from 0, whatever the seed is. */
    hashes.point = ((sic_heap_allocator()->hash_seed | 1ull << 40) * 0x9e3779b97f4a7c15ull >> 4) % (FIELD - 2) + 2;
    for (uint32_t i = 0; i < count; i++)
        longest = texts[i].string.length > longest ? texts[i].string.length : longest;
    hashes.sums[0] = sum_up(scans[0], hashes.point);
    hashes.sums[1] = sum_up(scans[1], hashes.point);
    hashes.powers = raise(hashes.point, longest);
    done = hashes.sums[0] && hashes.sums[1] && hashes.powers && rank(&hashes, count, ranks);
    free(hashes.sums[0]);
    free(hashes.sums[1]);
    free(hashes.powers);
    return done;
}
