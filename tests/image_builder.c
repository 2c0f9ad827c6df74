#include "image_builder.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void built_free(struct built_file *file)
{
    free(file->bytes);
    *file = (struct built_file){0};
}

static void grow(struct built_file *file, size_t size)
{
    if (size > file->capacity) {
        size_t capacity = size + size / 2 + 65536;
        uint8_t *grown = realloc(file->bytes, capacity);
        if (grown == NULL) {
            fputs("image_builder: out of memory\n", stderr);
            abort();
        }
        file->bytes = grown;
        file->capacity = capacity;
    }
    memset(file->bytes + file->size, 0, size - file->size);
    file->size = size;
}

void built_put(struct built_file *file, size_t offset, const void *bytes, size_t size)
{
    if (offset + size > file->size) {
        grow(file, offset + size);
    }
    if (size > 0) {
        memcpy(file->bytes + offset, bytes, size);
    }
}

void built_put_u32(struct built_file *file, size_t offset, uint32_t value)
{
    uint8_t bytes[4] = {(uint8_t)value, (uint8_t)(value >> 8), (uint8_t)(value >> 16), (uint8_t)(value >> 24)};

    built_put(file, offset, bytes, sizeof(bytes));
}

void built_put_u64(struct built_file *file, size_t offset, uint64_t value)
{
    built_put_u32(file, offset, (uint32_t)value);
    built_put_u32(file, offset + 4, (uint32_t)(value >> 32));
}

uint64_t random_next(uint64_t *seed)
{
    uint64_t z = *seed += UINT64_C(0x9e3779b97f4a7c15);

    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return z ^ (z >> 31);
}

void built_page_content(uint64_t pfn, uint8_t page[BUILDER_PAGE])
{
    for (size_t i = 0; i < BUILDER_PAGE; i += 8) {
        uint64_t value = (pfn << 16 | i) * UINT64_C(0x9e3779b97f4a7c15);
        memcpy(page + i, &value, 8);
    }
}

struct page_map page_map_random(uint64_t count, unsigned int most_runs, uint64_t *seed)
{
    struct page_map map = {.present = calloc(count > 0 ? count : 1, 1), .count = count};
    uint64_t longest = random_next(seed) % 90 + 1;
    uint64_t pfn = random_next(seed) % 3 * (random_next(seed) % longest);

    for (unsigned int run = 0; run < most_runs && pfn < count; run++) {
        uint64_t length = random_next(seed) % longest + 1;
        for (uint64_t i = 0; i < length && pfn < count; i++) {
            map.present[pfn++] = 1;
        }
        pfn += random_next(seed) % longest + 1;
    }
    return map;
}

void page_map_free(struct page_map *map)
{
    free(map->present);
    *map = (struct page_map){0};
}

uint64_t page_map_present(const struct page_map *map)
{
    uint64_t present = 0;

    for (uint64_t pfn = 0; pfn < map->count; pfn++) {
        present += map->present[pfn];
    }
    return present;
}

void built_dump_header(struct built_file *file, uint32_t dump_type)
{
    for (size_t offset = 0; offset < 0x2000; offset += 4) {
        built_put(file, offset, "PAGE", 4);
    }
    built_put(file, 4, "DU64", 4);
    built_put_u32(file, 0x08, 15);
    built_put_u32(file, 0x0c, 19041);
    built_put_u64(file, 0x10, 0x1ad000);
    built_put_u64(file, 0x20, UINT64_C(0xfffff80412345a00));
    built_put_u64(file, 0x28, UINT64_C(0xfffff80412345b00));
    built_put_u32(file, 0x30, 0x8664);
    built_put_u32(file, 0x34, 4);
    built_put_u64(file, 0x80, UINT64_C(0xfffff80412345c00));
    built_put_u32(file, 0xf98, dump_type);
    built_put_u64(file, 0xfa8, UINT64_C(0x01d707f23dbb3399));
}

static void put_page(struct built_file *file, uint64_t pfn)
{
    uint8_t page[BUILDER_PAGE];

    built_page_content(pfn, page);
    built_put(file, file->size, page, sizeof(page));
}

void built_raw(struct built_file *file, const struct page_map *map)
{
    static const uint8_t zeros[BUILDER_PAGE];

    for (uint64_t pfn = 0; pfn < map->count; pfn++) {
        if (map->present[pfn]) {
            put_page(file, pfn);
        } else {
            built_put(file, file->size, zeros, sizeof(zeros));
        }
    }
}

static uint64_t run_end(const struct page_map *map, uint64_t pfn)
{
    while (pfn < map->count && map->present[pfn]) {
        pfn++;
    }
    return pfn;
}

void built_full(struct built_file *file, const struct page_map *map, bool shuffled)
{
    struct {
        uint64_t first;
        uint64_t count;
    } run[42];
    uint32_t count = 0;

    for (uint64_t pfn = 0; pfn < map->count && count < 42; pfn++) {
        if (map->present[pfn]) {
            run[count].first = pfn;
            run[count].count = run_end(map, pfn) - pfn;
            pfn += run[count++].count;
        }
    }
    built_dump_header(file, 1);
    built_put_u32(file, 0x88, count);
    built_put_u64(file, 0x90, page_map_present(map));
    for (uint32_t i = 0; i < count; i++) {
        uint32_t from = shuffled ? count - 1 - i : i;
        built_put_u64(file, 0x98 + 16 * i, run[from].first);
        built_put_u64(file, 0xa0 + 16 * i, run[from].count);
        for (uint64_t page = 0; page < run[from].count; page++) {
            put_page(file, run[from].first + page);
        }
    }
}

void built_bitmap(struct built_file *file, const struct page_map *map, uint32_t dump_type, const char *signature,
                  size_t gap)
{
    size_t first_page = 0x2038 + (map->count + 7) / 8 + gap;

    built_dump_header(file, dump_type);
    built_put(file, 0x2000, signature, 4);
    built_put(file, 0x2004, "DUMP", 4);
    built_put_u64(file, 0x2020, first_page);
    built_put_u64(file, 0x2028, page_map_present(map));
    built_put_u64(file, 0x2030, map->count);
    for (uint64_t pfn = 0; pfn < map->count; pfn += 8) {
        uint8_t bits = 0;
        for (unsigned int i = 0; i < 8 && pfn + i < map->count; i++) {
            bits |= (uint8_t)(map->present[pfn + i] << i);
        }
        built_put(file, 0x2038 + pfn / 8, &bits, 1);
    }
    for (size_t i = 0; i < gap; i++) {
        built_put(file, file->size, "\xff", 1);
    }
    for (uint64_t pfn = 0; pfn < map->count; pfn++) {
        if (map->present[pfn]) {
            put_page(file, pfn);
        }
    }
}

void built_triage(struct built_file *file, const struct built_block *blocks, uint32_t count)
{
    built_dump_header(file, 4);
    built_put_u64(file, 0x2078, 0x2080 | (uint64_t)count << 32); /* DataBlocksOffset, DataBlocksCount */
    for (uint32_t i = 0; i < count; i++) {
        built_put_u64(file, 0x2080 + 16 * i, blocks[i].va);
        built_put_u32(file, 0x2088 + 16 * i, blocks[i].offset);
        built_put_u32(file, 0x208c + 16 * i, blocks[i].size);
    }
}
