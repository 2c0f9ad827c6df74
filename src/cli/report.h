/*
 * How the program ends and what it says on standard error, alike for the listing and for every verb.
 */
#ifndef SIC_CLI_REPORT_H
#define SIC_CLI_REPORT_H

#include "symbols/layout_finder.h"

#include <stdbool.h>

enum { SIC_EXIT_FOUND = 0, SIC_EXIT_NOTHING_FOUND = 1, SIC_EXIT_ERROR = 2, SIC_EXIT_INCOMPLETE = 3 };
/* Of comparisons, whose errors and incomplete answers are told likewise. */
enum { SIC_EXIT_SAME = 0, SIC_EXIT_DIFFERENT = 1 };

/* One line; returns SIC_EXIT_ERROR. */
int sic_fail(const char *message);
int sic_fail_to_write(void);

/* The same with one value in it; returns false. */
bool sic_fail_option(const char *format, const char *value) __attribute__((format(printf, 1, 0)));

/* Prints notes, unless quiet, and steps, when verbose. */
struct sic_message_sink sic_message_printer(bool quiet, bool verbose);

/* The option that getopt_long stopped at, as it was written; `text` may be used for it. */
const char *sic_offending_option(char **argv, char text[3]);

#endif
