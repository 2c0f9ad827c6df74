/*
 * Two accounts of the same views: the VAD trees say who maps a section, and the section itself lists its views.
 */
#ifndef SIC_CORE_ACCOUNTS_H
#define SIC_CORE_ACCOUNTS_H

#include "core/layout.h"
#include "core/scan.h"

/*
 * Holds NumberOfMappedViews of every section against the views that were found; where they differ, walks the section's
 * list of views (_CONTROL_AREA.ListHead through _MMVAD.ViewLinks) and adds a note for each view that only one of the
 * two accounts has. Kernel views (VadsProcess: 2 session, 3 system cache; System Informer's headers name the kinds) go
 * into scan->kernel_views; `with_kernel_views` walks the lists of all sections that may have some.
 *
 * `strangers` (uint64_t, the caller's to free) gets the addresses of the processes that views lead to and the process
 * list lacks, each once. False when memory ran out or the reader is cancelled.
 *
 * On a live machine views come and go between the walk of the trees and this: then a note may tell of that. A list that
 * changes under the walk is one that breaks off; none is followed for more than a bounded number of entries.
 */
bool sic_accounts_compare(struct sic_scan *scan, const struct sic_reader *reader, const struct sic_layout *layout,
                          bool with_kernel_views, struct sic_array *strangers);

#endif
