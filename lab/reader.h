/*
 * Reads a raw image back for the lab's own tests: a second, simple implementation that knows nothing of the builder's
 * tables. It finds the page-table root and the kernel by looking, and takes offsets from data/layouts.txt by name.
 */
#ifndef LAB_READER_H
#define LAB_READER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct reader {
    uint8_t *bytes;
    size_t size;
    uint64_t root; /* physical address of the system's PML4, or PML5 */
    int levels;    /* of page tables, as the layout has it */
    uint64_t kernel_base;
    char layout[64];
    uint64_t swizzle_mask; /* MiState's */
    bool swizzle_known;    /* false: the layout does not say where the mask is; guess by the memory's size */
    struct {
        char name[64];
        uint32_t offset, first_bit, bit_count;
    } fields[300];
    size_t field_count;
};

/* False when the file cannot be read. */
bool reader_open(struct reader *reader, const char *path);
void reader_close(struct reader *reader);

/* Loads a layout's fields. False when there is none of this name. */
bool reader_layout(struct reader *reader, const char *data_folder, const char *layout);
bool reader_has(const struct reader *reader, const char *field);
uint32_t reader_offset(const struct reader *reader, const char *field); /* aborts when it is missing */
uint64_t reader_bits(const struct reader *reader, const char *field, uint64_t unit);

/* Every page-table root in [first, end) that points to itself once, in its kernel half. */
size_t reader_roots(const struct reader *reader, uint64_t first, uint64_t end, uint64_t *roots, size_t limit);

/* The only page that looks like the kernel's header: writable and not executable, 30 read-only pages behind it. 0:
 * none. */
uint64_t reader_find_kernel(const struct reader *reader);

/* The 4096 bytes at `va`, or NULL. Follows large pages and pages in transition. *pte gets the last entry. */
const uint8_t *reader_page(const struct reader *reader, uint64_t root, uint64_t va, uint64_t *pte);

/* Values at kernel addresses; abort when the page is not there. */
uint64_t reader_u64(const struct reader *reader, uint64_t va);
uint32_t reader_u32(const struct reader *reader, uint64_t va);
uint16_t reader_u16(const struct reader *reader, uint64_t va);
void reader_copy(const struct reader *reader, uint64_t va, void *bytes, size_t size);

/* A UNICODE_STRING's text; characters above 0x7f become '?'. */
void reader_unicode(const struct reader *reader, uint64_t va, char *text, size_t size);

/* RVA of an export, 0 when there is none. */
uint32_t reader_export(const struct reader *reader, const char *name);

#endif
