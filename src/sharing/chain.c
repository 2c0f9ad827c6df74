#include "sharing/chain.h"

#include "core/section.h"

#include <stdlib.h>
#include <string.h>

/* Numbers the pages of the chain that starts at `head`, up to its end or to a place that is taken (a torn chain). */
static void number_chain(const struct sic_scan *scan, struct sic_chain_place *places, uint32_t head)
{
    uint64_t page = 0;

    for (uint32_t i = head; i != SIC_NONE && places[i].head == SIC_NONE; i = sic_scan_subsection(scan, i)->next) {
        places[i].head = head;
        places[i].first_page = page;
        page += sic_scan_subsection(scan, i)->pte_count;
    }
    places[head].chain_pages = page;
}

enum sic_status sic_chain_places(const struct sic_scan *scan, struct sic_error *error, struct sic_chain_place **places)
{
    uint32_t count = scan->subsections.count;
    struct sic_chain_place *made = calloc((size_t)count + 1, sizeof(*made));
    bool *has_predecessor = calloc((size_t)count + 1, sizeof(*has_predecessor));

    if (!made || !has_predecessor) {
        free(made);
        free(has_predecessor);
        return sic_error_set(error, SIC_NO_MEMORY, "out of memory while views were grouped; close other programs");
    }
    for (uint32_t i = 0; i < count; i++) {
        made[i].head = SIC_NONE;
        if (sic_scan_subsection(scan, i)->next != SIC_NONE)
            has_predecessor[sic_scan_subsection(scan, i)->next] = true;
    }
    for (uint32_t i = 0; i < count; i++) {
        if (!has_predecessor[i])
            number_chain(scan, made, i);
    }
    /* What is left is a ring: a torn picture, entered anywhere. */
    for (uint32_t i = 0; i < count; i++) {
        if (made[i].head == SIC_NONE)
            number_chain(scan, made, i);
    }
    free(has_predecessor);
    *places = made;
    return SIC_OK;
}

static bool is_in_array(const struct sic_subsection *subsection, uint64_t pte)
{
    return subsection->base != 0 && pte - subsection->base < (uint64_t)subsection->pte_count * 8;
}

void sic_chain_span(const struct sic_scan *scan, const struct sic_chain_place *places, const struct sic_view *view,
                    uint32_t *chain, uint64_t *first, uint64_t *end)
{
    const struct sic_subsection *subsection = sic_scan_subsection(scan, view->subsection);
    const struct sic_chain_place *place = &places[view->subsection];
    uint64_t pages = sic_view_contiguous_pages(view), limit;

    if (view->last_contiguous_pte == SIC_WHOLE_VIEW_CONTIGUOUS || !is_in_array(subsection, view->first_prototype_pte)) {
        *chain = SIC_NONE;
        *first = view->first_prototype_pte / 8;
        *end = *first + pages;
        return;
    }
    *chain = place->head;
    *first = place->first_page + (view->first_prototype_pte - subsection->base) / 8;
    *end = *first + pages;
    if (pages == sic_view_page_count(view) || view->flags & SIC_VIEW_TORN)
        return;
    /* The rest goes on through the chain, as far as there are prototype PTEs: a reserved view may be longer. */
    limit = places[place->head].chain_pages;
    *end = *first + sic_view_page_count(view);
    if (*end > limit)
        *end = limit > *first + pages ? limit : *first + pages;
}

bool sic_chain_section_offset(const struct sic_scan *scan, const struct sic_chain_place *places,
                              const struct sic_view *view, uint64_t *offset)
{
    const struct sic_subsection *subsection = sic_scan_subsection(scan, view->subsection);
    const struct sic_section *section = sic_scan_section(scan, subsection->section);
    uint64_t first, end;
    uint32_t chain;

    if (section->flags & SIC_SECTION_UNREAD)
        return false;
    if (section->flags & SIC_SECTION_IMAGE) {
        if (section->prototype_pte == 0 ||
            view->first_prototype_pte - section->prototype_pte >= (uint64_t)section->pte_count * 8)
            return false;
        *offset = (view->first_prototype_pte - section->prototype_pte) / 8 << 12;
        return true;
    }
    sic_chain_span(scan, places, view, &chain, &first, &end);
    if (chain == SIC_NONE || !(sic_scan_subsection(scan, chain)->flags & SIC_SUBSECTION_FIRST))
        return false;
    *offset = first << 12;
    return true;
}
