#include "platform/heap.h"

/* The system's heap needs no advice. */
void sic_heap_prepare(void)
{
}
