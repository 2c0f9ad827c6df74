#include "image/virtual_blocks.h"

#include "image/backend.h"

#include <stdlib.h>

bool virtual_blocks_init(struct virtual_blocks *blocks, size_t capacity)
{
    *blocks = (struct virtual_blocks){.capacity = capacity};
    blocks->block = calloc(capacity > 0 ? capacity : 1, sizeof(*blocks->block));
    return blocks->block != NULL;
}

void virtual_blocks_deinit(struct virtual_blocks *blocks)
{
    free(blocks->block);
    *blocks = (struct virtual_blocks){0};
}

bool virtual_blocks_add(struct virtual_blocks *blocks, const struct image_bytes *file, uint64_t va, uint64_t offset,
                        uint64_t size)
{
    if (size == 0 || size > UINT64_MAX - va || !image_bytes_hold(file, offset, size) ||
        blocks->count == blocks->capacity) {
        return false;
    }
    size_t rank = blocks->count++;
    blocks->block[rank] = (struct virtual_block){.va = va, .size = size, .bytes = file->at + offset, .rank = rank};
    return true;
}

/*
 * Resolving: pieces are visited by ascending address, and a heap keeps those that have begun, the one added first on
 * top: it rules. Whenever a piece begins or the ruling one ends, the part ruled so far is written out; n pieces give
 * at most 2n - 1 parts.
 */
struct sweep {
    struct virtual_block *heap;
    size_t heap_count;
    struct virtual_block *part;
    size_t part_count;
};

static int compare_pieces(const void *left, const void *right)
{
    const struct virtual_block *a = left;
    const struct virtual_block *b = right;

    if (a->va != b->va) {
        return a->va < b->va ? -1 : 1;
    }
    return a->rank < b->rank ? -1 : a->rank > b->rank;
}

static void swap_pieces(struct virtual_block *a, struct virtual_block *b)
{
    struct virtual_block kept = *a;
    *a = *b;
    *b = kept;
}

static void heap_push(struct sweep *sweep, const struct virtual_block *piece)
{
    size_t at = sweep->heap_count++;

    sweep->heap[at] = *piece;
    while (at > 0 && sweep->heap[(at - 1) / 2].rank > sweep->heap[at].rank) {
        swap_pieces(&sweep->heap[(at - 1) / 2], &sweep->heap[at]);
        at = (at - 1) / 2;
    }
}

static void heap_pop(struct sweep *sweep)
{
    size_t at = 0;

    sweep->heap[0] = sweep->heap[--sweep->heap_count];
    for (;;) {
        size_t least = at;
        for (size_t child = 2 * at + 1; child <= 2 * at + 2 && child < sweep->heap_count; child++) {
            least = sweep->heap[child].rank < sweep->heap[least].rank ? child : least;
        }
        if (least == at) {
            return;
        }
        swap_pieces(&sweep->heap[at], &sweep->heap[least]);
        at = least;
    }
}

/* Appends [va, end) of `piece`; joins it to the part before where both address and file go on. */
static void append_part(struct sweep *sweep, const struct virtual_block *piece, uint64_t va, uint64_t end)
{
    const uint8_t *bytes = piece->bytes + (va - piece->va);

    if (sweep->part_count > 0) {
        struct virtual_block *last = &sweep->part[sweep->part_count - 1];
        if (last->va + last->size == va && last->bytes + last->size == bytes) {
            last->size += end - va;
            return;
        }
    }
    sweep->part[sweep->part_count++] = (struct virtual_block){.va = va, .size = end - va, .bytes = bytes};
}

/* Writes out what the begun pieces say of [va, limit). */
static void advance(struct sweep *sweep, uint64_t va, uint64_t limit)
{
    while (sweep->heap_count > 0 && va < limit) {
        const struct virtual_block *ruler = &sweep->heap[0];
        uint64_t end = ruler->va + ruler->size;
        uint64_t stop = end < limit ? end : limit;
        if (stop > va) {
            append_part(sweep, ruler, va, stop);
            va = stop;
        }
        if (end <= va) {
            heap_pop(sweep);
        }
    }
}

bool virtual_blocks_resolve(struct virtual_blocks *blocks)
{
    size_t count = blocks->count;
    struct sweep sweep = {0};

    if (count == 0) {
        return true;
    }
    sweep.heap = calloc(count, sizeof(*sweep.heap));
    sweep.part = calloc(count, 2 * sizeof(*sweep.part));
    if (sweep.heap == NULL || sweep.part == NULL) {
        free(sweep.heap);
        free(sweep.part);
        return false;
    }
    qsort(blocks->block, count, sizeof(*blocks->block), compare_pieces);
    for (size_t i = 0; i < count; i++) {
        heap_push(&sweep, &blocks->block[i]);
        advance(&sweep, blocks->block[i].va, i + 1 < count ? blocks->block[i + 1].va : UINT64_MAX);
    }
    free(sweep.heap);
    free(blocks->block);
    *blocks = (struct virtual_blocks){.block = sweep.part, .count = sweep.part_count, .capacity = sweep.part_count};
    return true;
}

const uint8_t *virtual_blocks_find(const struct virtual_blocks *blocks, uint64_t va, size_t *size)
{
    size_t low = 0;
    size_t high = blocks->count;

    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (blocks->block[middle].va <= va) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    if (low == 0) {
        return NULL;
    }
    const struct virtual_block *block = &blocks->block[low - 1];
    uint64_t position = va - block->va;
    if (position >= block->size) {
        return NULL;
    }
    *size = (size_t)(block->size - position);
    return block->bytes + position;
}

static const uint8_t *blocks_virtual(const struct sic_image *image, uint64_t va, size_t *size)
{
    return virtual_blocks_find(&image->blocks, va, size);
}

static void blocks_deinit(struct sic_image *image)
{
    virtual_blocks_deinit(&image->blocks);
}

const struct image_operations image_operations_blocks = {
    .virtual_bytes = blocks_virtual,
    .deinit = blocks_deinit,
};
