/*
 * The chains in which a section's subsections follow each other, and where in them views lie.
 */
#ifndef SIC_CORE_CHAIN_H
#define SIC_CORE_CHAIN_H

#include "core/layout.h"
#include "core/scan.h"

/* Marks the subsections that views start in, and those that views go on from. */
void sic_chains_mark(struct sic_scan *scan);

/*
 * Follows the chains that matter, whose subsections are marked: those that a view goes on through, those that tell at
 * what offset a view starts, and those of images, whose subsections say what is shared and writable. Then numbers the
 * pages of all chains. A chain that breaks off before the end of a view, or leads in a ring, is a problem. False when
 * memory ran out.
 */
bool sic_chains_follow(struct sic_scan *scan, const struct sic_reader *reader, const struct sic_layout *layout);

/*
 * Follows the chain from `index` to its end, or to where it was followed before: each subsection is passed once. False
 * when memory ran out.
 */
bool sic_chain_chase(struct sic_scan *scan, const struct sic_reader *reader, const struct sic_layout *layout,
                     uint32_t index);

/*
 * For a scan whose subsections were linked elsewhere: marks those that views start in and go on from, and numbers the
 * pages of all chains. No two subsections have one successor, and SIC_SUBSECTION_FOLLOWED says which are one.
 */
void sic_chains_restore(struct sic_scan *scan);

/* Pages of the view that lie in the subsection it starts in: all of them where the prototype PTEs are one array. */
uint64_t sic_view_contiguous_pages(const struct sic_view *view);

/* True when the view's first prototype PTE lies in the array of the subsection that its node names. */
bool sic_view_is_in_subsection(const struct sic_scan *scan, const struct sic_view *view);

/* The page of its chain that the view starts with; only for views that are in their subsection. */
uint64_t sic_view_first_page(const struct sic_scan *scan, const struct sic_view *view);

/*
 * Address of the prototype PTE of the view's page `page`, counted from its start; 0 where the section has none, or it
 * is not known. Only for pages of the view. A page past the subsection that the view starts in is looked for along the
 * chain: each subsection that is passed is taken from *steps, and the page is not known when none are left.
 */
uint64_t sic_view_prototype_pte(const struct sic_scan *scan, const struct sic_view *view, uint64_t page,
                                uint64_t *steps);

#endif
