/*
 * sic-drv.sys: hands out the packed scan of the live kernel. docs/protocol.md, docs/security.md.
 */
#include "device.h"
#include "routines.h"

DRIVER_INITIALIZE DriverEntry;
static DRIVER_UNLOAD Unload;

static VOID NTAPI Unload(PDRIVER_OBJECT DriverObject)
{
    SicDeviceDelete(DriverObject);
}

NTSTATUS NTAPI DriverEntry(PDRIVER_OBJECT DriverObject, PUNICODE_STRING RegistryPath)
{
    UNREFERENCED_PARAMETER(RegistryPath);
    SicRoutinesFind();
    DriverObject->MajorFunction[IRP_MJ_CREATE] = SicDeviceOpen;
    DriverObject->MajorFunction[IRP_MJ_CLOSE] = SicDeviceClose;
    DriverObject->MajorFunction[IRP_MJ_DEVICE_CONTROL] = SicDeviceControl;
    DriverObject->DriverUnload = Unload;
    return SicDeviceCreate(DriverObject);
}
