/*
 * Reading numbers from hostile bytes: every access goes through one overflow-free range check. Numbers are
 * little-endian and need not be aligned.
 */
#ifndef SIC_IMAGE_BYTES_H
#define SIC_IMAGE_BYTES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct image_bytes {
    const uint8_t *at;
    uint64_t size;
};

static inline bool image_bytes_hold(const struct image_bytes *bytes, uint64_t offset, uint64_t size)
{
    return offset <= bytes->size && size <= bytes->size - offset;
}

/* The caller vouches for the range of a load; the compiler makes one instruction of it. */
static inline uint32_t image_load_u32(const uint8_t *at)
{
    return (uint32_t)at[0] | (uint32_t)at[1] << 8 | (uint32_t)at[2] << 16 | (uint32_t)at[3] << 24;
}

static inline uint64_t image_load_u64(const uint8_t *at)
{
    return (uint64_t)at[0] | (uint64_t)at[1] << 8 | (uint64_t)at[2] << 16 | (uint64_t)at[3] << 24 |
           (uint64_t)at[4] << 32 | (uint64_t)at[5] << 40 | (uint64_t)at[6] << 48 | (uint64_t)at[7] << 56;
}

/* A number at an offset that the file may not hold: then 0. For fields where 0 says the same as their absence. */
static inline uint32_t image_u32(const struct image_bytes *bytes, uint64_t offset)
{
    return image_bytes_hold(bytes, offset, 4) ? image_load_u32(bytes->at + offset) : 0;
}

static inline uint64_t image_u64(const struct image_bytes *bytes, uint64_t offset)
{
    return image_bytes_hold(bytes, offset, 8) ? image_load_u64(bytes->at + offset) : 0;
}

#endif
