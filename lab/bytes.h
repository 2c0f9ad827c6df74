/*
 * Little-endian stores and loads, checked allocation and fatal errors: the small change of the lab.
 *
 * The lab is a tool for developers: it stops at the first error with one line. Its scenarios are trusted input, but
 * sizes that come from them are still checked.
 */
#ifndef LAB_BYTES_H
#define LAB_BYTES_H

#include <stddef.h>
#include <stdint.h>

void lab_store_u16(uint8_t *bytes, uint16_t value);
void lab_store_u32(uint8_t *bytes, uint32_t value);
void lab_store_u64(uint8_t *bytes, uint64_t value);
uint16_t lab_load_u16(const uint8_t *bytes);
uint32_t lab_load_u32(const uint8_t *bytes);
uint64_t lab_load_u64(const uint8_t *bytes);

/* Prints "sic-lab: …" and exits with status 2. */
_Noreturn void lab_fail(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Zeroed; never returns NULL. */
void *lab_allocate(size_t count, size_t size);
char *lab_copy_text(const char *text);

/* Makes room for one more element in an array that doubles; returns the (possibly moved) array. */
void *lab_grow(void *array, size_t count, size_t *capacity, size_t size);

/* A well-mixed 64-bit value of `value`: the lab's only source of variety, so that builds repeat exactly. */
uint64_t lab_mix(uint64_t value);

/* The next value of a generator whose state is *state. */
uint64_t lab_random(uint64_t *state);

/* A value in [0, limit); 0 when limit is 0. */
uint64_t lab_random_below(uint64_t *state, uint64_t limit);

#endif
