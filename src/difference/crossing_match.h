/*
 * Crossings, by section, pages and trust.
 */
#ifndef SIC_DIFFERENCE_CROSSING_MATCH_H
#define SIC_DIFFERENCE_CROSSING_MATCH_H

#include "difference/matching.h"

/*
 * Adds the crossings that came, went and changed. One crossing is of one section, of the same pages or, where there is
 * none of them, of others, and of the same trust on both of its sides. False when memory ran out.
 */
bool sic_crossings_compare(const struct sic_matching *matching, struct sic_difference *difference);

#endif
