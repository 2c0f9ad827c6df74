/*
 * Which view of a section is which.
 */
#ifndef SIC_DIFFERENCE_VIEW_MATCH_H
#define SIC_DIFFERENCE_VIEW_MATCH_H

#include "difference/matching.h"

/* Pairs the views of paired sections, and tells of all views what is found of them. False when memory ran out. */
bool sic_views_match(struct sic_matching *matching);

#endif
