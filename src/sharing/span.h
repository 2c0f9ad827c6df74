/*
 * Where in its section a view lies: the coordinates in which the views of one section are compared.
 */
#ifndef SIC_SHARING_SPAN_H
#define SIC_SHARING_SPAN_H

#include "core/scan.h"

/*
 * Pages [first, end) of the chain that starts with subsection `chain`; spans are comparable when their chains are
 * equal. Image views, whose subsections share one array, have the chain SIC_NONE, and their pages are prototype PTE
 * addresses divided by 8; so have views whose prototype PTE lies outside of their subsection's array (a torn picture).
 */
struct sic_span {
    uint64_t first;
    uint64_t end;
    uint32_t chain;
};

struct sic_span sic_view_span(const struct sic_scan *scan, const struct sic_view *view);

/* Where in its section the view starts, in bytes. False when the image does not tell. */
bool sic_view_section_offset(const struct sic_scan *scan, const struct sic_view *view, uint64_t *offset);

#endif
