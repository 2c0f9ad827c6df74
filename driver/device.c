#include "device.h"

#include "scan.h"
#include "sic/wire.h"

/* The high half of SIC_WIRE_IOCTL_SCAN. */
#define DEVICE_TYPE_SIC (SIC_WIRE_IOCTL_SCAN >> 16)

typedef struct _SIC_DEVICE {
    LONG IsOpen;
    LONG IsBusy;
} SIC_DEVICE, *PSIC_DEVICE;

static WCHAR DeviceNameText[] = L"\\Device\\SiC";
static WCHAR LinkNameText[] = L"\\DosDevices\\SiC";
static UNICODE_STRING DeviceName = RTL_CONSTANT_STRING(DeviceNameText);
static UNICODE_STRING LinkName = RTL_CONSTANT_STRING(LinkNameText);

/* D:P(A;;FA;;;SY)(A;;FA;;;BA): full access for SYSTEM and Administrators, nothing inherited, nobody else. */
static const UCHAR SecurityDescriptor[] = {
    1, 0, 0x04, 0x90, /* revision; self-relative, DACL present and protected */
    0, 0, 0,    0,    0,    0,    0,    0,    0,  0, 0, 0, 20,   0,    0, 0, /* no owner, group, SACL; the DACL at 20 */
    2, 0, 52,   0,    2,    0,    0,    0,                                   /* revision, 52 bytes, 2 entries */
    0, 0, 20,   0,    0xff, 0x01, 0x1f, 0x00,                                /* allowed, 20 bytes, FILE_ALL_ACCESS */
    1, 1, 0,    0,    0,    0,    0,    5,    18, 0, 0, 0,                   /* S-1-5-18 */
    0, 0, 24,   0,    0xff, 0x01, 0x1f, 0x00,                                /* allowed, 24 bytes, FILE_ALL_ACCESS */
    1, 2, 0,    0,    0,    0,    0,    5,    32, 0, 0, 0, 0x20, 0x02, 0, 0, /* S-1-5-32-544 */
};

static NTSTATUS SetRights(PDEVICE_OBJECT Device)
{
    HANDLE Handle;
    /* No object type: for kernel mode it is optional, and the device is ours. */
    NTSTATUS Status = ObOpenObjectByPointer(Device, OBJ_KERNEL_HANDLE, NULL, WRITE_DAC, NULL, KernelMode, &Handle);

    if (!NT_SUCCESS(Status))
        return Status;
    Status = ZwSetSecurityObject(Handle, DACL_SECURITY_INFORMATION, (PSECURITY_DESCRIPTOR)SecurityDescriptor);
    ZwClose(Handle);
    return Status;
}

/* Nobody can open the device before DriverEntry returns: the I/O manager keeps DO_DEVICE_INITIALIZING set until then.
 */
NTSTATUS SicDeviceCreate(PDRIVER_OBJECT DriverObject)
{
    PDEVICE_OBJECT Device;
    NTSTATUS Status = IoCreateDevice(DriverObject, sizeof(SIC_DEVICE), &DeviceName, DEVICE_TYPE_SIC,
                                     FILE_DEVICE_SECURE_OPEN, FALSE, &Device);

    if (!NT_SUCCESS(Status))
        return Status;
    Status = SetRights(Device);
    if (NT_SUCCESS(Status))
        Status = IoCreateSymbolicLink(&LinkName, &DeviceName);
    if (!NT_SUCCESS(Status))
        IoDeleteDevice(Device);
    return Status;
}

VOID SicDeviceDelete(PDRIVER_OBJECT DriverObject)
{
    IoDeleteSymbolicLink(&LinkName);
    IoDeleteDevice(DriverObject->DeviceObject);
}

static NTSTATUS Complete(PIRP Irp, NTSTATUS Status, ULONG_PTR Information)
{
    Irp->IoStatus.Status = Status;
    Irp->IoStatus.Information = Information;
    IoCompleteRequest(Irp, IO_NO_INCREMENT);
    return Status;
}

NTSTATUS NTAPI SicDeviceOpen(PDEVICE_OBJECT Device, PIRP Irp)
{
    PFILE_OBJECT File = IoGetCurrentIrpStackLocation(Irp)->FileObject;
    PSIC_DEVICE Extension = Device->DeviceExtension;

    /* There is nothing below the device, and an opener relative to another handle is a second one in disguise. */
    if (File->FileName.Length != 0 || File->RelatedFileObject)
        return Complete(Irp, STATUS_OBJECT_NAME_INVALID, 0);
    if (InterlockedCompareExchange(&Extension->IsOpen, 1, 0) != 0)
        return Complete(Irp, STATUS_SHARING_VIOLATION, 0);
    return Complete(Irp, STATUS_SUCCESS, 0);
}

/* Not at cleanup: the last reference goes after the last request. */
NTSTATUS NTAPI SicDeviceClose(PDEVICE_OBJECT Device, PIRP Irp)
{
    PSIC_DEVICE Extension = Device->DeviceExtension;

    InterlockedExchange(&Extension->IsOpen, 0);
    return Complete(Irp, STATUS_SUCCESS, 0);
}

static NTSTATUS AnswerControl(PIRP Irp, PULONG_PTR Written)
{
    PIO_STACK_LOCATION Stack = IoGetCurrentIrpStackLocation(Irp);
    ULONG OutputSize = Stack->Parameters.DeviceIoControl.OutputBufferLength;
    ULONG InputSize = Stack->Parameters.DeviceIoControl.InputBufferLength;
    PVOID Output;

    if (!Irp->AssociatedIrp.SystemBuffer || InputSize == 0)
        return STATUS_INFO_LENGTH_MISMATCH;
    if (!Irp->MdlAddress)
        return STATUS_BUFFER_TOO_SMALL;
    Output = MmGetSystemAddressForMdlSafe(Irp->MdlAddress, NormalPagePriority | MdlMappingNoExecute);
    if (!Output)
        return STATUS_INSUFFICIENT_RESOURCES;
    return SicScanAnswer(Irp, Irp->AssociatedIrp.SystemBuffer, InputSize, Output, OutputSize, Written);
}

/* One at a time: the limit of memory is one for each request. */
NTSTATUS NTAPI SicDeviceControl(PDEVICE_OBJECT Device, PIRP Irp)
{
    PSIC_DEVICE Extension = Device->DeviceExtension;
    ULONG_PTR Written = 0;
    NTSTATUS Status;

    if (IoGetCurrentIrpStackLocation(Irp)->Parameters.DeviceIoControl.IoControlCode != SIC_WIRE_IOCTL_SCAN)
        return Complete(Irp, STATUS_INVALID_DEVICE_REQUEST, 0);
    if (InterlockedCompareExchange(&Extension->IsBusy, 1, 0) != 0)
        return Complete(Irp, STATUS_DEVICE_BUSY, 0);
    Status = AnswerControl(Irp, &Written);
    InterlockedExchange(&Extension->IsBusy, 0);
    return Complete(Irp, Status, Written);
}
