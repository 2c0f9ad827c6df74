#include "platform/heap.h"

#include <stdlib.h>

#ifdef __GLIBC__
#include <malloc.h>
#endif

void sic_heap_prepare(void)
{
#ifdef __GLIBC__
    /* Few and large blocks, which grow: each in a mapping of its own grows without being copied and leaves nothing
     * behind; and a heap for each thread would keep what that thread has freed. */
    mallopt(M_MMAP_THRESHOLD, 16 * 1024);
    mallopt(M_TRIM_THRESHOLD, 64 * 1024);
    mallopt(M_ARENA_MAX, 1);
#endif
}
