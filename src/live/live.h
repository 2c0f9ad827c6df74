/*
 * The live kernel: through the driver, or through a dump that Windows makes of itself. Windows only; elsewhere
 * live_none.c stands in and says so.
 */
#ifndef SIC_LIVE_LIVE_H
#define SIC_LIVE_LIVE_H

#include "core/scan.h"
#include "kernel/kernel.h"
#include "live/layout_choice.h"
#include "util/status.h"

struct sic_live_options {
    bool with_paths;
    bool with_names;
    bool with_objects; /* object directories, devices, and all views of the kernel's own */
    bool with_handles;
    bool with_security; /* with objects: the security descriptors of directories and named sections */
    bool with_tokens;
    bool with_peb;                        /* read by this program, not by the driver */
    bool with_first_pages;                /* what the kernel says of them by the driver, the bytes by this program */
    uint32_t minimum_views;               /* names only of sections mapped at least so often */
    const struct sic_live_finder *finder; /* asked where no built-in profile is exact; or NULL */
    /* Hears, one line each, what the user should know though the answer stands. */
    void (*note)(void *context, const char *text);
    void *note_context;
};

/* False where there is no live Windows to read. */
bool sic_live_is_possible(void);

/*
 * Reads the running kernel: installs and starts the driver, asks it, stops and removes it, whatever happens, Ctrl-C
 * included. `scan` is initialised and empty; after a failure it is only to be released. `kernel` gets identity, layout
 * and how it was found; its image is NULL. One thread, one call at a time.
 */
SIC_MUST_CHECK enum sic_status sic_live_scan(const struct sic_live_options *options, struct sic_error *error,
                                             struct sic_kernel *kernel, struct sic_scan *scan);

/* A dump of the running kernel. */
struct sic_live_dump {
    char *path;   /* owned, UTF-8 */
    void *holder; /* while it is open, a temporary dump exists; NULL: the dump is kept */
};

/*
 * Asks Windows for a live kernel dump: into the new file `keep`, or, when that is NULL, into a temporary one that is
 * gone after sic_live_dump_close, and also when the program is killed. On failure nothing is left.
 */
SIC_MUST_CHECK enum sic_status sic_live_dump_make(const char *keep, struct sic_error *error,
                                                  struct sic_live_dump *dump);
/* Takes one of zeros. */
void sic_live_dump_close(struct sic_live_dump *dump);

#endif
