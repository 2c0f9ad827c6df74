#include "util/memory.h"

#include <stdlib.h>

static void *resize_heap(void *context, void *memory, size_t old_size, size_t new_size)
{
    (void)context;
    (void)old_size;
    if (new_size == 0) {
        free(memory);
        return NULL;
    }
    return realloc(memory, new_size);
}

const struct sic_allocator *sic_heap_allocator(void)
{
    static const struct sic_allocator heap = {.resize = resize_heap};

    return &heap;
}
