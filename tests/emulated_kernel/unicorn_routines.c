#include "unicorn_routines.h"

#include <string.h>

#define HANDLE 0xffffffff80000abcull

uint64_t um_output_address;

static void narrow(struct um_machine *um, uint64_t string, char *text, size_t size)
{
    uint64_t length = um_load(um, string, 2) / 2, buffer = um_load(um, string + 8, 8);

    for (size_t i = 0; i < size; i++)
        text[i] = i < length && i + 1 < size ? (char)um_load(um, buffer + 2 * i, 2) : '\0';
}

static bool is_name(struct um_machine *um, uint64_t string, const char *expected)
{
    char text[64];

    narrow(um, string, text, sizeof(text));
    return strcmp(text, expected) == 0;
}

static uint64_t get_system_routine_address(struct um_machine *um)
{
    char name[64];

    ek_require_irql(um->ek, EK_PASSIVE_LEVEL, "MmGetSystemRoutineAddress");
    narrow(um, um_argument(um, 0), name, sizeof(name));
    return ek_exports(um->ek, name) ? um_find_routine(um, name) : ek_variable(um->ek, name);
}

static uint64_t allocate_pool2(struct um_machine *um)
{
    uint64_t flags = um_argument(um, 0);

    if (flags != 0x40 && flags != 0x100)
        ek_violate(um->ek, "ExAllocatePool2 with flags %llx", (unsigned long long)flags);
    return ek_allocate_pool(um->ek, flags == 0x100, um_argument(um, 1), (uint32_t)um_argument(um, 2),
                            "ExAllocatePool2");
}

static uint64_t allocate_pool_with_tag(struct um_machine *um)
{
    uint32_t type = (uint32_t)um_argument(um, 0);

    if (type != 1 && type != 512)
        ek_violate(um->ek, "executable pool");
    if (!um->ek->lacks_pool2)
        ek_violate(um->ek, "the old allocation where the new one is there");
    return ek_allocate_pool(um->ek, type == 1, um_argument(um, 1), (uint32_t)um_argument(um, 2),
                            "ExAllocatePoolWithTag");
}

static uint64_t free_pool(struct um_machine *um)
{
    ek_free_pool(um->ek, um_argument(um, 0), (uint32_t)um_argument(um, 1));
    return 0;
}

static uint64_t copy_memory(struct um_machine *um)
{
    uint64_t transferred, place = um_argument(um, 4);
    uint32_t status = ek_copy_memory(um->ek, um_argument(um, 0), um_argument(um, 1), um_argument(um, 2),
                                     (uint32_t)um_argument(um, 3), &transferred);

    um_store(um, place, transferred, 8);
    um_store(um, IRP + IRP_CANCEL, um->ek->is_cancelled, 1);
    return status;
}

static uint64_t query_system_information(struct um_machine *um)
{
    uint64_t size = um_argument(um, 2) & 0xffffffff;
    uint8_t *buffer = um_host(um, um_argument(um, 1), size);
    uint32_t needed, status;

    if (!buffer)
        ek_violate(um->ek, "ZwQuerySystemInformation into nowhere");
    status = ek_query_system_information(um->ek, (uint32_t)um_argument(um, 0), buffer, (uint32_t)size, &needed);
    um_store(um, um_argument(um, 3), needed, 4);
    return status;
}

static uint64_t lookup_process(struct um_machine *um)
{
    uint64_t process;
    uint32_t status = ek_lookup_process(um->ek, um_argument(um, 0), &process);

    if (status == EK_SUCCESS)
        um_store(um, um_argument(um, 1), process, 8);
    return status;
}

static uint64_t process_create_time(struct um_machine *um)
{
    return (uint64_t)ek_process_create_time(um->ek, um_argument(um, 0));
}

static uint64_t acquire_exit(struct um_machine *um)
{
    return ek_acquire_exit(um->ek, um_argument(um, 0));
}

static uint64_t release_exit(struct um_machine *um)
{
    ek_release_exit(um->ek, um_argument(um, 0));
    return 0;
}

static uint64_t thread_terminating(struct um_machine *um)
{
    if (um_argument(um, 0) != THREAD)
        ek_violate(um->ek, "PsIsThreadTerminating of another thread than the IRP's");
    /* A BOOLEAN: what stands above its eight bits is anything. */
    return ek_thread_terminates(um->ek) | 0xabcdef00u;
}

static uint64_t dereference(struct um_machine *um)
{
    ek_dereference(um->ek, um_argument(um, 0));
    return 0;
}

static uint64_t open_object(struct um_machine *um)
{
    ek_require_irql(um->ek, EK_PASSIVE_LEVEL, "ObOpenObjectByPointer");
    if (um_argument(um, 0) != DEVICE || (uint32_t)um_argument(um, 1) != 0x200 || um_argument(um, 2) != 0 ||
        (uint32_t)um_argument(um, 3) != 0x40000 || um_argument(um, 4) != 0 || (uint8_t)um_argument(um, 5) != 0)
        ek_violate(um->ek, "ObOpenObjectByPointer with odd arguments");
    if (ek_fails(um->ek))
        return EK_INSUFFICIENT_RESOURCES;
    um->ek->handles++;
    um_store(um, um_argument(um, 6), HANDLE, 8);
    return EK_SUCCESS;
}

