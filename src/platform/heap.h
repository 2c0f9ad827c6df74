/*
 * How the C library's heap gives memory back.
 */
#ifndef SIC_PLATFORM_HEAP_H
#define SIC_PLATFORM_HEAP_H

/* Called once, before the first allocation. */
void sic_heap_prepare(void);

#endif
