/*
 * The shipped driver. Structures are laid out as on 64-bit Windows, by the offsets that Microsoft's public symbols give
 * them (the same from 8.1 to 11), not by the headers that the driver was built with.
 */
#include "port.h"
#include "unicorn_machine.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define DRIVER_OBJECT (UM_OBJECTS + 0x0000)
#define DEVICE        (UM_OBJECTS + 0x1000)
#define EXTENSION     (UM_OBJECTS + 0x1800)
#define FILE_OBJECT   (UM_OBJECTS + 0x2000)
#define OTHER_FILE    (UM_OBJECTS + 0x2800)
#define IRP           (UM_OBJECTS + 0x3000)
#define STACK_ENTRY   (UM_OBJECTS + 0x3800)
#define MDL           (UM_OBJECTS + 0x4000)
#define REGISTRY_PATH (UM_OBJECTS + 0x5000)
#define SYSTEM_BUFFER (UM_OBJECTS + 0x6000)
#define THREAD        0xffffe7ead0000080ull
#define HANDLE        0xffffffff80000abcull

/* _DRIVER_OBJECT, _DEVICE_OBJECT, _FILE_OBJECT */
#define DRIVER_DEVICE_OBJECT  0x08u
#define DRIVER_UNLOAD         0x68u
#define DRIVER_MAJOR_FUNCTION 0x70u
#define DEVICE_DRIVER_OBJECT  0x08u
#define DEVICE_EXTENSION      0x40u
#define FILE_DEVICE_OBJECT    0x08u
#define FILE_RELATED          0x40u
#define FILE_NAME             0x58u
/* _IRP */
#define IRP_MDL_ADDRESS   0x08u
#define IRP_SYSTEM_BUFFER 0x18u
#define IRP_STATUS        0x30u
#define IRP_INFORMATION   0x38u
#define IRP_CANCEL        0x44u
#define IRP_THREAD        0x98u
#define IRP_STACK         0xb8u
/* _IO_STACK_LOCATION */
#define STACK_MAJOR       0x00u
#define STACK_OUTPUT_SIZE 0x08u
#define STACK_INPUT_SIZE  0x10u
#define STACK_CODE        0x18u
#define STACK_DEVICE      0x28u
#define STACK_FILE        0x30u
/* _MDL */
#define MDL_BYTE_COUNT 0x28u

#define MAJOR_CREATE  0x00u
#define MAJOR_CLOSE   0x02u
#define MAJOR_CONTROL 0x0eu

static struct um_machine machine;
static uint64_t output_address; /* where the MDL's pages are mapped */

static void narrow(uint64_t string, char *text, size_t size)
{
    uint64_t length = um_load(&machine, string, 2) / 2, buffer = um_load(&machine, string + 8, 8);

    for (size_t i = 0; i < size; i++)
        text[i] = i < length && i + 1 < size ? (char)um_load(&machine, buffer + 2 * i, 2) : '\0';
}

static bool is_name(uint64_t string, const char *expected)
{
    char text[64];

    narrow(string, text, sizeof(text));
    return strcmp(text, expected) == 0;
}

/* --- what the driver calls ------------------------------------------------------------------------------------------
 */

