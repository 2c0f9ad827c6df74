/*
 * sic: which processes of a Windows machine share memory.
 */
#include "cli/cross.h"
#include "cli/csv.h"
#include "cli/json.h"
#include "cli/layout_print.h"
#include "cli/listing.h"
#include "cli/notes.h"
#include "cli/options.h"
#include "cli/output.h"
#include "cli/report.h"
#include "cli/text.h"
#include "cli/verb.h"
#include "cli/watch.h"
#include "platform/console.h"
#include "platform/heap.h"
#include "platform/processors.h"

#include <stdio.h>

static bool print_listing(const struct sic_listing *listing, const struct sic_options *options,
                          struct sic_output *output)
{
    unsigned threads = options->threads ? options->threads : sic_processor_count();

    switch (options->form) {
    case SIC_FORM_PLAIN:
        return sic_plain_print(listing, threads, output);
    case SIC_FORM_JSON:
        return sic_json_print(listing, options, output);
    case SIC_FORM_CSV:
        return sic_csv_print(listing, options, output);
    default:
        if (options->cross)
            return sic_cross_print(listing, options, sic_options_want_color(options), output);
        if (options->by_process)
            return sic_text_print_processes(listing, sic_options_want_color(options), threads, output);
        return sic_text_print(listing, options, sic_options_want_color(options), threads, output);
    }
}

static int list(const struct sic_options *options)
{
    struct sic_listing listing;
    struct sic_error error;
    struct sic_output output;
    int status = SIC_EXIT_ERROR;

    if (sic_listing_open(options, &error, &listing) != SIC_OK) {
        sic_fail(error.message);
    } else if (!sic_output_init(&output, stdout)) {
        sic_fail("out of memory; close other programs and try again");
    } else {
        bool printed = print_listing(&listing, options, &output);
        bool written = sic_output_finish(&output);

        sic_notes_print(&listing, options);
        if (!printed)
            sic_fail("out of memory: the output is not whole; close other programs and try again");
        else if (!written)
            sic_fail_to_write();
        else if (!sic_listing_is_complete(&listing))
            status = SIC_EXIT_INCOMPLETE;
        else
            status = listing.selected_count > 0 ? SIC_EXIT_FOUND : SIC_EXIT_NOTHING_FOUND;
    }
    sic_listing_close(&listing);
    return status;
}

static int print_layout(const struct sic_options *options)
{
    struct sic_listing listing;
    struct sic_error error;
    struct sic_output output;
    int status = SIC_EXIT_ERROR;

    if (sic_listing_identify(options, &error, &listing) != SIC_OK) {
        sic_fail(error.message);
    } else if (!sic_output_init(&output, stdout)) {
        sic_fail("out of memory; close other programs and try again");
    } else {
        sic_layout_print(&listing.origin, &listing.layout, &output);
        status = sic_output_finish(&output) ? SIC_EXIT_FOUND : sic_fail_to_write();
    }
    sic_listing_close(&listing);
    return status;
}

static int run(const struct sic_options *options)
{
    switch (options->action) {
    case SIC_ACTION_HELP:
        sic_options_print_help(false);
        break;
    case SIC_ACTION_HELP_ALL:
        sic_options_print_help(true);
        break;
    case SIC_ACTION_VERSION:
        printf("sic %s\n", SIC_VERSION);
        break;
    case SIC_ACTION_LAYOUT:
        return print_layout(options);
    default:
        return options->watch ? sic_watch(options) : list(options);
    }
    return fflush(stdout) == 0 ? SIC_EXIT_FOUND : sic_fail_to_write();
}

int main(int argc, char **argv)
{
    struct sic_options options;
    const struct sic_verb *verb;
    int status = SIC_EXIT_ERROR;

    sic_heap_prepare();
    sic_console_prepare();
    argv = sic_console_arguments(argv);
    if (!argv)
        return sic_fail("out of memory; close other programs and try again");
    verb = argc > 1 ? sic_verb_find(argv[1]) : NULL;
    if (verb)
        return verb->run(argc - 1, argv + 1);
    if (sic_options_parse(&options, argc, argv))
        status = run(&options);
    sic_options_deinit(&options);
    return status;
}
