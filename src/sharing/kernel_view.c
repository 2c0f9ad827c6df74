#include "sharing/kernel_view.h"

/* The first view of a section from `section` on. */
static uint32_t lower_bound(const struct sic_scan *scan, uint64_t section)
{
    uint32_t low = 0, high = scan->kernel_views.count;

    while (low < high) {
        uint32_t middle = low + (high - low) / 2;

        if (sic_scan_kernel_view(scan, middle)->section < section)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

void sic_kernel_views_find(const struct sic_scan *scan, uint32_t section, uint32_t *first, uint32_t *count)
{
    *first = lower_bound(scan, section);
    *count = lower_bound(scan, (uint64_t)section + 1) - *first;
}

bool sic_kernel_views_share(const struct sic_scan *scan, uint32_t section)
{
    uint32_t first, count;

    /* Counted where the section's list was walked: of most sections it was not. */
    if (sic_scan_section(scan, section)->kernel_views == 0)
        return false;
    sic_kernel_views_find(scan, section, &first, &count);
    for (uint32_t i = first; i < first + count; i++) {
        if (sic_scan_kernel_view(scan, i)->kind == SIC_KERNEL_VIEW_SESSION)
            return true;
    }
    return false;
}
