/*
 * The memory of processes in an image, as they see it: through their own page tables, the prototype PTEs of sections,
 * and, where a page was never touched, the views of the scan.
 *
 * It keeps caches and belongs to one thread; any number of them may share an image and a scan that nobody changes.
 */
#ifndef SIC_KERNEL_USER_MEMORY_H
#define SIC_KERNEL_USER_MEMORY_H

#include "core/reader.h"
#include "core/scan.h"
#include "kernel/kernel.h"

struct sic_user_memory;

/* Both must outlive it. `scan` is resolved. */
SIC_MUST_CHECK enum sic_status sic_user_memory_create(const struct sic_kernel *kernel, const struct sic_scan *scan,
                                                      struct sic_error *error, struct sic_user_memory **memory);
/* Takes NULL. */
void sic_user_memory_destroy(struct sic_user_memory *memory);

/*
 * Reads through it. What the machine had on disk only, or had not made yet, is not to be had; nor is anything of a dump
 * without the pages of processes. Valid as long as the memory.
 */
struct sic_user_reader sic_user_memory_reader(struct sic_user_memory *memory);

#endif
