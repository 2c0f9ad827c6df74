/*
 * How the live kernel is asked, as the command line says it: shared by the listing and by --watch.
 */
#ifndef SIC_CLI_LIVE_SETUP_H
#define SIC_CLI_LIVE_SETUP_H

#include "cli/options.h"
#include "live/live.h"

/* It points into itself: it is not to be copied. */
struct sic_live_setup {
    struct sic_live_options live; /* for sic_live_scan and sic_live_open */
    struct sic_symbol_setup symbols;
    struct sic_live_finder finder;
};

/* `options` is borrowed. The owner calls sic_live_setup_deinit, after a failure too. */
SIC_MUST_CHECK enum sic_status sic_live_setup_init(struct sic_live_setup *setup, const struct sic_options *options,
                                                   const struct sic_collect_options *collect, struct sic_error *error);
void sic_live_setup_deinit(struct sic_live_setup *setup);

#endif
