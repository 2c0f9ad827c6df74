/*
 * How far long work is, on standard error, when that is a terminal.
 */
#ifndef SIC_CLI_PROGRESS_H
#define SIC_CLI_PROGRESS_H

#include <stdbool.h>
#include <stdint.h>
#include <time.h>

struct sic_progress {
    bool enabled;
    bool shown;
    time_t started;
    time_t last;
};

void sic_progress_init(struct sic_progress *progress, bool quiet);
/* `context` is a struct sic_progress. Writes at most once a second, and nothing in the first. */
void sic_progress_report(void *context, uint32_t done, uint32_t count);
/* The same for a download: bytes so far, and all of them (0: unknown). */
void sic_progress_report_bytes(void *context, uint64_t done, uint64_t total);
/* Takes the line away again. */
void sic_progress_clear(struct sic_progress *progress);

#endif