static uint64_t get_system_routine_address(struct um_machine *um)
{
    char name[64];

    ek_require_irql(um->ek, EK_PASSIVE_LEVEL, "MmGetSystemRoutineAddress");
    narrow(um_argument(um, 0), name, sizeof(name));
    return ek_exports(um->ek, name) ? um_find_routine(um, name) : 0;
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
    if (um_argument(um, 0) != DRIVER_OBJECT || !is_name(um_argument(um, 2), "\\Device\\SiC") ||
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
    if (!is_name(um_argument(um, 0), "\\DosDevices\\SiC") || !is_name(um_argument(um, 1), "\\Device\\SiC"))
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
    if (!is_name(um_argument(um, 0), "\\DosDevices\\SiC") || um->ek->links-- == 0)
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
    return output_address;
}

static const struct um_routine routines[] = {
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

/* --- the port -------------------------------------------------------------------------------------------------------
 */

/* Blocks are never used again until all were given back: what is freed stays overwritten. */
static uint64_t allocate(struct ek *ek, uint64_t size)
{
    uint64_t offset = machine.pool_used;

    (void)ek;
    machine.pool_used += (size + 31) & ~15ull;
    if (machine.pool_used > UM_POOL_SIZE)
        fail_msg("the emulated pool is used up");
    machine.pool_blocks++;
    return UM_POOL + offset;
}

static void release(struct ek *ek, uint64_t address, uint64_t size)
{
    (void)ek;
    (void)address;
    (void)size;
    if (--machine.pool_blocks == 0)
        machine.pool_used = 0;
}

static void *host(struct ek *ek, uint64_t address, uint64_t size)
{
    (void)ek;
    return um_host(&machine, address, size);
}

static void load(struct ek *ek)
{
    static const struct ek_memory memory = {.allocate = allocate, .release = release, .host = host};
    const char *path = getenv("SIC_DRIVER");

    ek->memory = &memory;
    um_open(&machine, ek, path ? path : DRIVER_PATH, routines);
}

static void drop(struct ek *ek)
{
    (void)ek;
    um_close(&machine);
}

static uint32_t enter(struct ek *ek)
{
    (void)ek;
    memset(um_host(&machine, UM_OBJECTS, UM_OBJECTS_SIZE), 0, UM_OBJECTS_SIZE);
    return (uint32_t)um_call(&machine, machine.entry, DRIVER_OBJECT, REGISTRY_PATH);
}

static void unload(struct ek *ek)
{
    (void)ek;
    um_call(&machine, um_load(&machine, DRIVER_OBJECT + DRIVER_UNLOAD, 8), DRIVER_OBJECT, 0);
}

static void prepare(unsigned major)
{
    memset(um_host(&machine, FILE_OBJECT, SYSTEM_BUFFER - FILE_OBJECT), 0, SYSTEM_BUFFER - FILE_OBJECT);
    um_store(&machine, FILE_OBJECT + FILE_DEVICE_OBJECT, DEVICE, 8);
    um_store(&machine, STACK_ENTRY + STACK_MAJOR, major, 1);
    um_store(&machine, STACK_ENTRY + STACK_DEVICE, DEVICE, 8);
    um_store(&machine, STACK_ENTRY + STACK_FILE, FILE_OBJECT, 8);
    um_store(&machine, IRP + IRP_STATUS, 0x103, 4);
    um_store(&machine, IRP + IRP_THREAD, THREAD, 8);
    um_store(&machine, IRP + IRP_STACK, STACK_ENTRY, 8);
}

static uint32_t send(struct ek *ek, unsigned major)
{
    uint64_t routine = um_load(&machine, DRIVER_OBJECT + DRIVER_MAJOR_FUNCTION + 8 * major, 8);
    uint32_t status;

    ek->completions = 0;
    um_store(&machine, IRP + IRP_CANCEL, ek->is_cancelled, 1);
    status = (uint32_t)um_call(&machine, routine, DEVICE, IRP);
    if (ek->completions != 1 || um_load(&machine, IRP + IRP_STATUS, 4) != status)
        ek_violate(ek, "an IRP completed %u times", ek->completions);
    return status;
}

static uint32_t open_device(struct ek *ek, bool is_relative, bool has_name)
{
    prepare(MAJOR_CREATE);
    if (is_relative)
        um_store(&machine, FILE_OBJECT + FILE_RELATED, OTHER_FILE, 8);
    if (has_name) {
        um_store(&machine, FILE_OBJECT + FILE_NAME, 0x00060004, 4);
        um_store(&machine, FILE_OBJECT + FILE_NAME + 8, SYSTEM_BUFFER, 8);
    }
    return send(ek, MAJOR_CREATE);
}

static uint32_t close_device(struct ek *ek)
{
    prepare(MAJOR_CLOSE);
    return send(ek, MAJOR_CLOSE);
}

static uint32_t control(struct ek *ek, uint32_t code, const void *input, uint32_t input_size, void *output,
                        uint32_t output_size, uint64_t *information)
{
    uint32_t status;

    prepare(MAJOR_CONTROL);
    um_store(&machine, STACK_ENTRY + STACK_CODE, code, 4);
    um_store(&machine, STACK_ENTRY + STACK_INPUT_SIZE, input_size, 4);
    um_store(&machine, STACK_ENTRY + STACK_OUTPUT_SIZE, output_size, 4);
    if (input_size > 0) {
        memcpy(um_host(&machine, SYSTEM_BUFFER, input_size), input, input_size);
        um_store(&machine, IRP + IRP_SYSTEM_BUFFER, SYSTEM_BUFFER, 8);
    }
    if (output_size > 0) {
        um_store(&machine, IRP + IRP_MDL_ADDRESS, MDL, 8);
        um_store(&machine, MDL + MDL_BYTE_COUNT, output_size, 4);
    }
    output_address = um_map_output(&machine, output, output_size);
    status = send(ek, MAJOR_CONTROL);
    um_unmap_output(&machine, output, output_size);
    *information = um_load(&machine, IRP + IRP_INFORMATION, 8);
    return status;
}

static void touch(struct ek *ek, uint64_t address)
{
    (void)ek;
    um_touch(&machine, address);
}

const struct ek_port ek_port = {
    .name = "sic-drv.sys",
    .load = load,
    .drop = drop,
    .enter = enter,
    .unload = unload,
    .open = open_device,
    .close = close_device,
    .control = control,
    .touch = touch,
};
