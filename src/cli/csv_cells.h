/*
 * The cells of a table that are the same in many rows: those of a region, and those of a process.
 */
#ifndef SIC_CLI_CSV_CELLS_H
#define SIC_CLI_CSV_CELLS_H

#include "cli/csv_writer.h"
#include "cli/listing.h"
#include "cli/summary.h"
#include "meaning/identity.h"

/* What could not be read. What does not apply is an empty cell. */
#define SIC_CSV_UNKNOWN "unknown"

/*
 * The names of a section are repeated in each row: they take no more than a spreadsheet's cell, 32767 characters. Room
 * for separators and for the number of the others is left.
 */
#define SIC_CSV_NAMES_SIZE (32767u - 2u * SIC_LISTED_LIMIT - 40u)

void sic_csv_put_region(struct sic_csv *csv, const struct sic_listing *listing, const struct sic_region *region,
                        const struct sic_summary *summary);
/* The control area's flags, the views and references that it counts, the views that were found. */
void sic_csv_put_counts(struct sic_csv *csv, const struct sic_section *section);
void sic_csv_put_process(struct sic_csv *csv, const struct sic_listing *listing, uint32_t process);

/* "unknown", "no", "yes". */
const char *sic_csv_answer(enum sic_answer answer);

#endif
