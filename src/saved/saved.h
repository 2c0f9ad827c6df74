/*
 * Saved scans: files that hold one packed scan (include/sic/wire.h).
 */
#ifndef SIC_SAVED_SAVED_H
#define SIC_SAVED_SAVED_H

#include "core/scan.h"
#include "core/unpack.h"
#include "util/status.h"

/*
 * Reads the file at `path` when it is a saved scan: SIC_NOT_MINE, without a message, when its first bytes say that it
 * is something else. `scan` is initialised and empty; after a failure it is only to be released.
 */
SIC_MUST_CHECK enum sic_status sic_saved_read(const char *path, struct sic_error *error, struct sic_scan *scan,
                                              struct sic_unpacked *unpacked);

/*
 * Writes a resolved scan, whole or not at all: an older file stays as it is until the new one is complete. A file at
 * `path` that is no saved scan is never replaced.
 */
SIC_MUST_CHECK enum sic_status sic_saved_write(const char *path, const struct sic_scan *scan,
                                               const struct sic_wire_origin *origin, const struct sic_layout *layout,
                                               struct sic_error *error);

#endif
