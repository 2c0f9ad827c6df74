/*
 * The driver's sources, compiled for this machine with its sanitizers. Compiled with -fshort-wchar, like the driver.
 */
#include "port.h"

#include <ntifs.h>
#include <stdlib.h>
#include <string.h>

#define DEVICE_NAME "\\Device\\SiC"
#define LINK_NAME   "\\DosDevices\\SiC"
#define THREAD      ((PETHREAD)0x7ead)

NTSTATUS DriverEntry(PDRIVER_OBJECT DriverObject, PUNICODE_STRING RegistryPath);
NTSTATUS MmCopyMemory(PVOID Target, PHYSICAL_ADDRESS Source, SIZE_T Size, ULONG Flags, PSIZE_T Transferred);
PVOID ExAllocatePool2(ULONGLONG Flags, SIZE_T Size, ULONG Tag);
NTSTATUS PsAcquireProcessExitSynchronization(PEPROCESS Process);
VOID PsReleaseProcessExitSynchronization(PEPROCESS Process);
NTSTATUS ZwQuerySystemInformation(ULONG Class, PVOID Buffer, ULONG Size, PULONG Needed);

ULONGLONG SicReadCr4(VOID);

static struct ek *kernel; /* the one that the routines below speak for */
static DRIVER_OBJECT driver;
static IRP irp;
static IO_STACK_LOCATION stack;

static uint64_t address_of(const void *pointer)
{
    return (uint64_t)(uintptr_t)pointer;
}

static uint64_t allocate(struct ek *ek, uint64_t size)
{
    (void)ek;
    return address_of(malloc(size));
}

static void release(struct ek *ek, uint64_t address, uint64_t size)
{
    (void)ek;
    (void)size;
    free((void *)(uintptr_t)address);
}

static void *host(struct ek *ek, uint64_t address, uint64_t size)
{
    (void)ek;
    (void)size;
    return (void *)(uintptr_t)address;
}

static void narrow(PUNICODE_STRING string, char *text, size_t size)
{
    size_t length = string->Length / sizeof(WCHAR);

    for (size_t i = 0; i < size; i++)
        text[i] = i < length && i + 1 < size ? (char)string->Buffer[i] : '\0';
}

static BOOLEAN is_name(PUNICODE_STRING string, const char *expected)
{
    char text[64];

    narrow(string, text, sizeof(text));
    return strcmp(text, expected) == 0;
}

PVOID MmGetSystemRoutineAddress(PUNICODE_STRING SystemRoutineName)
{
    static const struct {
        const char *name;
        void *routine;
    } routines[] = {
        {"MmCopyMemory", (void *)MmCopyMemory},
        {"ExAllocatePool2", (void *)ExAllocatePool2},
        {"PsAcquireProcessExitSynchronization", (void *)PsAcquireProcessExitSynchronization},
        {"PsReleaseProcessExitSynchronization", (void *)PsReleaseProcessExitSynchronization},
    };
    char name[64];

    ek_require_irql(kernel, EK_PASSIVE_LEVEL, "MmGetSystemRoutineAddress");
    narrow(SystemRoutineName, name, sizeof(name));
    for (size_t i = 0; i < sizeof(routines) / sizeof(routines[0]); i++) {
        if (strcmp(routines[i].name, name) == 0 && ek_exports(kernel, name))
            return routines[i].routine;
    }
    return (PVOID)ek_variable(kernel, name);
}

/* A machine of today, without five-level paging unless the image has it. */
ULONGLONG SicReadCr4(VOID)
{
    return 0x00350ef8 | (kernel->image.levels == 5 ? 0x1000 : 0);
}

PVOID ExAllocatePool2(ULONGLONG Flags, SIZE_T Size, ULONG Tag)
{
    if (Flags != 0x40 && Flags != 0x100)
        ek_violate(kernel, "ExAllocatePool2 with flags %llx", (unsigned long long)Flags);
    return (PVOID)ek_allocate_pool(kernel, Flags == 0x100, Size, Tag, "ExAllocatePool2");
}

