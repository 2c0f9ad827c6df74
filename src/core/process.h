/*
 * One _EPROCESS, read into a scan's record.
 */
#ifndef SIC_CORE_PROCESS_H
#define SIC_CORE_PROCESS_H

#include "core/layout.h"
#include "core/scan.h"

/* The record of the process at `eprocess_va`, without its path and its tree. False when a required field cannot be
 * read. */
bool sic_process_read(const struct sic_reader *reader, const struct sic_layout *layout, uint64_t eprocess_va,
                      struct sic_process *process);

/* Reads the process's full path into the scan's strings. What cannot be read stays unknown. False when memory ran out.
 */
bool sic_process_read_path(struct sic_scan *scan, const struct sic_reader *reader, const struct sic_layout *layout,
                           uint32_t process_index);

/*
 * Finds processes that claim the VAD root of another: in no sound machine two have one. The one that the
 * root names as its owner keeps it, else the first in the list; the others get a problem and no tree, so that no node
 * is walked twice. False when memory ran out.
 */
bool sic_processes_part_trees(struct sic_scan *scan, const struct sic_reader *reader, const struct sic_layout *layout);

#endif
