/*
 * What --watch prints of each scan: text, or JSON Lines (docs/sic-watch.schema.json). All is flushed at once.
 */
#ifndef SIC_CLI_WATCH_PRINT_H
#define SIC_CLI_WATCH_PRINT_H

#include "cli/listing.h"
#include "meaning/time.h"

/* Listings point into themselves: it is not to be copied. */
struct sic_watched_scan {
    struct sic_listing listing;
    char time[SIC_TIME_TEXT_SIZE]; /* when it began */
};

enum sic_watch_answer {
    SIC_WATCH_SAME,
    SIC_WATCH_DIFFERENT,
    SIC_WATCH_NO_MEMORY,  /* nothing was printed */
    SIC_WATCH_NOT_WRITTEN /* and that was said */
};

/* That the watch has begun. SIC_WATCH_SAME after success. */
enum sic_watch_answer sic_watch_print_first(const struct sic_options *options, const struct sic_watched_scan *scan);

/* The scan of `time` failed; the one before that succeeded was of `since`. SIC_WATCH_SAME after success. */
enum sic_watch_answer sic_watch_print_failure(const struct sic_options *options, const char *time, const char *since,
                                              const char *reason);

/* The differences between two scans. */
enum sic_watch_answer sic_watch_print(const struct sic_options *options, const struct sic_watched_scan *old_scan,
                                      const struct sic_watched_scan *new_scan);

#endif
