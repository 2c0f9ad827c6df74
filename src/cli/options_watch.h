/*
 * What --watch composes with.
 */
#ifndef SIC_CLI_OPTIONS_WATCH_H
#define SIC_CLI_OPTIONS_WATCH_H

#include "cli/options.h"

/* Whether such options, and `image` (NULL: none is named), go with --watch. False after a line on standard error. */
bool sic_options_can_watch(const struct sic_options *options, const char *image);

#endif
