/*
 * Images that sic-lab builds for unit tests.
 */
#ifndef SIC_TESTS_LAB_WORLD_H
#define SIC_TESTS_LAB_WORLD_H

#include <stddef.h>
#include <stdint.h>

/*
 * Builds a random world (sic-lab random ARGUMENTS) and reads one image of it, "bitmap" or "kernel", into memory that
 * the caller frees. Fails the running test when it cannot.
 */
uint8_t *lab_world_bytes(const char *arguments, const char *format, size_t *size);

#endif
