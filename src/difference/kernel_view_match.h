/*
 * Views of the kernel's own of a section.
 */
#ifndef SIC_DIFFERENCE_KERNEL_VIEW_MATCH_H
#define SIC_DIFFERENCE_KERNEL_VIEW_MATCH_H

#include "difference/matching.h"

/*
 * Adds what differs in the numbers of views in session and system space; one of the sections may be SIC_NONE.
 * *is_certain becomes true when something differs and both sections' views were all found. False when memory ran out.
 */
bool sic_kernel_views_compare(const struct sic_matching *matching, uint32_t old_section, uint32_t new_section,
                              struct sic_difference *difference, bool *is_certain);

/* Whether all views that the kernel has of the section were found; of SIC_NONE they were. */
bool sic_kernel_views_are_known(const struct sic_matching_side *side, uint32_t section);

#endif
