#include "routines.h"

SIC_ROUTINES SicRoutines;

static PVOID Find(PCWSTR Name, USHORT Size)
{
    UNICODE_STRING String = {.Length = Size - sizeof(WCHAR), .MaximumLength = Size, .Buffer = (PWSTR)Name};

    return MmGetSystemRoutineAddress(&String);
}

#define FIND(Name) Find(L##Name, sizeof(L##Name))

VOID SicRoutinesFind(VOID)
{
    SicRoutines.MmCopyMemory = (SIC_MM_COPY_MEMORY)FIND("MmCopyMemory");
    SicRoutines.ExAllocatePool2 = (SIC_EX_ALLOCATE_POOL2)FIND("ExAllocatePool2");
    SicRoutines.AcquireExitSynchronization = (SIC_PS_ACQUIRE_EXIT)FIND("PsAcquireProcessExitSynchronization");
    SicRoutines.ReleaseExitSynchronization = (SIC_PS_RELEASE_EXIT)FIND("PsReleaseProcessExitSynchronization");
    SicRoutines.PsProcessType = FIND("PsProcessType");
}

NTSTATUS SicRoutinesCheck(VOID)
{
    if (!SicRoutines.MmCopyMemory)
        return STATUS_PROCEDURE_NOT_FOUND;
    if (!SicRoutines.AcquireExitSynchronization || !SicRoutines.ReleaseExitSynchronization)
        return STATUS_NOT_SUPPORTED;
    return STATUS_SUCCESS;
}
