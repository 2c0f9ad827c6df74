#include "platform/file_map.h"

#include <windows.h>

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <wchar.h>

/* CreateFile takes paths of MAX_PATH and more only in their full form behind this prefix. */
#define LONG_PREFIX     L"\\\\?\\"
#define LONG_UNC_PREFIX L"\\\\?\\UNC"

static void describe(DWORD code, char *text, size_t size)
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

static enum sic_status fail(const char *path, const char *what, struct sic_error *error)
{
    char reason[300];

    describe(GetLastError(), reason, sizeof(reason));
    return sic_error_set(error, SIC_IO, "%s: cannot be %s: %s", path, what, reason);
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

static enum sic_status map_handle(HANDLE file, const char *path, struct sic_error *error, struct sic_file_map *map)
{
    LARGE_INTEGER size;

    if (GetFileType(file) != FILE_TYPE_DISK) {
        return sic_error_set(error, SIC_IO, "%s: this is no regular file; copy its content into one first", path);
    }
    if (!GetFileSizeEx(file, &size)) {
        return fail(path, "examined", error);
    }
    if (size.QuadPart == 0) {
        return sic_error_set(error, SIC_BROKEN, "%s: the file is empty; make or copy the image again", path);
    }
    HANDLE mapping = CreateFileMappingW(file, NULL, PAGE_READONLY, 0, 0, NULL);
    if (mapping == NULL) {
        return fail(path, "mapped", error);
    }
    const void *bytes = MapViewOfFile(mapping, FILE_MAP_READ, 0, 0, 0);
    enum sic_status status = bytes != NULL ? SIC_OK : fail(path, "mapped", error);
    CloseHandle(mapping); /* the view keeps the section */
    if (status == SIC_OK) {
        map->bytes = bytes;
        map->size = (size_t)size.QuadPart;
    }
    return status;
}

static enum sic_status open_wide(const wchar_t *wide, const char *path, struct sic_error *error,
                                 struct sic_file_map *map)
{
    DWORD attributes = GetFileAttributesW(wide);

    if (attributes != INVALID_FILE_ATTRIBUTES && (attributes & FILE_ATTRIBUTE_DIRECTORY) != 0) {
        return sic_error_set(error, SIC_IO, "%s: this is a folder; name the memory image in it", path);
    }
    HANDLE file = CreateFileW(wide, GENERIC_READ, FILE_SHARE_READ | FILE_SHARE_DELETE, NULL, OPEN_EXISTING,
                              FILE_ATTRIBUTE_NORMAL, NULL);
    if (file == INVALID_HANDLE_VALUE) {
        return fail(path, "opened", error);
    }
    enum sic_status status = map_handle(file, path, error, map);
    CloseHandle(file);
    return status;
}

enum sic_status sic_file_map_open(const char *path, struct sic_error *error, struct sic_file_map *map)
{
    wchar_t *wide = widen(path);

    if (wide == NULL) {
        return sic_error_set(error, SIC_IO, "%s: the path is no valid UTF-8", path);
    }
    wide = lengthen(wide);
    enum sic_status status = open_wide(wide, path, error, map);
    free(wide);
    return status;
}

void sic_file_map_close(struct sic_file_map *map)
{
    if (map->bytes != NULL) {
        UnmapViewOfFile(map->bytes);
    }
    map->bytes = NULL;
    map->size = 0;
}

void sic_file_map_advise(const struct sic_file_map *map, enum sic_file_access access)
{
    /* Windows takes such hints only when the file is opened; its default serves both ways of reading. */
    (void)map;
    (void)access;
}
