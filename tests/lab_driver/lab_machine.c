#include "lab_machine.h"

#define POOL_TAG   0x624c6953u
#define SIZE_LIMIT 0x40000000u

static NTSTATUS ReadOpened(HANDLE File, PUCHAR *Bytes, SIZE_T *Size)
{
    FILE_STANDARD_INFORMATION Information;
    IO_STATUS_BLOCK Io;
    LARGE_INTEGER Start = {.QuadPart = 0};
    NTSTATUS Status = ZwQueryInformationFile(File, &Io, &Information, sizeof(Information), FileStandardInformation);

    if (!NT_SUCCESS(Status))
        return Status;
    if (Information.EndOfFile.QuadPart <= 0 || Information.EndOfFile.QuadPart > SIZE_LIMIT)
        return STATUS_FILE_INVALID;
    *Size = (SIZE_T)Information.EndOfFile.QuadPart;
    *Bytes = ExAllocatePoolWithTag(NonPagedPool, *Size, POOL_TAG);
    if (!*Bytes)
        return STATUS_INSUFFICIENT_RESOURCES;
    Status = ZwReadFile(File, NULL, NULL, NULL, &Io, *Bytes, (ULONG)*Size, &Start, NULL);
    if (!NT_SUCCESS(Status) || Io.Information != *Size) {
        ExFreePoolWithTag(*Bytes, POOL_TAG);
        return NT_SUCCESS(Status) ? STATUS_END_OF_FILE : Status;
    }
    return STATUS_SUCCESS;
}

NTSTATUS LabReadFile(PCWSTR Path, PUCHAR *Bytes, SIZE_T *Size)
{
    OBJECT_ATTRIBUTES Attributes;
    IO_STATUS_BLOCK Io;
    UNICODE_STRING Name;
    NTSTATUS Status;
    HANDLE File;

    RtlInitUnicodeString(&Name, Path);
    InitializeObjectAttributes(&Attributes, &Name, OBJ_CASE_INSENSITIVE | OBJ_KERNEL_HANDLE, NULL, NULL);
    Status = ZwCreateFile(&File, GENERIC_READ | SYNCHRONIZE, &Attributes, &Io, NULL, FILE_ATTRIBUTE_NORMAL,
                          FILE_SHARE_READ, FILE_OPEN, FILE_SYNCHRONOUS_IO_NONALERT | FILE_NON_DIRECTORY_FILE, NULL, 0);
    if (!NT_SUCCESS(Status))
        return Status;
    Status = ReadOpened(File, Bytes, Size);
    ZwClose(File);
    return Status;
}

NTSTATUS LabReadMachine(uint64_t **Words)
{
    PUCHAR Bytes;
    SIZE_T Size;
    NTSTATUS Status = LabReadFile(L"\\??\\C:\\sic-lab\\machine.bin", &Bytes, &Size);

    if (!NT_SUCCESS(Status))
        return Status;
    *Words = (uint64_t *)(PVOID)Bytes;
    if (Size < LAB_WORD_PROCESSES * sizeof(uint64_t) || (*Words)[LAB_WORD_MAGIC] != LAB_MAGIC ||
        (*Words)[LAB_WORD_COUNT] != (Size / sizeof(uint64_t) - LAB_WORD_PROCESSES) / 3) {
        ExFreePoolWithTag(Bytes, POOL_TAG);
        return STATUS_FILE_INVALID;
    }
    return STATUS_SUCCESS;
}
