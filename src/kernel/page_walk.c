#include "kernel/page_walk.h"

#include "core/reader.h"

/* All bits that a frame's address can have in a machine of this much memory. */
static uint64_t address_bits(const struct sic_image *image)
{
    uint64_t last = (sic_image_pfn_limit(image) << SIC_PAGE_SHIFT) - 1;

    return last == UINT64_MAX ? 0 : UINT64_MAX >> __builtin_clzll(last | 1);
}

/*
 * The page that an invalid entry still names: the entry is in transition between a working set and the disk.
 * Since 2018 its frame number may be xored with a mask whose bits lie above all memory that the machine has (so that
 * speculation finds nothing there). Where the mask is unknown, a number beyond memory is therefore cut to memory's
 * bits.
 */
static uint64_t transition_frame(const struct sic_image *image, const struct sic_paging *paging, uint64_t pte)
{
    uint64_t pa = pte & SIC_PTE_TRANSITION_FRAME_MASK;
    uint64_t mask = paging->invalid_pte_mask & SIC_PTE_TRANSITION_FRAME_MASK;

    if (mask != 0 && !(pte & SIC_PTE_SWIZZLED))
        return pa ^ mask;
    if (pa >> SIC_PAGE_SHIFT >= sic_image_pfn_limit(image))
        return pa & address_bits(image);
    return pa;
}

bool sic_paging_frame(const struct sic_image *image, const struct sic_paging *paging, uint64_t entry, uint64_t *pa)
{
    if (entry & SIC_PTE_VALID)
        *pa = entry & SIC_PTE_FRAME_MASK;
    else if (sic_pte_is_transition(entry))
        *pa = transition_frame(image, paging, entry);
    else
        return false;
    return true;
}

const uint8_t *sic_paging_page(const struct sic_image *image, const struct sic_paging *paging, uint64_t entry)
{
    uint64_t pa;

    return sic_paging_frame(image, paging, entry, &pa) ? sic_image_page(image, pa >> SIC_PAGE_SHIFT) : NULL;
}

enum sic_page_walk_end sic_page_walk(const struct sic_image *image, const struct sic_paging *paging, uint64_t va,
                                     struct sic_page_walk *walk)
{
    const uint8_t *table = sic_image_page(image, paging->root_pa >> SIC_PAGE_SHIFT);

    for (unsigned level = 4; table && level > 1; level--) {
        uint64_t entry = sic_load64(table + 8 * sic_table_index(va, level)), pa;

        if (entry == 0)
            return SIC_PAGE_WALK_EMPTY;
        if (level < 4 && entry & SIC_PTE_VALID && entry & SIC_PTE_LARGE_PAGE) {
            uint64_t inside = sic_entry_size(level) - 1;

            walk->page_pa = (entry & SIC_PTE_FRAME_MASK & ~inside) | (va & inside & ~(SIC_PAGE_SIZE - 1ull));
            return SIC_PAGE_WALK_LARGE;
        }
        if (!sic_paging_frame(image, paging, entry, &pa))
            return SIC_PAGE_WALK_MISSING;
        table = sic_image_page(image, pa >> SIC_PAGE_SHIFT);
    }
    walk->table = table;
    return table ? SIC_PAGE_WALK_TABLE : SIC_PAGE_WALK_ABSENT;
}
