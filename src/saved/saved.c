#include "saved/saved.h"

#include "core/pack.h"
#include "platform/file_map.h"
#include "platform/file_replace.h"

#include <stdlib.h>

enum sic_status sic_saved_read(const char *path, struct sic_error *error, struct sic_scan *scan,
                               struct sic_unpacked *unpacked)
{
    struct sic_file_map map;
    enum sic_status status = sic_file_map_open(path, error, &map);
    const char *refusal;

    if (status != SIC_OK)
        return status;
    if (!sic_unpack_is_scan(map.bytes, map.size)) {
        sic_file_map_close(&map);
        return SIC_NOT_MINE;
    }
    refusal = sic_unpack(map.bytes, map.size, scan, unpacked);
    sic_file_map_close(&map);
    if (refusal)
        return sic_error_set(error, SIC_BROKEN, "%s: this saved scan cannot be used: %s; save it anew", path, refusal);
    return SIC_OK;
}

/* What stands at `path` already may be the only copy of something: a saved scan can be made anew, an image cannot. */
static enum sic_status check_target(const char *path, struct sic_error *error)
{
    struct sic_file_map map;
    struct sic_error ignored;
    bool is_scan;

    if (!sic_file_exists(path))
        return SIC_OK;
    if (sic_file_map_open(path, &ignored, &map) != SIC_OK)
        return sic_error_set(error, SIC_IO, "%s: there is something that is no saved scan; choose another name", path);
    is_scan = sic_unpack_is_scan(map.bytes, map.size);
    sic_file_map_close(&map);
    if (!is_scan)
        return sic_error_set(error, SIC_IO, "%s: there is a file that is no saved scan; choose another name", path);
    return SIC_OK;
}

enum sic_status sic_saved_write(const char *path, const struct sic_scan *scan, const struct sic_wire_origin *origin,
                                const struct sic_layout *layout, struct sic_error *error)
{
    uint64_t size = sic_pack_size(scan, layout);
    enum sic_status status = check_target(path, error);
    void *bytes;

    if (status != SIC_OK)
        return status;
    bytes = size <= SIZE_MAX ? malloc((size_t)size) : NULL;
    if (!bytes || !sic_pack(scan, origin, layout, bytes, (size_t)size))
        status = sic_error_set(error, SIC_NO_MEMORY, "out of memory while the scan was saved; close other programs");
    else
        status = sic_file_replace(path, bytes, (size_t)size, error);
    free(bytes);
    return status;
}
