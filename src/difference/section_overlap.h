/*
 * Sections that have views or processes in common.
 */
#ifndef SIC_DIFFERENCE_SECTION_OVERLAP_H
#define SIC_DIFFERENCE_SECTION_OVERLAP_H

#include "difference/matching.h"

enum sic_overlap_of { SIC_OVERLAP_OF_VIEWS, SIC_OVERLAP_OF_PLACES, SIC_OVERLAP_OF_PROCESSES };

/* `groups`: sections, in one group or several. Pairs those of a group that have no partner and the most in common.
 * False when memory ran out. */
bool sic_sections_match_overlapping(struct sic_matching *matching, const struct sic_pairing_entries *groups,
                                    enum sic_overlap_of of);

/* The entries of `groups`, with keys that are equal where group and number are equal; `numbers` by side and item, NULL:
 * none. The caller calls sic_pairing_entries_deinit, after a failure too. False when memory ran out. */
bool sic_section_groups_rank(const struct sic_pairing_entries *groups, uint32_t *const numbers[2],
                             struct sic_pairing_entries *entries);

#endif
