/*
 * Paths in UTF-8 and errors in words, for the files that speak to Windows.
 */
#ifndef SIC_PLATFORM_WINDOWS_PATH_H
#define SIC_PLATFORM_WINDOWS_PATH_H

#include "util/status.h"

#include <stddef.h>
#include <wchar.h>

/* The path in UTF-16, in full behind the prefix for long paths where it is long. Freed by the caller; NULL when it is
 * no UTF-8 or memory lacks. */
wchar_t *sic_windows_path(const char *path);

/* "PATH: cannot be WHAT: …" with the reason that GetLastError gives; SIC_IO. */
enum sic_status sic_windows_fail(const char *path, const char *what, struct sic_error *error);

/* What Windows says of its error `code`, without a full stop: "Access denied". */
void sic_windows_describe(unsigned long code, char *text, size_t size);

/* UTF-16 as UTF-8, to be freed; NULL when memory lacks. */
char *sic_windows_narrow(const wchar_t *wide);

#endif
