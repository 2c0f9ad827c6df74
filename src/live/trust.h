/*
 * Whether Microsoft signed a file. Windows only.
 */
#ifndef SIC_LIVE_TRUST_H
#define SIC_LIVE_TRUST_H

#include <stdbool.h>
#include <wchar.h>

/*
 * True when the file's embedded signature is whole, its signer is Microsoft Corporation and its chain ends in one of
 * Microsoft's own roots. `handle` is the open file, shared for reading only: what was checked is then what is loaded.
 */
bool sic_trust_is_microsofts(void *handle, const wchar_t *path);

#endif
