#include "scarce_heap.h"

#include "util/memory.h"

static void *resize(void *context, void *memory, size_t old_size, size_t new_size)
{
    struct scarce_heap *scarce = context;
    const struct sic_allocator *heap = sic_heap_allocator();

    if (new_size > old_size && scarce->left == 0)
        return NULL;
    scarce->left -= new_size > old_size;
    return heap->resize(heap->context, memory, old_size, new_size);
}

void scarce_heap_init(struct scarce_heap *heap, unsigned requests)
{
    *heap = (struct scarce_heap){.allocator = {.resize = resize, .context = heap}, .left = requests};
}
