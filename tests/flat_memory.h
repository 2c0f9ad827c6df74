/*
 * Kernel memory for tests: a few kilobytes that every kernel address reaches, by its low 16 bits. Bytes that nobody
 * shaped are then full of pointers that lead somewhere.
 */
#ifndef SIC_TESTS_FLAT_MEMORY_H
#define SIC_TESTS_FLAT_MEMORY_H

#include "core/reader.h"

#define FLAT_BASE 0xffff800000000000ull

struct flat_memory {
    const uint8_t *bytes;
    size_t size;
};

/* Valid as long as `memory`. */
struct sic_reader flat_memory_reader(struct flat_memory *memory);

#endif
