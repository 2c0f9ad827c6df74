/* sic-lab: builds memory images of Windows machines from scenarios, and tells what it built. */
#include "bytes.h"
#include "damage.h"
#include "generate.h"
#include "world.h"

#include <getopt.h>
#include <stdlib.h>
#include <string.h>

static const char usage[] =
    "usage: sic-lab build SCENARIO --output PREFIX     writes PREFIX.raw, .full.dmp, .bitmap.dmp, .kernel.dmp, "
    ".truth.json\n"
    "       sic-lab random --seed N                    prints a random scenario, or builds it with --output\n"
    "                      [--processes P] [--sections S] [--views V] [--privates V]\n"
    "       sic-lab bench --output PREFIX [--processes 200] [--vads 63000] [--handles 0] [--seed N]   builds a large "
    "world\n"
    "       sic-lab seed-listing FILE                  prints the scenario of a listing's machine\n"
    "       sic-lab kernels                            prints the names of the layouts\n"
    "options of all that build:\n"
    "       --format raw,full,bitmap,kernel   which images (default: these four); also dump-k, dump-ka, dump-f, qemu,\n"
    "                                         virtualbox, lime, vmem, vmsn, or all\n"
    "       --layout NAME | --kernel BUILD.REVISION | --guid GUIDAGE   instead of the scenario's kernel\n"
    "       --no-truth                        do not write PREFIX.truth.json\n"
    "       --data DIR                        folder of layouts.txt and kernels.txt\n";

struct options {
    const char *output, *formats, *layout, *kernel, *guid, *data;
    bool truth;
    struct lab_random_options random;
    uint32_t vads, handles;
};

static uint64_t number(const char *text)
{
    char *end;
    uint64_t value = strtoull(text, &end, 0);
    if (!*text || *end)
        lab_fail("not a number: %s", text);
    return value;
}

static const struct option known[] = {{"output", required_argument, NULL, 'o'},
                                      {"format", required_argument, NULL, 'f'},
                                      {"layout", required_argument, NULL, 'l'},
                                      {"kernel", required_argument, NULL, 'k'},
                                      {"guid", required_argument, NULL, 'g'},
                                      {"data", required_argument, NULL, 'd'},
                                      {"no-truth", no_argument, NULL, 'n'},
                                      {"seed", required_argument, NULL, 's'},
                                      {"processes", required_argument, NULL, 'p'},
                                      {"sections", required_argument, NULL, 'S'},
                                      {"views", required_argument, NULL, 'v'},
                                      {"privates", required_argument, NULL, 'P'},
                                      {"vads", required_argument, NULL, 'V'},
                                      {"handles", required_argument, NULL, 'h'},
                                      {0}};

static void parse_options(int argc, char **argv, struct options *options)
{
    *options = (struct options){.formats = "raw,full,bitmap,kernel", .data = LAB_DATA_FOLDER, .truth = true};
    options->random = (struct lab_random_options){.seed = 1, .sections = 12, .views = 60, .privates = 40};
    options->vads = 63000;
    for (int c; (c = getopt_long(argc, argv, "o:f:", known, NULL)) != -1;) {
        switch (c) {
        case 'o':
            options->output = optarg;
            break;
        case 'f':
            options->formats = optarg;
            break;
        case 'l':
            options->layout = optarg;
            break;
        case 'k':
            options->kernel = optarg;
            break;
        case 'g':
            options->guid = optarg;
            break;
        case 'd':
            options->data = optarg;
            break;
        case 'n':
            options->truth = false;
            break;
        case 's':
            options->random.seed = number(optarg);
            break;
        case 'p':
            options->random.processes = (uint32_t)number(optarg);
            break;
        case 'S':
            options->random.sections = (uint32_t)number(optarg);
            break;
        case 'v':
            options->random.views = (uint32_t)number(optarg);
            break;
        case 'P':
            options->random.privates = (uint32_t)number(optarg);
            break;
        case 'V':
            options->vads = (uint32_t)number(optarg);
            break;
        case 'h':
            options->handles = (uint32_t)number(optarg);
            break;
        default:
            lab_fail("see sic-lab --help for the options");
        }
    }
}

static unsigned parse_formats(const char *text)
{
    static const char *const names[] = {"raw",    "full", "bitmap",     "kernel", "dump-k", "dump-ka",
                                        "dump-f", "qemu", "virtualbox", "lime",   "vmem",   "vmsn"}; /* as their bits */
    const unsigned count = sizeof names / sizeof *names;
    unsigned formats = 0;
    if (!strcmp(text, "all"))
        return (1u << count) - 1;
    while (*text) {
        size_t size = strcspn(text, ",");
        unsigned i = 0;
        while (i < count && (strlen(names[i]) != size || strncmp(names[i], text, size)))
            i++;
        if (i == count)
            lab_fail("no format %.*s: see sic-lab --help", (int)size, text);
        formats |= 1u << i;
        text += size + (text[size] == ',');
    }
    return formats;
}

