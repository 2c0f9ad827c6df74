#include "platform/block.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

/*
 * Records that are visited in no order cost a walk of the page tables each, unless large pages hold them. The kernel
 * gives such pages to aligned mappings that ask for them. What they round up is a small part of a block of this size.
 */
#define LARGE_PAGE_SIZE  ((size_t)2 << 20)
#define LARGE_BLOCK_SIZE ((size_t)8 << 20)

static bool is_large(size_t size)
{
#ifdef MREMAP_FIXED
    return size >= LARGE_BLOCK_SIZE && size <= SIZE_MAX - 2 * LARGE_PAGE_SIZE;
#else
    (void)size;
    return false;
#endif
}

#ifdef MREMAP_FIXED
static size_t mapped_size(size_t size)
{
    return (size + LARGE_PAGE_SIZE - 1) & ~(LARGE_PAGE_SIZE - 1);
}

/* An aligned mapping; NULL when memory ran out. */
static void *map(size_t size)
{
    size_t mapped = mapped_size(size), head;
    uint8_t *bytes = mmap(NULL, mapped + LARGE_PAGE_SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    if (bytes == MAP_FAILED)
        return NULL;
    head = mapped_size((uintptr_t)bytes) - (uintptr_t)bytes;
    if (head > 0)
        munmap(bytes, head);
    munmap(bytes + head + mapped, LARGE_PAGE_SIZE - head);
    /* Advice only: where there are no large pages, small ones do. */
    (void)madvise(bytes + head, mapped, MADV_HUGEPAGE);
    return bytes + head;
}

/* Moves the pages, not the bytes. */
static void *remap(void *block, size_t old_size, size_t new_size)
{
    size_t old_mapped = mapped_size(old_size), new_mapped = mapped_size(new_size);
    void *target, *moved;

    if (new_mapped <= old_mapped || mremap(block, old_mapped, new_mapped, 0) != MAP_FAILED) {
        if (new_mapped < old_mapped)
            munmap((uint8_t *)block + new_mapped, old_mapped - new_mapped);
        return block;
    }
    target = map(new_size);
    if (!target)
        return NULL;
    moved = mremap(block, old_mapped, new_mapped, MREMAP_MAYMOVE | MREMAP_FIXED, target);
    if (moved != MAP_FAILED)
        return moved;
    munmap(target, new_mapped);
    return NULL;
}

static void unmap(void *block, size_t size)
{
    munmap(block, mapped_size(size));
}
#else
static void *map(size_t size)
{
    return malloc(size);
}

static void *remap(void *block, size_t old_size, size_t new_size)
{
    (void)old_size;
    return realloc(block, new_size);
}

static void unmap(void *block, size_t size)
{
    (void)size;
    free(block);
}
#endif

static void release(void *block, size_t size)
{
    if (is_large(size))
        unmap(block, size);
    else
        free(block);
}

void *sic_block_resize(void *block, size_t old_size, size_t new_size)
{
    void *resized;

    if (new_size == 0) {
        release(block, old_size);
        return NULL;
    }
    if (!is_large(old_size) && !is_large(new_size))
        return realloc(block, new_size);
    if (is_large(old_size) && is_large(new_size))
        return remap(block, old_size, new_size);
    resized = is_large(new_size) ? map(new_size) : malloc(new_size);
    if (resized && block) {
        memcpy(resized, block, old_size < new_size ? old_size : new_size);
        release(block, old_size);
    }
    return resized;
}
