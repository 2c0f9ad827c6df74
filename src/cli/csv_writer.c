#include "cli/csv_writer.h"

#include <string.h>

void sic_csv_init(struct sic_csv *csv, struct sic_output *output)
{
    *csv = (struct sic_csv){.output = output};
}

static void start_cell(struct sic_csv *csv)
{
    if (csv->needs_comma)
        sic_output_bytes(csv->output, ",", 1);
    csv->needs_comma = true;
}

/* Within quotes: a quote is written twice. */
static void put_quoted(struct sic_csv *csv, const char *text)
{
    for (const char *c = text; *c != '\0'; c++) {
        if (*c == '"')
            sic_output_bytes(csv->output, "\"", 1);
        sic_output_bytes(csv->output, c, 1);
    }
}

static void put_cell(struct sic_csv *csv, const char *prefix, const char *text)
{
    if (!strpbrk(text, ",\" ")) {
        sic_output_text(csv->output, prefix);
        sic_output_text(csv->output, text);
        return;
    }
    sic_output_bytes(csv->output, "\"", 1);
    sic_output_text(csv->output, prefix);
    put_quoted(csv, text);
    sic_output_bytes(csv->output, "\"", 1);
}

void sic_csv_open_cell(struct sic_csv *csv)
{
    start_cell(csv);
    sic_output_bytes(csv->output, "\"", 1);
}

void sic_csv_continue(struct sic_csv *csv, const char *text)
{
    put_quoted(csv, text);
}

void sic_csv_close_cell(struct sic_csv *csv)
{
    sic_output_bytes(csv->output, "\"", 1);
}

void sic_csv_word(struct sic_csv *csv, const char *text)
{
    start_cell(csv);
    if (text)
        put_cell(csv, "", text);
}

/* The signs that spreadsheets take for a formula's first, in ASCII and at full width. */
static bool is_formula(const char *text)
{
    static const char *const wide[] = {"\xef\xbc\x9d", "\xef\xbc\x8b", "\xef\xbc\x8d", "\xef\xbc\xa0"};

    for (unsigned i = 0; i < 4; i++) {
        if (strncmp(text, wide[i], 3) == 0)
            return true;
    }
    return *text != '\0' && strchr("=+-@", *text);
}

void sic_csv_text(struct sic_csv *csv, const char *text)
{
    start_cell(csv);
    if (text)
        put_cell(csv, is_formula(text) ? "'" : "", text);
}

void sic_csv_number(struct sic_csv *csv, uint64_t value)
{
    start_cell(csv);
    sic_output_decimal(csv->output, value);
}

void sic_csv_address(struct sic_csv *csv, uint64_t value)
{
    start_cell(csv);
    sic_output_bytes(csv->output, "0x", 2);
    sic_output_hex(csv->output, value);
}

void sic_csv_end_row(struct sic_csv *csv)
{
    sic_output_bytes(csv->output, "\r\n", 2);
    csv->needs_comma = false;
}
