/*
 * The walk from a root down through page tables in an image: the kernel's address space and every process's are read
 * with it.
 */
#ifndef SIC_KERNEL_PAGE_WALK_H
#define SIC_KERNEL_PAGE_WALK_H

#include "core/page_table.h"
#include "image/image.h"

/* How page tables are to be read. */
struct sic_paging {
    uint64_t root_pa;          /* physical address of the PML4 */
    uint64_t invalid_pte_mask; /* xored into swizzled invalid PTEs (L1TF); 0: unknown or none */
};

/* The physical address of the page that an entry names which is valid, or in transition; false for any other. */
bool sic_paging_frame(const struct sic_image *image, const struct sic_paging *paging, uint64_t entry, uint64_t *pa);

/* The bytes of that page, or NULL. */
const uint8_t *sic_paging_page(const struct sic_image *image, const struct sic_paging *paging, uint64_t entry);

enum sic_page_walk_end {
    SIC_PAGE_WALK_TABLE,   /* `table` is the page table of the address */
    SIC_PAGE_WALK_LARGE,   /* a large page maps it: `page_pa` is its 4 KiB page */
    SIC_PAGE_WALK_EMPTY,   /* an entry on the way is zero: nothing there was ever touched */
    SIC_PAGE_WALK_MISSING, /* a table on the way is not in memory */
    SIC_PAGE_WALK_ABSENT,  /* a table on the way is not in the image */
};

struct sic_page_walk {
    const uint8_t *table;
    uint64_t page_pa;
};

/* Walks from the PML4 to the page table of `va`. */
enum sic_page_walk_end sic_page_walk(const struct sic_image *image, const struct sic_paging *paging, uint64_t va,
                                     struct sic_page_walk *walk);

#endif
