/*
 * Evidence: what the first page of a view is. The kernel's part is for the driver too; the process's part is read where
 * the memory of processes is to be had.
 */
#ifndef SIC_CORE_EVIDENCE_H
#define SIC_CORE_EVIDENCE_H

#include "core/scan.h"
#include "core/reader.h"

/*
 * A record for each view, in the order of the views, whose section has at least two: nothing read yet. The scan is
 * resolved. False when memory ran out.
 */
bool sic_evidence_list(struct sic_scan *scan);

/*
 * The prototype PTEs that the views of the records [first, end) begin with, and the tags of the pool blocks that these
 * stand in. False when the reader is cancelled.
 */
bool sic_evidence_read_kernel(struct sic_scan *scan, const struct sic_reader *reader, uint32_t first, uint32_t end);

/*
 * The physical addresses and bytes that the views of the records [first, end) begin with, as their processes see them.
 * Where the process's page tables are not to be had, as live and in dumps of the kernel alone, the prototype PTE tells
 * the address, if the process cannot have put a page of its own in its place.
 */
void sic_evidence_read_user(struct sic_scan *scan, const struct sic_user_reader *user, uint32_t first, uint32_t end);

#endif
