/*
 * Writes small memory images from a page map. Written from the tables of docs/formats/, without any call into src/,
 * so that a test holds two readings of a format against each other.
 */
#ifndef TESTS_IMAGE_BUILDER_H
#define TESTS_IMAGE_BUILDER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define BUILDER_PAGE 4096u

/* A growing file in memory. */
struct built_file {
    uint8_t *bytes;
    size_t size;
    size_t capacity;
};

/* Which frames are present: one byte a frame. */
struct page_map {
    uint8_t *present;
    uint64_t count;
};

struct built_block {
    uint64_t va;
    uint32_t offset;
    uint32_t size;
};

void built_free(struct built_file *file);

/* Writes at any offset; the file grows with zeros. */
void built_put(struct built_file *file, size_t offset, const void *bytes, size_t size);
void built_put_u32(struct built_file *file, size_t offset, uint32_t value);
void built_put_u64(struct built_file *file, size_t offset, uint64_t value);

/* The bytes that the builders give frame `pfn`: no two frames are alike. */
void built_page_content(uint64_t pfn, uint8_t page[BUILDER_PAGE]);

/* A random map of `count` frames: stretches of present and absent ones, at most `most_runs` of the former. */
struct page_map page_map_random(uint64_t count, unsigned int most_runs, uint64_t *seed);
void page_map_free(struct page_map *map);
uint64_t page_map_present(const struct page_map *map);

/* splitmix64: the same worlds on every machine. */
uint64_t random_next(uint64_t *seed);

/* The 8192 bytes that every x64 crash dump begins with, unset fields filled with "PAGE". */
void built_dump_header(struct built_file *file, uint32_t dump_type);

/* All frames from 0 to the end of the map; absent ones become zeros. */
void built_raw(struct built_file *file, const struct page_map *map);

/* Type 1. With `shuffled`, the runs stand in descending order of address. */
void built_full(struct built_file *file, const struct page_map *map, bool shuffled);

/* Types 5, 6, 7. `gap` bytes lie between the bitmap and the first page. */
void built_bitmap(struct built_file *file, const struct page_map *map, uint32_t dump_type, const char *signature,
                  size_t gap);

/* Type 4 with so many block descriptors; the bytes of the blocks are the caller's to put. */
void built_triage(struct built_file *file, const struct built_block *blocks, uint32_t count);

#endif
