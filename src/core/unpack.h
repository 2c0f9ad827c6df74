/*
 * From the bytes of a packed scan back to a scan. The bytes may be anybody's: nothing in them is believed.
 */
#ifndef SIC_CORE_UNPACK_H
#define SIC_CORE_UNPACK_H

#include "core/layout.h"
#include "core/scan.h"
#include "sic/wire.h"

/* What a saved scan tells besides the scan. */
struct sic_unpacked {
    struct sic_wire_origin origin; /* flags 0: unknown. Texts are zero-terminated ASCII without control characters */
    bool has_layout;
    struct sic_layout layout; /* in bounds as sic_layout_first_bad_field has it */
};

/* True when the bytes begin as a packed scan does; the rest may still be damaged. */
bool sic_unpack_is_scan(const void *bytes, size_t size);

/*
 * Unpacks into `scan` (initialised, empty). Every count, offset, index, flag and range is checked, so that a scan that
 * was unpacked is as sound as one that was walked. Memory is bounded by the size of the bytes.
 * Returns NULL, or what is wrong: constant text, a clause. After a failure `scan` is to be thrown away.
 */
const char *sic_unpack(const void *bytes, size_t size, struct sic_scan *scan, struct sic_unpacked *unpacked);

#endif
