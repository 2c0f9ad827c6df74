#include "platform/file_replace.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Room for what is added to a name, or for one of /proc/self/fd. */
#define NAME_ROOM     64u
#define NAME_ATTEMPTS 100u

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

/* A file that is to take the place of another. */
struct replacement {
    const char *path;
    char *temporary; /* room for its name beside `path` */
    size_t room;
    int file;
    bool is_named;
    sigset_t signals; /* blocked before; while the file has a name, none ends the program */
};

static void hold_signals(struct replacement *replacement)
{
    sigset_t all;

    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &replacement->signals);
}

/* A file without a name: it is gone whatever ends the program. Linux 3.11 and later, on most file systems. */
static bool open_nameless(struct replacement *replacement)
{
    char now[NAME_ROOM];
    char *folder = strdup(replacement->path), *end = folder ? strrchr(folder, '/') : NULL;

    if (!folder)
        return false;
    if (end)
        end[end == folder ? 1 : 0] = '\0';
    replacement->file = open(end ? folder : ".", O_TMPFILE | O_WRONLY | O_CLOEXEC, 0600);
    free(folder);
    if (replacement->file < 0)
        return false;
    snprintf(now, sizeof(now), "/proc/self/fd/%d", replacement->file);
    if (access(now, W_OK) == 0)
        return true;
    close(replacement->file);
    return false;
}

/* A link does not replace a file: it is made beside, under a name that nobody has, and moved there. */
static bool name_nameless(struct replacement *replacement)
{
    char now[NAME_ROOM];

    snprintf(now, sizeof(now), "/proc/self/fd/%d", replacement->file);
    hold_signals(replacement);
    for (unsigned i = 0; i < NAME_ATTEMPTS && !replacement->is_named; i++) {
        snprintf(replacement->temporary, replacement->room, "%s.%ld.%u", replacement->path, (long)getpid(), i);
        if (linkat(AT_FDCWD, now, AT_FDCWD, replacement->temporary, AT_SYMLINK_FOLLOW) == 0)
            replacement->is_named = true;
        else if (errno != EEXIST)
            break;
    }
    if (!replacement->is_named)
        pthread_sigmask(SIG_SETMASK, &replacement->signals, NULL);
    return replacement->is_named;
}

static bool open_named(struct replacement *replacement)
{
    hold_signals(replacement);
    snprintf(replacement->temporary, replacement->room, "%s.XXXXXX", replacement->path);
    replacement->file = mkstemp(replacement->temporary); /* mode 0600 */
    replacement->is_named = replacement->file >= 0;
    if (!replacement->is_named)
        pthread_sigmask(SIG_SETMASK, &replacement->signals, NULL);
    return replacement->is_named;
}

/* False with errno set. */
static bool replace(struct replacement *replacement, const void *bytes, size_t size)
{
    bool replaced;
    int reason;

    if (!open_nameless(replacement) && !open_named(replacement))
        return false;
    replaced = write_all(replacement->file, bytes, size) && (replacement->is_named || name_nameless(replacement)) &&
               rename(replacement->temporary, replacement->path) == 0;
    reason = errno;
    close(replacement->file);
    if (replacement->is_named) {
        if (!replaced)
            unlink(replacement->temporary);
        pthread_sigmask(SIG_SETMASK, &replacement->signals, NULL);
    }
    errno = reason;
    return replaced;
}

enum sic_status sic_file_replace(const char *path, const void *bytes, size_t size, struct sic_error *error)
{
    struct replacement replacement = {.path = path, .room = strlen(path) + NAME_ROOM};
    bool replaced;

    replacement.temporary = malloc(replacement.room);
    errno = ENOMEM;
    replaced = replacement.temporary && replace(&replacement, bytes, size);
    free(replacement.temporary);
    if (!replaced)
        return sic_error_set(error, SIC_IO, "%s cannot be written: %s; choose another place", path, strerror(errno));
    return SIC_OK;
}
