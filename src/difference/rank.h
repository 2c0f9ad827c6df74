/*
 * Numbers in place of records: equal for equal records, ascending in their order. Nothing is hashed, so nobody who
 * chooses the records can make it slow or wrong.
 */
#ifndef SIC_DIFFERENCE_RANK_H
#define SIC_DIFFERENCE_RANK_H

#include <stdbool.h>
#include <stdint.h>

/*
 * Records of `width` numbers each, one after another, the weightiest number first: ranks[i] becomes record i's, from 0
 * on. *distinct (NULL: nobody asks) becomes the number of ranks. False when memory ran out.
 */
bool sic_rank_records(const uint64_t *fields, uint32_t width, uint32_t count, uint32_t *ranks, uint32_t *distinct);

/* Negative, 0, positive. */
typedef int sic_rank_compare(const void *context, uint32_t left, uint32_t right);

/* Sorts items, keeping the order of equal ones: n log n comparisons whatever the order. False when memory ran out. */
bool sic_rank_sort(uint32_t *items, uint32_t count, sic_rank_compare *compare, const void *context);

#endif
