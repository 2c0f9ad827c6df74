/*
 * Kernel pools: blocks with real headers in mapped pages. A pool hands out blocks one after the other; blocks at
 * addresses that the scenario names are placed first, and the gaps around them become free blocks at the end.
 */
#ifndef LAB_POOL_H
#define LAB_POOL_H

#include "memory.h"

#define LAB_TAG(a, b, c, d) ((uint32_t)(a) | (uint32_t)(b) << 8 | (uint32_t)(c) << 16 | (uint32_t)(d) << 24)

#define LAB_POOL_HEADER 0x10u

struct lab_pool {
    struct lab_memory *memory;
    uint64_t next_page;    /* address of the next page to map */
    uint64_t page;         /* page being filled; 0: none */
    uint32_t used;         /* bytes of it */
    uint8_t previous_size; /* of the last block in it, in units of 16 bytes */
    uint8_t type;          /* the header's PoolType */
    uint64_t mapped_end;   /* pages below it are mapped already by large pages */
    uint64_t first_page;
};

/* Blocks at named addresses, of either pool. */
struct lab_placed {
    uint64_t start; /* of the pool header */
    uint32_t size;  /* header included */
    uint8_t type;
};

struct lab_placements {
    struct lab_placed *items;
    size_t count, capacity;
};

/* `first_page` is where its addresses begin; `mapped_end` is past the part that large pages already map, or 0. */
void lab_pool_init(struct lab_pool *pool, struct lab_memory *memory, uint64_t first_page, uint64_t mapped_end,
                   uint8_t type);

/*
 * A block for `size` bytes: the address behind its header. Sizes over 0xff0 with the header get whole pages and no
 * header, as big pool allocations do. Zeroed.
 */
uint64_t lab_pool_allocate(struct lab_pool *pool, uint32_t size, uint32_t tag);

/* The same at a named address (of the body). Pages are mapped where they are missing. */
void lab_pool_place(struct lab_memory *memory, struct lab_placements *placements, uint64_t body, uint32_t size,
                    uint32_t tag, uint8_t type);

/* Turns what is left of the last page into a free block. */
void lab_pool_finish(struct lab_pool *pool);

/* Makes free blocks of the gaps around placed blocks. Frees the list. */
void lab_placements_finish(struct lab_memory *memory, struct lab_placements *placements);

#endif
