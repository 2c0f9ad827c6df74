/*
 * Pool: tagged, counted, limited.
 */
#ifndef SIC_DRIVER_MEMORY_H
#define SIC_DRIVER_MEMORY_H

#include "core/allocator.h"
#include "nt.h"

#define SIC_POOL_TAG 0x76446953u /* "SiDv" in a pool listing */

/* What one request may take, in bytes: some five million views. */
#define SIC_MEMORY_LIMIT (256ull << 20)

/* The account of one request. */
typedef struct _SIC_MEMORY {
    SIZE_T Used;
    BOOLEAN IsLimitReached; /* an allocation was refused because of SIC_MEMORY_LIMIT, not by the kernel */
} SIC_MEMORY, *PSIC_MEMORY;

/* Pool that is never executable; paged unless asked otherwise. NULL when there is none. Contents: undefined. */
PVOID SicMemoryAllocate(PSIC_MEMORY Memory, SIZE_T Size, BOOLEAN IsPaged);
/* Takes NULL. `Size` is what was asked for. */
VOID SicMemoryFree(PSIC_MEMORY Memory, PVOID Block, SIZE_T Size);

/* The walk's allocator, from paged pool, on this account. */
struct sic_allocator SicMemoryAllocator(PSIC_MEMORY Memory);

#endif
