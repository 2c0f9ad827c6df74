/*
 * Whether a layout is true of a kernel: its structures must agree with what they are said to be.
 */
#ifndef SIC_KERNEL_PROVE_H
#define SIC_KERNEL_PROVE_H

#include "kernel/process_list.h"

/* What a proof found, over the System process and the trees of the first processes of the list. */
struct sic_proof {
    uint32_t agreements;     /* nodes and sections that are what the layout says */
    uint32_t contradictions; /* nodes and sections that cannot be */
    const char *refusal;     /* why the layout was turned down before any tree was read; NULL */
};

/*
 * Holds a layout against the kernel's structures. True when they agree: the System process is pid 4 and named so, its
 * links close, nodes stand in order and belong to their processes, prototype PTEs lie in their subsections, and control
 * areas and segments point at each other; and contradictions, which a damaged image has too, are few.
 */
bool sic_layout_prove(const struct sic_reader *reader, const struct sic_layout *layout,
                      const struct sic_process_list *list, const struct sic_allocator *allocator,
                      struct sic_proof *proof);

#endif
