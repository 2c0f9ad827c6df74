/*
 * Memory that runs out. Linked with --wrap=malloc,--wrap=calloc,--wrap=realloc.
 */
#ifndef SIC_TESTS_FAILING_HEAP_H
#define SIC_TESTS_FAILING_HEAP_H

#include <stdbool.h>

/* After `allowed` more allocations one fails, and then none. */
void failing_heap_start(int allowed);
/* None fails any more; true when one did. */
bool failing_heap_stop(void);

#endif
