#include "platform/block.h"

#include <stdlib.h>

void *sic_block_resize(void *block, size_t old_size, size_t new_size)
{
    (void)old_size;
    if (new_size == 0) {
        free(block);
        return NULL;
    }
    return realloc(block, new_size);
}
