/*
 * Which section of the old scan is which of the new one.
 */
#ifndef SIC_DIFFERENCE_SECTION_MATCH_H
#define SIC_DIFFERENCE_SECTION_MATCH_H

#include "difference/matching.h"
#include "difference/section_key.h"

/*
 * Fills in the pairs of sections. Those of one name, then those of one file, then those of one size; of several first
 * those with equal views, then those with the most views in common, then with the most processes in common. Those of
 * one name or file may also have nothing else in common. False when memory ran out.
 */
bool sic_sections_match(struct sic_matching *matching, const struct sic_section_keys *keys);

#endif
