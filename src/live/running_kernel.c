#include "live/running_kernel.h"

#include "kernel/pe_file.h"
#include "live/machine.h"
#include "live/native.h"
#include "platform/file_map.h"
#include "platform/windows_path.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/*
 * RTL_PROCESS_MODULES: a count, then entries of 296 bytes with ImageBase at 0x10 and FullPathName, 256 bytes, at 0x28;
 * the kernel is the first. Unchanged since NT 4 (on x64 since the first one) in every public description.
 */
#define FIRST_ENTRY     8u
#define ENTRY_BASE      0x10u
#define ENTRY_PATH      0x28u
#define ENTRY_PATH_SIZE 256u
#define ENTRY_SIZE      296u

#define TABLE_LIMIT (16u << 20)
#define TABLE_TRIES 8u

/* The modules' table, to be freed; NULL when Windows does not give it. */
static uint8_t *query_modules(ULONG *size)
{
    ULONG room = 64 * 1024, needed = 0;

    for (unsigned try = 0; try < TABLE_TRIES && room <= TABLE_LIMIT; try++) {
        uint8_t *table = calloc(1, room);
        NTSTATUS status = table ? sic_native_query(SIC_MODULE_INFORMATION, table, room, &needed) : 0;

        if (!table || status >= 0) {
            *size = room;
            return table;
        }
        free(table);
        if (status != SIC_NT_LENGTH_MISMATCH)
            return NULL;
        room = (needed > room ? needed : room) + 64 * 1024;
    }
    return NULL;
}

/* The file's name, as far as it can be one: letters, digits, '.', '_' and '-'. */
static bool copy_name(const uint8_t *path, char *name, size_t size)
{
    size_t length = strnlen((const char *)path, ENTRY_PATH_SIZE), start = length;

    while (start > 0 && path[start - 1] != '\\')
        start--;
    if (length == start || length - start >= size)
        return false;
    for (size_t i = start; i < length; i++) {
        if (!strchr("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-", path[i]))
            return false;
    }
    memcpy(name, path + start, length - start);
    name[length - start] = '\0';
    return true;
}

static bool find_kernel(uint64_t *base_va, char *name, size_t size)
{
    ULONG room;
    uint8_t *table = query_modules(&room);
    bool found = false;

    if (table && room >= FIRST_ENTRY + ENTRY_SIZE && sic_load32(table) > 0) {
        *base_va = sic_load64(table + FIRST_ENTRY + ENTRY_BASE);
        found = copy_name(table + FIRST_ENTRY + ENTRY_PATH, name, size);
    }
    free(table);
    return found;
}

/* Its file in System32, to be freed. */
static char *kernel_path(const char *name)
{
    wchar_t folder[MAX_PATH];
    UINT length = GetSystemDirectoryW(folder, MAX_PATH);
    char *narrow = length > 0 && length < MAX_PATH ? sic_windows_narrow(folder) : NULL;
    size_t size = narrow ? strlen(narrow) + strlen(name) + 2 : 0;
    char *path = narrow ? malloc(size) : NULL;

    if (path)
        snprintf(path, size, "%s\\%s", narrow, name);
    free(narrow);
    return path;
}

static bool read_identity(const char *path, struct sic_kernel *kernel)
{
    struct sic_pe_file file;
    struct sic_file_map map;
    struct sic_error ignored;
    bool is_read = false;

    if (!path || sic_file_map_open(path, &ignored, &map) != SIC_OK)
        return false;
    if (sic_pe_file_open(map.bytes, map.size, &file)) {
        struct sic_reader reader = sic_pe_file_reader(&file);
        struct sic_pe pe;

        is_read = sic_pe_read(&reader, 0, &pe) && sic_pe_read_pdb_reference(&reader, &pe, &kernel->pdb);
        if (is_read)
            kernel->pe.size = pe.size;
    }
    sic_file_map_close(&map);
    return is_read;
}

void sic_running_kernel_identify(struct sic_kernel *kernel, void (*note)(void *context, const char *text),
                                 void *context)
{
    char name[64], text[200], *path;

    kernel->build = sic_machine_build();
    /* Since 24H2 Windows tells addresses only to those who may debug. */
    (void)sic_native_enable_privilege(L"SeDebugPrivilege");
    if (!find_kernel(&kernel->pe.base_va, name, sizeof(name)))
        snprintf(name, sizeof(name), "ntoskrnl.exe");
    path = kernel_path(name);
    if (!read_identity(path, kernel)) {
        snprintf(text, sizeof(text), "%.64s in System32 names no PDB: the layout is chosen by the build number %u",
                 name, kernel->build);
        note(context, text);
    }
    free(path);
}
