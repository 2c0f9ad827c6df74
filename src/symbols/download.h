/*
 * Fetching a PDB from a symbol server: plain HTTP, /NAME/GUIDAGE/NAME.
 */
#ifndef SIC_SYMBOLS_DOWNLOAD_H
#define SIC_SYMBOLS_DOWNLOAD_H

#include "symbols/layout_finder.h"
#include "util/status.h"

#include <stdbool.h>
#include <stdint.h>

/* A kernel's PDB has 5 to 15 MB; nothing larger than this is taken. */
#define SIC_DOWNLOAD_SIZE_LIMIT (512u << 20)

struct sic_download_options {
    unsigned timeout_seconds; /* how long a server may be silent; 0: 30 */
    /* Called now and then with the bytes so far, and all of them (0: unknown); may be NULL. */
    void (*progress)(void *context, uint64_t done, uint64_t total);
    void *progress_context;
};

/* Whether this build has a way to download at all. */
bool sic_download_is_built(void);

/*
 * False where nothing can be downloaded, with the reason as constant text. Loads what downloads need: to be asked only
 * when one is wanted, and from one thread.
 */
bool sic_download_is_possible(const char **reason);

/*
 * Fetches the PDB from the server at `url` into `store`, where it appears only whole and only when it is the one that
 * is wanted. *path, to be freed, is where it lies. SIC_NOT_FOUND: the server does not have it; SIC_IO: no server, no
 * answer, or it could not be written.
 */
SIC_MUST_CHECK enum sic_status sic_download_fetch(const char *url, const char *store,
                                                  const struct sic_pdb_reference *wanted,
                                                  const struct sic_download_options *options, struct sic_error *error,
                                                  char **path);

#endif
