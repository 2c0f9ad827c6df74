#include "pool.h"

#include "bytes.h"

#include <stdlib.h>
#include <string.h>

/* _POOL_HEADER, the same from 9600 to 26100: PreviousSize@0, PoolIndex@1, BlockSize@2, PoolType@3, PoolTag@4. */
static void write_header(struct lab_memory *memory, uint64_t va, uint8_t previous, uint8_t units, uint8_t type,
                         uint32_t tag)
{
    lab_va_store_u8(memory, va, previous);
    lab_va_store_u8(memory, va + 2, units);
    lab_va_store_u8(memory, va + 3, type);
    lab_va_store_u32(memory, va + 4, tag);
}

void lab_pool_init(struct lab_pool *pool, struct lab_memory *memory, uint64_t first_page, uint64_t mapped_end,
                   uint8_t type)
{
    memset(pool, 0, sizeof *pool);
    pool->memory = memory;
    pool->next_page = pool->first_page = first_page;
    pool->mapped_end = mapped_end;
    pool->type = type;
}

static bool taken(const struct lab_pool *pool, uint64_t page)
{
    return page >= pool->mapped_end && lab_is_mapped(pool->memory, page);
}

/* The next run of `count` pages that no placed block uses, mapped. */
static uint64_t next_pages(struct lab_pool *pool, uint32_t count)
{
    uint32_t good = 0;
    uint64_t page = pool->next_page;
    for (; good < count; page += LAB_PAGE)
        good = taken(pool, page) ? 0 : good + 1;
    uint64_t first = page - (uint64_t)count * LAB_PAGE;
    for (uint64_t va = first; va < page; va += LAB_PAGE)
        if (va >= pool->mapped_end)
            lab_map_kernel(pool->memory, va, lab_frame_allocate(pool->memory, LAB_FRAME_KERNEL), true, false);
    pool->next_page = page;
    return first;
}

void lab_pool_finish(struct lab_pool *pool)
{
    if (pool->page && pool->used < LAB_PAGE)
        write_header(pool->memory, pool->page + pool->used, pool->previous_size,
                     (uint8_t)((LAB_PAGE - pool->used) / 16), 0, LAB_TAG('F', 'r', 'e', 'e'));
    pool->page = 0;
}

uint64_t lab_pool_allocate(struct lab_pool *pool, uint32_t size, uint32_t tag)
{
    uint32_t block = ((size + 15) & ~15u) + LAB_POOL_HEADER;
    if (block > 0xff0)
        return next_pages(pool, (size + LAB_PAGE - 1) / LAB_PAGE);
    if (!pool->page || pool->used + block > LAB_PAGE) {
        lab_pool_finish(pool);
        pool->page = next_pages(pool, 1);
        pool->used = pool->previous_size = 0;
    }
    uint64_t header = pool->page + pool->used;
    write_header(pool->memory, header, pool->previous_size, (uint8_t)(block / 16), pool->type, tag);
    pool->previous_size = (uint8_t)(block / 16);
    pool->used += block;
    return header + LAB_POOL_HEADER;
}

void lab_pool_place(struct lab_memory *memory, struct lab_placements *placements, uint64_t body, uint32_t size,
                    uint32_t tag, uint8_t type)
{
    uint32_t block = ((size + 15) & ~15u) + LAB_POOL_HEADER;
    bool big = block > 0xff0;
    uint64_t start = big ? body : body - LAB_POOL_HEADER, end = body + size;
    if (body % 16 || (big && body % LAB_PAGE) || (!big && start % LAB_PAGE + block > LAB_PAGE))
        lab_fail("no pool block of %u bytes can stand at %llx", size, (unsigned long long)body);
    for (uint64_t page = start & ~0xfffull; page < end; page += LAB_PAGE)
        if (!lab_is_mapped(memory, page))
            lab_map_kernel(memory, page, lab_frame_allocate(memory, LAB_FRAME_KERNEL), true, false);
    if (big)
        return;
    placements->items =
        lab_grow(placements->items, placements->count, &placements->capacity, sizeof *placements->items);
    placements->items[placements->count++] = (struct lab_placed){start, block, type};
    write_header(memory, start, 0, (uint8_t)(block / 16), type, tag);
}

static int by_start(const void *left, const void *right)
{
    const struct lab_placed *a = left, *b = right;
    return a->start < b->start ? -1 : a->start > b->start;
}

/* Fills [from, to) of one page with a free block, and returns its size in units. */
static uint8_t fill_gap(struct lab_memory *memory, uint64_t from, uint64_t to, uint8_t previous)
{
    uint64_t units = (to - from) / 16;
    if (!units)
        return previous;
    if (units > 0xff) /* a whole page: BlockSize has 8 bits */
        lab_fail("a gap of a whole page at %llx", (unsigned long long)from);
    write_header(memory, from, previous, (uint8_t)units, 0, LAB_TAG('F', 'r', 'e', 'e'));
    return (uint8_t)units;
}

void lab_placements_finish(struct lab_memory *memory, struct lab_placements *placements)
{
    uint64_t end = 0;
    uint8_t previous = 0;
    if (placements->count)
        qsort(placements->items, placements->count, sizeof *placements->items, by_start);
    for (size_t i = 0; i < placements->count; i++) {
        const struct lab_placed *item = &placements->items[i];
        uint64_t page = item->start & ~0xfffull;
        if (end && (end - 1) >> 12 != page >> 12) {
            fill_gap(memory, end, (end + 0xfff) & ~0xfffull, previous);
            end = page;
            previous = 0;
        } else if (!end) {
            end = page;
        }
        if (item->start < end)
            lab_fail("two objects overlap at %llx", (unsigned long long)item->start);
        previous = fill_gap(memory, end, item->start, previous);
        lab_va_store_u8(memory, item->start, previous);
        previous = (uint8_t)(item->size / 16);
        end = item->start + item->size;
    }
    if (end)
        fill_gap(memory, end, (end + 0xfff) & ~0xfffull, previous);
    free(placements->items);
    memset(placements, 0, sizeof *placements);
}
