#include "platform/file_replace.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

bool sic_file_exists(const char *path)
{
    struct stat status;

    return lstat(path, &status) == 0;
}

static bool write_all(int file, const char *bytes, size_t size)
{
    while (size > 0) {
        ssize_t written = write(file, bytes, size);

        if (written < 0 && errno == EINTR)
            continue;
        if (written <= 0)
            return false;
        bytes += written;
        size -= (size_t)written;
    }
    return fsync(file) == 0;
}

enum sic_status sic_file_replace(const char *path, const void *bytes, size_t size, struct sic_error *error)
{
    size_t room = strlen(path) + sizeof(".XXXXXX");
    char *temporary = malloc(room);
    int file = -1, reason = ENOMEM;
    bool written = false;

    if (temporary) {
        snprintf(temporary, room, "%s.XXXXXX", path);
        file = mkstemp(temporary); /* mode 0600 */
        reason = errno;
    }
    if (file >= 0) {
        written = write_all(file, bytes, size);
        reason = errno;
        if (close(file) != 0 && written) {
            written = false;
            reason = errno;
        }
        if (written && rename(temporary, path) != 0) {
            written = false;
            reason = errno;
        }
        if (!written)
            unlink(temporary);
    }
    free(temporary);
    if (!written)
        return sic_error_set(error, SIC_IO, "%s cannot be written: %s; choose another place", path, strerror(reason));
    return SIC_OK;
}
