/*
 * What a view's protection means for others: whether they see what is written.
 */
#ifndef SIC_MEANING_RIGHTS_H
#define SIC_MEANING_RIGHTS_H

#include "sharing/region.h"
#include "sharing/shared_writable.h"

enum sic_writes {
    SIC_WRITES_NONE,   /* nothing can be written */
    SIC_WRITES_COPIED, /* what is written becomes the writer's own copy */
    SIC_WRITES_SHARED, /* what is written all see */
    SIC_WRITES_PARTLY  /* an image: its shared and writable parts all see, the rest is copied */
};

/* `has_shared_parts`: the region is an image's and covers parts that are shared and writable. */
enum sic_writes sic_view_writes(const struct sic_scan *scan, const struct sic_view *view, bool has_shared_parts);

/* "none", "copied", "shared", "partly shared". */
const char *sic_writes_text(enum sic_writes writes);

/* "read-write", "read, copy on write", "no access", … */
const char *sic_protection_words(unsigned protection);

/* Whether a view of the region can write pages that others see. */
bool sic_region_is_writable(const struct sic_scan *scan, const struct sic_regions *regions,
                            const struct sic_region *region, const struct sic_shared_writable *parts);

#endif
