#include "live/symsrv.h"

#include "live/debug_libraries.h"
#include "live/interrupt.h"
#include "live/native.h"
#include "platform/file_map.h"
#include "platform/windows_path.h"
#include "symbols/pdb.h"

#include <dbghelp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* dbghelp writes found paths without asking how much room there is: MAX_PATH and one, it says. */
#define FOUND_SIZE (MAX_PATH + 1)
/* What a search path may have; longer ones are cut by dbghelp too. */
#define SEARCH_PATH_SIZE 8192u

struct routines {
    BOOL(WINAPI *initialize)(HANDLE process, PCWSTR search_path, BOOL invade);
    BOOL(WINAPI *cleanup)(HANDLE process);
    BOOL(WINAPI *listen)(HANDLE process, PSYMBOL_REGISTERED_CALLBACK64 callback, ULONG64 context);
    BOOL(WINAPI *find_file)
    (HANDLE process, PCWSTR search_path, PCWSTR name, PVOID id, DWORD two, DWORD three, DWORD flags, PWSTR found,
     PFINDFILEINPATHCALLBACKW callback, PVOID context);
};

static bool find_routines(HMODULE library, struct routines *routines)
{
    return SIC_FIND_ROUTINE(library, "SymInitializeW", &routines->initialize) &&
           SIC_FIND_ROUTINE(library, "SymCleanup", &routines->cleanup) &&
           SIC_FIND_ROUTINE(library, "SymRegisterCallbackW64", &routines->listen) &&
           SIC_FIND_ROUTINE(library, "SymFindFileInPathW", &routines->find_file);
}

/* 32 digits, then the age. */
static bool parse_identity(const char *guid_age, GUID *guid, DWORD *age)
{
    unsigned long first;
    unsigned second, third, rest[8];
    char *end;

    if (strspn(guid_age, "0123456789ABCDEFabcdef") != strlen(guid_age) || strlen(guid_age) < 33 ||
        sscanf(guid_age, "%8lx%4x%4x%2x%2x%2x%2x%2x%2x%2x%2x", &first, &second, &third, &rest[0], &rest[1], &rest[2],
               &rest[3], &rest[4], &rest[5], &rest[6], &rest[7]) != 11)
        return false;
    *guid = (GUID){.Data1 = first, .Data2 = (WORD)second, .Data3 = (WORD)third};
    for (unsigned i = 0; i < 8; i++)
        guid->Data4[i] = (BYTE)rest[i];
    *age = strtoul(guid_age + 32, &end, 16);
    return true;
}

/* The caller's path, else the user's, else Microsoft's server with the default store. */
static bool get_search_path(const char *asked, wchar_t *path, DWORD size)
{
    DWORD length;

    if (asked)
        return MultiByteToWideChar(CP_UTF8, MB_ERR_INVALID_CHARS, asked, -1, path, (int)size) > 0;
    length = GetEnvironmentVariableW(L"_NT_SYMBOL_PATH", path, size);
    if (length == 0)
        wcscpy(path, L"srv*");
    return length < size;
}

struct wanted {
    GUID guid;
    DWORD age;
};

/* Our own reader says whether a file is the PDB. FALSE: it is, and the search ends. */
static BOOL CALLBACK goes_on(PCWSTR path, PVOID context)
{
    const struct wanted *wanted = context;
    char *narrow = sic_windows_narrow(path);
    struct sic_file_map map;
    struct sic_error ignored;
    struct sic_pdb *pdb;
    bool is_it = false;

    if (narrow && sic_file_map_open(narrow, &ignored, &map) == SIC_OK) {
        if (sic_pdb_open_bytes(map.bytes, map.size, &ignored, &pdb) == SIC_OK) {
            is_it = sic_pdb_matches(pdb, (const uint8_t *)&wanted->guid, wanted->age);
            sic_pdb_close(pdb);
        }
        sic_file_map_close(&map);
    }
    free(narrow);
    return !is_it;
}

/* symsrv asks now and then whether it is to go on: not after Ctrl-C. */
static BOOL CALLBACK is_given_up(HANDLE session, ULONG action, ULONG64 data, ULONG64 context)
{
    (void)session;
    (void)data;
    (void)context;
    return action == CBA_DEFERRED_SYMBOL_LOAD_CANCEL && sic_interrupt_is_heard();
}

/* A process of no meaning: dbghelp tells its sessions apart by it. */
static bool search(const struct routines *routines, const wchar_t *search_path, const wchar_t *name,
                   struct wanted *wanted, wchar_t *found)
{
    HANDLE session = (HANDLE)(uintptr_t)0x534943;
    BOOL is_found;

    if (!routines->initialize(session, search_path, FALSE))
        return false;
    routines->listen(session, is_given_up, 0);
    is_found = routines->find_file(session, search_path, name, &wanted->guid, wanted->age, 0, SSRVOPT_GUIDPTR, found,
                                   goes_on, wanted);
    routines->cleanup(session);
    return is_found;
}

enum sic_status sic_symsrv_find(const char *search_path, const char *name, const char *guid_age,
                                const struct sic_symsrv_listener *listener, struct sic_error *error, char **path)
{
    wchar_t wide_path[SEARCH_PATH_SIZE], wide_name[64], found[FOUND_SIZE] = L"";
    HMODULE library = sic_debug_libraries_load(listener);
    struct routines routines;
    struct wanted wanted;

    if (!library || !find_routines(library, &routines))
        return sic_error_set(error, SIC_UNSUPPORTED, "no dbghelp.dll can be used; put the PDB beside sic.exe");
    if (!parse_identity(guid_age, &wanted.guid, &wanted.age) ||
        MultiByteToWideChar(CP_UTF8, MB_ERR_INVALID_CHARS, name, -1, wide_name, 64) == 0)
        return sic_error_set(error, SIC_NOT_FOUND, "the kernel's file does not say which PDB it needs");
    if (!get_search_path(search_path, wide_path, SEARCH_PATH_SIZE))
        return sic_error_set(error, SIC_BROKEN, "the symbol path is too long, or no valid UTF-8");
    if (!search(&routines, wide_path, wide_name, &wanted, found))
        return sic_error_set(error, SIC_NOT_FOUND,
                             "dbghelp does not find %.60s %.48s along the symbol path (error %lu); put the PDB beside "
                             "sic.exe",
                             name, guid_age, GetLastError());
    *path = sic_windows_narrow(found);
    return *path ? SIC_OK : sic_error_set(error, SIC_NO_MEMORY, "out of memory; close other programs and try again");
}
