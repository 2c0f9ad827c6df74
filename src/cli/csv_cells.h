/*
 * The cells of a table that are the same in many rows: those of a region, and those of a process.
 */
#ifndef SIC_CLI_CSV_CELLS_H
#define SIC_CLI_CSV_CELLS_H

#include "cli/csv_writer.h"
#include "cli/listing.h"

/* What could not be read. What does not apply is an empty cell. */
#define SIC_CSV_UNKNOWN "unknown"

/* `is_writable`: see sic_region_is_writable. */
void sic_csv_put_region(struct sic_csv *csv, const struct sic_listing *listing, const struct sic_region *region,
                        bool is_writable);
void sic_csv_put_process(struct sic_csv *csv, const struct sic_listing *listing, uint32_t process);

#endif
