#include "core/soundness.h"

#include "core/chain.h"

/* Each view belongs to exactly one process, in whose range it stands, by ascending address. */
static const char *check_views_of_processes(const struct sic_scan *scan)
{
    uint64_t total = 0;

    for (uint32_t i = 0; i < scan->processes.count; i++) {
        const struct sic_process *process = sic_scan_process(scan, i);

        for (uint32_t v = process->first_view; v < process->first_view + process->view_count; v++) {
            if (sic_scan_view(scan, v)->process != i)
                return "a view stands among those of another process";
            if (v > process->first_view && sic_scan_view(scan, v)->start_vpn <= sic_scan_view(scan, v - 1)->end_vpn)
                return "the views of a process overlap";
        }
        total += process->view_count;
    }
    return total == scan->views.count ? NULL : "a view belongs to no process";
}

/* A view whose prototype PTEs are said to be one array is an image's: any other is torn. */
static bool does_view_fit_section(const struct sic_view *view, const struct sic_section *section)
{
    return view->last_contiguous_pte != SIC_WHOLE_VIEW_CONTIGUOUS || view->flags & SIC_VIEW_TORN ||
           section->flags & (SIC_SECTION_IMAGE | SIC_SECTION_UNREAD);
}

/* Views lead to a section, and sections count their views. */
static const char *check_views_of_sections(const struct sic_scan *scan)
{
    const char *refusal = NULL;

    for (uint32_t i = 0; i < scan->views.count && !refusal; i++) {
        uint32_t section = sic_scan_subsection(scan, sic_scan_view(scan, i)->subsection)->section;

        if (section == SIC_NONE)
            refusal = "a view belongs to no section";
        else if (sic_scan_section(scan, section)->view_count-- == 0)
            refusal = "a section has more views than it counts";
        else if (!does_view_fit_section(sic_scan_view(scan, i), sic_scan_section(scan, section)))
            refusal = "a view contradicts its section";
    }
    for (uint32_t i = 0; i < scan->sections.count && !refusal; i++) {
        if (sic_scan_section(scan, i)->view_count != 0)
            refusal = "a section counts more views than it has";
    }
    for (uint32_t i = 0; i < scan->views.count && !refusal; i++)
        sic_scan_section(scan, sic_scan_subsection(scan, sic_scan_view(scan, i)->subsection)->section)->view_count++;
    return refusal;
}

/*
 * A successor is of the same section, was read, and has one predecessor: then no chain forks, and what is no chain with
 * an end is a ring, which the numbering of chains ends where it began.
 */
static const char *check_links(struct sic_scan *scan)
{
    for (uint32_t i = 0; i < scan->subsections.count; i++) {
        const struct sic_subsection *subsection = sic_scan_subsection(scan, i);
        struct sic_subsection *next;

        if (subsection->next == SIC_NONE)
            continue;
        next = sic_scan_subsection(scan, subsection->next);
        if (next->section != subsection->section || next->va != subsection->next_va ||
            next->flags & (SIC_SUBSECTION_UNREAD | SIC_SUBSECTION_FOLLOWED))
            return "a chain of subsections is torn";
        next->flags |= SIC_SUBSECTION_FOLLOWED;
    }
    return NULL;
}

const char *sic_scan_make_sound(struct sic_scan *scan)
{
    const char *refusal = check_views_of_processes(scan);

    if (!refusal)
        refusal = check_views_of_sections(scan);
    if (!refusal)
        refusal = check_links(scan);
    if (!refusal)
        sic_chains_restore(scan);
    return refusal;
}
