#include "cli/options.h"

#include "cli/option_table.h"
#include "cli/options_together.h"
#include "cli/options_watch.h"
#include "cli/report.h"

#include "live/live.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static bool set_color(struct sic_options *options, const char *when)
{
    static const char *const names[] = {"auto", "always", "never"};

    for (unsigned i = 0; i < 3; i++) {
        if (strcmp(when, names[i]) == 0) {
            options->color = i;
            return true;
        }
    }
    return sic_fail_option("--color takes auto, always or never, not '%s'", when);
}

static bool set_form(struct sic_options *options, enum sic_form form, const char *name)
{
    if (options->form != SIC_FORM_TEXT && options->form != form)
        return sic_fail_option("%s is the second form of output: choose one of --plain, --json and --csv", name);
    options->form = form;
    return true;
}

/* A decimal number from 1 to `limit`. */
static bool read_number(const char *text, unsigned limit, unsigned *number)
{
    char *end;
    unsigned long value = strtoul(text, &end, 10);

    if (*text < '0' || *text > '9' || *end != '\0' || value == 0 || value > limit)
        return false;
    *number = (unsigned)value;
    return true;
}

static bool set_threads(struct sic_options *options, const char *text)
{
    return read_number(text, 1024, &options->threads) ||
           sic_fail_option("--threads takes a number from 1 to 1024, not '%s'", text);
}

static bool set_watch(struct sic_options *options, const char *text)
{
    return read_number(text, 86400, &options->watch) ||
           sic_fail_option("--watch takes seconds from 1 to 86400 (a day), not '%s'", text);
}

static bool set_group(struct sic_options *options, const char *by)
{
    options->by_process = strcmp(by, "process") == 0;
    return options->by_process || strcmp(by, "region") == 0 ||
           sic_fail_option("--group takes region or process, not '%s'", by);
}

/* Options that choose what is shown, and how much of it; false: it is another one, or its value is wrong. */
static bool apply_selection(struct sic_options *options, int option, const char *argument)
{
    switch (option) {
    case 'f':
    case OPTION_FILER:
        return sic_selection_add_word(&options->selection.filters, argument);
    case OPTION_KIND:
        return sic_selection_add_kinds(&options->selection, argument);
    case OPTION_NAME:
        return sic_selection_add_word(&options->selection.names, argument);
    case OPTION_NAMED:
        return options->selection.named = true;
    case OPTION_MIN_PROCESSES:
        return sic_selection_set_minimum(&options->selection, argument);
    case OPTION_WRITABLE:
        return options->selection.writable = true;
    case OPTION_CROSS:
        return options->cross = true;
    case OPTION_DETAILS:
        return options->details = true;
    case OPTION_EXPLAIN:
        return options->explain = true;
    case OPTION_BY_PATH:
        return options->by_path = true;
    case OPTION_GROUP:
        return set_group(options, argument);
    default:
        return false;
    }
}

static bool apply(struct sic_options *options, int option, const char *argument)
{
    switch (option) {
    case 'q':
        options->quiet = true;
        return true;
    case OPTION_PLAIN:
        return set_form(options, SIC_FORM_PLAIN, "--plain");
    case OPTION_JSON:
        return set_form(options, SIC_FORM_JSON, "--json");
    case OPTION_CSV:
        return set_form(options, SIC_FORM_CSV, "--csv");
    case OPTION_SAVE:
        options->save = argument;
        return true;
    case OPTION_LIVE_DUMP:
        options->live_dump = true;
        return true;
    case OPTION_KEEP:
        options->keep = argument;
        return true;
    case OPTION_WATCH:
        return set_watch(options, argument);
    case OPTION_COLOR:
        return set_color(options, argument ? argument : "always");
    case OPTION_THREADS:
        return set_threads(options, argument);
    case OPTION_VERBOSE:
        options->verbose = true;
        return true;
    case OPTION_SYMBOLS:
        options->symbols.path = argument;
        return true;
    case OPTION_DOWNLOAD:
        options->symbols.download = true;
        return true;
    case OPTION_TIMEOUT:
        return sic_symbol_options_set_timeout(&options->symbols, argument);
    case OPTION_PROFILE:
        options->symbols.profile = argument;
        return true;
    case OPTION_LAYOUT:
        options->action = SIC_ACTION_LAYOUT;
        return true;
    case 'h':
        options->action = SIC_ACTION_HELP;
        return true;
    case OPTION_HELP_ALL:
        options->action = SIC_ACTION_HELP_ALL;
        return true;
    case OPTION_VERSION:
        options->action = SIC_ACTION_VERSION;
        return true;
    default:
        return apply_selection(options, option, argument);
    }
}

