#include "cli/options.h"

#include "cli/options_together.h"
#include "cli/options_watch.h"
#include "cli/report.h"

#include "cli/verb.h"
#include "live/live.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

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

/* One table for the parser and for both helps. */
static const struct {
    const char *name;
    int value;
    int has_argument;
    const char *usage; /* NULL: an alias, not shown */
    const char *text;
    bool only_in_help_all;
    unsigned whose;
} descriptions[] = {
    {"help", 'h', no_argument, "-h,--help", "Print this help message and exit", false, OF_BOTH},
    {"help-all", OPTION_HELP_ALL, no_argument, "--help-all", "Expand all help", false, OF_LIST},
    {"filter", 'f', required_argument, "-f,--filter TEXT",
     "Only regions with an owner whose name contains TEXT or whose pid is TEXT (repeatable)", false, OF_BOTH},
    {"filer", OPTION_FILER, required_argument, "--filer TEXT", "The same as --filter, as the first SiC spelt it", true,
     OF_LIST},
    {"kind", OPTION_KIND, required_argument, "--kind KIND",
     "Only image, file, paging-file, large-page or physical sections (repeatable, or with commas)", false, OF_BOTH},
    {"name", OPTION_NAME, required_argument, "--name PATTERN",
     "Only memory whose object's name, file or meaning matches PATTERN, with * and ? (repeatable)", false, OF_BOTH},
    {"named", OPTION_NAMED, no_argument, "--named", "Only sections that have a name in an object directory", false,
     OF_BOTH},
    {"min-processes", OPTION_MIN_PROCESSES, required_argument, "--min-processes N",
     "Only regions that at least N processes map", false, OF_BOTH},
    {"writable", OPTION_WRITABLE, no_argument, "--writable", "Only regions where one writes what others see", false,
     OF_BOTH},
    {"cross", OPTION_CROSS, no_argument, "--cross",
     "Only regions that cross a trust boundary: who less trusted can or could write what who shows", false, OF_LIST},
    {"details", OPTION_DETAILS, no_argument, "--details", "Tell more of each section, and list the handles to it",
     false, OF_LIST},
    {"by-path", OPTION_BY_PATH, no_argument, "--by-path",
     "Match processes by their paths, within one boot too, where pids and start times would", false, OF_DIFF},
    {"details", OPTION_DETAILS, no_argument, "--details",
     "Tell of all sections and crossings: of what nobody shares, what follows from processes that came or went, and "
     "what only a file's rights decide, too",
     false, OF_DIFF},
    {"explain", OPTION_EXPLAIN, no_argument, "--explain",
     "Show for each view what proves it: PEB pointers, physical address, first bytes, PTE, pool tag", false, OF_LIST},
    {"group", OPTION_GROUP, required_argument, "--group BY",
     "region (the default), or process: whose each process is, and with whom it shares what", false, OF_LIST},
    {"csv", OPTION_CSV, no_argument, "--csv", "A table with one row for each owner", false, OF_LIST},
    {"plain", OPTION_PLAIN, no_argument, "--plain",
     "The first SiC's listing: no joining, lower-case names, END is the last page", false, OF_LIST},
    {"json", OPTION_JSON, no_argument, "--json", "One JSON document with everything known", false, OF_LIST},
    {"json", OPTION_JSON, no_argument, "--json", "One JSON document with everything that differs", false, OF_DIFF},
    {"layout", OPTION_LAYOUT, no_argument, "--layout", "Print the structure offsets in use and where they come from",
     false, OF_LIST},
    {"symbols", OPTION_SYMBOLS, required_argument, "--symbols PATH",
     "Where to look for the kernel's PDB, as the debuggers write it (default: _NT_SYMBOL_PATH)", false, OF_BOTH},
    {"download", OPTION_DOWNLOAD, no_argument, "--download",
     "Fetch the kernel's PDB from Microsoft's symbol server when it is needed and not there", false, OF_BOTH},
    {"timeout", OPTION_TIMEOUT, required_argument, "--timeout SECONDS",
     "Give a symbol server up that is silent for so long (default: 30)", true, OF_BOTH},
    {"profile", OPTION_PROFILE, required_argument, "--profile FILE",
     "Use the layouts of FILE, in the format of docs/profiles.md, and no others", true, OF_BOTH},
    {"verbose", OPTION_VERBOSE, no_argument, "--verbose", "Tell each step of the search for a layout", false, OF_BOTH},
    {"save", OPTION_SAVE, required_argument, "--save FILE.sic",
     "Keep what was read in FILE.sic as well; it can be listed like the image, on any machine", false, OF_LIST},
    {"live-dump", OPTION_LIVE_DUMP, no_argument, "--live-dump",
     "Windows only: read the live kernel through a dump that Windows makes of it; no driver is needed", false, OF_LIST},
    {"keep", OPTION_KEEP, required_argument, "--keep FILE", "Keep that dump in FILE, which must not be there yet", true,
     OF_LIST},
    {"watch", OPTION_WATCH, required_argument, "--watch SECONDS",
     "Windows only: scan the live kernel until Ctrl-C, SECONDS apart, and show what changed from scan to scan", false,
     OF_LIST},
    {"quiet", 'q', no_argument, "-q,--quiet", "No notes and no progress on standard error; errors remain", false,
     OF_BOTH},
    {"color", OPTION_COLOR, optional_argument, "--color[=WHEN]",
     "Colour: auto (the default: on a terminal, unless NO_COLOR is set), always, never", true, OF_BOTH},
    {"threads", OPTION_THREADS, required_argument, "--threads N",
     "Threads that read the image (default: one a processor)", true, OF_LIST},
    {"threads", OPTION_THREADS, required_argument, "--threads N",
     "Threads that find regions (default: one a processor); one thread reads the images", true, OF_DIFF},
    {"version", OPTION_VERSION, no_argument, "--version", "Print the version and exit", false, OF_LIST},
};

