/*
 * The walk of a tree that changes while it is walked, as every tree of a live machine does.
 */
#ifndef SIC_CORE_STEADY_H
#define SIC_CORE_STEADY_H

#include "core/vad.h"

/*
 * Walks the tree of process `process_index` until two walks in a row find the same views and the same problems, at most
 * `limit` times (at least 2), and appends what the last one found. Where no two agree, SIC_PROBLEM_PROCESS_UNSTABLE is
 * added. Each walk reads the process's record anew: the root of its tree moves too.
 * The caller holds a reference to the process. False when memory ran out or the reader is cancelled.
 */
bool sic_steady_walk(struct sic_vad_walker *walker, struct sic_scan *scan, uint32_t process_index, uint32_t limit);

/*
 * After the sections are resolved: SIC_PROBLEM_VIEW_TORN for each view whose prototype PTEs do not lie in the
 * subsection that it names. It was unmapped after the walk, and the subsection is another one's now. False when memory
 * ran out.
 */
bool sic_steady_check_views(struct sic_scan *scan);

#endif
