/*
 * A file mapped read-only into memory, whatever its size: pages are read when they are touched. Paths are UTF-8
 * everywhere.
 *
 * A file that another program shortens while it is mapped makes reads of the lost part fault; SiC reads files that
 * nobody writes any more.
 */
#ifndef SIC_PLATFORM_FILE_MAP_H
#define SIC_PLATFORM_FILE_MAP_H

#include "util/status.h"

#include <stddef.h>
#include <stdint.h>

struct sic_file_map {
    const uint8_t *bytes;
    size_t size; /* bytes, at least 1 */
};

/* Maps a regular file. Refuses directories, devices and empty files. On success: sic_file_map_close. */
SIC_MUST_CHECK enum sic_status sic_file_map_open(const char *path, struct sic_error *error, struct sic_file_map *map);

/* A map of zeros is allowed and does nothing. */
void sic_file_map_close(struct sic_file_map *map);

#endif
