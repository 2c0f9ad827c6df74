/*
 * The memory of running processes, as Windows gives it to an administrator: ReadProcessMemory. Windows only.
 */
#ifndef SIC_LIVE_PROCESS_MEMORY_H
#define SIC_LIVE_PROCESS_MEMORY_H

#include "core/reader.h"
#include "core/scan.h"

/* The last process that was read stays open. */
struct sic_process_memory {
    const struct sic_scan *scan; /* borrowed */
    void *handle;                /* of `process`; NULL: it is not to be opened */
    uint32_t process;            /* SIC_NONE: none was asked for yet */
};

/* Switches SeDebugPrivilege on until the close. One at a time. */
void sic_process_memory_open(struct sic_process_memory *memory, const struct sic_scan *scan);
void sic_process_memory_close(struct sic_process_memory *memory);

/*
 * Reads through it; nothing is translated. What Windows refuses (protected processes), and a process that is gone, is
 * not to be had; another one that has its id since is known by the time of its creation, and is not read.
 */
struct sic_user_reader sic_process_memory_reader(struct sic_process_memory *memory);

#endif
