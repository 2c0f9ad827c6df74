/*
 * What chooses the parts of a random world.
 */
#ifndef LAB_CHOOSER_H
#define LAB_CHOOSER_H

#include "bytes.h"
#include "scenario.h"

struct lab_chooser {
    struct lab_scenario *scenario; /* that grows */
    uint64_t state;
};

static inline uint64_t lab_choose_below(struct lab_chooser *chooser, uint64_t limit)
{
    return lab_random_below(&chooser->state, limit);
}

static inline bool lab_choose_chance(struct lab_chooser *chooser, unsigned percent)
{
    return lab_choose_below(chooser, 100) < percent;
}

#endif
