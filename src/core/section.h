/*
 * From the subsections that views refer to, to the sections they belong to.
 */
#ifndef SIC_CORE_SECTION_H
#define SIC_CORE_SECTION_H

#include "core/layout.h"
#include "core/scan.h"

/*
 * Reads every subsection that a view starts in, those that views go on into, and their control areas and segments, and
 * numbers the pages of their chains. A control area is believed when its segment points back at it. What cannot be
 * read, or does not close, is a problem when regions depend on it. False when memory ran out or the reader is
 * cancelled.
 */
bool sic_sections_resolve(struct sic_scan *scan, const struct sic_reader *reader, const struct sic_layout *layout);

/* Reads the subsections from index `first` on, and the control areas and segments that are new with them. */
bool sic_sections_read(struct sic_scan *scan, const struct sic_reader *reader, const struct sic_layout *layout,
                       uint32_t first);

#endif
