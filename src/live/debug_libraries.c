#include "live/debug_libraries.h"

#include "live/trust.h"

#include <windows.h>

#include <stdio.h>
#include <stdlib.h>

#define PATH_SIZE 32768u
/* Where the Windows SDK installs the x64 debuggers. */
#define SDK_FOLDER L"C:\\Program Files (x86)\\Windows Kits\\10\\Debuggers\\x64\\"

static void hear(const struct sic_symsrv_listener *listener, const char *name, const char *what)
{
    char text[200];

    snprintf(text, sizeof(text), "%s: %s", name, what);
    if (listener && listener->hear)
        listener->hear(listener->context, text);
}

static bool exists(const wchar_t *path)
{
    return GetFileAttributesW(path) != INVALID_FILE_ATTRIBUTES;
}

/* The path of a file beside the program, to be freed. */
static wchar_t *beside(const wchar_t *name)
{
    wchar_t *path = calloc(PATH_SIZE + wcslen(name) + 1, sizeof(*path));
    DWORD length = path ? GetModuleFileNameW(NULL, path, PATH_SIZE) : 0;

    if (length == 0 || length >= PATH_SIZE) {
        free(path);
        return NULL;
    }
    while (length > 0 && path[length - 1] != L'\\')
        length--;
    wcscpy(path + length, name);
    return path;
}

/* Never replaces what is there. */
static void copy_from_sdk(const wchar_t *name, const char *narrow, const wchar_t *target,
                          const struct sic_symsrv_listener *listener)
{
    wchar_t source[MAX_PATH];

    if (exists(target))
        return;
    swprintf(source, MAX_PATH, L"%ls%ls", SDK_FOLDER, name);
    if (exists(source))
        hear(listener, narrow,
             CopyFileW(source, target, TRUE) ? "copied from the Windows SDK's debuggers"
                                             : "cannot be copied beside sic.exe from the Windows SDK's debuggers");
}

/* Loads a library from beside the program when Microsoft signed it. The file stays as it was checked until then. */
static HMODULE load_signed(const wchar_t *path, const char *narrow, const struct sic_symsrv_listener *listener)
{
    HANDLE file = CreateFileW(path, GENERIC_READ, FILE_SHARE_READ, NULL, OPEN_EXISTING, FILE_ATTRIBUTE_NORMAL, NULL);
    HMODULE module = NULL;

    if (file == INVALID_HANDLE_VALUE)
        return NULL;
    if (sic_trust_is_microsofts(file, path))
        module = LoadLibraryExW(path, NULL, LOAD_LIBRARY_SEARCH_SYSTEM32);
    else
        hear(listener, narrow, "not loaded: the file beside sic.exe is not signed by Microsoft");
    CloseHandle(file);
    return module;
}

/* symsrv.dll first: dbghelp.dll, which asks for it by name or path, then gets this one. */
static HMODULE load_beside(const struct sic_symsrv_listener *listener)
{
    wchar_t *symsrv = beside(L"symsrv.dll"), *dbghelp = beside(L"dbghelp.dll");
    HMODULE module = NULL;

    if (symsrv && dbghelp) {
        copy_from_sdk(L"symsrv.dll", "symsrv.dll", symsrv, listener);
        copy_from_sdk(L"dbghelp.dll", "dbghelp.dll", dbghelp, listener);
        /* Without it dbghelp.dll would load whatever symsrv.dll lay beside it later. */
        if (load_signed(symsrv, "symsrv.dll", listener))
            module = load_signed(dbghelp, "dbghelp.dll", listener);
        else if (exists(dbghelp))
            hear(listener, "dbghelp.dll", "not loaded from beside sic.exe: it needs Microsoft's symsrv.dll there too");
    }
    free(symsrv);
    free(dbghelp);
    return module;
}

void *sic_debug_libraries_load(const struct sic_symsrv_listener *listener)
{
    static HMODULE module;

    if (!module)
        module = load_beside(listener);
    if (!module)
        module = LoadLibraryExW(L"dbghelp.dll", NULL, LOAD_LIBRARY_SEARCH_SYSTEM32);
    return module;
}

bool sic_debug_libraries_can_fetch(const struct sic_symsrv_listener *listener)
{
    /* Only load_beside loads one, and only a signed one. */
    return sic_debug_libraries_load(listener) && GetModuleHandleW(L"symsrv.dll");
}
