/* sic diff OLD NEW: what came, went and changed between two images or saved scans. */
#include "cli/difference.h"
#include "cli/notes.h"
#include "cli/report.h"
#include "cli/verb.h"

#include <stdio.h>
#include <string.h>

static void print_help(void)
{
    printf(
        "Tell what came, went and changed between two images or saved scans\n"
        "Usage: sic diff [OPTIONS] OLD NEW\n\n"
        "OLD and NEW are images as the listing takes them, or saved scans, of one machine or of two. Processes,\n"
        "sections with their regions and views, and crossings of trust boundaries are compared. Within one boot\n"
        "processes are matched by pid and start time, else by path; sections by file, name, size and owners, never by\n"
        "address. + came, - went, ~ changed.\n\n"
        "Options:\n");
    sic_options_print_of_diff();
    printf("\n"
           "Options that choose regions choose the sections that are compared: those that pass in OLD or in NEW. The\n"
           "text tells of memory that is shared in OLD or in NEW, and counts the rest; images and files that no view\n"
           "writes and that only processes that came, went or exited map anew or no more are counted, too.\n\n"
           "Exit status:\n"
           "  0  nothing differs\n"
           "  1  something differs\n"
           "  2  an error; the message says what, why, and what to do next\n"
           "  3  nothing was found to differ, but something that decides could not be read: the notes name it\n");
}

static int print(const struct sic_comparison *comparison, const struct sic_options *options, struct sic_output *output)
{
    bool printed = options->form == SIC_FORM_JSON
                       ? sic_comparison_print_json(comparison, output)
                       : sic_comparison_print_text(comparison, options, true, sic_options_want_color(options), output);
    bool written = sic_output_finish(output);

    if (!printed)
        return sic_fail("out of memory: the output is not whole; close other programs and try again");
    return written ? sic_comparison_exit_status(comparison) : sic_fail_to_write();
}

static int compare(const struct sic_listing *old_listing, const struct sic_listing *new_listing,
                   const struct sic_options *options)
{
    struct sic_comparison comparison;
    struct sic_output output;
    int status;

    if (!sic_comparison_init(old_listing, new_listing, options, options->by_path, &comparison) ||
        !sic_output_init(&output, stdout))
        status = sic_fail("out of memory; close other programs and try again");
    else
        status = print(&comparison, options, &output);
    sic_comparison_deinit(&comparison);
    return status;
}

static enum sic_status open_side(const struct sic_options *options, const char *path, struct sic_error *error,
                                 struct sic_listing *listing)
{
    struct sic_options one = *options;
    enum sic_status status;

    one.image = path;
    status = sic_listing_open(&one, error, listing);
    listing->called = path;
    return status;
}

/* Which of the two files it is about: some messages begin with it, others know only of an image. */
static void fail_for(const char *path, const struct sic_error *error)
{
    size_t length = strlen(path);

    if (strncmp(error->message, path, length) == 0 && error->message[length] == ':')
        sic_fail(error->message);
    else
        fprintf(stderr, "sic: %s: %s\n", path, error->message);
}

static int run_with(const struct sic_options *options)
{
    struct sic_listing listings[2];
    struct sic_error error;
    const char *const paths[2] = {options->image, options->newer_image};
    int status = SIC_EXIT_ERROR;
    unsigned opened = 0;
    bool is_open = true;

    while (is_open && opened < 2) {
        is_open = open_side(options, paths[opened], &error, &listings[opened]) == SIC_OK;
        opened++;
    }
    if (is_open && options->symbols.profile && !listings[0].image && !listings[1].image)
        sic_fail("saved scans were read with the layouts of their time; --profile is for images: leave it out");
    else if (is_open)
        status = compare(&listings[0], &listings[1], options);
    else
        fail_for(paths[opened - 1], &error);
    for (unsigned i = 0; i < opened; i++) {
        if (status != SIC_EXIT_ERROR)
            sic_notes_print(&listings[i], options);
        sic_listing_close(&listings[i]);
    }
    return status;
}

static int run(int argc, char **argv)
{
    struct sic_options options;
    int status = SIC_EXIT_ERROR;

    if (!sic_options_parse_diff(&options, argc, argv)) {
        status = SIC_EXIT_ERROR;
    } else if (options.action != SIC_ACTION_LIST) {
        print_help();
        status = fflush(stdout) == 0 ? SIC_EXIT_FOUND : sic_fail_to_write();
    } else {
        status = run_with(&options);
    }
    sic_options_deinit(&options);
    return status;
}

const struct sic_verb sic_verb_diff = {.name = "diff", .usage = "[OPTIONS] OLD NEW", .run = run};
