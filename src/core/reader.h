/*
 * How the walk reads kernel memory. The image path, the driver and the tests each bring a small backend.
 */
#ifndef SIC_CORE_READER_H
#define SIC_CORE_READER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct sic_reader {
    /* Copies `size` bytes at kernel address `va`. False when any of them cannot be read; the buffer is then undefined.
     */
    bool (*read)(void *context, uint64_t va, void *buffer, size_t size);
    /* Optional. Lends the bytes instead of copying: valid as long as the reader. NULL when the range crosses a page or
     * cannot be read; a caller then falls back to `read`. */
    const void *(*lend)(void *context, uint64_t va, size_t size);
    /* Optional. A hint that `va` will be read soon. */
    void (*prefetch)(void *context, uint64_t va);
    /* Optional. True once nobody wants the answer any more: what reads many records then gives up, as if memory had run
     * out. Asked before each record. */
    bool (*is_cancelled)(void *context);
    void *context;
};

/*
 * The memory of processes, as they see it: an operation of its own, which the driver does not offer. In an image it
 * goes through the process's page tables, prototype PTEs and VADs; live, the agent asks Windows.
 */
struct sic_user_reader {
    /* Copies `size` bytes at the user address `va` of scan->processes[process]. False when any of them is not to be
     * had; the buffer is then undefined. */
    bool (*read)(void *context, uint32_t process, uint64_t va, void *buffer, size_t size);
    /* Optional. The physical address behind `va`; false when the page is not in memory. */
    bool (*translate)(void *context, uint32_t process, uint64_t va, uint64_t *physical);
    /* Comes with `translate`. False when the process's page tables at `va` are not to be had, as in dumps of the kernel
     * alone: what could not be translated may be in memory then. */
    bool (*has_tables)(void *context, uint32_t process, uint64_t va);
    void *context;
};

/* Bytes at `va`: lent, or copied into `scratch` (at least `size` bytes). NULL when they cannot be read. */
static inline const uint8_t *sic_reader_bytes(const struct sic_reader *reader, uint64_t va, void *scratch, size_t size)
{
    const void *lent = reader->lend ? reader->lend(reader->context, va, size) : NULL;

    if (lent)
        return lent;
    return reader->read(reader->context, va, scratch, size) ? scratch : NULL;
}

static inline void sic_reader_prefetch(const struct sic_reader *reader, uint64_t va)
{
    if (reader->prefetch)
        reader->prefetch(reader->context, va);
}

static inline bool sic_reader_is_cancelled(const struct sic_reader *reader)
{
    return reader->is_cancelled && reader->is_cancelled(reader->context);
}

/* Unaligned little-endian loads: the only way structure bytes become numbers. */
static inline uint16_t sic_load16(const uint8_t *bytes)
{
    uint16_t value;

    __builtin_memcpy(&value, bytes, sizeof(value));
    return value;
}

static inline uint32_t sic_load32(const uint8_t *bytes)
{
    uint32_t value;

    __builtin_memcpy(&value, bytes, sizeof(value));
    return value;
}

static inline uint64_t sic_load64(const uint8_t *bytes)
{
    uint64_t value;

    __builtin_memcpy(&value, bytes, sizeof(value));
    return value;
}

static inline bool sic_reader_u64(const struct sic_reader *reader, uint64_t va, uint64_t *value)
{
    return reader->read(reader->context, va, value, sizeof(*value));
}

/* A canonical address of the kernel half (48 bits, sign-extended), aligned to `alignment` (a power of two). */
static inline bool sic_is_kernel_pointer(uint64_t va, uint64_t alignment)
{
    return va >> 47 == 0x1ffff && (va & (alignment - 1)) == 0;
}

/* An address of a process's own half (47 bits), not of its first 64 KiB, which are never mapped. */
static inline bool sic_is_user_pointer(uint64_t va, uint64_t alignment)
{
    return va >= 0x10000 && va >> 47 == 0 && (va & (alignment - 1)) == 0;
}

#endif
