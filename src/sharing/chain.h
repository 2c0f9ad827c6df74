/*
 * Where in its section a view lies, in pages: the coordinate in which views of one section are compared.
 */
#ifndef SIC_SHARING_CHAIN_H
#define SIC_SHARING_CHAIN_H

#include "core/scan.h"
#include "util/status.h"

/* One subsection's place in the chain of its section. */
struct sic_chain_place {
    uint64_t first_page;  /* pages of the subsections before it, from the head of its chain on */
    uint64_t chain_pages; /* of the whole chain; set for its head */
    uint32_t head;        /* the subsection that its chain starts with */
};

/* Places of all subsections, by index; freed by the caller with free(). */
SIC_MUST_CHECK enum sic_status sic_chain_places(const struct sic_scan *scan, struct sic_error *error,
                                                struct sic_chain_place **places);

/*
 * Pages [*first, *end) that the view covers, of the chain that starts with subsection *chain: views of one section are
 * compared in it. Image views, whose subsections share one array, have the chain SIC_NONE, and their pages are
 * prototype PTE addresses divided by 8; so have views whose prototype PTE lies outside of their subsection's array (a
 * torn picture).
 */
void sic_chain_span(const struct sic_scan *scan, const struct sic_chain_place *places, const struct sic_view *view,
                    uint32_t *chain, uint64_t *first, uint64_t *end);

/* Where in its section the view starts, in bytes. False when the image does not tell. */
bool sic_chain_section_offset(const struct sic_scan *scan, const struct sic_chain_place *places,
                              const struct sic_view *view, uint64_t *offset);

#endif
