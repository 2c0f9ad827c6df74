/*
 * The listing as a table: one row for each owner of each region.
 */
#ifndef SIC_CLI_CSV_H
#define SIC_CLI_CSV_H

#include "cli/listing.h"
#include "cli/output.h"

/* Writes a line of column names and the rows, by region or by process. False when memory ran out. */
bool sic_csv_print(const struct sic_listing *listing, const struct sic_options *options, struct sic_output *output);

#endif
