#include "core/chain.h"

#include "core/section.h"

/* How many views ahead their subsections are asked for. */
#define PREFETCH_DISTANCE 16u

uint64_t sic_view_contiguous_pages(const struct sic_view *view)
{
    uint64_t pages = sic_view_page_count(view), ptes;

    if (view->flags & SIC_VIEW_TORN)
        return 1;
    if (view->last_contiguous_pte == SIC_WHOLE_VIEW_CONTIGUOUS)
        return pages;
    ptes = (view->last_contiguous_pte - view->first_prototype_pte) / 8 + 1;
    return ptes < pages ? ptes : pages;
}

bool sic_view_is_in_subsection(const struct sic_scan *scan, const struct sic_view *view)
{
    const struct sic_subsection *subsection = sic_scan_subsection(scan, view->subsection);

    return subsection->base != 0 && view->first_prototype_pte - subsection->base < (uint64_t)subsection->pte_count * 8;
}

uint64_t sic_view_first_page(const struct sic_scan *scan, const struct sic_view *view)
{
    const struct sic_subsection *subsection = sic_scan_subsection(scan, view->subsection);

    return sic_scan_first_page(scan, view->subsection) + (view->first_prototype_pte - subsection->base) / 8;
}

/*
 * The subsection that holds the page `*page` pages after the end of the one that `view` starts in, and *page within it.
 * SIC_NONE past the chain's end. A chain may be a ring, and its subsections empty: no more are passed than there are.
 */
static uint32_t find_successor(const struct sic_scan *scan, const struct sic_view *view, uint64_t *page,
                               uint64_t *steps)
{
    uint32_t next = sic_scan_subsection(scan, view->subsection)->next;

    for (uint32_t i = 0; i < scan->subsections.count && next != SIC_NONE && *steps > 0; i++) {
        const struct sic_subsection *subsection = sic_scan_subsection(scan, next);

        --*steps;
        if (*page < subsection->pte_count)
            return next;
        *page -= subsection->pte_count;
        next = subsection->next;
    }
    return SIC_NONE;
}

/* An image's section has one array; a view of it that claims to be longer is forged. */
static bool is_past_image(const struct sic_scan *scan, const struct sic_view *view, uint64_t page)
{
    uint32_t section = sic_scan_subsection(scan, view->subsection)->section;

    return view->last_contiguous_pte == SIC_WHOLE_VIEW_CONTIGUOUS && section != SIC_NONE &&
           page >= sic_scan_section(scan, section)->pte_count;
}

uint64_t sic_view_prototype_pte(const struct sic_scan *scan, const struct sic_view *view, uint64_t page,
                                uint64_t *steps)
{
    uint64_t contiguous = sic_view_contiguous_pages(view), base;
    uint32_t next;

    if (page > 0 && is_past_image(scan, view, page))
        return 0;
    if (page < contiguous)
        return view->first_prototype_pte + page * 8;
    if (view->flags & SIC_VIEW_TORN)
        return 0;
    page -= contiguous;
    next = find_successor(scan, view, &page, steps);
    if (next == SIC_NONE)
        return 0;
    base = sic_scan_subsection(scan, next)->base;
    return base != 0 ? base + page * 8 : 0;
}

static bool goes_on(const struct sic_view *view)
{
    return !(view->flags & SIC_VIEW_TORN) && sic_view_contiguous_pages(view) < sic_view_page_count(view);
}

/* Links the successor of `index`, reading it first where it is new. False when memory ran out. */
static bool link_successor(struct sic_scan *scan, const struct sic_reader *reader, const struct sic_layout *layout,
                           uint32_t index)
{
    uint64_t next_va = sic_scan_subsection(scan, index)->next_va;
    uint32_t known = scan->subsections.count, next;

    sic_scan_subsection(scan, index)->flags |= SIC_SUBSECTION_CHASED;
    if (!sic_is_kernel_pointer(reader, next_va, 8))
        return true;
    next = sic_scan_intern_subsection(scan, next_va);
    if (next == SIC_NONE || !sic_sections_read(scan, reader, layout, known))
        return false;
    /* A successor of another control area, or one that two subsections lead to, is none: the chain is torn there. */
    if (sic_scan_subsection(scan, next)->section != sic_scan_subsection(scan, index)->section ||
        sic_scan_subsection(scan, next)->flags & (SIC_SUBSECTION_UNREAD | SIC_SUBSECTION_FOLLOWED))
        return true;
    sic_scan_subsection(scan, next)->flags |= SIC_SUBSECTION_FOLLOWED;
    sic_scan_subsection(scan, index)->next = next;
    return true;
}

