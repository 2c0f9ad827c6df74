#include "lab_machine.h"
#include "process.h"

/* The processes of machine.bin, in its order; an _EPROCESS of the image stands for the object that holds it. */
static uint64_t *Machine;

NTSTATUS SicProcessListTake(PSIC_MEMORY Memory, PSIC_PROCESS_LIST List)
{
    NTSTATUS Status;

    *List = (SIC_PROCESS_LIST){0};
    Status = LabReadMachine(&Machine);
    if (!NT_SUCCESS(Status))
        return Status;
    List->Count = (ULONG)Machine[LAB_WORD_COUNT];
    List->Size = List->Count * sizeof(SIC_PROCESS_ID);
    List->Ids = SicMemoryAllocate(Memory, List->Size, TRUE);
    if (!List->Ids)
        return STATUS_INSUFFICIENT_RESOURCES;
    for (ULONG i = 0; i < List->Count; i++)
        List->Ids[i] = (SIC_PROCESS_ID){.Pid = (HANDLE)(ULONG_PTR)Machine[LAB_WORD_PROCESSES + 3 * i],
                                        .CreateTime = (LONGLONG)Machine[LAB_WORD_PROCESSES + 3 * i + 1]};
    return STATUS_SUCCESS;
}

VOID SicProcessListFree(PSIC_MEMORY Memory, PSIC_PROCESS_LIST List)
{
    SicMemoryFree(Memory, List->Ids, List->Size);
    *List = (SIC_PROCESS_LIST){0};
    if (Machine)
        ExFreePool(Machine);
    Machine = NULL;
}

BOOLEAN SicProcessHold(const SIC_PROCESS_ID *Id, PSIC_HELD_PROCESS Held)
{
    *Held = (SIC_HELD_PROCESS){0};
    for (uint64_t i = 0; i < Machine[LAB_WORD_COUNT]; i++) {
        if (Machine[LAB_WORD_PROCESSES + 3 * i] != (uint64_t)(ULONG_PTR)Id->Pid)
            continue;
        Held->Process = (PEPROCESS)(ULONG_PTR)Machine[LAB_WORD_PROCESSES + 3 * i + 2];
        Held->IsKept = TRUE;
        return TRUE;
    }
    return FALSE;
}

VOID SicProcessLetGo(PSIC_HELD_PROCESS Held)
{
    *Held = (SIC_HELD_PROCESS){0};
}
