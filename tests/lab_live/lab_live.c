/*
 * A live kernel for tests without Windows: images in place of what the driver would answer. With this file instead of
 * those of src/live the program is the shipped one; this build ships nowhere.
 *
 * The environment variable SIC_LAB_SCANS names the images, separated by colons, one for each scan; '-' is a scan that
 * fails, '!' one in which Ctrl-C is heard, and so it is after the last one. What happens is told on standard error.
 * SIC_LAB_LEFT is why the driver cannot be removed.
 */
#include "image/image.h"
#include "live/live.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct sic_live_session {
    const struct sic_live_options *options;
    const char *rest; /* of the images; NULL: all were scanned */
    bool is_interrupted;
};

bool sic_live_is_possible(void)
{
    return true;
}

enum sic_status sic_live_open(const struct sic_live_options *options, struct sic_error *error,
                              struct sic_live_session **session)
{
    struct sic_live_session *opened = calloc(1, sizeof(*opened));

    if (!opened)
        return sic_error_set(error, SIC_NO_MEMORY, "out of memory");
    *opened = (struct sic_live_session){.options = options, .rest = getenv("SIC_LAB_SCANS")};
    fprintf(stderr, "lab: open, %s PEBs\n", options->collect.with_peb ? "with" : "without");
    *session = opened;
    return SIC_OK;
}

/* The next image's path, to be freed. */
static char *take_path(struct sic_live_session *session)
{
    size_t size = strcspn(session->rest, ":");
    char *path = strndup(session->rest, size);

    session->rest = session->rest[size] == ':' ? session->rest + size + 1 : NULL;
    return path;
}

static enum sic_status scan_image(const char *path, const struct sic_live_options *options, struct sic_error *error,
                                  struct sic_kernel *kernel, struct sic_scan *scan)
{
    struct sic_kernel found;
    struct sic_image *image;
    enum sic_status status = sic_image_open(path, error, &image);

    if (status != SIC_OK)
        return status;
    status = sic_kernel_open(image, error, &found);
    if (status == SIC_OK)
        status = sic_collect(&found, &options->collect, error, scan);
    sic_image_close(image);
    found.image = NULL;
    if (status == SIC_OK)
        *kernel = found;
    return status;
}

enum sic_status sic_live_session_scan(struct sic_live_session *session, struct sic_error *error,
                                      struct sic_kernel *kernel, struct sic_scan *scan)
{
    char *path = session->rest ? take_path(session) : NULL;
    enum sic_status status;

    if (!path)
        return sic_error_set(error, SIC_IO, "there is nothing to scan");
    session->is_interrupted = strcmp(path, "!") == 0;
    if (session->is_interrupted || strcmp(path, "-") == 0)
        status = sic_error_set(error, SIC_IO, "the lab says \"no\"");
    else
        status = scan_image(path, session->options, error, kernel, scan);
    free(path);
    return status;
}

bool sic_live_is_interrupted(const struct sic_live_session *session)
{
    return session->is_interrupted;
}

bool sic_live_wait(const struct sic_live_session *session, unsigned seconds)
{
    fprintf(stderr, "lab: %u seconds\n", seconds);
    return session->rest;
}

enum sic_status sic_live_close(struct sic_live_session *session, struct sic_error *error)
{
    const char *left = getenv("SIC_LAB_LEFT");

    free(session);
    fprintf(stderr, "lab: close\n");
    return left ? sic_error_set(error, SIC_IO, "%s", left) : SIC_OK;
}

enum sic_status sic_live_scan(const struct sic_live_options *options, struct sic_error *error,
                              struct sic_kernel *kernel, struct sic_scan *scan)
{
    (void)options;
    (void)kernel;
    (void)scan;
    return sic_error_set(error, SIC_UNSUPPORTED, "the lab has no single scans");
}

enum sic_status sic_live_dump_make(const char *keep, struct sic_error *error, struct sic_live_dump *dump)
{
    (void)keep;
    (void)dump;
    return sic_error_set(error, SIC_UNSUPPORTED, "the lab has no dumps");
}

void sic_live_dump_close(struct sic_live_dump *dump)
{
    (void)dump;
}
