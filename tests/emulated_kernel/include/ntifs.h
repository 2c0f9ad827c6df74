/*
 * The part of the kernel's interface that the driver uses, for its native build in the tests: the names and types of
 * Microsoft's documentation, in front of the emulated kernel. Sizes are those of Windows; layouts of structures are
 * not, and need not be: the shipped driver is tried with the real ones (unicorn_port.c).
 */
#ifndef SIC_TESTS_NTIFS_H
#define SIC_TESTS_NTIFS_H

#include <stddef.h>
#include <stdint.h>

#define NTAPI
#define NTSYSAPI
#define VOID  void
#define CONST const
#define TRUE  1
#define FALSE 0

typedef uint8_t UCHAR, BOOLEAN, *PUCHAR;
typedef char CCHAR;
typedef uint16_t USHORT;
typedef int32_t LONG, NTSTATUS;
typedef uint32_t ULONG, *PULONG, ACCESS_MASK;
typedef int64_t LONGLONG;
typedef uint64_t ULONGLONG;
typedef uint64_t SIZE_T, *PSIZE_T, ULONG_PTR, *PULONG_PTR;
typedef void *PVOID, *HANDLE, **PHANDLE, *PSECURITY_DESCRIPTOR;
typedef struct _OBJECT_TYPE *POBJECT_TYPE;
typedef struct _KPROCESS *PEPROCESS;
typedef struct _KTHREAD *PETHREAD;
typedef unsigned short WCHAR, *PWSTR;
typedef const WCHAR *PCWSTR;

typedef union _LARGE_INTEGER {
    LONGLONG QuadPart;
} LARGE_INTEGER, PHYSICAL_ADDRESS;

typedef struct _UNICODE_STRING {
    USHORT Length;
    USHORT MaximumLength;
    PWSTR Buffer;
} UNICODE_STRING, *PUNICODE_STRING;

#define RTL_CONSTANT_STRING(Text)                                                                                      \
    {                                                                                                                  \
        sizeof(Text) - sizeof((Text)[0]), sizeof(Text), Text                                                           \
    }

typedef struct _MDL {
    PVOID Buffer;
    ULONG ByteCount;
} MDL, *PMDL;

typedef struct _FILE_OBJECT {
    struct _FILE_OBJECT *RelatedFileObject;
    UNICODE_STRING FileName;
} FILE_OBJECT, *PFILE_OBJECT;

typedef struct _DEVICE_OBJECT {
    PVOID DeviceExtension;
    struct _DRIVER_OBJECT *DriverObject;
} DEVICE_OBJECT, *PDEVICE_OBJECT;

typedef struct _IO_STACK_LOCATION {
    union {
        struct {
            ULONG OutputBufferLength;
            ULONG InputBufferLength;
            ULONG IoControlCode;
        } DeviceIoControl;
    } Parameters;
    PFILE_OBJECT FileObject;
} IO_STACK_LOCATION, *PIO_STACK_LOCATION;

typedef struct _IRP {
    PMDL MdlAddress;
    union {
        PVOID SystemBuffer;
    } AssociatedIrp;
    struct {
        NTSTATUS Status;
        ULONG_PTR Information;
    } IoStatus;
    BOOLEAN Cancel;
    union {
        struct {
            PETHREAD Thread;
            PIO_STACK_LOCATION CurrentStackLocation;
        } Overlay;
    } Tail;
} IRP, *PIRP;

typedef NTSTATUS DRIVER_DISPATCH(PDEVICE_OBJECT DeviceObject, PIRP Irp);
typedef NTSTATUS DRIVER_INITIALIZE(struct _DRIVER_OBJECT *DriverObject, PUNICODE_STRING RegistryPath);
typedef VOID DRIVER_UNLOAD(struct _DRIVER_OBJECT *DriverObject);

#define IRP_MJ_CREATE           0x00
#define IRP_MJ_CLOSE            0x02
#define IRP_MJ_DEVICE_CONTROL   0x0e
#define IRP_MJ_MAXIMUM_FUNCTION 0x1b

typedef struct _DRIVER_OBJECT {
    PDEVICE_OBJECT DeviceObject;
    DRIVER_UNLOAD *DriverUnload;
    DRIVER_DISPATCH *MajorFunction[IRP_MJ_MAXIMUM_FUNCTION + 1];
} DRIVER_OBJECT, *PDRIVER_OBJECT;

typedef enum _POOL_TYPE { NonPagedPool = 0, PagedPool = 1, NonPagedPoolNx = 512 } POOL_TYPE;
typedef enum _MODE { KernelMode, UserMode } KPROCESSOR_MODE;
typedef enum _MEMORY_CACHING_TYPE { MmNonCached, MmCached } MEMORY_CACHING_TYPE;

