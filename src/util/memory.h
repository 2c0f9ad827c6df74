/*
 * The heap, as the walk's allocator.
 */
#ifndef SIC_UTIL_MEMORY_H
#define SIC_UTIL_MEMORY_H

#include "core/allocator.h"

/* Constant; usable from any thread. */
const struct sic_allocator *sic_heap_allocator(void);

#endif
