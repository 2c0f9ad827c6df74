#include "bytes.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void lab_store_u16(uint8_t *bytes, uint16_t value)
{
    bytes[0] = (uint8_t)value;
    bytes[1] = (uint8_t)(value >> 8);
}

void lab_store_u32(uint8_t *bytes, uint32_t value)
{
    lab_store_u16(bytes, (uint16_t)value);
    lab_store_u16(bytes + 2, (uint16_t)(value >> 16));
}

void lab_store_u64(uint8_t *bytes, uint64_t value)
{
    lab_store_u32(bytes, (uint32_t)value);
    lab_store_u32(bytes + 4, (uint32_t)(value >> 32));
}

uint16_t lab_load_u16(const uint8_t *bytes)
{
    return (uint16_t)(bytes[0] | bytes[1] << 8);
}

uint32_t lab_load_u32(const uint8_t *bytes)
{
    return lab_load_u16(bytes) | (uint32_t)lab_load_u16(bytes + 2) << 16;
}

uint64_t lab_load_u64(const uint8_t *bytes)
{
    return lab_load_u32(bytes) | (uint64_t)lab_load_u32(bytes + 4) << 32;
}

void lab_fail(const char *format, ...)
{
    va_list arguments;
    fputs("sic-lab: ", stderr);
    va_start(arguments, format);
    vfprintf(stderr, format, arguments);
    va_end(arguments);
    fputc('\n', stderr);
    exit(2);
}

void *lab_allocate(size_t count, size_t size)
{
    void *memory = calloc(count ? count : 1, size);
    if (!memory)
        lab_fail("out of memory for %zu elements of %zu bytes", count, size);
    return memory;
}

char *lab_copy_text(const char *text)
{
    size_t size = strlen(text) + 1;
    char *copy = lab_allocate(1, size);
    memcpy(copy, text, size);
    return copy;
}

void *lab_grow(void *array, size_t count, size_t *capacity, size_t size)
{
    if (count < *capacity)
        return array;
    size_t wanted = *capacity ? *capacity * 2 : 16;
    void *moved = reallocarray(array, wanted, size);
    if (!moved)
        lab_fail("out of memory for %zu elements of %zu bytes", wanted, size);
    memset((uint8_t *)moved + *capacity * size, 0, (wanted - *capacity) * size);
    *capacity = wanted;
    return moved;
}

uint64_t lab_mix(uint64_t value)
{
    /* The finaliser of SplitMix64 (Steele, Lea, Flood 2014). */
    value += 0x9e3779b97f4a7c15ull;
    value = (value ^ (value >> 30)) * 0xbf58476d1ce4e5b9ull;
    value = (value ^ (value >> 27)) * 0x94d049bb133111ebull;
    return value ^ (value >> 31);
}

uint64_t lab_random(uint64_t *state)
{
    *state += 0x9e3779b97f4a7c15ull;
    return lab_mix(*state);
}

uint64_t lab_random_below(uint64_t *state, uint64_t limit)
{
    return limit ? lab_random(state) % limit : 0;
}
