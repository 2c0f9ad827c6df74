/*
 * A heap that runs out, for tests of what happens then.
 */
#ifndef TESTS_SCARCE_HEAP_H
#define TESTS_SCARCE_HEAP_H

#include "core/allocator.h"

struct scarce_heap {
    struct sic_allocator allocator; /* to be used; the heap stays where it is meanwhile */
    unsigned left;                  /* requests for memory that are still granted */
};

void scarce_heap_init(struct scarce_heap *heap, unsigned requests);

#endif
