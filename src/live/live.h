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

/* The driver while it is loaded, for one scan or many. One at a time on a machine. */
struct sic_live_session;

/*
 * Checks the machine, installs and starts the driver and opens its device. `options` is borrowed until the close, what
 * its finder rests on too. From here on Ctrl-C and its like do not end the program: they cut a scan or a pause short.
 * After success the owner calls sic_live_close; after a failure nothing is left.
 */
SIC_MUST_CHECK enum sic_status sic_live_open(const struct sic_live_options *options, struct sic_error *error,
                                             struct sic_live_session **session);

/*
 * As sic_live_scan. The first one that succeeds chooses the layout, and later ones ask with that. A failure leaves the
 * session as it was.
 */
SIC_MUST_CHECK enum sic_status sic_live_session_scan(struct sic_live_session *session, struct sic_error *error,
                                                     struct sic_kernel *kernel, struct sic_scan *scan);

/* Whether Ctrl-C or its like was heard: then nothing is to be done but to close. */
bool sic_live_is_interrupted(const struct sic_live_session *session);
/* Pauses. False as soon as something was heard. */
bool sic_live_wait(const struct sic_live_session *session, unsigned seconds);

/*
 * Stops and removes the driver, and releases the session. SIC_IO when something of it is left: the message says what.
 * Windows kills a program 5 seconds after its console was closed: the driver is therefore removed as soon as that is
 * heard, and not only here, unless a scan is under way, which ends at once.
 */
SIC_MUST_CHECK enum sic_status sic_live_close(struct sic_live_session *session, struct sic_error *error);

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
