/*
 * Where views start in kernels whose VAD nodes name no subsection.
 */
#ifndef SIC_CORE_VIEW_PLACE_H
#define SIC_CORE_VIEW_PLACE_H

#include "core/layout.h"
#include "core/scan.h"

/*
 * Before Vista a node names its control area (_MMVAD.ControlArea), so that each view was given the first subsection
 * behind it. This finds the one whose array holds the view's first prototype PTE, following the section's chain. Views
 * of other kernels are left alone, and so are those whose place is not found. The subsections found so far must be
 * read. False when memory ran out or the reader is cancelled.
 */
bool sic_views_place(struct sic_scan *scan, const struct sic_reader *reader, const struct sic_layout *layout);

#endif
