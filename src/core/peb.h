/*
 * The pointers of processes' PEBs to memory that processes share: evidence of what a view is.
 */
#ifndef SIC_CORE_PEB_H
#define SIC_CORE_PEB_H

#include "core/layout.h"
#include "core/scan.h"

/* "ApiSetMap", as _PEB names it. */
const char *sic_peb_field_name(enum sic_peb_field field);

/*
 * Reads the PEB of every process that has one, each once, and appends its pointers that are not 0, in the order of the
 * processes. A process whose PEB is not to be had is flagged, and no problem. False when memory ran out.
 */
bool sic_pebs_read(struct sic_scan *scan, const struct sic_user_reader *user, const struct sic_layout *layout);

#endif
