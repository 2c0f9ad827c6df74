#include "cli/option_table.h"

#include "cli/options.h"
#include "cli/verb.h"

#include <stdio.h>

/* One table for the parser and for both helps. */
static const struct {
    const char *name;
    int value;
    int has_argument;
    const char *usage;
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
     "Windows only: scan the live kernel until Ctrl-C, pausing SECONDS, and show what changed from scan to scan", false,
     OF_LIST},
    {"quiet", 'q', no_argument, "-q,--quiet", "No notes and no progress on standard error; errors remain", false,
     OF_BOTH},
    {"color", OPTION_COLOR, optional_argument, "--color[=WHEN]",
     "Colour: auto (the default: on a terminal, unless NO_COLOR is set), always, never", true, OF_BOTH},
    {"threads", OPTION_THREADS, required_argument, "--threads N",
     "Threads that read the image (default: one a processor)", true, OF_BOTH},
    {"version", OPTION_VERSION, no_argument, "--version", "Print the version and exit", false, OF_LIST},
};

#define DESCRIPTION_COUNT (sizeof(descriptions) / sizeof(descriptions[0]))
_Static_assert(DESCRIPTION_COUNT < OPTION_LIMIT, "room for all options");

void sic_option_table_fill(unsigned whose, struct option options[OPTION_LIMIT])
{
    size_t count = 0;

    for (size_t i = 0; i < DESCRIPTION_COUNT; i++) {
        if (descriptions[i].whose & whose)
            options[count++] = (struct option){
                .name = descriptions[i].name, .has_arg = descriptions[i].has_argument, .val = descriptions[i].value};
    }
    options[count] = (struct option){0};
}

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
