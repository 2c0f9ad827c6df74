#include "cli/live_setup.h"

#include "cli/report.h"

#include <stdio.h>

static void print_note(void *context, const char *text)
{
    const struct sic_options *options = context;

    if (!options->quiet)
        fprintf(stderr, "sic: %s\n", text);
}

enum sic_status sic_live_setup_init(struct sic_live_setup *setup, const struct sic_options *options,
                                    const struct sic_collect_options *collect, struct sic_error *error)
{
    enum sic_status status = sic_symbol_setup_init(&setup->symbols, &options->symbols, NULL,
                                                   sic_message_printer(options->quiet, options->verbose), error);

    /* As the debuggers do: without a symbol path it is "srv*". */
    setup->symbols.search.may_use_default_server |= setup->symbols.path.count == 0;
    setup->finder = sic_live_finder_make(&setup->symbols.request);
    setup->live = (struct sic_live_options){
        .collect = *collect, .finder = &setup->finder, .note = print_note, .note_context = (void *)options};
    return status;
}

void sic_live_setup_deinit(struct sic_live_setup *setup)
{
    sic_symbol_setup_deinit(&setup->symbols);
}
