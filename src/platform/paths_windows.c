#include "platform/paths.h"

#include <windows.h>

#include <stdlib.h>
#include <string.h>
#include <wchar.h>

#define PROGRAM_PATH_SIZE 32768u

static wchar_t *widen(const char *text)
{
    int count = MultiByteToWideChar(CP_UTF8, MB_ERR_INVALID_CHARS, text, -1, NULL, 0);
    wchar_t *wide = count > 0 ? calloc((size_t)count, sizeof(*wide)) : NULL;

    if (wide)
        MultiByteToWideChar(CP_UTF8, MB_ERR_INVALID_CHARS, text, -1, wide, count);
    return wide;
}

static char *narrow(const wchar_t *wide)
{
    int size = WideCharToMultiByte(CP_UTF8, 0, wide, -1, NULL, 0, NULL, NULL);
    char *text = size > 0 ? malloc((size_t)size) : NULL;

    if (text)
        WideCharToMultiByte(CP_UTF8, 0, wide, -1, text, size, NULL, NULL);
    return text;
}

enum sic_path_kind sic_path_kind(const char *path)
{
    wchar_t *wide = widen(path);
    DWORD attributes = wide ? GetFileAttributesW(wide) : INVALID_FILE_ATTRIBUTES;

    free(wide);
    if (attributes == INVALID_FILE_ATTRIBUTES)
        return SIC_PATH_NONE;
    if (attributes & FILE_ATTRIBUTE_DIRECTORY)
        return SIC_PATH_FOLDER;
    return attributes & FILE_ATTRIBUTE_DEVICE ? SIC_PATH_OTHER : SIC_PATH_FILE;
}

static void each_found(HANDLE search, WIN32_FIND_DATAW *found, sic_folder_function *function, void *context)
{
    bool goes_on = true;

    do {
        char *name = narrow(found->cFileName);

        if (name && strcmp(name, ".") != 0 && strcmp(name, "..") != 0)
            goes_on = function(context, name);
        free(name);
    } while (goes_on && FindNextFileW(search, found));
}

bool sic_folder_each(const char *path, sic_folder_function *function, void *context)
{
    char *pattern = sic_path_join(path, "*");
    wchar_t *wide = pattern ? widen(pattern) : NULL;
    WIN32_FIND_DATAW found;
    HANDLE search = wide ? FindFirstFileW(wide, &found) : INVALID_HANDLE_VALUE;

    free(pattern);
    free(wide);
    if (search == INVALID_HANDLE_VALUE)
        return false;
    each_found(search, &found, function, context);
    FindClose(search);
    return true;
}

char *sic_program_folder(void)
{
    wchar_t *wide = calloc(PROGRAM_PATH_SIZE, sizeof(*wide));
    DWORD length = wide ? GetModuleFileNameW(NULL, wide, PROGRAM_PATH_SIZE) : 0;
    char *path = length > 0 && length < PROGRAM_PATH_SIZE ? narrow(wide) : NULL;
    char *folder = path ? sic_path_folder(path) : NULL;

    free(wide);
    free(path);
    return folder;
}

char *sic_environment(const char *name)
{
    wchar_t *wide = widen(name);
    const wchar_t *value = wide ? _wgetenv(wide) : NULL;
    char *text = value && *value != L'\0' ? narrow(value) : NULL;

    free(wide);
    return text;
}

/* %ProgramData%\dbg\sym, which the debuggers use when no other folder is named. */
char *sic_symbol_cache_folder(void)
{
    char *data = sic_environment("ProgramData");
    char *folder = data ? sic_path_join(data, "dbg/sym") : NULL;

    free(data);
    return folder;
}

bool sic_path_is_foreign(const char *path)
{
    (void)path;
    return false;
}
