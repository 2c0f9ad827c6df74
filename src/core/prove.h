/*
 * Whether a layout is true of a kernel: its structures must agree with what they are said to be.
 */
#ifndef SIC_CORE_PROVE_H
#define SIC_CORE_PROVE_H

#include "core/layout.h"
#include "core/scan.h"

/* What a proof found. */
struct sic_proof {
    uint32_t agreements;     /* nodes and sections that are what the layout says */
    uint32_t contradictions; /* nodes and sections that cannot be */
    bool is_weighed;         /* false: memory ran out or the reader was cancelled, and nothing is said */
    const char *refusal;     /* why the layout was turned down before its nodes were weighed; NULL */
};

/*
 * Holds a layout, whose fields are in bounds, against processes that were read with it into `scan`, which holds nothing
 * else and is of no other use afterwards. True when they agree: the first process is System with pid 4, nodes stand in
 * order and belong to their processes, prototype PTEs lie in their subsections, and control areas and segments point at
 * each other; and contradictions, which a torn picture has too, are few.
 */
bool sic_prove_processes(struct sic_scan *scan, const struct sic_reader *reader, const struct sic_layout *layout,
                         struct sic_proof *proof);

/* True when the subsection and the section of a view of a resolved scan could be read. */
bool sic_view_is_resolved(const struct sic_scan *scan, const struct sic_view *view);
/* True when the first prototype PTE of such a view, and the last that its node names, lie in its subsection's array. */
bool sic_view_fits(const struct sic_scan *scan, const struct sic_view *view);

#endif
