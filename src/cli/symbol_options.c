#include "cli/symbol_options.h"

#include "cli/report.h"
#include "platform/paths.h"

#include <stdio.h>
#include <stdlib.h>

bool sic_symbol_options_set_timeout(struct sic_symbol_options *options, const char *text)
{
    char *end;
    unsigned long seconds = strtoul(text, &end, 10);

    if (*text < '0' || *text > '9' || *end != '\0' || seconds == 0 || seconds > 86400)
        return sic_fail_option("--timeout takes a number of seconds from 1 to 86400, not '%s'", text);
    options->timeout_seconds = (unsigned)seconds;
    return true;
}

/* A mistake on the command line is an error; one in the environment only keeps that path from being used. */
static enum sic_status parse_path(struct sic_symbol_setup *setup, const struct sic_symbol_options *options,
                                  struct sic_error *error)
{
    char *variable = options->path ? NULL : sic_environment("_NT_SYMBOL_PATH");
    const char *text = options->path ? options->path : variable;
    struct sic_error reason;
    enum sic_status status;

    if (!text)
        return SIC_OK;
    status = sic_symbol_path_parse(text, setup->search.default_store, &reason, &setup->path);
    free(variable);
    if (status == SIC_BROKEN && !options->path) {
        sic_message_send(&setup->search.messages, SIC_MESSAGE_NOTE, "_NT_SYMBOL_PATH: passed over: %s", reason.message);
        sic_symbol_path_deinit(&setup->path);
        return SIC_OK;
    }
    if (status != SIC_OK)
        sic_error_set(error, status, "--symbols: %.400s", reason.message);
    return status;
}

enum sic_status sic_symbol_setup_init(struct sic_symbol_setup *setup, const struct sic_symbol_options *options,
                                      const char *image, struct sic_message_sink messages, struct sic_error *error)
{
    enum sic_status status;

    *setup = (struct sic_symbol_setup){
        .folders = {image ? sic_path_folder(image) : NULL, sic_program_folder(), sic_symbol_cache_folder()}};
    setup->search = (struct sic_symbol_search){
        .path = &setup->path,
        .image_folder = setup->folders[0],
        .program_folder = setup->folders[1],
        .default_store = setup->folders[2],
        .may_use_default_server = options->download,
        .download = {.timeout_seconds = options->timeout_seconds,
                     .progress = sic_progress_report_bytes,
                     .progress_context = &setup->progress},
        .messages = messages,
    };
    sic_progress_init(&setup->progress, messages.hear == NULL);
    status = parse_path(setup, options, error);
    if (status == SIC_OK && options->profile) {
        status = sic_profile_file_open(options->profile, error, &setup->profile);
        setup->own = sic_profile_file_finder(&setup->profile);
    }
    setup->pdb = sic_symbol_search_finder(&setup->search);
    setup->request = (struct sic_layout_request){
        .own = options->profile ? &setup->own : NULL, .pdb = &setup->pdb, .messages = messages};
    return status;
}

void sic_symbol_setup_deinit(struct sic_symbol_setup *setup)
{
    sic_progress_clear(&setup->progress);
    sic_symbol_path_deinit(&setup->path);
    sic_profile_file_close(&setup->profile);
    for (size_t i = 0; i < sizeof(setup->folders) / sizeof(setup->folders[0]); i++)
        free(setup->folders[i]);
}
