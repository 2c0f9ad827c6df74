/* sic-lab: builds memory images of Windows machines from scenarios, and tells what it built. */
#include "bytes.h"
#include "world.h"

#include <getopt.h>
#include <stdlib.h>
#include <string.h>

static const char usage[] =
    "usage: sic-lab build SCENARIO --output PREFIX [--format raw,full,bitmap,kernel]\n"
    "                     [--layout NAME | --kernel BUILD.REV | --guid GUIDAGE] [--data DIR] [--no-truth]\n";

struct options {
    const char *output, *formats, *layout, *kernel, *guid, *data;
    bool truth;
};

static void parse_options(int argc, char **argv, struct options *options)
{
    static const struct option known[] = {
        {"output", required_argument, NULL, 'o'}, {"format", required_argument, NULL, 'f'},
        {"layout", required_argument, NULL, 'l'}, {"kernel", required_argument, NULL, 'k'},
        {"guid", required_argument, NULL, 'g'},   {"data", required_argument, NULL, 'd'},
        {"no-truth", no_argument, NULL, 'n'},     {0}};
    *options = (struct options){.formats = "raw,full,bitmap,kernel", .data = LAB_DATA_FOLDER, .truth = true};
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
        default:
            lab_fail("unknown option\n%s", usage);
        }
    }
}

static unsigned parse_formats(const char *text)
{
    static const char *const names[] = {"raw", "full", "bitmap", "kernel"};
    unsigned formats = 0;
    while (*text) {
        size_t size = strcspn(text, ",");
        unsigned i = 0;
        while (i < 4 && (strlen(names[i]) != size || strncmp(names[i], text, size)))
            i++;
        if (i == 4)
            lab_fail("no format %.*s: raw, full, bitmap, kernel", (int)size, text);
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

static void build(struct lab_scenario *scenario, const struct options *options)
{
    struct lab_world world;
    override_kernel(scenario, options);
    lab_world_build(&world, scenario, options->data);
    lab_write_images(&world, options->output, parse_formats(options->formats));
    if (options->truth)
        lab_write_truth(&world, options->output);
    lab_world_deinit(&world);
}

static int command_build(int argc, char **argv)
{
    struct options options;
    struct lab_scenario scenario;
    parse_options(argc, argv, &options);
    if (optind + 1 != argc || !options.output)
        lab_fail("build takes one scenario and --output\n%s", usage);
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

int main(int argc, char **argv)
{
    static const struct {
        const char *name;
        int (*run)(int, char **);
    } commands[] = {{"build", command_build}};
    for (size_t i = 0; argc > 1 && i < sizeof commands / sizeof *commands; i++)
        if (!strcmp(argv[1], commands[i].name))
            return commands[i].run(argc - 1, argv + 1);
    fputs(usage, stderr);
    return 2;
}
