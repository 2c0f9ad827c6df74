/*
 * The machine's processes: which there are, and holding one while its tree is walked.
 */
#ifndef SIC_DRIVER_PROCESS_H
#define SIC_DRIVER_PROCESS_H

#include "memory.h"

/* Pids are used again: only pid and creation time together are a process. */
typedef struct _SIC_PROCESS_ID {
    HANDLE Pid;
    LONGLONG CreateTime;
} SIC_PROCESS_ID, *PSIC_PROCESS_ID;

/* A snapshot, in the order of the kernel's own list. */
typedef struct _SIC_PROCESS_LIST {
    PSIC_PROCESS_ID Ids;
    ULONG Count;
    SIZE_T Size; /* bytes of Ids */
} SIC_PROCESS_LIST, *PSIC_PROCESS_LIST;

/* The owner calls SicProcessListFree, after a failure too. */
NTSTATUS SicProcessListTake(PSIC_MEMORY Memory, PSIC_PROCESS_LIST List);
VOID SicProcessListFree(PSIC_MEMORY Memory, PSIC_PROCESS_LIST List);

typedef struct _SIC_HELD_PROCESS {
    PEPROCESS Process;
    BOOLEAN IsKept; /* its address space stays until it is let go; FALSE: it is being torn down */
} SIC_HELD_PROCESS, *PSIC_HELD_PROCESS;

/* FALSE when that process is gone. */
BOOLEAN SicProcessHold(const SIC_PROCESS_ID *Id, PSIC_HELD_PROCESS Held);
VOID SicProcessLetGo(PSIC_HELD_PROCESS Held);

#endif
