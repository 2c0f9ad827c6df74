#include "meaning/page.h"

/*
 * Of a PTE that is not valid: "prototype" means in a prototype PTE that the page is to be read from its file, without
 * it "transition" means that the page is in memory. Both bits stand outside of what the kernel swizzles.
 */
#define PTE_VALID      0x1u
#define PTE_PROTOTYPE  0x400u
#define PTE_TRANSITION 0x800u

enum sic_answer sic_page_is_in_memory(const struct sic_page *page, unsigned protection)
{
    if (!page)
        return SIC_ANSWER_UNKNOWN;
    if (page->flags & SIC_PAGE_HAS_PHYSICAL)
        return SIC_ANSWER_YES;
    if (!(page->flags & SIC_PAGE_HAS_PTE) || (protection & 5) == 5 || page->pte & PTE_VALID ||
        (!(page->pte & PTE_PROTOTYPE) && page->pte & PTE_TRANSITION))
        return SIC_ANSWER_UNKNOWN;
    return SIC_ANSWER_NO;
}
