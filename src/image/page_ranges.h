/*
 * Page frames that a file holds as any number of ranges, in any order, overlapping or not: what LiME, ELF cores, VMware
 * and the debugger's dumps list. Collected first, then put in order once; a lookup then takes one step through a table
 * and a short search.
 */
#ifndef SIC_IMAGE_PAGE_RANGES_H
#define SIC_IMAGE_PAGE_RANGES_H

#include "image/bytes.h"

/* More than any container of a real machine lists. */
#define PAGE_RANGES_MAXIMUM (UINT32_C(1) << 24)

/* Frames [first_pfn, first_pfn + count), of which the file, cut short perhaps, holds the first `held`. */
struct listed_range {
    uint64_t first_pfn;
    uint64_t count;
    uint64_t held;
    const uint8_t *bytes;
};

/* The ranges as they are collected. All zeros to begin with. */
struct range_list {
    struct listed_range *range;
    uint32_t count;
    uint32_t capacity;
};

struct page_range {
    uint64_t first_pfn;
    uint64_t count;
    const uint8_t *bytes;
};

/* The ranges in order: sorted, apart from one another, and wholly in the file. */
struct page_ranges {
    struct page_range *range;
    uint32_t *bucket; /* of frames with equal pfn >> shift: the first range that begins in the bucket or after it */
    uint32_t count;
    unsigned int shift;
    uint64_t limit; /* one past the last frame */
};

enum page_ranges_fault {
    PAGE_RANGES_FINE,
    PAGE_RANGES_FULL,    /* more than PAGE_RANGES_MAXIMUM */
    PAGE_RANGES_WRAP,    /* beyond 48 bits of physical address */
    PAGE_RANGES_ALIASED, /* the same bytes of the file stand for several frames */
    PAGE_RANGES_NO_MEMORY
};

/* What a fault says of a range or of a file, to stand behind "range 3 " or "its ranges ". */
const char *page_ranges_fault_text(enum page_ranges_fault fault);

/*
 * Lists physical memory [address, address + size), found at file offset `offset`, which may lie past the file's end.
 * Only whole pages count: those that a range holds in part, at its edges, are left out.
 */
enum page_ranges_fault range_list_add(struct range_list *list, const struct image_bytes *file, uint64_t address,
                                      uint64_t size, uint64_t offset);
void range_list_deinit(struct range_list *list);

/*
 * Puts what was listed in order. Where ranges overlap, the one whose bytes begin first in the file has the frame;
 * ranges listed one after another that go on in memory and in the file count as one. *missing becomes the number of
 * frames that some range promises and none holds. On success: page_ranges_deinit. The list stays the caller's, its
 * order does not.
 */
enum page_ranges_fault page_ranges_init(struct page_ranges *ranges, struct range_list *list,
                                        const struct image_bytes *file, uint64_t *missing);
void page_ranges_deinit(struct page_ranges *ranges);

/* The bytes of a frame or NULL. */
const uint8_t *page_ranges_find(const struct page_ranges *ranges, uint64_t pfn);

/* The first run of frames at or after `pfn`; neighbours are joined. */
bool page_ranges_next(const struct page_ranges *ranges, uint64_t pfn, uint64_t *first, uint64_t *count);

#endif
