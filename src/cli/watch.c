#include "cli/watch.h"

#include "cli/live_setup.h"
#include "cli/notes.h"
#include "cli/report.h"
#include "cli/watch_print.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

/* Between 1601, where Windows counts from, and 1970. */
#define SECONDS_TO_1970  11644473600ull
#define UNITS_PER_SECOND 10000000u

struct watch {
    const struct sic_options *options;
    struct sic_live_session *session;
    struct sic_watched_scan *last; /* the last one that succeeded */
    uint64_t scans;                /* that succeeded */
    uint64_t failures;
    bool is_different;
    bool is_short; /* a scan failed, or left something unread */
};

/* How a scan and what is printed of it went. */
enum round {
    ROUND_DONE,
    ROUND_INTERRUPTED,
    ROUND_BROKEN /* the watch cannot go on, and that was said */
};

static void read_clock(char text[SIC_TIME_TEXT_SIZE])
{
    if (!sic_time_format(((uint64_t)time(NULL) + SECONDS_TO_1970) * UNITS_PER_SECOND, text))
        snprintf(text, SIC_TIME_TEXT_SIZE, "unknown");
}

static void free_scan(struct sic_watched_scan *scan)
{
    if (scan)
        sic_listing_close(&scan->listing);
    free(scan);
}

/* NULL after a failure, whose reason is in *error then; `began` is set in any case. */
static struct sic_watched_scan *take_scan(const struct watch *watch, char began[SIC_TIME_TEXT_SIZE],
                                          struct sic_error *error)
{
    struct sic_watched_scan *scan = calloc(1, sizeof(*scan));

    read_clock(began);
    if (!scan) {
        sic_error_set(error, SIC_NO_MEMORY, "out of memory; close other programs");
        return NULL;
    }
    snprintf(scan->time, sizeof(scan->time), "%s", began);
    if (sic_listing_open_live(watch->options, watch->session, error, &scan->listing) == SIC_OK)
        return scan;
    free_scan(scan);
    return NULL;
}

static enum round round_of(enum sic_watch_answer answer)
{
    return answer == SIC_WATCH_NOT_WRITTEN ? ROUND_BROKEN : ROUND_DONE;
}

/* A machine that is short of something for a moment is worth watching on. */
static enum round report_failure(struct watch *watch, const char *began, const char *reason)
{
    watch->failures++;
    watch->is_short = true;
    fprintf(stderr, "sic: the scan of %s failed: %s\n", began, reason);
    return round_of(sic_watch_print_failure(watch->options, began, watch->last->time, reason));
}

/* The scan takes the last one's place. */
static void accept(struct watch *watch, struct sic_watched_scan *scan)
{
    watch->scans++;
    watch->is_short = watch->is_short || !sic_listing_is_complete(&scan->listing);
    free_scan(watch->last);
    watch->last = scan;
}

/* The first scan's notes are printed in full. On a live machine something is short now and then: a line is enough. */
static void report_short(const struct watch *watch, const struct sic_watched_scan *scan)
{
    char what[80] = "not all that crossings rest on was read";

    if (sic_listing_is_complete(&scan->listing))
        return;
    if (watch->options->verbose)
        sic_notes_print(&scan->listing, watch->options);
    if (scan->listing.scan.problems.count > 0)
        snprintf(what, sizeof(what), "problems: %" PRIu32, scan->listing.scan.problems.count);
    /* Said even when asked to be quiet: an answer is never silently short. */
    fprintf(stderr, "sic: the scan of %s is incomplete (%s); what is shown stands%s\n", scan->time, what,
            watch->options->verbose ? "" : "; --verbose names what is missing");
}

static enum round run_round(struct watch *watch)
{
    char began[SIC_TIME_TEXT_SIZE];
    struct sic_error error;
    struct sic_watched_scan *scan = take_scan(watch, began, &error);
    enum sic_watch_answer answer;

    if (sic_live_is_interrupted(watch->session)) {
        free_scan(scan);
        return ROUND_INTERRUPTED;
    }
    if (!scan)
        return report_failure(watch, began, error.message);
    answer = sic_watch_print(watch->options, watch->last, scan);
    if (answer == SIC_WATCH_NO_MEMORY) {
        free_scan(scan);
        return report_failure(watch, began, "out of memory; close other programs");
    }
    watch->is_different = watch->is_different || answer == SIC_WATCH_DIFFERENT;
    report_short(watch, scan);
    accept(watch, scan);
    return round_of(answer);
}

/* Without a scan to compare with there is nothing to watch. */
static enum round begin(struct watch *watch)
{
    char began[SIC_TIME_TEXT_SIZE];
    struct sic_error error;
    struct sic_watched_scan *scan = take_scan(watch, began, &error);

    if (sic_live_is_interrupted(watch->session)) {
        free_scan(scan);
        return ROUND_INTERRUPTED;
    }
    if (!scan) {
        sic_fail(error.message);
        return ROUND_BROKEN;
    }
    sic_notes_print(&scan->listing, watch->options);
    accept(watch, scan);
    return round_of(sic_watch_print_first(watch->options, scan));
}

/* Until something ends it. True when that was Ctrl-C or its like. */
static bool run(struct watch *watch)
{
    enum round round = begin(watch);

    while (round == ROUND_DONE && sic_live_wait(watch->session, watch->options->watch))
        round = run_round(watch);
    return round != ROUND_BROKEN;
}

static int status_of(const struct watch *watch)
{
    return watch->is_different ? SIC_EXIT_DIFFERENT : watch->is_short ? SIC_EXIT_INCOMPLETE : SIC_EXIT_SAME;
}

static void print_end(const struct watch *watch)
{
    char failures[64] = "";

    if (watch->failures > 0)
        snprintf(failures, sizeof(failures), " (%" PRIu64 " more failed)", watch->failures);
    fprintf(stderr, "sic: the watch ended after %" PRIu64 " scan%s%s; the driver is stopped and removed\n",
            watch->scans, watch->scans == 1 ? "" : "s", failures);
}

/* `went_well`: nothing broke. */
static int finish(struct watch *watch, bool went_well)
{
    struct sic_error error;
    bool is_removed = sic_live_close(watch->session, &error) == SIC_OK;

    free_scan(watch->last);
    if (!is_removed)
        return sic_fail(error.message);
    if (watch->scans == 0)
        return went_well ? sic_fail("cancelled; the driver is stopped and removed") : SIC_EXIT_ERROR;
    if (!watch->options->quiet)
        print_end(watch);
    return went_well ? status_of(watch) : SIC_EXIT_ERROR;
}

int sic_watch(const struct sic_options *options)
{
    struct sic_collect_options collect = sic_listing_needs(options);
    struct watch watch = {.options = options};
    struct sic_live_setup setup;
    struct sic_error error;
    enum sic_status status = sic_live_setup_init(&setup, options, &collect, &error);
    int answer;

    if (status == SIC_OK)
        status = sic_live_open(&setup.live, &error, &watch.session);
    answer = status == SIC_OK ? finish(&watch, run(&watch)) : sic_fail(error.message);
    sic_live_setup_deinit(&setup);
    return answer;
}
