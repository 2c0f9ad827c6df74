#include "crossing/overlap.h"

#include <stddef.h>
#include <stdlib.h>

#define NONE UINT32_MAX

/* Parties of one kind in a piece of memory that all reach whole or not at all. */
enum presence {
    PRESENT_NONE,
    PRESENT_ONE, /* one party, which is none to itself */
    PRESENT_MANY
};

struct state {
    uint32_t party; /* of PRESENT_ONE */
    uint8_t presence;
};

/* The parties that reach the piece at hand: how often each does, how many do, and the sum of their numbers. */
struct tally {
    uint32_t *counts;
    uint32_t present;
    uint64_t sum;
};

struct sweep {
    struct sic_reach *reaches;
    uint32_t count;
    uint64_t *edges; /* ascending, each once: piece i is [edges[i], edges[i + 1]) */
    uint32_t edge_count;
    uint32_t *parties; /* by reach: numbers from 0 */
    uint32_t party_count;
    uint32_t *order_start; /* reaches by their first page, and by their end */
    uint32_t *order_end;
    struct state *states[2]; /* by piece: who shows, who writes */
    uint32_t *next_any[2];   /* by piece: the next one, itself included, that is not empty */
    uint32_t *next_other[2]; /* by piece that is not empty: the next one of another state */
};

static int compare_u64(const void *left, const void *right)
{
    uint64_t a = *(const uint64_t *)left, b = *(const uint64_t *)right;

    return a < b ? -1 : a > b;
}

struct place {
    uint64_t key;
    uint32_t reach;
};

static int compare_places(const void *left, const void *right)
{
    const struct place *a = left, *b = right;

    if (a->key != b->key)
        return a->key < b->key ? -1 : 1;
    return a->reach < b->reach ? -1 : a->reach > b->reach;
}

static bool allocate(struct sweep *sweep)
{
    size_t count = sweep->count, pieces = 2 * count + 1;
    bool all = true;

    sweep->edges = malloc(pieces * sizeof(*sweep->edges));
    sweep->parties = malloc(count * sizeof(*sweep->parties));
    sweep->order_start = malloc(count * sizeof(*sweep->order_start));
    sweep->order_end = malloc(count * sizeof(*sweep->order_end));
    for (unsigned i = 0; i < 2; i++) {
        sweep->states[i] = calloc(pieces, sizeof(**sweep->states));
        sweep->next_any[i] = malloc(pieces * sizeof(**sweep->next_any));
        sweep->next_other[i] = malloc(pieces * sizeof(**sweep->next_other));
        all = all && sweep->states[i] && sweep->next_any[i] && sweep->next_other[i];
    }
    return all && sweep->edges && sweep->parties && sweep->order_start && sweep->order_end;
}

static void release(struct sweep *sweep)
{
    free(sweep->edges);
    free(sweep->parties);
    free(sweep->order_start);
    free(sweep->order_end);
    for (unsigned i = 0; i < 2; i++) {
        free(sweep->states[i]);
        free(sweep->next_any[i]);
        free(sweep->next_other[i]);
    }
}

static void find_edges(struct sweep *sweep)
{
    uint32_t kept = 0;

    for (uint32_t i = 0; i < sweep->count; i++) {
        sweep->edges[2 * i] = sweep->reaches[i].first;
        sweep->edges[2 * i + 1] = sweep->reaches[i].end;
    }
    qsort(sweep->edges, 2 * (size_t)sweep->count, sizeof(*sweep->edges), compare_u64);
    for (uint32_t i = 0; i < 2 * sweep->count; i++) {
        if (kept == 0 || sweep->edges[i] != sweep->edges[kept - 1])
            sweep->edges[kept++] = sweep->edges[i];
    }
    sweep->edge_count = kept;
}

/* Sorts the reaches by a key of theirs; `places` has room for all. */
static void sort_reaches(struct sweep *sweep, struct place *places, size_t key_offset, uint32_t *order)
{
    for (uint32_t i = 0; i < sweep->count; i++)
        places[i] = (struct place){
            .key = *(const uint64_t *)(const void *)((const char *)&sweep->reaches[i] + key_offset), .reach = i};
    qsort(places, sweep->count, sizeof(*places), compare_places);
    for (uint32_t i = 0; i < sweep->count; i++)
        order[i] = places[i].reach;
}

static void number_parties(struct sweep *sweep, struct place *places)
{
    for (uint32_t i = 0; i < sweep->count; i++)
        places[i] = (struct place){.key = sweep->reaches[i].party, .reach = i};
    qsort(places, sweep->count, sizeof(*places), compare_places);
    for (uint32_t i = 0; i < sweep->count; i++) {
        sweep->party_count += i == 0 || places[i].key != places[i - 1].key;
        sweep->parties[places[i].reach] = sweep->party_count - 1;
    }
}

static bool prepare(struct sweep *sweep)
{
    struct place *places = malloc(sweep->count * sizeof(*places));
    bool is_ready = places && allocate(sweep);

    if (is_ready) {
        find_edges(sweep);
        number_parties(sweep, places);
        sort_reaches(sweep, places, offsetof(struct sic_reach, first), sweep->order_start);
        sort_reaches(sweep, places, offsetof(struct sic_reach, end), sweep->order_end);
    }
    free(places);
    return is_ready;
}

