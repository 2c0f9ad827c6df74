/*
 * Views of the kernel's own: entries of sections' lists of views that are no VAD nodes.
 */
#ifndef SIC_CORE_KERNEL_VIEW_H
#define SIC_CORE_KERNEL_VIEW_H

#include "core/layout.h"
#include "core/scan.h"

/*
 * What the entry of a section's list at `links_va` tells of the view; `kind` is what its owner says (VadsProcess). What
 * cannot be, or be read, is unknown: va 0, session_id SIC_NONE, page_count 0.
 */
void sic_kernel_view_read(const struct sic_reader *reader, const struct sic_layout *layout, uint64_t links_va,
                          enum sic_kernel_view_kind kind, struct sic_kernel_view *view);

#endif