bool sic_chain_chase(struct sic_scan *scan, const struct sic_reader *reader, const struct sic_layout *layout,
                     uint32_t index)
{
    while (index != SIC_NONE) {
        const struct sic_subsection *subsection = sic_scan_subsection(scan, index);

        if (subsection->flags & (SIC_SUBSECTION_CHASED | SIC_SUBSECTION_UNREAD))
            return true;
        if (!link_successor(scan, reader, layout, index))
            return false;
        index = sic_scan_subsection(scan, index)->next;
    }
    return true;
}

/*
 * The chain from the section's first subsection, which follows its control area in memory, tells at what offset of the
 * section a view of a later one starts. No region depends on it.
 */
static bool chase_from_first(struct sic_scan *scan, const struct sic_reader *reader, const struct sic_layout *layout,
                             uint32_t index)
{
    uint32_t section = sic_scan_subsection(scan, index)->section, known = scan->subsections.count, first;
    uint64_t first_va =
        sic_scan_section(scan, section)->control_area_va + sic_layout_offset(layout, SIC_FIELD_CONTROL_AREA_SIZE);

    if (!sic_is_kernel_pointer(reader, first_va, 8))
        return true;
    first = sic_scan_intern_subsection(scan, first_va);
    if (first == SIC_NONE || !sic_sections_read(scan, reader, layout, known))
        return false;
    if (sic_scan_subsection(scan, first)->section != section)
        return true;
    return sic_chain_chase(scan, reader, layout, first);
}

/* Image subsections are wanted where somebody could share them: in images that are mapped more than once. */
static bool is_chain_wanted(const struct sic_scan *scan, const struct sic_subsection *subsection)
{
    const struct sic_section *section = sic_scan_section(scan, subsection->section);

    return subsection->flags & SIC_SUBSECTION_GOES_ON ||
           (section->flags & SIC_SECTION_IMAGE && section->view_count > 1);
}

static bool chase_viewed(struct sic_scan *scan, const struct sic_reader *reader, const struct sic_layout *layout)
{
    uint32_t viewed = scan->subsections.count;

    for (uint32_t i = 0; i < viewed; i++) {
        const struct sic_subsection *subsection = sic_scan_subsection(scan, i);

        if (subsection->flags & SIC_SUBSECTION_UNREAD || subsection->section == SIC_NONE)
            continue;
        /* From the first one on before the others, so that each chain is one. */
        if (!(subsection->flags & SIC_SUBSECTION_FIRST) && !chase_from_first(scan, reader, layout, i))
            return false;
        if (is_chain_wanted(scan, sic_scan_subsection(scan, i)) && !sic_chain_chase(scan, reader, layout, i))
            return false;
    }
    return true;
}

static void number_chain(struct sic_scan *scan, uint32_t head)
{
    uint64_t page = 0;

    for (uint32_t i = head; i != SIC_NONE && sic_scan_subsection(scan, i)->head == SIC_NONE;
         i = sic_scan_subsection(scan, i)->next) {
        struct sic_subsection *subsection = sic_scan_subsection(scan, i);

        subsection->head = head;
        subsection->pages = page;
        page += subsection->pte_count;
        page = page < SIC_CHAIN_PAGES_LIMIT ? page : SIC_CHAIN_PAGES_LIMIT;
    }
    /* Before the head there are none: its place holds the sum. */
    sic_scan_subsection(scan, head)->pages = page;
}

