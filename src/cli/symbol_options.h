/*
 * Where layouts come from, as the command line says it: shared by the listing and by `sic symbols`.
 */
#ifndef SIC_CLI_SYMBOL_OPTIONS_H
#define SIC_CLI_SYMBOL_OPTIONS_H

#include "cli/progress.h"
#include "symbols/profile_file.h"
#include "symbols/symbol_search.h"

#include <stdbool.h>

struct sic_symbol_options {
    const char *path;    /* --symbols; NULL: _NT_SYMBOL_PATH */
    const char *profile; /* --profile; NULL: none */
    bool download;
    unsigned timeout_seconds; /* 0: the default */
};

/* False after a line on standard error. */
bool sic_symbol_options_set_timeout(struct sic_symbol_options *options, const char *text);

/* All that the search needs, made of the options and the environment. It points into itself: it is not to be copied. */
struct sic_symbol_setup {
    struct sic_symbol_path path;
    struct sic_symbol_search search;
    struct sic_profile_file profile;
    struct sic_layout_finder own, pdb;
    struct sic_layout_request request; /* for sic_kernel_open_with */
    struct sic_progress progress;
    char *folders[3]; /* owned: the image's, the program's, the default store */
};

/* `image` is the path of the image; NULL for the live kernel. The owner calls sic_symbol_setup_deinit, after a failure
 * too. */
SIC_MUST_CHECK enum sic_status sic_symbol_setup_init(struct sic_symbol_setup *setup,
                                                     const struct sic_symbol_options *options, const char *image,
                                                     struct sic_message_sink messages, struct sic_error *error);
void sic_symbol_setup_deinit(struct sic_symbol_setup *setup);

#endif
