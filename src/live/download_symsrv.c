/* On Windows the debuggers' own libraries fetch PDBs, with the proxy and the rights that they have. */
#include "live/debug_libraries.h"
#include "live/symsrv.h"
#include "symbols/download.h"

#include <stdio.h>
#include <stdlib.h>

/* "srv*STORE*URL" */
#define SEARCH_PATH_SIZE 4096u

bool sic_download_is_built(void)
{
    return true;
}

bool sic_download_is_possible(const char **reason)
{
    *reason = "Microsoft's dbghelp.dll and symsrv.dll are not beside sic.exe, nor are the Windows SDK's debuggers "
              "installed; fetch the PDB with another program, see 'sic symbols IMAGE'";
    return sic_debug_libraries_can_fetch(NULL);
}

enum sic_status sic_download_fetch(const char *url, const char *store, const struct sic_pdb_reference *wanted,
                                   const struct sic_download_options *options, struct sic_error *error, char **path)
{
    char search_path[SEARCH_PATH_SIZE];
    struct sic_error reason;
    enum sic_status status;

    (void)options; /* symsrv has timeouts of its own */
    if ((size_t)snprintf(search_path, sizeof(search_path), "srv*%s*%s", store, url) >= sizeof(search_path))
        return sic_error_set(error, SIC_IO, "%.200s: the store's path is too long", url);
    status = sic_symsrv_find(search_path, wanted->name, wanted->guid_age, NULL, &reason, path);
    return status == SIC_OK ? SIC_OK : sic_error_set(error, status, "%.200s: %.280s", url, reason.message);
}
