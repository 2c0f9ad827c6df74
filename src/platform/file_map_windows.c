#include "platform/file_map.h"

#include "platform/windows_path.h"

#include <windows.h>

#include <stdbool.h>
#include <stdlib.h>

static enum sic_status map_handle(HANDLE file, const char *path, struct sic_error *error, struct sic_file_map *map)
{
    LARGE_INTEGER size;

    if (GetFileType(file) != FILE_TYPE_DISK) {
        return sic_error_set(error, SIC_IO, "%s: this is no regular file; copy its content into one first", path);
    }
    if (!GetFileSizeEx(file, &size)) {
        return sic_windows_fail(path, "examined", error);
    }
    if (size.QuadPart == 0) {
        return sic_error_set(error, SIC_BROKEN, "%s: the file is empty; make or copy the image again", path);
    }
    HANDLE mapping = CreateFileMappingW(file, NULL, PAGE_READONLY, 0, 0, NULL);
    if (mapping == NULL) {
        return sic_windows_fail(path, "mapped", error);
    }
    const void *bytes = MapViewOfFile(mapping, FILE_MAP_READ, 0, 0, 0);
    enum sic_status status = bytes != NULL ? SIC_OK : sic_windows_fail(path, "mapped", error);
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
        return sic_windows_fail(path, "opened", error);
    }
    enum sic_status status = map_handle(file, path, error, map);
    CloseHandle(file);
    return status;
}

enum sic_status sic_file_map_open(const char *path, struct sic_error *error, struct sic_file_map *map)
{
    wchar_t *wide = sic_windows_path(path);

    if (wide == NULL) {
        return sic_error_set(error, SIC_IO, "%s: the path is no valid UTF-8", path);
    }
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