#define DESCRIPTION_COUNT (sizeof(descriptions) / sizeof(descriptions[0]))

static void print_options(bool all, unsigned whose)
{
    for (size_t i = 0; i < DESCRIPTION_COUNT; i++) {
        if (descriptions[i].whose & whose && (all || !descriptions[i].only_in_help_all))
            printf("  %-20s %s\n", descriptions[i].usage, descriptions[i].text);
    }
}

void sic_options_print_help(bool all)
{
    printf("SiC - Enumerate shared memory mappings on Windows\n"
           "Usage: sic [OPTIONS] IMAGE\n");
    sic_verbs_print_usage();
    printf(
        "\nIMAGE is a memory image of a 64-bit Windows: a crash dump, a raw image, an ELF core of QEMU or VirtualBox, "
        "a\n"
        "LiME image, a VMware .vmem with its .vmss or .vmsn beside it; or a FILE.sic. An image named like a verb is\n"
        "reached as ./symbols.\n"
        "On Windows, as administrator, without IMAGE: the live kernel, through the driver beside sic.exe.\n\n"
        "Options:\n");
    print_options(all, OF_LIST);
    if (!all)
        return;
    printf(
        "\n"
        "Exit status:\n"
        "  0  regions were found\n"
        "  1  none were found\n"
        "  2  an error; the message says what, why, and what to do next\n"
        "  3  answered, but something that decides regions could not be read: the notes name it\n"
        "With --watch, of all its scans: 0 when nothing changed, 1 when something did, 3 when none was seen to and a\n"
        "scan failed or was incomplete.\n"
        "\n"
        "Protections of a view, as it was mapped: r read, w write, c copy on write, x execute.\n"
        "Image views always show rcx: their real rights are those of the image's sections.\n"
        "\n"
        "Options that choose regions compose: a region is shown when it passes all of them. Of one option that is\n"
        "given several times one value is enough. PATTERN is held against whole names and paths and against their\n"
        "last parts, ignoring case. All owners of a region are shown, whichever of them was asked for.\n");
}

void sic_options_print_of_diff(void)
{
    print_options(true, OF_DIFF);
}

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
    struct option long_options[DESCRIPTION_COUNT + 1] = {0};
    char text[3];
    size_t count = 0;
    int option;

    for (size_t i = 0; i < DESCRIPTION_COUNT; i++) {
        if (descriptions[i].whose & whose)
            long_options[count++] = (struct option){
                .name = descriptions[i].name, .has_arg = descriptions[i].has_argument, .val = descriptions[i].value};
    }
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
