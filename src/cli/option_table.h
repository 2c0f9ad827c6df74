/*
 * The options of the listing and of sic diff, by which they are parsed and their helps printed.
 */
#ifndef SIC_CLI_OPTION_TABLE_H
#define SIC_CLI_OPTION_TABLE_H

#include <getopt.h>

/* What getopt_long returns of options that have no letter. */
enum {
    OPTION_FILER = 256,
    OPTION_PLAIN,
    OPTION_JSON,
    OPTION_LAYOUT,
    OPTION_SAVE,
    OPTION_LIVE_DUMP,
    OPTION_KEEP,
    OPTION_COLOR,
    OPTION_THREADS,
    OPTION_HELP_ALL,
    OPTION_VERSION,
    OPTION_VERBOSE,
    OPTION_SYMBOLS,
    OPTION_DOWNLOAD,
    OPTION_TIMEOUT,
    OPTION_PROFILE,
    OPTION_CSV,
    OPTION_DETAILS,
    OPTION_EXPLAIN,
    OPTION_GROUP,
    OPTION_KIND,
    OPTION_NAME,
    OPTION_NAMED,
    OPTION_MIN_PROCESSES,
    OPTION_WRITABLE,
    OPTION_CROSS,
    OPTION_WATCH,
    OPTION_BY_PATH
};

/* Whose options an option is among. */
enum { OF_LIST = 1, OF_DIFF = 2, OF_BOTH = 3 };

/* More than there are, with the end of the list. */
#define OPTION_LIMIT 40

/* The long options of OF_LIST or OF_DIFF, for getopt_long. */
void sic_option_table_fill(unsigned whose, struct option options[OPTION_LIMIT]);

#endif
