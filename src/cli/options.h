/*
 * The command line of the listing: sic [OPTIONS] IMAGE. Verbs read their own, see verb.h.
 */
#ifndef SIC_CLI_OPTIONS_H
#define SIC_CLI_OPTIONS_H

#include "cli/selection.h"
#include "cli/symbol_options.h"

#include <stdbool.h>

enum sic_action { SIC_ACTION_LIST, SIC_ACTION_LAYOUT, SIC_ACTION_HELP, SIC_ACTION_HELP_ALL, SIC_ACTION_VERSION };

enum sic_form { SIC_FORM_TEXT, SIC_FORM_PLAIN, SIC_FORM_JSON, SIC_FORM_CSV };

enum sic_color { SIC_COLOR_AUTO, SIC_COLOR_ALWAYS, SIC_COLOR_NEVER };

struct sic_options {
    enum sic_action action;
    enum sic_form form;
    enum sic_color color;
    bool quiet;
    bool verbose;
    struct sic_symbol_options symbols;
    unsigned threads; /* 0: one for each processor */
    bool details;     /* more of each section */
    bool explain;     /* the evidence of each view; has the details too */
    bool by_process;  /* --group process */
    bool cross;       /* only regions that cross a trust boundary, with the reasons */
    bool compare;     /* read all that can be compared, and find the crossings of all regions */
    struct sic_selection selection;
    const char *image;       /* borrowed, as is; NULL: the live kernel */
    const char *newer_image; /* of sic diff, whose other image is `image` */
    bool by_path;            /* match processes by path */
    bool live_dump;          /* the live kernel through a dump that Windows makes */
    const char *keep;        /* where that dump stays; NULL: it is temporary */
    unsigned watch;          /* seconds between live scans whose differences are shown; 0: one listing */
    const char *save;        /* where the scan is to be kept; NULL: nowhere */
};

/* Reads the command line. False after a one-line message on standard error. The owner calls sic_options_deinit. */
bool sic_options_parse(struct sic_options *options, int argc, char **argv);
/* The same of `sic diff`; argv[0] is the verb. */
bool sic_options_parse_diff(struct sic_options *options, int argc, char **argv);
void sic_options_deinit(struct sic_options *options);

/* Whether the listing shows whose the processes are. */
bool sic_options_show_tokens(const struct sic_options *options);

/* Whether standard output gets colours. */
bool sic_options_want_color(const struct sic_options *options);

/* The help on standard output; `all` adds what is needed rarely. */
void sic_options_print_help(bool all);
/* The lines of the options of `sic diff`. */
void sic_options_print_of_diff(void);

#endif
