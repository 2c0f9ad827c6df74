/*
 * Kernel memory through the one primitive that fails instead of bringing the machine down. A test build may put another
 * reader in the place of reader.c.
 */
#ifndef SIC_DRIVER_READER_H
#define SIC_DRIVER_READER_H

#include "core/reader.h"
#include "memory.h"

typedef struct _SIC_READER {
    struct sic_reader Interface; /* its context is this structure */
    PUCHAR Bounce;               /* nonpaged: MmCopyMemory asks for that */
    uint64_t LowestVa;           /* of the kernel half */
    PSIC_MEMORY Memory;
    PIRP Irp; /* whose cancelling ends the scan */
} SIC_READER, *PSIC_READER;

/* `Reader` stays where it is until SicReaderClose, which also takes one that was not opened. */
NTSTATUS SicReaderOpen(PSIC_READER Reader, PSIC_MEMORY Memory, PIRP Irp);
VOID SicReaderClose(PSIC_READER Reader);

#endif
