#include "lab_machine.h"

#define POOL_TAG   0x624c6953u
#define SIZE_LIMIT 0x40000000u
#define PATH_SIZE  64u

/* How many requests there were, and the number of the machine that answers; 0: the one without a number. */
static ULONG Requests, Machine;

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

/* C:\sic-lab\STEM-N.ENDING, or without a number. */
static VOID MakePath(WCHAR Path[PATH_SIZE], PCWSTR Stem, ULONG Number, PCWSTR Ending)
{
    PCWSTR Parts[] = {L"\\??\\C:\\sic-lab\\", Stem, NULL, Ending};
    WCHAR Digits[12] = {0};
    ULONG Place = 11, Length = 0;

    for (ULONG Rest = Number; Rest > 0; Rest /= 10)
        Digits[--Place] = (WCHAR)(L'0' + Rest % 10);
    if (Number > 0)
        Digits[--Place] = L'-';
    Parts[2] = Digits + Place;
    for (ULONG i = 0; i < 4; i++) {
        for (PCWSTR c = Parts[i]; *c != 0 && Length < PATH_SIZE - 1; c++)
            Path[Length++] = *c;
    }
    Path[Length] = 0;
}

static NTSTATUS Open(PCWSTR Stem, ULONG Number, PCWSTR Ending, PHANDLE File)
{
    OBJECT_ATTRIBUTES Attributes;
    IO_STATUS_BLOCK Io;
    UNICODE_STRING Name;
    WCHAR Path[PATH_SIZE];

    MakePath(Path, Stem, Number, Ending);
    RtlInitUnicodeString(&Name, Path);
    InitializeObjectAttributes(&Attributes, &Name, OBJ_CASE_INSENSITIVE | OBJ_KERNEL_HANDLE, NULL, NULL);
    return ZwCreateFile(File, GENERIC_READ | SYNCHRONIZE, &Attributes, &Io, NULL, FILE_ATTRIBUTE_NORMAL,
                        FILE_SHARE_READ | FILE_SHARE_DELETE, FILE_OPEN,
                        FILE_SYNCHRONOUS_IO_NONALERT | FILE_NON_DIRECTORY_FILE, NULL, 0);
}

static NTSTATUS ReadFile(PCWSTR Stem, PCWSTR Ending, PUCHAR *Bytes, SIZE_T *Size)
{
    HANDLE File;
    NTSTATUS Status = Open(Stem, Machine, Ending, &File);

    if (!NT_SUCCESS(Status))
        return Status;
    Status = ReadOpened(File, Bytes, Size);
    ZwClose(File);
    return Status;
}

VOID LabNextMachine(VOID)
{
    HANDLE File;

    Requests++;
    if (!NT_SUCCESS(Open(L"machine", Requests, L".bin", &File)))
        return;
    ZwClose(File);
    Machine = Requests;
}

NTSTATUS LabReadMemory(PUCHAR *Bytes, SIZE_T *Size)
{
    return ReadFile(L"memory", L".raw", Bytes, Size);
}

NTSTATUS LabReadMachine(uint64_t **Words)
{
    PUCHAR Bytes;
    SIZE_T Size;
    NTSTATUS Status = ReadFile(L"machine", L".bin", &Bytes, &Size);

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
