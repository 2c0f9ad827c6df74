#include "platform/file_map.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

static enum sic_status check_kind(const struct stat *state, const char *path, struct sic_error *error)
{
    if (S_ISDIR(state->st_mode)) {
        return sic_error_set(error, SIC_IO, "%s: this is a folder; name the memory image in it", path);
    }
    if (!S_ISREG(state->st_mode)) {
        return sic_error_set(error, SIC_IO, "%s: this is no regular file; copy its content into one first", path);
    }
    if (state->st_size == 0) {
        return sic_error_set(error, SIC_BROKEN, "%s: the file is empty; make or copy the image again", path);
    }
    if ((uintmax_t)state->st_size > SIZE_MAX / 2) {
        return sic_error_set(error, SIC_UNSUPPORTED, "%s: the file is too large to be mapped on this machine", path);
    }
    return SIC_OK;
}

static enum sic_status map_descriptor(int descriptor, const char *path, struct sic_error *error,
                                      struct sic_file_map *map)
{
    struct stat state;

    if (fstat(descriptor, &state) != 0) {
        return sic_error_set(error, SIC_IO, "%s: cannot be examined: %s", path, strerror(errno));
    }
    enum sic_status status = check_kind(&state, path, error);
    if (status != SIC_OK) {
        return status;
    }
    size_t size = (size_t)state.st_size;
    void *bytes = mmap(NULL, size, PROT_READ, MAP_SHARED, descriptor, 0);
    if (bytes == MAP_FAILED) {
        return sic_error_set(error, SIC_IO, "%s: cannot be mapped: %s", path, strerror(errno));
    }
    map->bytes = bytes;
    map->size = size;
    return SIC_OK;
}

enum sic_status sic_file_map_open(const char *path, struct sic_error *error, struct sic_file_map *map)
{
    /* O_NONBLOCK: a named pipe is then refused instead of waited for. */
    int descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);

    if (descriptor < 0) {
        return sic_error_set(error, SIC_IO, "%s: cannot be opened: %s", path, strerror(errno));
    }
    enum sic_status status = map_descriptor(descriptor, path, error, map);
    close(descriptor); /* the mapping keeps the file */
    return status;
}

void sic_file_map_close(struct sic_file_map *map)
{
    if (map->bytes != NULL) {
        munmap((void *)(uintptr_t)map->bytes, map->size);
    }
    map->bytes = NULL;
    map->size = 0;
}