static void enter(struct tally *tally, uint32_t party)
{
    if (tally->counts[party]++ == 0) {
        tally->present++;
        tally->sum += party;
    }
}

static void leave(struct tally *tally, uint32_t party)
{
    if (--tally->counts[party] == 0) {
        tally->present--;
        tally->sum -= party;
    }
}

static struct state state_of(const struct tally *tally)
{
    if (tally->present == 0)
        return (struct state){.presence = PRESENT_NONE};
    if (tally->present > 1)
        return (struct state){.presence = PRESENT_MANY};
    return (struct state){.presence = PRESENT_ONE, .party = (uint32_t)tally->sum};
}

static void fill_states(struct sweep *sweep, struct tally tallies[2])
{
    uint32_t started = 0, ended = 0;

    for (uint32_t i = 0; i < sweep->edge_count; i++) {
        for (; ended < sweep->count && sweep->reaches[sweep->order_end[ended]].end <= sweep->edges[i]; ended++)
            leave(&tallies[sweep->reaches[sweep->order_end[ended]].is_writer], sweep->parties[sweep->order_end[ended]]);
        for (; started < sweep->count && sweep->reaches[sweep->order_start[started]].first <= sweep->edges[i];
             started++)
            enter(&tallies[sweep->reaches[sweep->order_start[started]].is_writer],
                  sweep->parties[sweep->order_start[started]]);
        for (unsigned kind = 0; kind < 2; kind++)
            sweep->states[kind][i] = state_of(&tallies[kind]);
    }
}

static bool is_same(const struct state *left, const struct state *right)
{
    return left->presence == right->presence && left->party == right->party;
}

static void link_states(struct sweep *sweep, unsigned kind)
{
    const struct state *states = sweep->states[kind];
    uint32_t *any = sweep->next_any[kind], *other = sweep->next_other[kind];
    uint32_t next = NONE;

    for (uint32_t i = sweep->edge_count; i-- > 0;) {
        other[i] = next == NONE ? NONE : is_same(&states[next], &states[i]) ? other[next] : next;
        next = states[i].presence == PRESENT_NONE ? next : i;
        any[i] = next;
    }
}

static uint32_t piece_at(const struct sweep *sweep, uint64_t page)
{
    uint32_t low = 0, high = sweep->edge_count;

    while (low < high) {
        uint32_t middle = low + (high - low) / 2;

        if (sweep->edges[middle] < page)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

/* Whether the other kind has another party in the reach's pieces. */
static bool does_cross(const struct sweep *sweep, uint32_t index)
{
    const struct sic_reach *reach = &sweep->reaches[index];
    unsigned kind = !reach->is_writer;
    const struct state *states = sweep->states[kind];
    uint32_t first = piece_at(sweep, reach->first), end = piece_at(sweep, reach->end);
    uint32_t found = sweep->next_any[kind][first];

    if (found != NONE && states[found].presence == PRESENT_ONE && states[found].party == sweep->parties[index])
        found = sweep->next_other[kind][found];
    return found != NONE && found < end;
}

static void measure(const struct sweep *sweep, struct sic_overlap *overlap)
{
    bool goes_on = false;

    for (uint32_t i = 0; i + 1 < sweep->edge_count; i++) {
        const struct state *shows = &sweep->states[0][i], *writes = &sweep->states[1][i];
        bool is_crossing =
            shows->presence != PRESENT_NONE && writes->presence != PRESENT_NONE &&
            !(shows->presence == PRESENT_ONE && writes->presence == PRESENT_ONE && shows->party == writes->party);

        if (is_crossing) {
            overlap->pages += sweep->edges[i + 1] - sweep->edges[i];
            overlap->range_count += !goes_on;
            if (overlap->range_count == 1) {
                overlap->first_range.first = goes_on ? overlap->first_range.first : sweep->edges[i];
                overlap->first_range.end = sweep->edges[i + 1];
            }
        }
        goes_on = is_crossing;
    }
}

bool sic_overlap_find(struct sic_reach *reaches, uint32_t count, struct sic_overlap *overlap)
{
    struct sweep sweep = {.reaches = reaches, .count = count};
    struct tally tallies[2] = {{0}, {0}};
    bool is_ready = true;

    *overlap = (struct sic_overlap){0};
    if (count == 0)
        return true;
    is_ready = prepare(&sweep);
    for (unsigned i = 0; i < 2 && is_ready; i++) {
        tallies[i].counts = calloc(sweep.party_count, sizeof(*tallies[i].counts));
        is_ready = tallies[i].counts != NULL;
    }
    if (is_ready) {
        fill_states(&sweep, tallies);
        link_states(&sweep, 0);
        link_states(&sweep, 1);
        for (uint32_t i = 0; i < count; i++)
            reaches[i].is_crossing = reaches[i].first < reaches[i].end && does_cross(&sweep, i);
        measure(&sweep, overlap);
    }
    free(tallies[0].counts);
    free(tallies[1].counts);
    release(&sweep);
    return is_ready;
}
