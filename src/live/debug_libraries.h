/*
 * Which dbghelp.dll is loaded. Windows only.
 */
#ifndef SIC_LIVE_DEBUG_LIBRARIES_H
#define SIC_LIVE_DEBUG_LIBRARIES_H

#include "live/symsrv.h"

/*
 * The module (HMODULE) of dbghelp.dll, loaded once: the one beside the program, with its symsrv.dll, when Microsoft
 * signed both; else that of System32. NULL when there is none.
 */
void *sic_debug_libraries_load(const struct sic_symsrv_listener *listener);

/* True when the symsrv.dll that was loaded with it is Microsoft's: without one nothing is fetched. */
bool sic_debug_libraries_can_fetch(const struct sic_symsrv_listener *listener);

#endif
