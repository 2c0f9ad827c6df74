/*
 * A machine whose trees change: what is in them is read and written in the lab's own way, and what was true at some
 * time is kept.
 */
#ifndef SIC_TESTS_CHANGING_MACHINE_H
#define SIC_TESTS_CHANGING_MACHINE_H

#include "driver_rig.h"

#define FACT_LIMIT 4096u

/* A process that owned a view at some time: kept all through when `missed` is false. */
struct fact {
    uint64_t eprocess_va;
    uint64_t start_vpn;
    uint64_t prototype_pte;
    bool missed;
};

struct machine {
    struct rig rig;
    uint64_t random;
    uint64_t interval;  /* a change each so many copies, by chance */
    bool never_deletes; /* no view is marked as being unmapped: none is then passed over for good */
    uint64_t last_copy; /* no change after this one */
    struct fact facts[FACT_LIMIT];
    size_t fact_count;
    uint64_t freed[64]; /* nodes that are in no tree */
    size_t freed_count;
    unsigned changes[4];
    /* offsets in a node, and the masks of its flags */
    uint32_t left, right, parent, start, end, start_high, end_high, flags, subsection, first, owner, size;
    uint32_t private_mask, deleting_mask;
    uint32_t root;
};

/* After rig_open: finds the offsets, and notes what is true at the start. */
void machine_init(struct machine *machine);
/* From now on, changes are made between the driver's reads, as interval and last_copy say. */
void machine_start(struct machine *machine);
/* NULL: it was never so. */
struct fact *machine_find_fact(struct machine *machine, uint64_t eprocess_va, uint64_t start, uint64_t pte);

#endif
