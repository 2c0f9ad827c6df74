/* sic profile PDB…: the rows of data/ that a kernel's PDB gives; --check DIR: whether the built-in rows are right. */
#include "cli/profile_check.h"
#include "cli/profile_print.h"
#include "cli/report.h"
#include "cli/verb.h"

#include <getopt.h>
#include <stdio.h>

enum { OPTION_CHECK = 256, OPTION_BUILD, OPTION_NAME };

struct arguments {
    bool help;
    const char *check; /* a folder */
    struct sic_profile_naming naming;
};

static const struct option long_options[] = {
    {"help", no_argument, NULL, 'h'},
    {"check", required_argument, NULL, OPTION_CHECK},
    {"build", required_argument, NULL, OPTION_BUILD},
    {"name", required_argument, NULL, OPTION_NAME},
    {0},
};

static void print_help(void)
{
    printf(
        "Print the profile rows of kernel PDBs, or hold the built-in rows against PDBs\n"
        "Usage: sic profile [OPTIONS] PDB...\n"
        "       sic profile --check DIR\n\n"
        "Options:\n"
        "  --build VERSION   The kernel's version, 10.0.26100.1742: a PDB does not tell it\n"
        "  --name NAME       The layout's name (default: BUILD.REVISION of the version)\n"
        "  --check DIR       Hold the built-in rows against each PDB in DIR (and in the folders in it)\n"
        "  -h,--help         Print this help message and exit\n\n"
        "The output is data/layouts.txt's format, then data/kernels.txt's; `sic --profile FILE IMAGE` takes it as it "
        "is.\n"
        "Exit status: 0 done, and nothing differs; 1 --check found no PDB of a built-in kernel; 2 an error, or rows\n"
        "that differ.\n");
}

static bool apply(struct arguments *arguments, int option)
{
    switch (option) {
    case 'h':
        arguments->help = true;
        return true;
    case OPTION_CHECK:
        arguments->check = optarg;
        return true;
    case OPTION_BUILD:
        arguments->naming.has_version = true;
        return sic_version_parse(optarg, &arguments->naming.version) ||
               sic_fail_option("--build takes a version like 10.0.26100.1742, not '%s'", optarg);
    default:
        arguments->naming.name = optarg;
        return sic_profile_name_is_usable(optarg) ||
               sic_fail_option("--name takes up to 31 letters, digits, '.', '_' and '-', not '%s'", optarg);
    }
}

static bool parse(struct arguments *arguments, int argc, char **argv)
{
    char text[3];
    int option;

    opterr = 0;
    while ((option = getopt_long(argc, argv, ":h", long_options, NULL)) != -1) {
        if (option == ':' || option == '?')
            return sic_fail_option("'%s' is no option of sic profile, or its value is missing or one too many; see "
                                   "'sic profile --help'",
                                   sic_offending_option(argv, text));
        if (!apply(arguments, option))
            return false;
        if (arguments->help)
            return true;
    }
    if (arguments->check && optind < argc)
        return sic_fail_option("--check takes a folder and no PDBs besides: '%s' is one too many", argv[optind]);
    if (!arguments->check && optind >= argc)
        return sic_fail_option("sic profile takes a PDB, or --check DIR%s; see 'sic profile --help'", "");
    if (arguments->naming.has_version && optind + 1 < argc)
        return sic_fail_option("--build is of one PDB: '%s' is one too many", argv[optind + 1]);
    return true;
}

static int run(int argc, char **argv)
{
    struct arguments arguments = {.help = false};
    struct sic_error error;

    if (!parse(&arguments, argc, argv))
        return SIC_EXIT_ERROR;
    if (arguments.help) {
        print_help();
        return fflush(stdout) == 0 ? SIC_EXIT_FOUND : sic_fail_to_write();
    }
    if (arguments.check)
        return sic_profile_check(arguments.check);
    if (sic_profile_print((const char *const *)argv + optind, (size_t)(argc - optind), &arguments.naming, &error) !=
        SIC_OK)
        return sic_fail(error.message);
    return fflush(stdout) == 0 ? SIC_EXIT_FOUND : sic_fail_to_write();
}

const struct sic_verb sic_verb_profile = {.name = "profile", .usage = "PDB... | --check DIR", .run = run};
