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

/*
 * The steps of sic_sections_resolve, for who has threads: subsections and sections are read in ranges, which threads
 * may share out, each with a reader of its own; all else is done by one: sic_subsections_load of all subsections,
 * sic_sections_intern, sic_sections_load of all sections, sic_sections_connect.
 */

/*
 * Reads subsections [first, end), and puts the addresses of their control areas into control_areas[0, end - first), 0
 * where there is none to be read. False when the reader is cancelled.
 */
bool sic_subsections_load(struct sic_scan *scan, const struct sic_reader *reader, const struct sic_layout *layout,
                          uint32_t first, uint32_t end, uint64_t *control_areas);

/* Gives subsections [first, end) their sections, unread where they are new. False when memory ran out. */
bool sic_sections_intern(struct sic_scan *scan, uint32_t first, uint32_t end, const uint64_t *control_areas);

/* Reads the control areas and segments of sections [first, end), or of some of them when the reader is cancelled. */
void sic_sections_load(struct sic_scan *scan, const struct sic_reader *reader, const struct sic_layout *layout,
                       uint32_t first, uint32_t end);

/* Places and counts views, follows chains, and reports what could not be read. False when memory ran out. */
bool sic_sections_connect(struct sic_scan *scan, const struct sic_reader *reader, const struct sic_layout *layout);

/* Reads the subsections from index `first` on, and the control areas and segments that are new with them. */
bool sic_sections_read(struct sic_scan *scan, const struct sic_reader *reader, const struct sic_layout *layout,
                       uint32_t first);

#endif
