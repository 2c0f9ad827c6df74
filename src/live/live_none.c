#include "live/live.h"

bool sic_live_is_possible(void)
{
    return false;
}

static enum sic_status refuse(struct sic_error *error)
{
    return sic_error_set(error, SIC_UNSUPPORTED, "this is no Windows: name a memory image");
}

enum sic_status sic_live_scan(const struct sic_live_options *options, struct sic_error *error,
                              struct sic_kernel *kernel, struct sic_scan *scan)
{
    (void)options;
    (void)kernel;
    (void)scan;
    return refuse(error);
}

enum sic_status sic_live_open(const struct sic_live_options *options, struct sic_error *error,
                              struct sic_live_session **session)
{
    (void)options;
    (void)session;
    return refuse(error);
}

enum sic_status sic_live_session_scan(struct sic_live_session *session, struct sic_error *error,
                                      struct sic_kernel *kernel, struct sic_scan *scan)
{
    (void)session;
    (void)kernel;
    (void)scan;
    return refuse(error);
}

bool sic_live_is_interrupted(const struct sic_live_session *session)
{
    (void)session;
    return true;
}

bool sic_live_wait(const struct sic_live_session *session, unsigned seconds)
{
    (void)session;
    (void)seconds;
    return false;
}

enum sic_status sic_live_close(struct sic_live_session *session, struct sic_error *error)
{
    (void)session;
    (void)error;
    return SIC_OK;
}

enum sic_status sic_live_dump_make(const char *keep, struct sic_error *error, struct sic_live_dump *dump)
{
    (void)keep;
    (void)dump;
    return refuse(error);
}

void sic_live_dump_close(struct sic_live_dump *dump)
{
    (void)dump;
}
