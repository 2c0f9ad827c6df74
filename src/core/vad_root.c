#include "core/vad.h"

#include "core/vad_node.h"

/* The first node of a tree of _MM_AVL_TABLE leads back to the sentinel, which is in the process's record. */
static uint64_t load_sentinel_owner(const struct sic_layout *layout, const uint8_t *bytes)
{
    if (!sic_layout_has_sentinel(layout))
        return 0;
    return (sic_load64(bytes + sic_layout_offset(layout, SIC_FIELD_MMVAD_SHORT_PARENT)) & SIC_VAD_PARENT_MASK) -
           sic_vad_sentinel_offset(layout);
}

uint64_t sic_vad_root_owner(const struct sic_reader *reader, const struct sic_layout *layout, uint64_t va)
{
    uint8_t scratch[SIC_VAD_SIZE_LIMIT];
    const uint8_t *bytes = sic_reader_bytes(reader, va, scratch, sic_layout_offset(layout, SIC_FIELD_MMVAD_SIZE));
    uint64_t owner;

    if (!bytes)
        return 0;
    if (!sic_layout_has(layout, SIC_FIELD_MMVAD_VADS_PROCESS) ||
        sic_layout_bits(layout, SIC_FIELD_VAD_FLAGS_PRIVATE_MEMORY,
                        sic_vad_node_flags(layout, sic_layout_vpn_format(layout), bytes)))
        return load_sentinel_owner(layout, bytes);
    owner = sic_load64(bytes + sic_layout_offset(layout, SIC_FIELD_MMVAD_VADS_PROCESS));
    return (owner & ~SIC_VAD_OWNER_MASK) == SIC_VAD_OWNER_USER ? owner & SIC_VAD_OWNER_MASK : 0;
}
