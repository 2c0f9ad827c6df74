/*
 * What differs of sections that were matched, and of those that were not.
 */
#ifndef SIC_DIFFERENCE_SECTION_COMPARE_H
#define SIC_DIFFERENCE_SECTION_COMPARE_H

#include "difference/matching.h"
#include "difference/section_key.h"

/* Adds the sections that came, went and changed, with all that differs in them. False when memory ran out. */
bool sic_sections_compare(const struct sic_matching *matching, const struct sic_section_keys *keys,
                          struct sic_difference *difference);

/* Whether what is said of the section is to be compared. */
bool sic_section_is_shown(const struct sic_matching_side *side, uint32_t section);

#endif
