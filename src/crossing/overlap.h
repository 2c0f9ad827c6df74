/*
 * Pages that some can write and others show.
 */
#ifndef SIC_CROSSING_OVERLAP_H
#define SIC_CROSSING_OVERLAP_H

#include <stdbool.h>
#include <stdint.h>

/* Pages [first, end) that a view reaches. Of two sides of a kind those of one party are none to each other. */
struct sic_reach {
    uint64_t first;
    uint64_t end;
    uint32_t party;
    uint32_t view;    /* index into sic_scan.views; borrowed from the caller, not looked at */
    bool is_writer;   /* else it shows the pages */
    bool is_crossing; /* result: one of another party and the other kind reaches a page of it */
};

struct sic_page_range {
    uint64_t first;
    uint64_t end;
};

struct sic_overlap {
    uint64_t pages;       /* that a writer and a reader of another party reach */
    uint32_t range_count; /* they lie in so many ranges */
    struct sic_page_range first_range;
};

/*
 * Finds the pages that both kinds reach, and marks those who reach them. False when memory ran out. The time it takes
 * grows no faster than sorting does.
 */
bool sic_overlap_find(struct sic_reach *reaches, uint32_t count, struct sic_overlap *overlap);

#endif
