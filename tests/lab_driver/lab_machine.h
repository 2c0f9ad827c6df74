/*
 * A machine of the lab in front of the driver, in place of the running one: for tests under Wine, whose kernel has
 * neither VADs nor MmCopyMemory. With these files instead of reader.c and process.c the driver is the shipped one; this
 * build ships nowhere.
 *
 * C:\sic-lab\memory.raw is a raw image, C:\sic-lab\machine.bin tells of it: 64-bit words, LAB_MAGIC first, the physical
 * address of the PML4, milliseconds that each request takes, the number of processes, then for each its pid, its
 * creation time and the address of its _EPROCESS.
 *
 * A machine that changes: the request of number N since the driver was loaded, from 1, is answered from memory-N.raw
 * and machine-N.bin when that is there; it then stays so for those that follow.
 */
#ifndef SIC_TESTS_LAB_MACHINE_H
#define SIC_TESTS_LAB_MACHINE_H

#include "nt.h"

#include <stdint.h>

#define LAB_MAGIC 0x656e696863616d73ull /* "smachine" */

enum { LAB_WORD_MAGIC, LAB_WORD_ROOT, LAB_WORD_DELAY, LAB_WORD_COUNT, LAB_WORD_PROCESSES };

/* The next request's machine: that of its number, when there is one. */
VOID LabNextMachine(VOID);

/* The words of the request's machine, checked, to be freed with ExFreePool. */
NTSTATUS LabReadMachine(uint64_t **Words);

/* Its image, likewise. */
NTSTATUS LabReadMemory(PUCHAR *Bytes, SIZE_T *Size);

#endif
