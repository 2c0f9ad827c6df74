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
    uint32_t
        likely; /* processes whose count of nodes is right: fields that decide nothing tell two fit layouts apart */
    bool is_weighed;     /* false: memory ran out or the reader was cancelled, and nothing is said */
    const char *refusal; /* why the layout was turned down before its nodes were weighed; NULL */
};

/* How much must speak for a layout. */
enum sic_proof_standard {
    SIC_PROOF_OF_GUESS,   /* a layout taken for its nearness: System must be System, contradictions must be few */
    SIC_PROOF_OF_IDENTITY /* a layout known to be this kernel's: damage may contradict, but not prevail */
};

/*
 * Holds a layout, whose fields are in bounds, against processes that were read with it into `scan`, which holds nothing
 * but them and the problems of their list and is of no other use afterwards. True when they agree: the first process is
 * System with pid 4, nodes stand in order and belong to their processes, prototype PTEs lie in their subsections, and
 * control areas and segments point at each other. A torn picture contradicts any layout here and there.
 */
bool sic_prove_processes(struct sic_scan *scan, const struct sic_reader *reader, const struct sic_layout *layout,
                         enum sic_proof_standard standard, struct sic_proof *proof);

/* True when the subsection and the section of a view of a resolved scan could be read. */
bool sic_view_is_resolved(const struct sic_scan *scan, const struct sic_view *view);
/* True when the first prototype PTE of such a view lies in its subsection's array; an image's view may start in a later
 * one, whose array is the same. */
bool sic_view_fits(const struct sic_scan *scan, const struct sic_view *view);

#endif
