#include "symbols/download.h"

bool sic_download_is_built(void)
{
    return false;
}

bool sic_download_is_possible(const char **reason)
{
    *reason = "this build searches folders only; fetch the PDB with another program, see 'sic symbols IMAGE'";
    return false;
}

enum sic_status sic_download_fetch(const char *url, const char *store, const struct sic_pdb_reference *wanted,
                                   const struct sic_download_options *options, struct sic_error *error, char **path)
{
    (void)store;
    (void)wanted;
    (void)options;
    (void)path;
    return sic_error_set(error, SIC_UNSUPPORTED, "%.200s: this build does not download", url);
}
