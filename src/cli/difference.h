/*
 * A difference of two listings, for people and for scripts: `sic diff`, and one scan after another.
 */
#ifndef SIC_CLI_DIFFERENCE_H
#define SIC_CLI_DIFFERENCE_H

#include "cli/json_writer.h"
#include "cli/listing.h"
#include "cli/output.h"
#include "difference/difference.h"

/* Two listings, opened with sic_options.compare, and what differs between them. */
struct sic_comparison {
    const struct sic_listing *old_listing; /* borrowed */
    const struct sic_listing *new_listing;
    const char *old_name; /* borrowed: what the listing is called; NULL: nothing */
    const char *new_name;
    struct sic_difference difference;
    bool *sections_shown[2];  /* owned; NULL: all */
    bool *processes_shown[2]; /* owned; NULL: all */
};

/*
 * Compares what options->selection chooses: sections with views that pass on either side, and with --filter processes.
 * The listings stay where they are. The owner calls sic_comparison_deinit, after a failure too. False when memory ran
 * out.
 */
bool sic_comparison_init(const struct sic_listing *old_listing, const struct sic_listing *new_listing,
                         const struct sic_options *options, bool by_path, struct sic_comparison *comparison);
void sic_comparison_deinit(struct sic_comparison *comparison);

/* Both listings are whole: what is not told did not change. */
bool sic_comparison_is_complete(const struct sic_comparison *comparison);

/* Lines for people; options->details adds sections that are not shared. `with_head`: what was compared, and on what
 * basis. False when memory ran out. */
bool sic_comparison_print_text(const struct sic_comparison *comparison, const struct sic_options *options,
                               bool with_head, bool with_color, struct sic_output *output);
/* One document, see docs/sic-diff.schema.json. False when memory ran out. */
bool sic_comparison_print_json(const struct sic_comparison *comparison, struct sic_output *output);
/* The same as the member `key` of another document; NULL: as a document of its own. */
bool sic_comparison_put_json(struct sic_json *json, const char *key, const struct sic_comparison *comparison);

/* SIC_EXIT_…: 0 no difference, 1 differences, 3 none was found, but something that decides could not be read. */
int sic_comparison_exit_status(const struct sic_comparison *comparison);

#endif
