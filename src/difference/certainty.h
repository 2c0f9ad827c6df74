/*
 * Whether what a side lacks is gone, or may be unread there.
 */
#ifndef SIC_DIFFERENCE_CERTAINTY_H
#define SIC_DIFFERENCE_CERTAINTY_H

#include "difference/matching.h"

/* Fills in what each side may hide. False when memory ran out. */
bool sic_certainty_find(struct sic_matching *matching);

/* Whether a view of `side` that the other side lacks is not there for certain. */
bool sic_certainty_of_view(const struct sic_matching *matching, unsigned side, uint32_t view);

#endif
