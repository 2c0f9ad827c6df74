#include "platform/new_file.h"

#include "platform/paths.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define DEPTH_LIMIT 64u

static enum sic_status no_memory(struct sic_error *error)
{
    return sic_error_set(error, SIC_NO_MEMORY, "out of memory; close other programs and try again");
}

static enum sic_status cannot(const char *path, const char *what, struct sic_error *error)
{
    return sic_error_set(error, SIC_IO, "%.300s: cannot be %s: %s", path, what, strerror(errno));
}

static enum sic_status make_folders(const char *folder, struct sic_error *error)
{
    char *path = strdup(folder);
    enum sic_status status = SIC_OK;
    unsigned depth = 0;

    if (!path)
        return no_memory(error);
    for (char *at = path + 1; status == SIC_OK && at[-1] != '\0' && depth < DEPTH_LIMIT; at++) {
        char end = *at;

        if (end != '/' && end != '\0')
            continue;
        depth++;
        *at = '\0';
        if (mkdir(path, 0777) != 0 && errno != EEXIST)
            status = cannot(path, "made", error);
        *at = end;
    }
    free(path);
    return status;
}

/* A file without a name: it is gone whatever ends the program. Linux 3.11 and later, on most file systems. */
static bool open_nameless(struct sic_new_file *file)
{
    char now[64];

    file->descriptor = open(file->folder, O_TMPFILE | O_RDWR | O_CLOEXEC, 0644);
    if (file->descriptor < 0)
        return false;
    snprintf(now, sizeof(now), "/proc/self/fd/%d", file->descriptor);
    file->now = strdup(now);
    if (file->now && access(file->now, R_OK) == 0)
        return true;
    close(file->descriptor);
    free(file->now);
    file->now = NULL;
    file->descriptor = -1;
    return false;
}

static enum sic_status open_named(struct sic_new_file *file, struct sic_error *error)
{
    file->now = sic_path_join(file->folder, ".part-XXXXXX");
    if (!file->now)
        return no_memory(error);
    file->descriptor = mkostemp(file->now, O_CLOEXEC);
    if (file->descriptor < 0 || fchmod(file->descriptor, 0644) != 0)
        return cannot(file->folder, "written to", error);
    file->is_named = 1;
    return SIC_OK;
}

enum sic_status sic_new_file_create(const char *folder, const char *name, struct sic_error *error,
                                    struct sic_new_file *file)
{
    struct sic_new_file created = {.folder = strdup(folder), .path = sic_path_join(folder, name), .descriptor = -1};
    enum sic_status status = created.folder && created.path ? SIC_OK : no_memory(error);

    if (status == SIC_OK)
        status = make_folders(folder, error);
    if (status == SIC_OK && !open_nameless(&created))
        status = open_named(&created, error);
    if (status == SIC_OK)
        *file = created;
    else
        sic_new_file_close(&created);
    return status;
}

enum sic_status sic_new_file_write(struct sic_new_file *file, const void *bytes, size_t size, struct sic_error *error)
{
    const char *at = bytes;

    while (size > 0) {
        ssize_t written = write(file->descriptor, at, size);

        if (written < 0 && errno == EINTR)
            continue;
        if (written <= 0)
            return cannot(file->path, "written", error);
        at += written;
        size -= (size_t)written;
    }
    return SIC_OK;
}

/* A link does not replace a file: it is made beside, under a name of its own, and moved there. */
static enum sic_status name_nameless(struct sic_new_file *file, struct sic_error *error)
{
    char unique[32];
    char *beside;

    snprintf(unique, sizeof(unique), ".part-%ld", (long)getpid());
    beside = sic_path_join(file->folder, unique);
    if (!beside)
        return no_memory(error);
    unlink(beside);
    if (linkat(AT_FDCWD, file->now, AT_FDCWD, beside, AT_SYMLINK_FOLLOW) != 0) {
        free(beside);
        return cannot(file->path, "given its name", error);
    }
    free(file->now);
    file->now = beside;
    file->is_named = 1;
    return SIC_OK;
}

enum sic_status sic_new_file_place(struct sic_new_file *file, struct sic_error *error)
{
    if (fsync(file->descriptor) != 0)
        return cannot(file->path, "written", error);
    if (!file->is_named) {
        enum sic_status status = name_nameless(file, error);

        if (status != SIC_OK)
            return status;
    }
    if (rename(file->now, file->path) != 0)
        return cannot(file->path, "given its name", error);
    file->is_named = 0;
    return SIC_OK;
}

void sic_new_file_close(struct sic_new_file *file)
{
    if (file->descriptor >= 0)
        close(file->descriptor);
    if (file->is_named)
        unlink(file->now);
    free(file->folder);
    free(file->path);
    free(file->now);
    *file = (struct sic_new_file){.descriptor = -1};
}
