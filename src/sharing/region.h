/*
 * From views to regions: sets of views that reach the same prototype PTEs.
 */
#ifndef SIC_SHARING_REGION_H
#define SIC_SHARING_REGION_H

#include "core/scan.h"
#include "util/status.h"

/*
 * Its views are sic_regions.views[first, first + count). At least two, or one and a view of the kernel's own in session
 * or system space; with SIC_REGION_ALONE_TOO one. Views of the kernel's belong to all regions of their section: what
 * they cover is not told. Those of the system cache, which every read of a file leaves behind, make no region.
 */
struct sic_region {
    uint64_t prototype_pte;   /* the lowest FirstPrototypePte among them */
    uint64_t control_area_va; /* of its section */
    uint32_t first;
    uint32_t count;
    uint32_t section;
    uint32_t first_kernel; /* its kernel views: sic_scan.kernel_views[first_kernel, first_kernel + kernel_count) */
    uint32_t kernel_count; /* 0 with SIC_REGION_SAME_START */
    bool is_shifted;       /* its views do not all start at the same prototype PTE */
};

struct sic_regions {
    struct sic_region *regions; /* ascending by prototype PTE, then by control area */
    uint32_t count;
    uint32_t view_count; /* room in `views`; some of it belongs to no region */
    uint32_t *views;     /* indexes into scan->views: a region's owners by descending process index, then by descending
                            address, which is the order of the seed's listing */
};

enum sic_region_rule {
    SIC_REGION_JOINED,    /* views of one control area whose page intervals overlap, joined */
    SIC_REGION_ALONE_TOO, /* the same, and a region for each view that is joined to no other */
    SIC_REGION_SAME_START /* views with an equal FirstPrototypePte, as the seed groups them */
};

/* Whether it is shared, which not all of SIC_REGION_ALONE_TOO are. */
bool sic_region_is_shared(const struct sic_scan *scan, const struct sic_region *region);

/*
 * Groups the views of a resolved scan; the result does not depend on the number of threads. The owner calls
 * sic_regions_deinit. SIC_NO_MEMORY is the only failure.
 */
SIC_MUST_CHECK enum sic_status sic_regions_build(const struct sic_scan *scan, enum sic_region_rule rule,
                                                 unsigned threads, struct sic_error *error,
                                                 struct sic_regions *regions);
void sic_regions_deinit(struct sic_regions *regions);

/*
 * Finds prototype PTE arrays that two subsections claim, which only a torn image holds, and adds a problem for each.
 * Views of different control areas are never joined. False when memory ran out.
 */
bool sic_regions_report_claims(struct sic_scan *scan);

#endif
