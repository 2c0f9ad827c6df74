/*
 * Routines that not every kernel exports: looked up when the driver loads, so that it loads everywhere and can say what
 * is missing. So is a variable, which is only ever read like all of the kernel's memory.
 */
#ifndef SIC_DRIVER_ROUTINES_H
#define SIC_DRIVER_ROUTINES_H

#include "nt.h"

typedef struct _SIC_ROUTINES {
    SIC_MM_COPY_MEMORY MmCopyMemory;                /* 8.1 and later */
    SIC_EX_ALLOCATE_POOL2 ExAllocatePool2;          /* 2004 and later; NULL: the older routine is used */
    SIC_PS_ACQUIRE_EXIT AcquireExitSynchronization; /* exported since XP, never documented */
    SIC_PS_RELEASE_EXIT ReleaseExitSynchronization;
    PVOID PsProcessType; /* a variable: the address of the type of processes */
} SIC_ROUTINES;

/* Written once, by SicRoutinesFind, before there is a device; NULL members are missing. */
extern SIC_ROUTINES SicRoutines;

VOID SicRoutinesFind(VOID);

/*
 * STATUS_SUCCESS when everything that a scan cannot do without is there. STATUS_PROCEDURE_NOT_FOUND: MmCopyMemory is
 * missing. STATUS_NOT_SUPPORTED: process exit synchronization is missing.
 */
NTSTATUS SicRoutinesCheck(VOID);

#endif
