/*
 * Page frames that a file holds in ascending order without gaps, with a bitmap that says which. The file position of
 * a frame is the number of bits set before its own; a table of counts makes that one addition and one population
 * count.
 */
#ifndef SIC_IMAGE_PAGE_BITMAP_H
#define SIC_IMAGE_PAGE_BITMAP_H

#include "image/bytes.h"

struct page_bitmap {
    const uint8_t *bits; /* borrowed, in the file */
    uint64_t bit_count;
    uint64_t last_word; /* the last 64 bits, those past bit_count cleared */
    uint64_t *counts;   /* owned; one for every 256 bits, see page_bitmap.c */
    uint64_t present;   /* bits set for which the file holds a page */
    const uint8_t *pages;
};

/* The size in bytes of a bitmap of so many bits, as it stands in the file. */
static inline uint64_t page_bitmap_size(uint64_t bit_count)
{
    return bit_count / 8 + (bit_count % 8 != 0);
}

/*
 * Takes a bitmap at file offset `bitmap_offset`, which the caller has checked to lie in the file, and pages from
 * `first_page_offset` on. *total becomes the number of bits set. Returns false when memory lacks.
 */
bool page_bitmap_init(struct page_bitmap *bitmap, const struct image_bytes *file, uint64_t bitmap_offset,
                      uint64_t bit_count, uint64_t first_page_offset, uint64_t *total);
void page_bitmap_deinit(struct page_bitmap *bitmap);

/* The bytes of a frame or NULL. */
const uint8_t *page_bitmap_find(const struct page_bitmap *bitmap, uint64_t pfn);

/* The first run of frames at or after `pfn`, as long as it goes. */
bool page_bitmap_next(const struct page_bitmap *bitmap, uint64_t pfn, uint64_t *first, uint64_t *count);

#endif