static uint64_t set_security(struct um_machine *um)
{
    const uint8_t *descriptor = um_host(um, um_argument(um, 2), 72);

    ek_require_irql(um->ek, EK_PASSIVE_LEVEL, "ZwSetSecurityObject");
    if (um_argument(um, 0) != HANDLE || um->ek->handles == 0 || !descriptor)
        ek_violate(um->ek, "ZwSetSecurityObject with odd arguments");
    if (ek_fails(um->ek))
        return EK_INSUFFICIENT_RESOURCES;
    if (descriptor)
        ek_judge_rights(um->ek, (uint32_t)um_argument(um, 1), descriptor, 72);
    return EK_SUCCESS;
}

static uint64_t close_handle(struct um_machine *um)
{
    if (um_argument(um, 0) != HANDLE || um->ek->handles-- == 0)
        ek_violate(um->ek, "ZwClose of no handle");
    return EK_SUCCESS;
}

static uint64_t create_device(struct um_machine *um)
{
    uint32_t extension = (uint32_t)um_argument(um, 1);

    ek_require_irql(um->ek, EK_APC_LEVEL, "IoCreateDevice");
    if (um_argument(um, 0) != DRIVER_OBJECT || !is_name(um, um_argument(um, 2), "\\Device\\SiC") ||
        (uint32_t)um_argument(um, 3) < 0x8000 || (uint32_t)um_argument(um, 4) != 0x100 ||
        (uint8_t)um_argument(um, 5) != 0 || extension > 0x800 || um->ek->devices > 0)
        ek_violate(um->ek, "IoCreateDevice with odd arguments");
    if (ek_fails(um->ek))
        return EK_INSUFFICIENT_RESOURCES;
    memset(um_host(um, DEVICE, 0x1000), 0, 0x1000);
    um_store(um, DEVICE + DEVICE_DRIVER_OBJECT, DRIVER_OBJECT, 8);
    um_store(um, DEVICE + DEVICE_EXTENSION, EXTENSION, 8);
    um_store(um, DRIVER_OBJECT + DRIVER_DEVICE_OBJECT, DEVICE, 8);
    um->ek->device_address = DEVICE;
    um->ek->devices++;
    um_store(um, um_argument(um, 6), DEVICE, 8);
    return EK_SUCCESS;
}

static uint64_t delete_device(struct um_machine *um)
{
    if (um_argument(um, 0) != DEVICE || um->ek->devices-- == 0)
        ek_violate(um->ek, "IoDeleteDevice of no device");
    um_store(um, DRIVER_OBJECT + DRIVER_DEVICE_OBJECT, 0, 8);
    return 0;
}

static uint64_t create_link(struct um_machine *um)
{
    ek_require_irql(um->ek, EK_PASSIVE_LEVEL, "IoCreateSymbolicLink");
    if (!is_name(um, um_argument(um, 0), "\\DosDevices\\SiC") || !is_name(um, um_argument(um, 1), "\\Device\\SiC"))
        ek_violate(um->ek, "IoCreateSymbolicLink with odd arguments");
    if (!um->ek->has_rights)
        ek_violate(um->ek, "the device gets its link before its rights");
    if (ek_fails(um->ek))
        return EK_INSUFFICIENT_RESOURCES;
    um->ek->links++;
    return EK_SUCCESS;
}

static uint64_t delete_link(struct um_machine *um)
{
    if (!is_name(um, um_argument(um, 0), "\\DosDevices\\SiC") || um->ek->links-- == 0)
        ek_violate(um->ek, "IoDeleteSymbolicLink of no link");
    return EK_SUCCESS;
}

static uint64_t complete_request(struct um_machine *um)
{
    ek_require_irql(um->ek, EK_DISPATCH_LEVEL, "IofCompleteRequest");
    if (um_argument(um, 0) != IRP || (uint8_t)um_argument(um, 1) != 0)
        ek_violate(um->ek, "IofCompleteRequest with odd arguments");
    um->ek->completions++;
    return 0;
}

static uint64_t map_locked_pages(struct um_machine *um)
{
    if (um_argument(um, 0) != MDL || (uint8_t)um_argument(um, 1) != 0 || (uint32_t)um_argument(um, 2) != 1 ||
        um_argument(um, 3) != 0 || (uint32_t)um_argument(um, 4) != 0 || (uint32_t)um_argument(um, 5) != 0x40000010)
        ek_violate(um->ek, "MmMapLockedPagesSpecifyCache with odd arguments");
    if (ek_fails(um->ek))
        return 0;
    um->ek->mappings++;
    return um_output_address;
}

const struct um_routine um_routines[] = {
    {"MmGetSystemRoutineAddress", get_system_routine_address},
    {"ExAllocatePool2", allocate_pool2},
    {"ExAllocatePoolWithTag", allocate_pool_with_tag},
    {"ExFreePoolWithTag", free_pool},
    {"MmCopyMemory", copy_memory},
    {"ZwQuerySystemInformation", query_system_information},
    {"PsLookupProcessByProcessId", lookup_process},
    {"PsGetProcessCreateTimeQuadPart", process_create_time},
    {"PsAcquireProcessExitSynchronization", acquire_exit},
    {"PsReleaseProcessExitSynchronization", release_exit},
    {"PsIsThreadTerminating", thread_terminating},
    {"ObfDereferenceObject", dereference},
    {"ObOpenObjectByPointer", open_object},
    {"ZwSetSecurityObject", set_security},
    {"ZwClose", close_handle},
    {"IoCreateDevice", create_device},
    {"IoDeleteDevice", delete_device},
    {"IoCreateSymbolicLink", create_link},
    {"IoDeleteSymbolicLink", delete_link},
    {"IofCompleteRequest", complete_request},
    {"MmMapLockedPagesSpecifyCache", map_locked_pages},
    {"", NULL},
};