PVOID ExAllocatePoolWithTag(POOL_TYPE PoolType, SIZE_T NumberOfBytes, ULONG Tag)
{
    if (PoolType != PagedPool && PoolType != NonPagedPoolNx)
        ek_violate(kernel, "executable pool");
    if (!kernel->lacks_pool2)
        ek_violate(kernel, "the old allocation where the new one is there");
    return (PVOID)ek_allocate_pool(kernel, PoolType == PagedPool, NumberOfBytes, Tag, "ExAllocatePoolWithTag");
}

VOID ExFreePoolWithTag(PVOID P, ULONG Tag)
{
    ek_free_pool(kernel, address_of(P), Tag);
}

NTSTATUS MmCopyMemory(PVOID Target, PHYSICAL_ADDRESS Source, SIZE_T Size, ULONG Flags, PSIZE_T Transferred)
{
    uint64_t transferred;
    uint32_t status = ek_copy_memory(kernel, address_of(Target), (uint64_t)Source.QuadPart, Size, Flags, &transferred);

    *Transferred = transferred;
    irp.Cancel = kernel->is_cancelled;
    return (NTSTATUS)status;
}

NTSTATUS ZwQuerySystemInformation(ULONG Class, PVOID Buffer, ULONG Size, PULONG Needed)
{
    return (NTSTATUS)ek_query_system_information(kernel, Class, Buffer, Size, Needed);
}

NTSTATUS PsLookupProcessByProcessId(HANDLE ProcessId, PEPROCESS *Process)
{
    uint64_t process;
    uint32_t status = ek_lookup_process(kernel, address_of(ProcessId), &process);

    if (status == EK_SUCCESS)
        *Process = (PEPROCESS)process;
    return (NTSTATUS)status;
}

LONGLONG PsGetProcessCreateTimeQuadPart(PEPROCESS Process)
{
    return ek_process_create_time(kernel, address_of(Process));
}

NTSTATUS PsAcquireProcessExitSynchronization(PEPROCESS Process)
{
    return (NTSTATUS)ek_acquire_exit(kernel, address_of(Process));
}

VOID PsReleaseProcessExitSynchronization(PEPROCESS Process)
{
    ek_release_exit(kernel, address_of(Process));
}

BOOLEAN PsIsThreadTerminating(PETHREAD Thread)
{
    if (Thread != THREAD)
        ek_violate(kernel, "PsIsThreadTerminating of another thread than the IRP's");
    return ek_thread_terminates(kernel);
}

VOID ObfDereferenceObject(PVOID Object)
{
    ek_dereference(kernel, address_of(Object));
}

NTSTATUS ObOpenObjectByPointer(PVOID Object, ULONG HandleAttributes, PVOID PassedAccessState, ACCESS_MASK DesiredAccess,
                               POBJECT_TYPE ObjectType, KPROCESSOR_MODE AccessMode, PHANDLE Handle)
{
    ek_require_irql(kernel, EK_PASSIVE_LEVEL, "ObOpenObjectByPointer");
    if (address_of(Object) != kernel->device_address || HandleAttributes != OBJ_KERNEL_HANDLE || PassedAccessState ||
        DesiredAccess != WRITE_DAC || ObjectType || AccessMode != KernelMode)
        ek_violate(kernel, "ObOpenObjectByPointer with odd arguments");
    if (ek_fails(kernel))
        return STATUS_INSUFFICIENT_RESOURCES;
    kernel->handles++;
    *Handle = (HANDLE)0xffffffff80000abcull;
    return STATUS_SUCCESS;
}

NTSTATUS ZwSetSecurityObject(HANDLE Handle, ULONG SecurityInformation, PSECURITY_DESCRIPTOR SecurityDescriptor)
{
    ek_require_irql(kernel, EK_PASSIVE_LEVEL, "ZwSetSecurityObject");
    if (Handle != (HANDLE)0xffffffff80000abcull || kernel->handles == 0)
        ek_violate(kernel, "ZwSetSecurityObject of no handle");
    if (ek_fails(kernel))
        return STATUS_INSUFFICIENT_RESOURCES;
    ek_judge_rights(kernel, SecurityInformation, SecurityDescriptor, 72);
    return STATUS_SUCCESS;
}

