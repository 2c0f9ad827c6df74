#include "live/live.h"

bool sic_live_is_possible(void)
{
    return false;
}

enum sic_status sic_live_scan(const struct sic_live_options *options, struct sic_error *error,
                              struct sic_kernel *kernel, struct sic_scan *scan)
{
    (void)options;
    (void)kernel;
    (void)scan;
    return sic_error_set(error, SIC_UNSUPPORTED, "this is no Windows: name a memory image");
}

enum sic_status sic_live_dump_make(const char *keep, struct sic_error *error, struct sic_live_dump *dump)
{
    (void)keep;
    (void)dump;
    return sic_error_set(error, SIC_UNSUPPORTED, "this is no Windows: name a memory image");
}

void sic_live_dump_close(struct sic_live_dump *dump)
{
    (void)dump;
}
