/*
 * --watch: what changes in the live kernel from scan to scan, until Ctrl-C.
 */
#ifndef SIC_CLI_WATCH_H
#define SIC_CLI_WATCH_H

#include "cli/options.h"

/*
 * Runs the watch that the options ask for. Returns the exit status: as of `sic diff`, over all scans. Whatever ends it,
 * the driver is removed.
 */
int sic_watch(const struct sic_options *options);

#endif
