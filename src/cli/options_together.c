#include "cli/options_together.h"

#include "cli/report.h"

#include <stddef.h>

/* What asks for regions, or for a form of them; NULL: nothing does. Options that only choose regions are left alone. */
static const char *find_listing(const struct sic_options *options)
{
    switch (options->form) {
    case SIC_FORM_PLAIN:
        return "--plain";
    case SIC_FORM_JSON:
        return "--json";
    case SIC_FORM_CSV:
        return "--csv";
    default:
        break;
    }
    if (options->by_process)
        return "--group process";
    if (options->details)
        return "--details";
    return options->cross ? "--cross" : options->explain ? "--explain" : NULL;
}

/* What is the first SiC's to the letter has no room for more; and the listing by process shows no evidence. */
bool sic_options_go_together(const struct sic_options *options)
{
    const char *addition = options->explain ? "--explain" : options->details ? "--details" : NULL;
    const char *listing = find_listing(options);

    if (options->action == SIC_ACTION_LAYOUT && options->watch == 0 && listing)
        return sic_fail_option("--layout prints offsets and lists nothing: leave out %s, or --layout", listing);
    if (options->cross && options->form == SIC_FORM_PLAIN)
        return sic_fail_option("--plain is the first SiC's listing to the letter: leave out %s, or --plain", "--cross");
    if (options->cross && options->form == SIC_FORM_TEXT && options->by_process)
        return sic_fail_option("--cross lists regions by the width of their gaps: leave out %s, or --cross",
                               "--group process");
    if (options->form == SIC_FORM_PLAIN && (addition || options->by_process))
        return sic_fail_option("--plain is the first SiC's listing to the letter: leave out %s, or --plain",
                               addition ? addition : "--group process");
    if (options->form == SIC_FORM_TEXT && options->by_process && addition)
        return sic_fail_option("--group process has no room for what %s adds: leave it out, or add --csv or --json",
                               addition);
    return true;
}
