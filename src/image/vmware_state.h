/*
 * VMware's state files, .vmss (suspended) and .vmsn (snapshot): where in the memory that VMware saved, here or in the
 * .vmem beside, each piece of physical memory lies. docs/formats/vmware.md
 */
#ifndef SIC_IMAGE_VMWARE_STATE_H
#define SIC_IMAGE_VMWARE_STATE_H

#include "image/bytes.h"

/* VMware's machines have two or three. */
#define VMWARE_REGIONS_MAXIMUM 64u
#define VMWARE_REGION_TOLD     7u

struct vmware_region {
    uint64_t first_pfn;  /* regionPPN */
    uint64_t first_page; /* regionPageNum: index of its first page in the saved memory */
    uint64_t page_count; /* regionSize */
    uint32_t told;       /* which of the three the file names: VMWARE_REGION_TOLD when all */
};

struct vmware_state {
    bool has_count;        /* the file says how many regions there are */
    uint32_t region_count; /* 0: all memory in one piece from address 0 */
    struct vmware_region region[VMWARE_REGIONS_MAXIMUM];
    bool has_memory; /* the state file holds the memory itself, */
    bool is_compressed;
    uint64_t memory_offset; /* here, */
    uint64_t memory_size;   /* of so many bytes */
};

/* Whether the file begins as a state file does. */
bool vmware_state_is_one(const struct image_bytes *file);

/* False when the bytes contradict themselves: *fault then says what is wrong, *at where. */
bool vmware_state_read(const struct image_bytes *file, struct vmware_state *state, const char **fault, uint64_t *at);

#endif
