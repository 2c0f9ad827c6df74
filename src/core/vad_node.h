/*
 * Fields of a VAD node that mean the same to all who read nodes.
 */
#ifndef SIC_CORE_VAD_NODE_H
#define SIC_CORE_VAD_NODE_H

#include "core/layout.h"
#include "core/reader.h"

/*
 * The balance of an AVL node stands in the low bits of its parent link (_RTL_BALANCED_NODE.ParentValue; before 9600 two
 * bits, _MMADDRESS_NODE.u1.Balance).
 */
#define SIC_VAD_PARENT_MASK (~7ull)
/* _MMVAD.VadsProcess: the low bits tell the kind of view, 1 a process's (9200 and later; 7600 on in the symbols). */
#define SIC_VAD_OWNER_MASK (~7ull)
#define SIC_VAD_OWNER_USER 1ull

/* _MMVAD_FLAGS, which is as wide as the page numbers are. `format`: sic_layout_vpn_format. */
static inline uint64_t sic_vad_node_flags(const struct sic_layout *layout, enum sic_vpn_format format,
                                          const uint8_t *bytes)
{
    bytes += sic_layout_offset(layout, SIC_FIELD_MMVAD_SHORT_FLAGS);
    return format == SIC_VPN_64 ? sic_load64(bytes) : sic_load32(bytes);
}

/* Where in an _EPROCESS the sentinel of its tree is; only for sic_layout_has_sentinel. */
static inline uint32_t sic_vad_sentinel_offset(const struct sic_layout *layout)
{
    return sic_layout_offset(layout, SIC_FIELD_EPROCESS_VAD_ROOT) +
           sic_layout_offset(layout, SIC_FIELD_AVL_TABLE_BALANCED_ROOT);
}

#endif
