/*
 * The live kernel: through the driver, or through a dump that Windows makes of itself. Windows only; elsewhere
 * live_none.c stands in and says so.
 */
#ifndef SIC_LIVE_LIVE_H
#define SIC_LIVE_LIVE_H

#include "core/scan.h"
#include "kernel/collect.h"
#include "kernel/kernel.h"
#include "live/layout_choice.h"
#include "util/status.h"

struct sic_live_options {
    /*
     * What to read: of processes' memory PEBs and bytes, by this program; the rest by the driver. The driver takes no
     * number of threads and tells no progress.
     */
    struct sic_collect_options collect;
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
