#include "core/evidence.h"

#include "core/chain.h"
#include "core/page_table.h"

#define PAGE_SHIFT 12u
#define PAGE_MASK  0xfffull

/* _POOL_HEADER, of all 64-bit releases: 16 bytes, the tag at 4. Blocks of a page and more have none before them. */
#define POOL_HEADER_SIZE 0x10u
#define POOL_TAG_OFFSET  0x4u

/* MM_PROTECTION_MASK: 5 and 7 of its low bits are copy-on-write. */
#define PROTECTION_COPY_ON_WRITE 5u

static struct sic_page *page_at(const struct sic_scan *scan, uint32_t index)
{
    return (struct sic_page *)scan->pages.elements + index;
}

static const struct sic_section *section_of(const struct sic_scan *scan, const struct sic_view *view)
{
    return sic_scan_section(scan, sic_scan_subsection(scan, view->subsection)->section);
}

static bool is_listed(const struct sic_scan *scan, const struct sic_view *view)
{
    return sic_scan_subsection(scan, view->subsection)->section != SIC_NONE && section_of(scan, view)->view_count >= 2;
}

bool sic_evidence_list(struct sic_scan *scan)
{
    uint32_t count = 0;

    /* As much room as it takes, and no more: there may be millions. */
    for (uint32_t i = 0; i < scan->views.count; i++)
        count += is_listed(scan, sic_scan_view(scan, i));
    if (!sic_array_reserve(&scan->allocator, &scan->pages, sizeof(struct sic_page), count))
        return false;
    for (uint32_t i = 0; i < scan->views.count; i++) {
        if (is_listed(scan, sic_scan_view(scan, i)))
            *page_at(scan, scan->pages.count++) = (struct sic_page){.view = i};
    }
    return true;
}

/*
 * Where the block of the array begins that the view's first prototype PTE stands in: a data file's subsections have an
 * array each, an image's share the first one's. 0: not known.
 */
static uint64_t array_base(const struct sic_scan *scan, const struct sic_view *view)
{
    const struct sic_subsection *subsection = sic_scan_subsection(scan, view->subsection);

    if (!sic_view_is_in_subsection(scan, view))
        return 0;
    if (section_of(scan, view)->flags & SIC_SECTION_IMAGE)
        subsection = sic_scan_subsection(scan, subsection->head);
    return subsection->base;
}

/* The block's header stands before it, in the same page. */
static void read_pool_tag(const struct sic_reader *reader, uint64_t base, struct sic_page *page)
{
    uint64_t header_va = base - POOL_HEADER_SIZE;

    if (!sic_is_kernel_pointer(base, POOL_HEADER_SIZE) || (base & PAGE_MASK) == 0)
        return;
    if (reader->read(reader->context, header_va + POOL_TAG_OFFSET, page->pool_tag, sizeof(page->pool_tag)))
        page->flags |= SIC_PAGE_HAS_TAG;
    else
        __builtin_memset(page->pool_tag, 0, sizeof(page->pool_tag));
}

bool sic_evidence_read_kernel(struct sic_scan *scan, const struct sic_reader *reader, uint32_t first, uint32_t end)
{
    for (uint32_t i = first; i < end; i++) {
        struct sic_page *page = page_at(scan, i);
        const struct sic_view *view = sic_scan_view(scan, page->view);

        if (sic_reader_is_cancelled(reader))
            return false;
        if (sic_reader_u64(reader, view->first_prototype_pte, &page->pte))
            page->flags |= SIC_PAGE_HAS_PTE;
        else
            page->pte = 0;
        read_pool_tag(reader, array_base(scan, view), page);
    }
    return true;
}

/*
 * What the prototype PTE itself says of the page: its frame, when it is valid, or in transition and known not to be
 * swizzled. The frame of any other could be xored with a mask that only this kernel's symbols lead to.
 */
static bool frame_of_prototype(const struct sic_page *page, uint64_t *physical)
{
    uint64_t pte = page->pte;

    if (!(page->flags & SIC_PAGE_HAS_PTE))
        return false;
    if (sic_pte_is_transition(pte) && pte & SIC_PTE_SWIZZLED)
        *physical = pte & SIC_PTE_TRANSITION_FRAME_MASK;
    else if (pte & SIC_PTE_VALID)
        *physical = pte & SIC_PTE_FRAME_MASK;
    else
        return false;
    return true;
}

static bool can_be_copied(const struct sic_view *view)
{
    return (view->protection & PROTECTION_COPY_ON_WRITE) == PROTECTION_COPY_ON_WRITE;
}

/* Where nothing else tells: of a page that is not in memory, the tables do. */
static bool may_ask_prototype(const struct sic_user_reader *user, const struct sic_view *view, uint64_t va)
{
    return !can_be_copied(view) && (!user->translate || !user->has_tables(user->context, view->process, va));
}

static void read_user_page(const struct sic_scan *scan, const struct sic_user_reader *user, struct sic_page *page)
{
    const struct sic_view *view = sic_scan_view(scan, page->view);
    uint64_t va = view->start_vpn << PAGE_SHIFT;
    bool found = user->translate && user->translate(user->context, view->process, va, &page->physical);

    if (found || (may_ask_prototype(user, view, va) && frame_of_prototype(page, &page->physical)))
        page->flags |= SIC_PAGE_HAS_PHYSICAL;
    else
        page->physical = 0;
    if (user->read(user->context, view->process, va, page->bytes, sizeof(page->bytes)))
        page->flags |= SIC_PAGE_HAS_BYTES;
    else
        __builtin_memset(page->bytes, 0, sizeof(page->bytes));
}

void sic_evidence_read_user(struct sic_scan *scan, const struct sic_user_reader *user, uint32_t first, uint32_t end)
{
    for (uint32_t i = first; i < end; i++)
        read_user_page(scan, user, page_at(scan, i));
}