static bool needs_image(const struct sic_options *options)
{
    return options->action == SIC_ACTION_LIST || options->action == SIC_ACTION_LAYOUT;
}

static bool take_image(struct sic_options *options, int argc, char **argv)
{
    options->compare = options->watch > 0;
    if (options->watch > 0 && !sic_options_can_watch(options, argv[optind]))
        return false;
    if (options->keep && !options->live_dump)
        return sic_fail_option("--keep is for the dump of --live-dump, which is not asked for%s", "");
    if (options->live_dump && !sic_live_is_possible())
        return sic_fail_option(
            "--live-dump asks Windows for a dump of itself, and this is no Windows%s: name a memory image", "");
    if (optind >= argc && !sic_live_is_possible())
        return sic_fail_option("no image named: name a memory image or a saved scan; see 'sic --help'%s", "");
    if (options->live_dump && optind < argc)
        return sic_fail_option("--live-dump reads the running machine: '%s' is one image too many", argv[optind]);
    if (optind + 1 < argc)
        return sic_fail_option("one image at a time: '%s' is one too many; a verb stands first, see 'sic --help'",
                               argv[optind + 1]);
    options->image = argv[optind];
    return true;
}

/* Reads the options in front of, between and behind the images. `program`: whose they are, "sic diff". */
static bool parse(struct sic_options *options, int argc, char **argv, unsigned whose, const char *program)
{
    struct option long_options[OPTION_LIMIT];
    char text[3];
    int option;

    sic_option_table_fill(whose, long_options);
    opterr = 0;
    while ((option = getopt_long(argc, argv, ":hf:q", long_options, NULL)) != -1) {
        if (option == ':' || option == '?') {
            const char *offending = sic_offending_option(argv, text);

            if (option == ':')
                fprintf(stderr, "sic: option '%s' needs a value; see '%s --help'\n", offending, program);
            else
                fprintf(stderr, "sic: '%s' is no option of %s, or takes no value; see '%s --help'\n", offending,
                        program, program);
            return false;
        }
        if (!apply(options, option, optarg))
            return false;
        /* A call for help is answered whatever else stands there. */
        if (!needs_image(options))
            return true;
    }
    return true;
}

bool sic_options_parse(struct sic_options *options, int argc, char **argv)
{
    *options = (struct sic_options){0};
    if (!parse(options, argc, argv, OF_LIST, "sic"))
        return false;
    return !needs_image(options) || (sic_options_go_together(options) && take_image(options, argc, argv));
}

bool sic_options_parse_diff(struct sic_options *options, int argc, char **argv)
{
    *options = (struct sic_options){.compare = true};
    if (!parse(options, argc, argv, OF_DIFF, "sic diff"))
        return false;
    if (!needs_image(options))
        return true;
    if (optind + 2 > argc)
        return sic_fail_option("sic diff compares two images or saved scans, and %s is named; see 'sic diff --help'",
                               optind < argc ? "one" : "none");
    if (optind + 2 < argc)
        return sic_fail_option("sic diff compares two images or saved scans: '%s' is one too many", argv[optind + 2]);
    options->image = argv[optind];
    options->newer_image = argv[optind + 1];
    return true;
}

bool sic_options_want_color(const struct sic_options *options)
{
    const char *no_color = getenv("NO_COLOR");

    if (options->color != SIC_COLOR_AUTO)
        return options->color == SIC_COLOR_ALWAYS;
    return isatty(STDOUT_FILENO) && !(no_color && *no_color != '\0');
}

bool sic_options_show_tokens(const struct sic_options *options)
{
    return options->form == SIC_FORM_JSON || options->form == SIC_FORM_CSV || options->by_process || options->cross;
}

void sic_options_deinit(struct sic_options *options)
{
    sic_selection_deinit(&options->selection);
    *options = (struct sic_options){0};
}
