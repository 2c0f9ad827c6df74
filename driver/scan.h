/*
 * One request: from its bytes to the packed scan.
 */
#ifndef SIC_DRIVER_SCAN_H
#define SIC_DRIVER_SCAN_H

#include "nt.h"

/*
 * Answers the request `Input` into `Output`, which its owner may change meanwhile: it is only written to. *Written gets
 * the bytes that count. The statuses are those of docs/protocol.md. PASSIVE_LEVEL; nothing is kept.
 */
NTSTATUS SicScanAnswer(PIRP Irp, const VOID *Input, ULONG InputSize, PVOID Output, ULONG OutputSize,
                       PULONG_PTR Written);

#endif
