/*
 * `--layout`: which offsets are in use, and where they come from.
 */
#ifndef SIC_CLI_LAYOUT_PRINT_H
#define SIC_CLI_LAYOUT_PRINT_H

#include "cli/output.h"
#include "kernel/kernel.h"

void sic_layout_print(const struct sic_kernel *kernel, struct sic_output *output);

#endif
