/*
 * A kernel's PDB through the debuggers' own libraries, dbghelp.dll and symsrv.dll. Windows only; one thread.
 */
#ifndef SIC_LIVE_SYMSRV_H
#define SIC_LIVE_SYMSRV_H

#include "util/status.h"

#include <stdbool.h>

/* Hears one line about what was copied, passed over or loaded. */
struct sic_symsrv_listener {
    void *context;
    void (*hear)(void *context, const char *text);
};

/*
 * Finds the PDB of this name, GUID and age ("5278AFF8…1") along `search_path`, in the debuggers' syntax: NULL means
 * _NT_SYMBOL_PATH, and "srv*" where that is unset. symsrv fetches it where the path says so. *path, to be freed, is a
 * file on this machine. The first call copies both libraries beside the program from the Windows SDK's debuggers when
 * they are there and missing here; those beside the program serve when Microsoft signed them, those of System32
 * otherwise. SIC_NOT_FOUND: it is nowhere on the path; SIC_UNSUPPORTED: no library can be loaded.
 */
SIC_MUST_CHECK enum sic_status sic_symsrv_find(const char *search_path, const char *name, const char *guid_age,
                                               const struct sic_symsrv_listener *listener, struct sic_error *error,
                                               char **path);

#endif
