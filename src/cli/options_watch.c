#include "cli/options_watch.h"

#include "cli/report.h"
#include "live/live.h"

#include <stddef.h>

/* What is no part of differences; NULL: nothing of that kind is asked for. */
static const char *find_unwatchable(const struct sic_options *options)
{
    if (options->form == SIC_FORM_PLAIN)
        return "--plain";
    if (options->form == SIC_FORM_CSV)
        return "--csv";
    if (options->action == SIC_ACTION_LAYOUT)
        return "--layout";
    if (options->save)
        return "--save";
    if (options->live_dump)
        return "--live-dump";
    if (options->cross)
        return "--cross";
    if (options->explain)
        return "--explain";
    return options->by_process ? "--group process" : NULL;
}

bool sic_options_can_watch(const struct sic_options *options, const char *image)
{
    const char *unwatchable = find_unwatchable(options);

    if (unwatchable)
        return sic_fail_option("--watch shows what changed, crossings included, as text or with --json: leave out %s",
                               unwatchable);
    if (image)
        return sic_fail_option(
            "--watch reads the running Windows: '%s' is one image too many; 'sic diff OLD NEW' compares images", image);
    if (!sic_live_is_possible())
        return sic_fail_option(
            "--watch needs the running Windows, and this is none%s; 'sic diff OLD NEW' compares images", "");
    return true;
}
