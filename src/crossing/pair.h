/*
 * One pair of classes in one region: whether the one can or could write what the other shows, and what tells so.
 */
#ifndef SIC_CROSSING_PAIR_H
#define SIC_CROSSING_PAIR_H

#include "crossing/ground.h"

/* Processes of one side, or other indexes: each once and ascending, unless they are being gathered. */
struct sic_side {
    uint32_t *processes;
    uint32_t count;
};

/* One pair of classes of one region. */
struct sic_pair {
    struct sic_ground *ground;
    struct sic_crossings *crossings;
    unsigned writer;
    unsigned reader;
    enum sic_crossing_relation relation;
    struct sic_crossing crossing;
    struct sic_side writers;
    struct sic_side readers;
    struct sic_reach *reaches; /* of both sides, where views cross */
    uint32_t reach_count;
};

/* The strongest way from the one side to the other; *found: there is one. False when memory ran out. */
bool sic_pair_find_way(struct sic_pair *pair, bool *found);
/* Measures the gap and lists what was found, at the end of `all`. False when memory ran out. */
bool sic_pair_add(struct sic_pair *pair, struct sic_array *all);

/* Sorts indexes, and leaves each once. */
void sic_side_sort(struct sic_side *side);
/* Whether the index is one of a sorted side's. */
bool sic_side_has(const struct sic_side *side, uint32_t process);
bool sic_side_reserve(struct sic_side *side, uint32_t count);

#endif
