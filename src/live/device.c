#include "live/device.h"

#include "core/unpack.h"
#include "live/interrupt.h"
#include "live/native.h"
#include "live/refusal.h"
#include "platform/windows_path.h"

#include <stdlib.h>
#include <string.h>

/* Without a symbolic link between: nobody can have put another device in its place. */
#define DEVICE_PATH L"\\\\.\\GLOBALROOT\\Device\\SiC"

/* Some 80 000 views, which most machines do not have: one request is then enough. */
#define FIRST_ROOM 0x400000u
/* The driver's own memory ends at 256 MiB; a packed scan is no larger than the scan. */
#define ROOM_LIMIT 0x20000000u
#define TRIES      5u

typedef NTSTATUS(NTAPI *control_function)(HANDLE file, HANDLE event, void *routine, void *context,
                                          IO_STATUS_BLOCK *answer, ULONG code, void *input, ULONG input_size,
                                          void *output, ULONG output_size);

enum sic_status sic_device_open(struct sic_error *error, struct sic_device_handle *device)
{
    HANDLE handle = CreateFileW(DEVICE_PATH, GENERIC_READ | GENERIC_WRITE, 0, NULL, OPEN_EXISTING, 0, NULL);
    char reason[200];
    DWORD code = GetLastError();

    if (handle != INVALID_HANDLE_VALUE) {
        *device = (struct sic_device_handle){.handle = handle};
        return SIC_OK;
    }
    if (code == ERROR_SHARING_VIOLATION)
        return sic_error_set(error, SIC_IO, "another program has the driver's device open; wait for it and try again");
    sic_windows_describe(code, reason, sizeof(reason));
    return sic_error_set(error, SIC_IO, "the driver's device cannot be opened: %s (error %lu); try again", reason,
                         code);
}

void sic_device_close(struct sic_device_handle *device)
{
    if (device->handle)
        CloseHandle(device->handle);
    free(device->answer);
    *device = (struct sic_device_handle){0};
}

static bool make_room(struct sic_device_handle *device, uint64_t size)
{
    if (size <= device->room)
        return true;
    if (size > ROOM_LIMIT)
        return false;
    free(device->answer);
    device->answer = malloc((size_t)size);
    device->room = device->answer ? (uint32_t)size : 0;
    return device->answer;
}

/* One call; *written gets the bytes that the driver gave. */
static NTSTATUS control(struct sic_device_handle *device, void *request, uint32_t *written)
{
    control_function function = SIC_ROUTINE(control_function, L"ntdll.dll", "NtDeviceIoControlFile");
    IO_STATUS_BLOCK answer = {0};
    NTSTATUS status = (NTSTATUS)0xc0000120; /* STATUS_CANCELLED */

    *written = 0;
    if (!sic_interrupt_enter_call())
        return status;
    status = function(device->handle, NULL, NULL, NULL, &answer, SIC_WIRE_IOCTL_SCAN, request, SIC_REQUEST_SIZE,
                      device->answer, device->room);
    sic_interrupt_leave_call();
    if (status >= 0 || status == SIC_NT_BUFFER_OVERFLOW)
        *written = answer.Information <= device->room ? (uint32_t)answer.Information : 0;
    return status;
}

/* The size that the driver asks for, with room for a machine that moves on; 0 when it does not say. */
static uint64_t read_need(const struct sic_device_handle *device, uint32_t written)
{
    struct sic_wire_need need;

    if (written < sizeof(need))
        return 0;
    memcpy(&need, device->answer, sizeof(need));
    if (need.magic != SIC_WIRE_NEED_MAGIC || need.version != SIC_WIRE_VERSION || need.size > ROOM_LIMIT)
        return 0;
    return need.size + need.size / 4 + 0x10000;
}

static enum sic_status unpack(const struct sic_device_handle *device, uint32_t written, struct sic_error *error,
                              struct sic_scan *scan)
{
    struct sic_unpacked unpacked;
    const char *refusal = sic_unpack(device->answer, written, scan, &unpacked);

    if (!refusal)
        return SIC_OK;
    return sic_error_set(error, SIC_IO,
                         "the driver's answer cannot be used: %s; use sic.exe and sic-drv.sys of one archive", refusal);
}

enum sic_status sic_device_ask(struct sic_device_handle *device, const struct sic_request *request,
                               struct sic_error *error, struct sic_scan *scan)
{
    uint8_t bytes[SIC_REQUEST_SIZE];
    uint64_t room = FIRST_ROOM;

    sic_request_encode(request, bytes);
    for (unsigned try = 0; try < TRIES && room > 0; try++) {
        uint32_t written;
        NTSTATUS status;

        if (!make_room(device, room))
            return sic_error_set(error, SIC_NO_MEMORY, "out of memory; close other programs and try again");
        status = control(device, bytes, &written);
        if (status >= 0)
            return unpack(device, written, error, scan);
        if (status != SIC_NT_BUFFER_OVERFLOW)
            return sic_refusal_of_request((uint32_t)status, error);
        room = read_need(device, written);
    }
    return sic_error_set(error, SIC_IO,
                         "the machine's shared memory grows faster than it can be copied; close programs, or use 'sic "
                         "--live-dump'");
}
