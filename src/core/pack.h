/*
 * A scan as bytes (include/sic/wire.h), for the driver's answer and for saved scans.
 */
#ifndef SIC_CORE_PACK_H
#define SIC_CORE_PACK_H

#include "core/layout.h"
#include "core/scan.h"
#include "sic/wire.h"

/* Bytes of a record of the table. */
uint32_t sic_pack_element_size(enum sic_wire_table_id table);

/* Bytes that the packed scan takes. `layout` is NULL when it is not to be packed. */
uint64_t sic_pack_size(const struct sic_scan *scan, const struct sic_layout *layout);

/*
 * Packs a resolved scan into `buffer`, which has exactly sic_pack_size bytes. `origin` is NULL when it is unknown.
 * The buffer is only written to, front to back and each byte once: it may be memory that another program changes
 * meanwhile. Equal scans give equal bytes. False when the size is wrong.
 */
bool sic_pack(const struct sic_scan *scan, const struct sic_wire_origin *origin, const struct sic_layout *layout,
              void *buffer, size_t size);

#endif
