/*
 * Regions of a section, by the pages that they cover.
 */
#ifndef SIC_DIFFERENCE_REGION_MATCH_H
#define SIC_DIFFERENCE_REGION_MATCH_H

#include "difference/matching.h"

/* Pages of a section that a region's views cover. Where its offset is unknown `first` is 0. */
struct sic_interval {
    bool is_placed;
    uint64_t first;
    uint64_t count;
};

struct sic_interval sic_region_interval(const struct sic_matching_side *side, uint32_t region);

/* Lists the regions of the sides by section. False when memory ran out. */
bool sic_regions_list(struct sic_matching *matching);

/*
 * Adds what differs of the regions of a pair of sections, or of one without a partner; the other is SIC_NONE. Views
 * must be matched. False when memory ran out.
 */
bool sic_regions_compare(const struct sic_matching *matching, uint32_t old_section, uint32_t new_section,
                         struct sic_difference *difference);

#endif