#define NormalPagePriority        16
#define IO_NO_INCREMENT           0
#define FILE_DEVICE_SECURE_OPEN   0x00000100
#define OBJ_KERNEL_HANDLE         0x00000200
#define WRITE_DAC                 0x00040000
#define DACL_SECURITY_INFORMATION 0x00000004

#define STATUS_SUCCESS                ((NTSTATUS)0x00000000)
#define STATUS_BUFFER_OVERFLOW        ((NTSTATUS)0x80000005)
#define STATUS_INFO_LENGTH_MISMATCH   ((NTSTATUS)0xc0000004)
#define STATUS_INVALID_PARAMETER      ((NTSTATUS)0xc000000d)
#define STATUS_INVALID_DEVICE_REQUEST ((NTSTATUS)0xc0000010)
#define STATUS_BUFFER_TOO_SMALL       ((NTSTATUS)0xc0000023)
#define STATUS_OBJECT_NAME_INVALID    ((NTSTATUS)0xc0000033)
#define STATUS_DATA_ERROR             ((NTSTATUS)0xc000003e)
#define STATUS_SHARING_VIOLATION      ((NTSTATUS)0xc0000043)
#define STATUS_QUOTA_EXCEEDED         ((NTSTATUS)0xc0000044)
#define STATUS_REVISION_MISMATCH      ((NTSTATUS)0xc0000059)
#define STATUS_PROCEDURE_NOT_FOUND    ((NTSTATUS)0xc000007a)
#define STATUS_INSUFFICIENT_RESOURCES ((NTSTATUS)0xc000009a)
#define STATUS_NOT_SUPPORTED          ((NTSTATUS)0xc00000bb)
#define STATUS_CANCELLED              ((NTSTATUS)0xc0000120)
#define STATUS_NOT_FOUND              ((NTSTATUS)0xc0000225)
#define STATUS_DEVICE_BUSY            ((NTSTATUS)0x80000011)

#define NT_SUCCESS(Status)                           ((NTSTATUS)(Status) >= 0)
#define UNREFERENCED_PARAMETER(Parameter)            ((void)(Parameter))
#define IoGetCurrentIrpStackLocation(Irp)            ((Irp)->Tail.Overlay.CurrentStackLocation)
#define InterlockedCompareExchange(Target, New, Old) __sync_val_compare_and_swap(Target, Old, New)
#define InterlockedExchange(Target, New)             __sync_lock_test_and_set(Target, New)
#define ObDereferenceObject                          ObfDereferenceObject
#define IoCompleteRequest                            IofCompleteRequest
#define MmGetSystemAddressForMdlSafe(Mdl, Priority)                                                                    \
    MmMapLockedPagesSpecifyCache(Mdl, KernelMode, MmCached, NULL, FALSE, Priority)

PVOID MmGetSystemRoutineAddress(PUNICODE_STRING SystemRoutineName);
PVOID ExAllocatePoolWithTag(POOL_TYPE PoolType, SIZE_T NumberOfBytes, ULONG Tag);
VOID ExFreePoolWithTag(PVOID P, ULONG Tag);
NTSTATUS PsLookupProcessByProcessId(HANDLE ProcessId, PEPROCESS *Process);
LONGLONG PsGetProcessCreateTimeQuadPart(PEPROCESS Process);
BOOLEAN PsIsThreadTerminating(PETHREAD Thread);
VOID ObfDereferenceObject(PVOID Object);
NTSTATUS ObOpenObjectByPointer(PVOID Object, ULONG HandleAttributes, PVOID PassedAccessState, ACCESS_MASK DesiredAccess,
                               POBJECT_TYPE ObjectType, KPROCESSOR_MODE AccessMode, PHANDLE Handle);
NTSTATUS ZwSetSecurityObject(HANDLE Handle, ULONG SecurityInformation, PSECURITY_DESCRIPTOR SecurityDescriptor);
NTSTATUS ZwClose(HANDLE Handle);
NTSTATUS IoCreateDevice(PDRIVER_OBJECT DriverObject, ULONG DeviceExtensionSize, PUNICODE_STRING DeviceName,
                        ULONG DeviceType, ULONG DeviceCharacteristics, BOOLEAN Exclusive, PDEVICE_OBJECT *DeviceObject);
VOID IoDeleteDevice(PDEVICE_OBJECT DeviceObject);
NTSTATUS IoCreateSymbolicLink(PUNICODE_STRING SymbolicLinkName, PUNICODE_STRING DeviceName);
NTSTATUS IoDeleteSymbolicLink(PUNICODE_STRING SymbolicLinkName);
VOID IofCompleteRequest(PIRP Irp, CCHAR PriorityBoost);
PVOID MmMapLockedPagesSpecifyCache(PMDL Mdl, KPROCESSOR_MODE AccessMode, MEMORY_CACHING_TYPE CacheType,
                                   PVOID RequestedAddress, ULONG BugCheckOnFailure, ULONG Priority);

#endif
