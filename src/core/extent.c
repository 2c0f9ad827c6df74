#include "core/extent.h"

#include "core/chain.h"

/* Only views of data sections of which everything needed was read. */
static bool can_be_checked(const struct sic_scan *scan, const struct sic_view *view)
{
    const struct sic_subsection *subsection = sic_scan_subsection(scan, view->subsection);
    const struct sic_section *section = sic_scan_section(scan, subsection->section);

    return !(view->flags & SIC_VIEW_TORN) && !(subsection->flags & SIC_SUBSECTION_UNREAD) &&
           !(section->flags & (SIC_SECTION_UNREAD | SIC_SECTION_IMAGE | SIC_SECTION_PHYSICAL)) &&
           sic_view_is_in_subsection(scan, view);
}

/*
 * LastContiguousPte is the view's last PTE, or the subsection's last where the view goes on past it. The array of a
 * file's subsection can have room behind its last PTE, for a file that grows, and then that room counts too.
 */
static bool does_extent_fit(const struct sic_scan *scan, const struct sic_view *view)
{
    const struct sic_subsection *subsection = sic_scan_subsection(scan, view->subsection);
    uint64_t left = subsection->pte_count - (view->first_prototype_pte - subsection->base) / 8;
    uint64_t told = (view->last_contiguous_pte - view->first_prototype_pte) / 8 + 1;
    uint64_t pages = sic_view_page_count(view);

    if (pages <= left)
        return told == pages;
    return told == left || (told > left && sic_scan_section(scan, subsection->section)->flags & SIC_SECTION_FILE);
}

bool sic_extents_check(struct sic_scan *scan)
{
    for (uint32_t i = 0; i < scan->views.count; i++) {
        const struct sic_view *view = sic_scan_view(scan, i);

        if (can_be_checked(scan, view) && !does_extent_fit(scan, view) &&
            !sic_scan_add_problem(scan, SIC_PROBLEM_VIEW_TORN, view->process, view->start_vpn << 12))
            return false;
    }
    return true;
}
