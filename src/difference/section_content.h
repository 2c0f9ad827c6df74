/*
 * Sections in the order of what is in them.
 */
#ifndef SIC_DIFFERENCE_SECTION_CONTENT_H
#define SIC_DIFFERENCE_SECTION_CONTENT_H

#include "difference/matching.h"

/*
 * `contents` by side and section: equal for equal size and views, ascending by size. Fills in the sides' ranks of
 * sections, which go by contents too. False when memory ran out.
 */
bool sic_section_contents_rank(struct sic_matching *matching, uint32_t *const contents[2]);

#endif
