/*
 * The walk of one process's VAD tree.
 */
#ifndef SIC_CORE_VAD_H
#define SIC_CORE_VAD_H

#include "core/layout.h"
#include "core/scan.h"

/* The highest virtual page numbers of user space on x64: with 4 levels of page tables (128 TiB), and with 5. */
#define SIC_USER_VPN_LIMIT   0x7ffffffffull
#define SIC_USER_VPN_LIMIT_5 0xfffffffffffull

/* What one walk keeps; reusable from process to process. The owner calls sic_vad_walker_deinit. */
struct sic_vad_walker {
    const struct sic_reader *reader;
    const struct sic_layout *layout;
    enum sic_vpn_format vpn_format;
    uint64_t root_parent_va; /* what the parent link of the tree's first node holds: the sentinel, or 0 */
    struct sic_array nodes;  /* of the tree being walked */
};

void sic_vad_walker_init(struct sic_vad_walker *walker, const struct sic_reader *reader,
                         const struct sic_layout *layout);
void sic_vad_walker_deinit(struct sic_vad_walker *walker, const struct sic_allocator *allocator);

/*
 * Walks the tree of process `process_index` and appends its views to `scan` by ascending address, its subsections
 * unread, and a problem for each subtree that had to be left out. The process's counts and its range of views are set.
 * Every node is checked against its parent's bounds, its parent link and its owner, so that neither a cycle nor a
 * shared subtree can make the walk read a node twice for one process. False when memory ran out or the reader is
 * cancelled.
 */
bool sic_vad_walk(struct sic_vad_walker *walker, struct sic_scan *scan, uint32_t process_index);

/* The first page of a node, whose bytes (_MMVAD_SHORT.sizeof) these are. */
uint64_t sic_vad_start_vpn(const struct sic_layout *layout, enum sic_vpn_format format, const uint8_t *bytes);

/*
 * The _EPROCESS that the first node of a tree, at `va`, names as its own: by its owner where it is mapped, else, up to
 * 9200, by its parent link. 0: none, or unreadable.
 */
uint64_t sic_vad_root_owner(const struct sic_reader *reader, const struct sic_layout *layout, uint64_t va);

#endif
