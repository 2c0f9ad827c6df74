#include "util/memory.h"

#include "platform/block.h"
#include "platform/entropy.h"

#include <pthread.h>

static void *resize_heap(void *context, void *memory, size_t old_size, size_t new_size)
{
    (void)context;
    return sic_block_resize(memory, old_size, new_size);
}

static struct sic_allocator heap = {.resize = resize_heap};

static void seed_heap(void)
{
    heap.hash_seed = sic_entropy();
}

const struct sic_allocator *sic_heap_allocator(void)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;

    pthread_once(&once, seed_heap);
    return &heap;
}
