/*
 * Writes a table as RFC 4180 has it: cells separated by commas, rows ended by CR LF.
 */
#ifndef SIC_CLI_CSV_WRITER_H
#define SIC_CLI_CSV_WRITER_H

#include "cli/output.h"

struct sic_csv {
    struct sic_output *output;
    bool needs_comma;
};

void sic_csv_init(struct sic_csv *csv, struct sic_output *output);
/* A text of this program's own; NULL: an empty cell. */
void sic_csv_word(struct sic_csv *csv, const char *text);
/*
 * A text that came from an image, escaped as util/escape.h does. A spreadsheet would compute one that begins with =, +,
 * - or @: an apostrophe is put before it.
 */
void sic_csv_text(struct sic_csv *csv, const char *text);
/* A cell from several texts without signs that a spreadsheet computes at their begin. */
void sic_csv_open_cell(struct sic_csv *csv);
void sic_csv_continue(struct sic_csv *csv, const char *text);
void sic_csv_close_cell(struct sic_csv *csv);
void sic_csv_number(struct sic_csv *csv, uint64_t value);
/* "0x…" */
void sic_csv_address(struct sic_csv *csv, uint64_t value);
void sic_csv_end_row(struct sic_csv *csv);

#endif
