/*
 * Views of the kernel's own: owners of a section beside processes.
 */
#ifndef SIC_SHARING_KERNEL_VIEW_H
#define SIC_SHARING_KERNEL_VIEW_H

#include "core/scan.h"

static inline const struct sic_kernel_view *sic_scan_kernel_view(const struct sic_scan *scan, uint32_t index)
{
    return (const struct sic_kernel_view *)scan->kernel_views.elements + index;
}

/* The section's: sic_scan.kernel_views[*first, *first + *count). */
void sic_kernel_views_find(const struct sic_scan *scan, uint32_t section, uint32_t *first, uint32_t *count);

/* Whether the section has a view in session or system space: with one of a process's it is shared. */
bool sic_kernel_views_share(const struct sic_scan *scan, uint32_t section);

#endif
