/*
 * What the first page of a view is, as far as it was read.
 */
#ifndef SIC_MEANING_PAGE_H
#define SIC_MEANING_PAGE_H

#include "core/scan.h"
#include "meaning/identity.h"

/*
 * Whether the page that all share is in memory: no, where its prototype PTE says so. Of a view that is copied on write
 * it is unknown then: the owner may have a copy of its own. `page` may be NULL: nothing was read. `protection`: of the
 * view.
 */
enum sic_answer sic_page_is_in_memory(const struct sic_page *page, unsigned protection);

#endif
