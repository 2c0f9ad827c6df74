/*
 * What a view is on both sides: the same view has one place key, one of which nothing changed one exact key.
 */
#ifndef SIC_DIFFERENCE_VIEW_KEY_H
#define SIC_DIFFERENCE_VIEW_KEY_H

#include "difference/matching.h"

/*
 * Fills in the keys of both sides' views, and the views of their sections. Within one boot a view's place is where it
 * begins in its process; by path it is its class of processes, with the pages of the section that it maps. False when
 * memory ran out.
 */
bool sic_view_keys_find(struct sic_matching *matching);

/* Whether the two, which have one place key, differ in something that is known of both. */
bool sic_view_keys_differ(const struct sic_matching *matching, uint32_t old_view, uint32_t new_view);

#endif
