#include "platform/windows_path.h"

#include <windows.h>

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* CreateFile takes paths of MAX_PATH and more only in their full form behind this prefix. */
#define LONG_PREFIX     L"\\\\?\\"
#define LONG_UNC_PREFIX L"\\\\?\\UNC"

void sic_windows_describe(unsigned long code, char *text, size_t size)
{
    wchar_t wide[200];
    DWORD length = FormatMessageW(FORMAT_MESSAGE_FROM_SYSTEM | FORMAT_MESSAGE_IGNORE_INSERTS, NULL, code, 0, wide,
                                  ARRAYSIZE(wide), NULL);

    while (length > 0 && wcschr(L"\r\n. ", wide[length - 1]) != NULL) {
        length--;
    }
    int used = WideCharToMultiByte(CP_UTF8, 0, wide, (int)length, text, (int)size - 1, NULL, NULL);
    text[used > 0 ? used : 0] = '\0';
    if (used <= 0) {
        snprintf(text, size, "error %lu", (unsigned long)code);
    }
}

enum sic_status sic_windows_fail(const char *path, const char *what, struct sic_error *error)
{
    char reason[300];

    sic_windows_describe(GetLastError(), reason, sizeof(reason));
    return sic_error_set(error, SIC_IO, "%s: cannot be %s: %s", path, what, reason);
}

char *sic_windows_narrow(const wchar_t *wide)
{
    int size = WideCharToMultiByte(CP_UTF8, 0, wide, -1, NULL, 0, NULL, NULL);
    char *text = size > 0 ? malloc((size_t)size) : NULL;

    if (text != NULL) {
        WideCharToMultiByte(CP_UTF8, 0, wide, -1, text, size, NULL, NULL);
    }
    return text;
}

/* The path in UTF-16, owned by the caller; NULL when it is no UTF-8 or memory lacks. */
static wchar_t *widen(const char *path)
{
    int count = MultiByteToWideChar(CP_UTF8, MB_ERR_INVALID_CHARS, path, -1, NULL, 0);
    wchar_t *wide = count > 0 ? calloc((size_t)count, sizeof(*wide)) : NULL;

    if (wide != NULL) {
        MultiByteToWideChar(CP_UTF8, MB_ERR_INVALID_CHARS, path, -1, wide, count);
    }
    return wide;
}

/* The same path in full behind the prefix for long paths; frees `path`. Short and prefixed paths are returned as they
 * are. */
static wchar_t *lengthen(wchar_t *path)
{
    if (wcslen(path) < MAX_PATH - 12 || wcsncmp(path, LONG_PREFIX, 4) == 0) {
        return path;
    }
    DWORD count = GetFullPathNameW(path, 0, NULL, NULL);
    size_t extra = wcslen(LONG_UNC_PREFIX);
    wchar_t *full = count > 0 ? calloc(count + extra + 1, sizeof(*full)) : NULL;
    if (full == NULL || GetFullPathNameW(path, count, full + extra, NULL) == 0) {
        free(full);
        return path;
    }
    bool unc = wcsncmp(full + extra, L"\\\\", 2) == 0;
    const wchar_t *prefix = unc ? LONG_UNC_PREFIX : LONG_PREFIX;
    size_t skip = unc ? 1 : 0; /* \\server becomes \\?\UNC\server */
    size_t length = wcslen(full + extra + skip);
    memmove(full + wcslen(prefix), full + extra + skip, (length + 1) * sizeof(*full));
    wmemcpy(full, prefix, wcslen(prefix));
    free(path);
    return full;
}

wchar_t *sic_windows_path(const char *path)
{
    wchar_t *wide = widen(path);

    return wide != NULL ? lengthen(wide) : NULL;
}
