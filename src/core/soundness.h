/*
 * What holds between the records of a scan that was walked, held against one whose records come from outside.
 */
#ifndef SIC_CORE_SOUNDNESS_H
#define SIC_CORE_SOUNDNESS_H

#include "core/scan.h"

/*
 * Checks how the records refer to each other, and numbers chains anew. Every index is inside its array, every record is
 * sound in itself, heads are SIC_NONE, and of a subsection's flags only those are set that its own bytes tell. Returns
 * NULL, or what contradicts what: constant text, a clause.
 */
const char *sic_scan_make_sound(struct sic_scan *scan);

/*
 * Checks the order and the relations of tokens, names, handles, kernel views, pointers of PEBs and pages; each record
 * is sound in itself. Returns as above.
 */
const char *sic_facts_check(const struct sic_scan *scan);

#endif
