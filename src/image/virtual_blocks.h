/*
 * Pieces of virtual memory that a file holds: an address, a place in the file, a size. Pieces may overlap; the one
 * added first wins. Lookup is a binary search.
 */
#ifndef SIC_IMAGE_VIRTUAL_BLOCKS_H
#define SIC_IMAGE_VIRTUAL_BLOCKS_H

#include "image/bytes.h"

struct virtual_block {
    uint64_t va; /* va + size does not wrap */
    uint64_t size;
    const uint8_t *bytes;
    size_t rank; /* its place in the order of adding */
};

struct virtual_blocks {
    struct virtual_block *block; /* owned; ascending, without overlaps once resolved */
    size_t count;
    size_t capacity;
};

/* Makes room for so many calls of virtual_blocks_add. Returns false when memory lacks. */
bool virtual_blocks_init(struct virtual_blocks *blocks, size_t capacity);
void virtual_blocks_deinit(struct virtual_blocks *blocks);

/* Adds a piece; false when the file does not hold it, its address wraps, it is empty, or there is no room. */
bool virtual_blocks_add(struct virtual_blocks *blocks, const struct image_bytes *file, uint64_t va, uint64_t offset,
                        uint64_t size);

/* Call once, after the last add and before the first find. Returns false when memory lacks. */
bool virtual_blocks_resolve(struct virtual_blocks *blocks);

/* The longest contiguous piece at `va`, or NULL. */
const uint8_t *virtual_blocks_find(const struct virtual_blocks *blocks, uint64_t va, size_t *size);

#endif
