#include "cli/progress.h"

#include <stdio.h>
#include <unistd.h>

void sic_progress_init(struct sic_progress *progress, bool quiet)
{
    *progress = (struct sic_progress){.enabled = !quiet && isatty(STDERR_FILENO), .started = time(NULL)};
    progress->last = progress->started;
}

/* At most once a second, and not in the first. */
static bool is_due(struct sic_progress *progress)
{
    time_t now;

    if (!progress->enabled)
        return false;
    now = time(NULL);
    if (now == progress->last)
        return false;
    progress->last = now;
    progress->shown = true;
    return true;
}

void sic_progress_report(void *context, uint32_t done, uint32_t count)
{
    if (!is_due(context))
        return;
    fprintf(stderr, "\rsic: %u of %u processes", (unsigned)done, (unsigned)count);
    fflush(stderr);
}

void sic_progress_report_bytes(void *context, uint64_t done, uint64_t total)
{
    if (!is_due(context))
        return;
    fprintf(stderr, "\rsic: downloading the PDB: %.1f", (double)done / 1e6);
    if (total > 0)
        fprintf(stderr, " of %.1f", (double)total / 1e6);
    fprintf(stderr, " MB ");
    fflush(stderr);
}

void sic_progress_clear(struct sic_progress *progress)
{
    if (progress->shown)
        fprintf(stderr, "\r%60s\r", "");
    progress->shown = false;
}
