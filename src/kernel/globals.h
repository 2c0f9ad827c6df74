/*
 * What a kernel's globals tell of it, where symbols say at which addresses they are.
 */
#ifndef SIC_KERNEL_GLOBALS_H
#define SIC_KERNEL_GLOBALS_H

#include "kernel/kernel.h"

/*
 * Takes from the globals where the process list is, when no export and no header says it, where the object directories
 * begin, and how invalid PTEs are masked. A global at which no list begins is not believed. `layout` may be NULL: then
 * the mask stays unknown.
 */
void sic_kernel_apply_globals(struct sic_kernel *kernel, const struct sic_reader *reader,
                              const uint64_t globals[SIC_GLOBAL_COUNT], const struct sic_layout *layout);

#endif
