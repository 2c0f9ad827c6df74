#include "sharing/span.h"

#include "core/chain.h"

static bool is_image_view(const struct sic_scan *scan, const struct sic_view *view)
{
    uint32_t section = sic_scan_subsection(scan, view->subsection)->section;

    return sic_scan_section(scan, section)->flags & SIC_SECTION_IMAGE ||
           (view->last_contiguous_pte == SIC_WHOLE_VIEW_CONTIGUOUS && !(view->flags & SIC_VIEW_TORN));
}

struct sic_span sic_view_span(const struct sic_scan *scan, const struct sic_view *view)
{
    uint64_t pages = sic_view_page_count(view), contiguous = sic_view_contiguous_pages(view), limit;
    struct sic_span span;

    if (is_image_view(scan, view) || !sic_view_is_in_subsection(scan, view)) {
        span.chain = SIC_NONE;
        span.first = view->first_prototype_pte / 8;
        span.end = span.first + contiguous;
        return span;
    }
    span.chain = sic_scan_subsection(scan, view->subsection)->head;
    span.first = sic_view_first_page(scan, view);
    span.end = span.first + contiguous;
    if (contiguous < pages && !(view->flags & SIC_VIEW_TORN)) {
        /* The rest goes on through the chain, as far as there are prototype PTEs: a reserved view may be longer. */
        limit = sic_scan_chain_pages(scan, span.chain);
        if (limit > span.first + pages)
            limit = span.first + pages;
        span.end = limit > span.end ? limit : span.end;
    }
    return span;
}

bool sic_view_section_offset(const struct sic_scan *scan, const struct sic_view *view, uint64_t *offset)
{
    const struct sic_subsection *subsection = sic_scan_subsection(scan, view->subsection), *head;

    if (subsection->flags & SIC_SUBSECTION_UNREAD || subsection->head == SIC_NONE ||
        sic_scan_section(scan, subsection->section)->flags & SIC_SECTION_UNREAD)
        return false;
    head = sic_scan_subsection(scan, subsection->head);
    if (!(head->flags & SIC_SUBSECTION_FIRST))
        return false;
    if (is_image_view(scan, view)) {
        /* The array of an image begins with its first subsection's. */
        if (head->base == 0 || view->first_prototype_pte < head->base)
            return false;
        *offset = (view->first_prototype_pte - head->base) / 8 << 12;
        return true;
    }
    if (!sic_view_is_in_subsection(scan, view))
        return false;
    *offset = sic_view_first_page(scan, view) << 12;
    return true;
}