static void override_kernel(struct lab_scenario *scenario, const struct options *options)
{
    if (!options->layout && !options->kernel && !options->guid)
        return;
    free(scenario->layout);
    free(scenario->kernel);
    free(scenario->guid_age);
    scenario->layout = options->layout ? lab_copy_text(options->layout) : NULL;
    scenario->kernel = options->kernel ? lab_copy_text(options->kernel) : NULL;
    scenario->guid_age = options->guid ? lab_copy_text(options->guid) : NULL;
}

static void damage(struct lab_world *world, const struct options *options)
{
    struct lab_damage_state state;
    lab_damage_apply(&state, world);
    if (options->truth)
        lab_write_remains(&state, options->output);
    lab_damage_deinit(&state);
}

static void build(struct lab_scenario *scenario, const struct options *options)
{
    struct lab_world world;
    override_kernel(scenario, options);
    lab_world_build(&world, scenario, options->data);
    /* The truth is that of the whole world. */
    if (options->truth)
        lab_write_truth(&world, options->output);
    if (scenario->damage_count)
        damage(&world, options);
    lab_write_images(&world, options->output, parse_formats(options->formats));
    lab_world_deinit(&world);
}

static int command_build(int argc, char **argv)
{
    struct options options;
    struct lab_scenario scenario;
    parse_options(argc, argv, &options);
    if (optind + 1 != argc || !options.output)
        lab_fail("build takes one scenario and --output: see sic-lab --help");
    FILE *file = fopen(argv[optind], "r");
    if (!file)
        lab_fail("cannot open %s", argv[optind]);
    lab_scenario_init(&scenario);
    lab_scenario_parse(&scenario, file, argv[optind]);
    fclose(file);
    build(&scenario, &options);
    lab_scenario_deinit(&scenario);
    return 0;
}

/* How large user space is in the kernel that a random world is for. */
static unsigned user_bits(const struct options *options)
{
    struct lab_layout_choice choice = {options->guid, options->kernel, options->layout};
    struct lab_layout layout;
    lab_layout_load(options->data, &choice, &layout);
    return lab_user_bits(&layout);
}

static int command_random(int argc, char **argv)
{
    struct options options;
    struct lab_scenario scenario;
    parse_options(argc, argv, &options);
    if (!options.random.processes)
        options.random.processes = 14;
    options.random.user_bits = user_bits(&options);
    lab_generate_random(&options.random, &scenario);
    if (options.output)
        build(&scenario, &options);
    else
        lab_scenario_print(&scenario, stdout);
    lab_scenario_deinit(&scenario);
    return 0;
}

static int command_bench(int argc, char **argv)
{
    struct options options;
    struct lab_scenario scenario;
    parse_options(argc, argv, &options);
    if (!options.output)
        lab_fail("bench takes --output: see sic-lab --help");
    uint32_t processes = options.random.processes ? options.random.processes : 200;
    lab_generate_bench(processes, options.vads, options.handles, options.random.seed, &scenario);
    build(&scenario, &options);
    lab_scenario_deinit(&scenario);
    return 0;
}

static int command_seed_listing(int argc, char **argv)
{
    struct lab_scenario scenario;
    if (argc != 2)
        lab_fail("seed-listing takes one listing: see sic-lab --help");
    FILE *file = fopen(argv[1], "r");
    if (!file)
        lab_fail("cannot open %s", argv[1]);
    lab_generate_from_listing(file, argv[1], &scenario);
    fclose(file);
    lab_scenario_print(&scenario, stdout);
    lab_scenario_deinit(&scenario);
    return 0;
}

static int command_kernels(int argc, char **argv)
{
    struct options options;
    parse_options(argc, argv, &options);
    lab_layout_list(options.data, stdout);
    return 0;
}

int main(int argc, char **argv)
{
    static const struct {
        const char *name;
        int (*run)(int, char **);
    } commands[] = {{"build", command_build},
                    {"random", command_random},
                    {"bench", command_bench},
                    {"seed-listing", command_seed_listing},
                    {"kernels", command_kernels}};
    for (size_t i = 0; argc > 1 && i < sizeof commands / sizeof *commands; i++)
        if (!strcmp(argv[1], commands[i].name))
            return commands[i].run(argc - 1, argv + 1);
    bool asked = argc > 1 && (!strcmp(argv[1], "--help") || !strcmp(argv[1], "-h"));
    fputs(usage, asked ? stdout : stderr);
    return asked ? 0 : 2;
}