NTSTATUS ZwClose(HANDLE Handle)
{
    ek_require_irql(kernel, EK_PASSIVE_LEVEL, "ZwClose");
    if (Handle != (HANDLE)0xffffffff80000abcull || kernel->handles-- == 0)
        ek_violate(kernel, "ZwClose of no handle");
    return STATUS_SUCCESS;
}

NTSTATUS IoCreateDevice(PDRIVER_OBJECT DriverObject, ULONG DeviceExtensionSize, PUNICODE_STRING DeviceName,
                        ULONG DeviceType, ULONG DeviceCharacteristics, BOOLEAN Exclusive, PDEVICE_OBJECT *DeviceObject)
{
    PDEVICE_OBJECT device;

    ek_require_irql(kernel, EK_APC_LEVEL, "IoCreateDevice");
    if (DriverObject != &driver || !is_name(DeviceName, DEVICE_NAME) || DeviceType < 0x8000 ||
        DeviceCharacteristics != FILE_DEVICE_SECURE_OPEN || Exclusive)
        ek_violate(kernel, "IoCreateDevice with odd arguments");
    if (ek_fails(kernel))
        return STATUS_INSUFFICIENT_RESOURCES;
    device = calloc(1, sizeof(*device));
    device->DeviceExtension = calloc(1, DeviceExtensionSize);
    device->DriverObject = DriverObject;
    DriverObject->DeviceObject = device;
    kernel->devices++;
    kernel->device_address = address_of(device);
    *DeviceObject = device;
    return STATUS_SUCCESS;
}

VOID IoDeleteDevice(PDEVICE_OBJECT DeviceObject)
{
    ek_require_irql(kernel, EK_APC_LEVEL, "IoDeleteDevice");
    if (kernel->devices-- == 0 || address_of(DeviceObject) != kernel->device_address)
        ek_violate(kernel, "IoDeleteDevice of no device");
    driver.DeviceObject = NULL;
    kernel->device_address = 0;
    free(DeviceObject->DeviceExtension);
    free(DeviceObject);
}

NTSTATUS IoCreateSymbolicLink(PUNICODE_STRING SymbolicLinkName, PUNICODE_STRING DeviceName)
{
    ek_require_irql(kernel, EK_PASSIVE_LEVEL, "IoCreateSymbolicLink");
    if (!is_name(SymbolicLinkName, LINK_NAME) || !is_name(DeviceName, DEVICE_NAME))
        ek_violate(kernel, "IoCreateSymbolicLink with odd arguments");
    if (!kernel->has_rights)
        ek_violate(kernel, "the device gets its link before its rights");
    if (ek_fails(kernel))
        return STATUS_INSUFFICIENT_RESOURCES;
    kernel->links++;
    return STATUS_SUCCESS;
}

NTSTATUS IoDeleteSymbolicLink(PUNICODE_STRING SymbolicLinkName)
{
    ek_require_irql(kernel, EK_PASSIVE_LEVEL, "IoDeleteSymbolicLink");
    if (!is_name(SymbolicLinkName, LINK_NAME) || kernel->links-- == 0)
        ek_violate(kernel, "IoDeleteSymbolicLink of no link");
    return STATUS_SUCCESS;
}

VOID IofCompleteRequest(PIRP Irp, CCHAR PriorityBoost)
{
    ek_require_irql(kernel, EK_DISPATCH_LEVEL, "IofCompleteRequest");
    if (Irp != &irp || PriorityBoost != IO_NO_INCREMENT)
        ek_violate(kernel, "IofCompleteRequest with odd arguments");
    kernel->completions++;
}

