/*
 * Texts of two scans, compared without their case.
 */
#ifndef SIC_DIFFERENCE_FOLDED_H
#define SIC_DIFFERENCE_FOLDED_H

#include "core/scan.h"

/* A text of a side's strings. */
struct sic_folded_text {
    unsigned side;
    struct sic_string string; /* a known one */
};

/*
 * Gives equal texts equal ranks, from 0 on, in their order. A saved scan's strings may overlap as they please: the time
 * depends on how much text there is, not on how much of it is referred to. False when memory ran out.
 */
bool sic_folded_rank(const struct sic_scan *const scans[2], const struct sic_folded_text *texts, uint32_t count,
                     uint32_t *ranks);

#endif
