/*
 * Between the files that pack a scan: what was walked, and the facts that tell what it is and whose.
 */
#ifndef SIC_CORE_PACK_PRIVATE_H
#define SIC_CORE_PACK_PRIVATE_H

#include "core/scan.h"
#include "sic/wire.h"

/* Where the next byte goes. */
struct sic_packer {
    uint8_t *bytes;
    uint64_t used;
};

void sic_pack_put(struct sic_packer *packer, const void *bytes, uint64_t size);

/* Processes, views, subsections, sections, problems, notes. */
void sic_pack_put_walk(struct sic_packer *packer, const struct sic_scan *scan);

/* Tokens, SIDs, names, handles, devices, kernel views, pointers of PEBs, pages. */
void sic_pack_put_facts(struct sic_packer *packer, const struct sic_scan *scan);

static inline struct sic_wire_string sic_pack_string(struct sic_string string)
{
    return (struct sic_wire_string){.offset = string.offset, .length = string.length};
}

static inline struct sic_wire_blob sic_pack_blob(struct sic_blob blob)
{
    return (struct sic_wire_blob){.offset = blob.offset, .length = blob.length};
}

#endif
