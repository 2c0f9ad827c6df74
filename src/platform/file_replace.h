/*
 * Writing a file whole or not at all. Paths are UTF-8 everywhere.
 */
#ifndef SIC_PLATFORM_FILE_REPLACE_H
#define SIC_PLATFORM_FILE_REPLACE_H

#include "util/status.h"

#include <stdbool.h>
#include <stddef.h>

/* True when something of this name is there, of whatever kind. */
bool sic_file_exists(const char *path);

/*
 * Writes `bytes` to a new file beside `path` and gives it that name once it is complete, in place of the file that had
 * it. On failure, or when the program is interrupted, nothing is left behind and the old file is untouched. The new file is its owner's alone, where the
 * system has such rights; on Windows it has those that its folder hands down.
 */
SIC_MUST_CHECK enum sic_status sic_file_replace(const char *path, const void *bytes, size_t size,
                                                struct sic_error *error);

#endif
