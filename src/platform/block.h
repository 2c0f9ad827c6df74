/*
 * Memory in blocks that grow, some of them to hundreds of megabytes.
 */
#ifndef SIC_PLATFORM_BLOCK_H
#define SIC_PLATFORM_BLOCK_H

#include <stddef.h>

/*
 * As realloc, for blocks whose size the caller knows: `block` is NULL, with an `old_size` of 0, or what an earlier call
 * returned for `old_size`. A `new_size` of 0 frees it and returns NULL. NULL otherwise means that memory ran out; the
 * block is then still valid.
 */
void *sic_block_resize(void *block, size_t old_size, size_t new_size);

#endif
