#include "process.h"

#include "core/reader.h"
#include "routines.h"

/* The list grows while its size is asked for: each try leaves more room. */
#define LIST_TRIES 8u
#define LIST_SLACK 0x10000u
#define LIST_LIMIT (64u << 20)

/*
 * SYSTEM_PROCESS_INFORMATION, unchanged since NT 4 in what is used here: NextEntryOffset at 0, CreateTime at 0x20,
 * UniqueProcessId at 0x50 (winternl.h names the outer two).
 */
#define ENTRY_NEXT        0x00u
#define ENTRY_CREATE_TIME 0x20u
#define ENTRY_PID         0x50u
#define ENTRY_SIZE        0x58u

/* The kernel's table as it is, in *Table of *Size bytes, of which *Used are filled. */
static NTSTATUS QueryTable(PSIC_MEMORY Memory, PUCHAR *Table, SIZE_T *Size, ULONG *Used)
{
    NTSTATUS Status = STATUS_INFO_LENGTH_MISMATCH;
    ULONG Room = LIST_SLACK;

    for (unsigned Try = 0; Try < LIST_TRIES && Status == STATUS_INFO_LENGTH_MISMATCH; Try++) {
        ULONG Needed = 0;

        *Table = SicMemoryAllocate(Memory, Room, TRUE);
        if (!*Table)
            return STATUS_INSUFFICIENT_RESOURCES;
        *Size = Room;
        Status = ZwQuerySystemInformation(SIC_SYSTEM_PROCESS_INFORMATION, *Table, Room, &Needed);
        if (NT_SUCCESS(Status)) {
            *Used = Needed <= Room ? Needed : Room;
            return Status;
        }
        SicMemoryFree(Memory, *Table, *Size);
        *Table = NULL;
        if (Needed > LIST_LIMIT)
            return STATUS_INSUFFICIENT_RESOURCES;
        Room = (Needed > Room ? Needed : Room) + LIST_SLACK;
    }
    return Status;
}

/* Calls for each entry, in order: counts them, and copies them when there is a place for them. */
static ULONG CopyEntries(const UCHAR *Table, ULONG Used, PSIC_PROCESS_ID Ids)
{
    ULONG Count = 0, Offset = 0, Next;

    while (Used >= ENTRY_SIZE && Offset <= Used - ENTRY_SIZE) {
        uint64_t Pid = sic_load64(Table + Offset + ENTRY_PID);

        /* The idle process, pid 0, has no address space and cannot be looked up. */
        if (Pid != 0) {
            if (Ids)
                Ids[Count] = (SIC_PROCESS_ID){.Pid = (HANDLE)(ULONG_PTR)Pid,
                                              .CreateTime = (LONGLONG)sic_load64(Table + Offset + ENTRY_CREATE_TIME)};
            Count++;
        }
        Next = sic_load32(Table + Offset + ENTRY_NEXT);
        if (Next == 0 || Next > Used - Offset)
            break;
        Offset += Next;
    }
    return Count;
}

NTSTATUS SicProcessListTake(PSIC_MEMORY Memory, PSIC_PROCESS_LIST List)
{
    PUCHAR Table = NULL;
    SIZE_T Size = 0;
    ULONG Used = 0;
    NTSTATUS Status;

    *List = (SIC_PROCESS_LIST){0};
    Status = QueryTable(Memory, &Table, &Size, &Used);
    if (!NT_SUCCESS(Status))
        return Status;
    List->Count = CopyEntries(Table, Used, NULL);
    List->Size = List->Count * sizeof(SIC_PROCESS_ID);
    if (List->Count > 0)
        List->Ids = SicMemoryAllocate(Memory, List->Size, TRUE);
    if (List->Ids)
        CopyEntries(Table, Used, List->Ids);
    else
        Status = STATUS_INSUFFICIENT_RESOURCES;
    SicMemoryFree(Memory, Table, Size);
    return Status;
}

VOID SicProcessListFree(PSIC_MEMORY Memory, PSIC_PROCESS_LIST List)
{
    SicMemoryFree(Memory, List->Ids, List->Size);
    *List = (SIC_PROCESS_LIST){0};
}

BOOLEAN SicProcessHold(const SIC_PROCESS_ID *Id, PSIC_HELD_PROCESS Held)
{
    *Held = (SIC_HELD_PROCESS){0};
    if (!NT_SUCCESS(PsLookupProcessByProcessId(Id->Pid, &Held->Process)))
        return FALSE;
    if (PsGetProcessCreateTimeQuadPart(Held->Process) != Id->CreateTime) {
        ObDereferenceObject(Held->Process);
        return FALSE;
    }
    Held->IsKept = NT_SUCCESS(SicRoutines.AcquireExitSynchronization(Held->Process));
    return TRUE;
}

VOID SicProcessLetGo(PSIC_HELD_PROCESS Held)
{
    if (Held->IsKept)
        SicRoutines.ReleaseExitSynchronization(Held->Process);
    ObDereferenceObject(Held->Process);
    *Held = (SIC_HELD_PROCESS){0};
}
