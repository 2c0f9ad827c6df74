#include "live/debug_control.h"

#include "live/native.h"

/* SYSDBG_COMMAND SysDbgGetLiveKernelDump. Undocumented; this and the structure below as System Informer's phnt has
 * them. */
#define GET_LIVE_KERNEL_DUMP 37

#define CONTROL_VERSION 1
/* LIVE_SYSTEM_DUMP: the stop code that live dumps carry by themselves. */
#define STOP_CODE 0x161

/* SYSDBG_LIVEDUMP_CONTROL, version 1: no user pages, no hypervisor pages. */
struct live_dump_control {
    ULONG version;
    ULONG stop_code;
    ULONG_PTR stop_parameters[4];
    HANDLE file;
    HANDLE cancel_event;
    ULONG flags;
    ULONG pages_to_add;
};

_Static_assert(sizeof(struct live_dump_control) == 64, "as Windows expects it");

typedef NTSTATUS(NTAPI *debug_control_function)(ULONG command, void *input, ULONG input_size, void *output,
                                                ULONG output_size, ULONG *returned);

int32_t sic_debug_control_dump(void *file, void *cancel_event)
{
    debug_control_function debug_control = SIC_ROUTINE(debug_control_function, L"ntdll.dll", "NtSystemDebugControl");
    struct live_dump_control control = {
        .version = CONTROL_VERSION, .stop_code = STOP_CODE, .file = file, .cancel_event = cancel_event};

    if (!debug_control)
        return (int32_t)0xc0000002; /* STATUS_NOT_IMPLEMENTED */
    return debug_control(GET_LIVE_KERNEL_DUMP, &control, sizeof(control), NULL, 0, NULL);
}