/* No subsection has two predecessors (see link_successor), so what no head reaches is a ring. */
static void number_chains(struct sic_scan *scan)
{
    for (uint32_t i = 0; i < scan->subsections.count; i++) {
        if (!(sic_scan_subsection(scan, i)->flags & SIC_SUBSECTION_FOLLOWED))
            number_chain(scan, i);
    }
    for (uint32_t i = 0; i < scan->subsections.count; i++) {
        if (sic_scan_subsection(scan, i)->head == SIC_NONE)
            number_chain(scan, i);
    }
}

/* A head that something leads to: its chain is a ring. */
static bool report_rings(struct sic_scan *scan)
{
    for (uint32_t i = 0; i < scan->subsections.count; i++) {
        const struct sic_subsection *subsection = sic_scan_subsection(scan, i);

        if (subsection->head == i && subsection->flags & SIC_SUBSECTION_FOLLOWED &&
            !sic_scan_add_problem(scan, SIC_PROBLEM_SUBSECTION, SIC_NONE, subsection->va))
            return false;
    }
    return true;
}

/* The last subsection of the chain that starts with `head`; of a ring, the one before `head`. */
static uint32_t chain_tail(const struct sic_scan *scan, uint32_t head)
{
    uint32_t tail = head;

    for (uint32_t next = sic_scan_subsection(scan, tail)->next; next != SIC_NONE && next != head;
         next = sic_scan_subsection(scan, tail)->next)
        tail = next;
    return tail;
}

/* A problem where a view goes on past the part of its chain that could be read. */
static bool report_cut_chains(struct sic_scan *scan, uint64_t *furthest)
{
    for (uint32_t i = 0; i < scan->views.count; i++) {
        const struct sic_view *view = sic_scan_view(scan, i);
        uint64_t *reach, end;

        if (!goes_on(view) || !sic_view_is_in_subsection(scan, view))
            continue;
        reach = &furthest[sic_scan_subsection(scan, view->subsection)->head];
        end = sic_view_first_page(scan, view) + sic_view_page_count(view);
        *reach = end > *reach ? end : *reach;
    }
    for (uint32_t i = 0; i < scan->subsections.count; i++) {
        uint64_t next_va;

        if (sic_scan_subsection(scan, i)->head != i || furthest[i] <= sic_scan_chain_pages(scan, i))
            continue;
        next_va = sic_scan_subsection(scan, chain_tail(scan, i))->next_va;
        /* A chain that ends there is no problem: a reserved view may be longer than its section. */
        if (next_va != 0 && !sic_scan_add_problem(scan, SIC_PROBLEM_SUBSECTION, SIC_NONE, next_va))
            return false;
    }
    return true;
}

void sic_chains_mark(struct sic_scan *scan)
{
    for (uint32_t i = 0; i < scan->views.count; i++) {
        const struct sic_view *view = sic_scan_view(scan, i);
        struct sic_subsection *subsection = sic_scan_subsection(scan, view->subsection);

        if (i + PREFETCH_DISTANCE < scan->views.count)
            __builtin_prefetch(
                &sic_scan_subsection(scan, sic_scan_view(scan, i + PREFETCH_DISTANCE)->subsection)->next_va, 1);
        subsection->flags |= SIC_SUBSECTION_VIEWED;
        if (goes_on(view))
            subsection->flags |= SIC_SUBSECTION_GOES_ON;
    }
}

void sic_chains_restore(struct sic_scan *scan)
{
    sic_chains_mark(scan);
    number_chains(scan);
}

bool sic_chains_follow(struct sic_scan *scan, const struct sic_reader *reader, const struct sic_layout *layout)
{
    struct sic_array furthest = {0};
    bool followed;

    if (!chase_viewed(scan, reader, layout))
        return false;
    number_chains(scan);
    if (!report_rings(scan))
        return false;
    if (!sic_array_reserve(&scan->allocator, &furthest, sizeof(uint64_t), scan->subsections.count))
        return false;
    if (scan->subsections.count > 0)
        __builtin_memset(furthest.elements, 0, scan->subsections.count * sizeof(uint64_t));
    followed = report_cut_chains(scan, furthest.elements);
    sic_array_free(&scan->allocator, &furthest, sizeof(uint64_t));
    return followed;
}
