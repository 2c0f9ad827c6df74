/*
 * The kernel's list of processes, as an image holds it.
 */
#ifndef SIC_KERNEL_PROCESS_LIST_H
#define SIC_KERNEL_PROCESS_LIST_H

#include "core/layout.h"
#include "core/scan.h"

/* Where to find the list. At least one of head_va and system_va is known. */
struct sic_process_list {
    uint64_t head_va;   /* PsActiveProcessHead; 0: unknown */
    uint64_t system_va; /* the System process's _EPROCESS; 0: unknown */
    uint64_t kernel_va; /* [kernel_va, kernel_va + kernel_size): a link into it is the head */
    uint64_t kernel_size;
};

/*
 * Appends every process of the list to the scan, in the list's order, with SIC_PROBLEM_PROCESS_LIST or
 * SIC_PROBLEM_PROCESS_UNREADABLE for what breaks it. Where the list breaks going forward, it is followed backwards
 * from its end too. A link is followed only when the next entry points back, so that no loop is endless.
 * `limit` ends it early (SIC_NONE: never). False when memory ran out.
 */
bool sic_process_list_read(struct sic_scan *scan, const struct sic_reader *reader, const struct sic_layout *layout,
                           const struct sic_process_list *list, uint32_t limit);

#endif
