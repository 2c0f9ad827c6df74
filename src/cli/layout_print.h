/*
 * `--layout`: which offsets are in use, and where they come from.
 */
#ifndef SIC_CLI_LAYOUT_PRINT_H
#define SIC_CLI_LAYOUT_PRINT_H

#include "cli/output.h"
#include "core/layout.h"
#include "sic/wire.h"

void sic_layout_print(const struct sic_wire_origin *origin, const struct sic_layout *layout, struct sic_output *output);

#endif
