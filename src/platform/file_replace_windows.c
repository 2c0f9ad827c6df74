#include "platform/file_replace.h"

#include "platform/windows_path.h"

#include <windows.h>

#include <stdio.h>
#include <stdlib.h>

/* WriteFile takes a 32-bit size. */
#define PIECE_SIZE (64u << 20)

bool sic_file_exists(const char *path)
{
    wchar_t *wide = sic_windows_path(path);
    bool exists = wide && GetFileAttributesW(wide) != INVALID_FILE_ATTRIBUTES;

    free(wide);
    return exists;
}

static bool write_all(HANDLE file, const char *bytes, size_t size)
{
    while (size > 0) {
        DWORD piece = size < PIECE_SIZE ? (DWORD)size : PIECE_SIZE, written;

        if (!WriteFile(file, bytes, piece, &written, NULL) || written == 0)
            return false;
        bytes += written;
        size -= written;
    }
    return FlushFileBuffers(file);
}

/* Writes `temporary` and gives it the name `wide`. The reason of a failure is left to GetLastError. */
static bool write_and_rename(const wchar_t *temporary, const wchar_t *wide, const void *bytes, size_t size)
{
    HANDLE file = CreateFileW(temporary, GENERIC_WRITE, 0, NULL, CREATE_NEW, FILE_ATTRIBUTE_NORMAL, NULL);
    bool written;
    DWORD reason;

    if (file == INVALID_HANDLE_VALUE)
        return false;
    written = write_all(file, bytes, size);
    reason = GetLastError();
    CloseHandle(file);
    if (written) {
        written = MoveFileExW(temporary, wide, MOVEFILE_REPLACE_EXISTING | MOVEFILE_WRITE_THROUGH);
        reason = GetLastError();
    }
    if (!written)
        DeleteFileW(temporary);
    SetLastError(reason);
    return written;
}

enum sic_status sic_file_replace(const char *path, const void *bytes, size_t size, struct sic_error *error)
{
    wchar_t *wide = sic_windows_path(path), *temporary = NULL;
    enum sic_status status = SIC_OK;
    size_t room;

    if (wide) {
        room = wcslen(wide) + 16;
        temporary = calloc(room, sizeof(*temporary));
    }
    if (!temporary) {
        free(wide);
        return sic_error_set(error, SIC_IO, "%s: the path is no valid UTF-8, or memory is short", path);
    }
    swprintf(temporary, room, L"%ls.%lx", wide, GetCurrentProcessId());
    if (!write_and_rename(temporary, wide, bytes, size))
        status = sic_windows_fail(path, "written", error);
    free(temporary);
    free(wide);
    return status;
}
