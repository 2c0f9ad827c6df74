/*
 * Which options of a listing go together.
 */
#ifndef SIC_CLI_OPTIONS_TOGETHER_H
#define SIC_CLI_OPTIONS_TOGETHER_H

#include "cli/options.h"

/* False after a line on standard error that names the one to leave out. */
bool sic_options_go_together(const struct sic_options *options);

#endif
