/*
 * Whether the range of addresses of a view and its prototype PTE fields tell the same length.
 */
#ifndef SIC_CORE_EXTENT_H
#define SIC_CORE_EXTENT_H

#include "core/scan.h"

/*
 * Reports the views whose LastContiguousPte does not fit their range: a node that was written half. Their subsections
 * were read. False when memory ran out.
 */
bool sic_extents_check(struct sic_scan *scan);

#endif
