/*
 * A live dump for tests under Wine, which makes none: C:\sic-lab\live.dmp, copied as Windows would write it. With the
 * environment variable SIC_LAB_DELAY it takes so many milliseconds more. With this file instead of debug_control.c the
 * program is the shipped one; this build ships nowhere.
 */
#include "live/debug_control.h"

#include <windows.h>

#include <stdlib.h>

#define PIECE 0x100000u
/* Files that are opened past the cache take whole sectors only. */
#define SECTOR 0x1000u

#define STATUS_OF_CANCELLING ((int32_t)0xc0000120)
#define STATUS_OF_FAILURE    ((int32_t)0xc0000001)

static int32_t copy(HANDLE source, HANDLE target, void *piece)
{
    DWORD got, written;

    for (;;) {
        if (!ReadFile(source, piece, PIECE, &got, NULL))
            return STATUS_OF_FAILURE;
        if (got == 0)
            return 0;
        if (!WriteFile(target, piece, (got + SECTOR - 1) / SECTOR * SECTOR, &written, NULL))
            return STATUS_OF_FAILURE;
    }
}

int32_t sic_debug_control_dump(void *file, void *cancel_event)
{
    const char *delay = getenv("SIC_LAB_DELAY");
    HANDLE source = CreateFileW(L"C:\\sic-lab\\live.dmp", GENERIC_READ, FILE_SHARE_READ, NULL, OPEN_EXISTING, 0, NULL);
    void *piece = VirtualAlloc(NULL, PIECE, MEM_COMMIT | MEM_RESERVE, PAGE_READWRITE);
    int32_t status = STATUS_OF_FAILURE;

    if (source != INVALID_HANDLE_VALUE && piece)
        status = copy(source, file, piece);
    if (delay && WaitForSingleObject(cancel_event, strtoul(delay, NULL, 10)) == WAIT_OBJECT_0)
        status = STATUS_OF_CANCELLING;
    if (piece)
        VirtualFree(piece, 0, MEM_RELEASE);
    if (source != INVALID_HANDLE_VALUE)
        CloseHandle(source);
    return status;
}
