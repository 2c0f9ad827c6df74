/* sic symbols IMAGE: which PDB the kernel of an image needs, and whether it is there. */
#include "cli/report.h"
#include "cli/symbol_options.h"
#include "cli/verb.h"
#include "image/image.h"
#include "kernel/kernel.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>

enum { OPTION_SYMBOLS = 256, OPTION_DOWNLOAD, OPTION_TIMEOUT, OPTION_VERBOSE };

struct arguments {
    struct sic_symbol_options symbols;
    bool help, quiet, verbose;
    const char *image;
};

static const struct option long_options[] = {
    {"help", no_argument, NULL, 'h'},
    {"quiet", no_argument, NULL, 'q'},
    {"verbose", no_argument, NULL, OPTION_VERBOSE},
    {"symbols", required_argument, NULL, OPTION_SYMBOLS},
    {"download", no_argument, NULL, OPTION_DOWNLOAD},
    {"timeout", required_argument, NULL, OPTION_TIMEOUT},
    {0},
};

static void print_help(void)
{
    printf("Tell which PDB the kernel of an image needs, and whether it is there\n"
           "Usage: sic symbols [OPTIONS] IMAGE\n\n"
           "Options:\n"
           "  --symbols PATH       Where to look, as the debuggers write it (default: _NT_SYMBOL_PATH)\n"
           "  --download           Fetch it from Microsoft's symbol server when it is not there\n"
           "  --timeout SECONDS    Give a symbol server up that is silent for so long (default: 30)\n"
           "  --verbose            Tell each step of the search\n"
           "  -q,--quiet           No notes on standard error; errors remain\n"
           "  -h,--help            Print this help message and exit\n\n"
           "Exit status: 0 the PDB is there, or a built-in profile is for exactly this kernel; 1 neither; 2 an error.\n"
           "A machine with internet gets the PDB from the printed URL; put it beside the image, beside the program,\n"
           "or name its folder with --symbols.\n");
}

static bool apply(struct arguments *arguments, int option)
{
    switch (option) {
    case 'h':
        arguments->help = true;
        return true;
    case 'q':
        arguments->quiet = true;
        return true;
    case OPTION_VERBOSE:
        arguments->verbose = true;
        return true;
    case OPTION_SYMBOLS:
        arguments->symbols.path = optarg;
        return true;
    case OPTION_DOWNLOAD:
        arguments->symbols.download = true;
        return true;
    default:
        return sic_symbol_options_set_timeout(&arguments->symbols, optarg);
    }
}

static bool parse(struct arguments *arguments, int argc, char **argv)
{
    char text[3];
    int option;

    opterr = 0;
    while ((option = getopt_long(argc, argv, ":hq", long_options, NULL)) != -1) {
        if (option == ':' || option == '?')
            return sic_fail_option("'%s' is no option of sic symbols, or its value is missing or one too many; see "
                                   "'sic symbols --help'",
                                   sic_offending_option(argv, text));
        if (!apply(arguments, option))
            return false;
        if (arguments->help)
            return true;
    }
    if (optind + 1 != argc)
        return sic_fail_option("sic symbols takes one image%s; see 'sic symbols --help'", "");
    arguments->image = argv[optind];
    return true;
}

static void print_answer(const struct sic_kernel *kernel, const struct sic_symbol_path *path, const char *found)
{
    const struct sic_pdb_reference *pdb = &kernel->pdb;
    char guid[SIC_PDB_GUID_TEXT_SIZE];
    const char *server = SIC_SYMBOL_DEFAULT_SERVER;

    for (size_t i = path->count; i > 0; i--) {
        if (path->places[i - 1].kind == SIC_SYMBOL_SERVER)
            server = path->places[i - 1].location;
    }
    sic_pdb_reference_format_guid(pdb, guid);
    printf("build     %u\n"
           "pdb       %s\n"
           "guid      %s\n"
           "age       %lu\n"
           "profile   %s\n"
           "found     %s\n"
           "path      %s/%s/%s\n"
           "url       %s/%s/%s/%s\n",
           kernel->build, pdb->name, guid, strtoul(pdb->guid_age + 32, NULL, 16),
           kernel->is_known ? kernel->known.layout : "no", found ? found : "no", pdb->name, pdb->guid_age, pdb->name,
           server, pdb->name, pdb->guid_age, pdb->name);
}

static int answer(const struct sic_kernel *kernel, const struct sic_symbol_setup *setup, bool quiet)
{
    struct sic_symbol_file file = {0};
    struct sic_error error;
    enum sic_status status;

    if (!sic_pdb_reference_is_usable(&kernel->pdb))
        return sic_fail("the kernel's image does not say which PDB it needs: its debug directory is not in the image; "
                        "take the image anew, or give a profile with --profile");
    status = sic_symbol_search_find(&setup->search, &kernel->pdb, &error, &file);
    if (status != SIC_OK && status != SIC_NOT_FOUND)
        return sic_fail(error.message);
    if (status == SIC_NOT_FOUND && !kernel->is_known && !quiet)
        fprintf(stderr, "sic: no built-in profile is for this kernel, and %s\n", error.message);
    print_answer(kernel, &setup->path, file.path);
    sic_symbol_file_close(&file);
    if (fflush(stdout) != 0)
        return sic_fail_to_write();
    return status == SIC_OK || kernel->is_known ? SIC_EXIT_FOUND : SIC_EXIT_NOTHING_FOUND;
}

static int answer_image(const struct arguments *arguments, const struct sic_image *image)
{
    struct sic_kernel kernel;
    struct sic_symbol_setup setup;
    struct sic_error error;
    int result = SIC_EXIT_ERROR;

    if (sic_kernel_identify(image, &error, &kernel) != SIC_OK)
        return sic_fail(error.message);
    if (sic_symbol_setup_init(&setup, &arguments->symbols, arguments->image,
                              sic_message_printer(arguments->quiet, arguments->verbose), &error) != SIC_OK)
        sic_fail(error.message);
    else
        result = answer(&kernel, &setup, arguments->quiet);
    sic_symbol_setup_deinit(&setup);
    return result;
}

static int run(int argc, char **argv)
{
    struct arguments arguments = {.help = false};
    struct sic_image *image;
    struct sic_error error;
    int result;

    if (!parse(&arguments, argc, argv))
        return SIC_EXIT_ERROR;
    if (arguments.help) {
        print_help();
        return fflush(stdout) == 0 ? SIC_EXIT_FOUND : sic_fail_to_write();
    }
    if (sic_image_open(arguments.image, &error, &image) != SIC_OK)
        return sic_fail(error.message);
    result = answer_image(&arguments, image);
    sic_image_close(image);
    return result;
}

const struct sic_verb sic_verb_symbols = {.name = "symbols", .usage = "[OPTIONS] IMAGE", .run = run};
