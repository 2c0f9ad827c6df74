/*
 * The parts of images that all who map them share and can write: their other pages are copied on the first write.
 */
#ifndef SIC_SHARING_SHARED_WRITABLE_H
#define SIC_SHARING_SHARED_WRITABLE_H

#include "core/scan.h"
#include "core/sort.h"
#include "sharing/region.h"

/* Subsections, by their chains, and in a chain by their pages. */
struct sic_shared_writable {
    struct sic_key *keys; /* key: head << 32 | first page, which is cut to 32 bits; value: the subsection */
    uint32_t count;
    uint32_t room; /* for so many keys */
};

/* The owner calls sic_shared_writable_deinit. False when memory ran out. */
bool sic_shared_writable_build(const struct sic_scan *scan, struct sic_shared_writable *parts);
void sic_shared_writable_deinit(const struct sic_scan *scan, struct sic_shared_writable *parts);

/*
 * The range [*first, *end) of parts->keys that lies in pages of the region: only what its views cover is said of it.
 */
void sic_shared_writable_find(const struct sic_scan *scan, const struct sic_shared_writable *parts,
                              const struct sic_regions *regions, const struct sic_region *region, uint32_t *first,
                              uint32_t *end);

#endif
