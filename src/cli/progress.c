#include "cli/progress.h"

#include <stdio.h>
#include <unistd.h>

void sic_progress_init(struct sic_progress *progress, bool quiet)
{
    *progress = (struct sic_progress){.enabled = !quiet && isatty(STDERR_FILENO), .started = time(NULL)};
    progress->last = progress->started;
}

void sic_progress_report(void *context, uint32_t done, uint32_t count)
{
    struct sic_progress *progress = context;
    time_t now;

    if (!progress->enabled)
        return;
    now = time(NULL);
    if (now == progress->last)
        return;
    progress->last = now;
    progress->shown = true;
    fprintf(stderr, "\rsic: %u of %u processes", (unsigned)done, (unsigned)count);
    fflush(stderr);
}

void sic_progress_clear(struct sic_progress *progress)
{
    if (progress->shown)
        fprintf(stderr, "\r%40s\r", "");
    progress->shown = false;
}
