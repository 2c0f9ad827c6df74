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
    uint32_t
        likely; /* processes whose count of nodes is right: fields that decide nothing tell two fit layouts apart */
    const char *refusal; /* why the layout was turned down before any tree was read; NULL */
};

/* How much must speak for a layout. */
enum sic_proof_standard {
    SIC_PROOF_OF_GUESS,   /* a layout taken for its nearness: System must be System, contradictions must be few */
    SIC_PROOF_OF_IDENTITY /* a layout known to be this kernel's: damage may contradict, but not prevail */
};

/*
 * Holds a layout against the kernel's structures. True when they agree: the System process is pid 4 and named so, its
 * links close, nodes stand in order and belong to their processes, prototype PTEs lie in their subsections, and control
 * areas and segments point at each other. A damaged image contradicts any layout here and there.
 */
bool sic_layout_prove(const struct sic_reader *reader, const struct sic_layout *layout,
                      const struct sic_process_list *list, enum sic_proof_standard standard,
                      const struct sic_allocator *allocator, struct sic_proof *proof);

#endif
