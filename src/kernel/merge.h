/*
 * What several threads found, each in a scan of its own, put together as if one thread had found it.
 */
#ifndef SIC_KERNEL_MERGE_H
#define SIC_KERNEL_MERGE_H

#include "core/scan.h"

/* One thread's findings: of the processes that it walked, in their order. */
struct sic_part {
    struct sic_scan scan;
    uint32_t *map; /* for each of its subsections, the number in the merged scan; made and freed by sic_parts_merge */
};

/* Who walked a process, and how far that one's findings went when it was done. */
struct sic_walked {
    uint32_t part;
    uint32_t subsection_end;
};

/*
 * Moves views, subsections and problems of the parts to `scan`, which holds the processes and none of these yet. The
 * subsections are numbered as the processes' views first refer to them, whoever found them: an answer must not depend
 * on how the work was shared out. `walked` is by process. The parts' views and subsections are gone afterwards. False
 * when memory ran out.
 */
bool sic_parts_merge(struct sic_scan *scan, struct sic_part *parts, unsigned count, const struct sic_walked *walked);

#endif
