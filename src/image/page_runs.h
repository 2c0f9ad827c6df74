/*
 * Page frames that a file holds as a few runs, each contiguous in the file. Kept sorted by frame number; lookup is a
 * binary search.
 */
#ifndef SIC_IMAGE_PAGE_RUNS_H
#define SIC_IMAGE_PAGE_RUNS_H

#include "image/bytes.h"

/* A header block of 700 bytes holds this many (DUMP_HEADER64.PhysicalMemoryBlockBuffer). */
#define PAGE_RUNS_MAXIMUM 42

struct page_run {
    uint64_t first_pfn;
    uint64_t count;   /* frames that the header names */
    uint64_t present; /* of these, from the first on, the file holds so many */
    const uint8_t *bytes;
};

struct page_runs {
    uint32_t count;
    struct page_run run[PAGE_RUNS_MAXIMUM];
};

enum page_runs_fault { PAGE_RUNS_FINE, PAGE_RUNS_FULL, PAGE_RUNS_WRAP, PAGE_RUNS_OVERLAP };

/*
 * Adds frames [first_pfn, first_pfn + count) found at file offset `offset`. Frames that the file, cut short, does not
 * hold are added to *missing. Runs may come in any order; an empty run is ignored.
 */
enum page_runs_fault page_runs_add(struct page_runs *runs, const struct image_bytes *file, uint64_t first_pfn,
                                   uint64_t count, uint64_t offset, uint64_t *missing);

/* The bytes of a frame or NULL. */
const uint8_t *page_runs_find(const struct page_runs *runs, uint64_t pfn);

/* The first run of frames at or after `pfn`; neighbours are joined. */
bool page_runs_next(const struct page_runs *runs, uint64_t pfn, uint64_t *first, uint64_t *count);

#endif
