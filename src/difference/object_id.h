/*
 * Paths of objects as numbers.
 */
#ifndef SIC_DIFFERENCE_OBJECT_ID_H
#define SIC_DIFFERENCE_OBJECT_ID_H

#include "difference/matching.h"

/*
 * Fills in the names of both sides' sections: equal numbers for equal paths, whatever their case. `texts` by side and
 * name: ranks of their last parts (folded.h). Names without a path to the root are left out. False when memory ran out.
 */
bool sic_object_ids_find(struct sic_matching *matching, const uint32_t *const texts[2]);

#endif
