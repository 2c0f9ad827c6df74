/*
 * The sections of a scan, read on several threads.
 */
#ifndef SIC_KERNEL_SECTIONS_H
#define SIC_KERNEL_SECTIONS_H

#include "core/layout.h"
#include "core/scan.h"

/*
 * As sic_sections_resolve, with the same result, on `count` threads (at least one), each of which has a reader of its
 * own. False when memory ran out.
 */
bool sic_sections_resolve_on_threads(struct sic_scan *scan, const struct sic_reader *readers, unsigned count,
                                     const struct sic_layout *layout);

#endif