PVOID MmMapLockedPagesSpecifyCache(PMDL Mdl, KPROCESSOR_MODE AccessMode, MEMORY_CACHING_TYPE CacheType,
                                   PVOID RequestedAddress, ULONG BugCheckOnFailure, ULONG Priority)
{
    ek_require_irql(kernel, EK_DISPATCH_LEVEL, "MmMapLockedPagesSpecifyCache");
    if (AccessMode != KernelMode || CacheType != MmCached || RequestedAddress || BugCheckOnFailure ||
        Priority != (NormalPagePriority | 0x40000000))
        ek_violate(kernel, "MmMapLockedPagesSpecifyCache with odd arguments");
    if (ek_fails(kernel))
        return NULL;
    kernel->mappings++;
    return Mdl->Buffer;
}

static void load(struct ek *ek)
{
    static const struct ek_memory memory = {.allocate = allocate, .release = release, .host = host};

    kernel = ek;
    ek->memory = &memory;
    memset(&driver, 0, sizeof(driver));
}

static void drop(struct ek *ek)
{
    (void)ek;
    kernel = NULL;
}

static uint32_t enter(struct ek *ek)
{
    WCHAR text[] = L"\\Registry\\Machine\\System\\CurrentControlSet\\Services\\SiC";
    UNICODE_STRING path = RTL_CONSTANT_STRING(text);

    kernel = ek;
    return (uint32_t)DriverEntry(&driver, &path);
}

static void unload(struct ek *ek)
{
    kernel = ek;
    driver.DriverUnload(&driver);
}

/* Sends the IRP, which must be completed once with the status that the dispatch routine returns. */
static uint32_t send(unsigned major)
{
    NTSTATUS status;

    irp.Tail.Overlay.Thread = THREAD;
    irp.Tail.Overlay.CurrentStackLocation = &stack;
    irp.IoStatus.Status = (NTSTATUS)0x103;
    irp.Cancel = kernel->is_cancelled;
    kernel->completions = 0;
    status = driver.MajorFunction[major](driver.DeviceObject, &irp);
    if (kernel->completions != 1 || irp.IoStatus.Status != status)
        ek_violate(kernel, "an IRP completed %u times", kernel->completions);
    return (uint32_t)status;
}

static uint32_t open_device(struct ek *ek, bool is_relative, bool has_name)
{
    WCHAR name[] = L"\\x";
    FILE_OBJECT other = {0}, file = {0};

    kernel = ek;
    if (is_relative)
        file.RelatedFileObject = &other;
    if (has_name)
        file.FileName = (UNICODE_STRING){.Length = 4, .MaximumLength = 6, .Buffer = name};
    stack = (IO_STACK_LOCATION){.FileObject = &file};
    irp = (IRP){0};
    return send(IRP_MJ_CREATE);
}

static uint32_t close_device(struct ek *ek)
{
    kernel = ek;
    stack = (IO_STACK_LOCATION){0};
    irp = (IRP){0};
    return send(IRP_MJ_CLOSE);
}

static uint32_t control(struct ek *ek, uint32_t code, const void *input, uint32_t input_size, void *output,
                        uint32_t output_size, uint64_t *information)
{
    MDL mdl = {.Buffer = output, .ByteCount = output_size};
    uint32_t status;

    kernel = ek;
    stack = (IO_STACK_LOCATION){0};
    stack.Parameters.DeviceIoControl.IoControlCode = code;
    stack.Parameters.DeviceIoControl.InputBufferLength = input_size;
    stack.Parameters.DeviceIoControl.OutputBufferLength = output_size;
    irp = (IRP){.MdlAddress = output_size > 0 ? &mdl : NULL};
    if (input_size > 0) {
        irp.AssociatedIrp.SystemBuffer = malloc(input_size);
        memcpy(irp.AssociatedIrp.SystemBuffer, input, input_size);
    }
    status = send(IRP_MJ_DEVICE_CONTROL);
    free(irp.AssociatedIrp.SystemBuffer);
    *information = irp.IoStatus.Information;
    return status;
}

const struct ek_port ek_port = {
    .name = "native",
    .is_native = true,
    .load = load,
    .drop = drop,
    .enter = enter,
    .unload = unload,
    .open = open_device,
    .close = close_device,
    .control = control,
};
