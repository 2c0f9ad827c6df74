#include "container_builder.h"

#include <stdlib.h>
#include <string.h>

static uint64_t run_end(const struct page_map *map, uint64_t pfn)
{
    while (pfn < map->count && map->present[pfn]) {
        pfn++;
    }
    return pfn;
}

uint32_t built_regions(const struct page_map *map, struct built_range *regions, uint32_t most)
{
    uint32_t count = 0;
    uint64_t pages = 0;

    for (uint64_t pfn = 0; pfn < map->count && count < most; pfn++) {
        if (map->present[pfn]) {
            uint64_t size = run_end(map, pfn) - pfn;
            regions[count++] = (struct built_range){pfn, size, pages};
            pages += size;
            pfn += size;
        }
    }
    return count;
}

static void put_pages(struct built_file *file, uint64_t first, uint64_t count)
{
    uint8_t page[BUILDER_PAGE];

    for (uint64_t i = 0; i < count; i++) {
        built_page_content(first + i, page);
        built_put(file, file->size, page, sizeof(page));
    }
}

static void put_map(struct built_file *file, const struct page_map *map)
{
    for (uint64_t pfn = 0; pfn < map->count; pfn++) {
        put_pages(file, pfn, map->present[pfn] ? 1 : 0);
    }
}

void built_ranges_dump(struct built_file *file, const struct page_map *map, uint32_t dump_type)
{
    struct built_range regions[400];
    uint32_t count = built_regions(map, regions, 400);
    size_t first_page = 0x2030 + 16 * (size_t)(count + 1);

    built_dump_header(file, dump_type);
    built_put(file, first_page - 1, "", 1);
    built_put_u32(file, 0x2000, 0x40);
    built_put(file, 0x2004, "RDMPDUMP", 8);
    built_put_u64(file, 0x2010, first_page - 0x2020);
    built_put_u64(file, 0x2018, first_page);
    for (uint32_t i = 0; i < count; i++) {
        built_put_u64(file, 0x2030 + 16 * i, regions[i].address);
        built_put_u64(file, 0x2038 + 16 * i, regions[i].size);
    }
    if (dump_type == 10) {
        built_put_u32(file, 0x2020, count);
        built_put_u64(file, 0x2028, page_map_present(map));
        built_put_u64(file, 0x2030 + 16 * count, 1);
        built_put_u64(file, 0x2038 + 16 * count, 5000);
    }
    put_map(file, map);
}

size_t built_elf_memory(uint32_t count)
{
    return 64 + 56 * (size_t)(count + 1) + 64 + 64;
}

static void put_u16(struct built_file *file, size_t offset, uint32_t value)
{
    uint8_t bytes[2] = {(uint8_t)value, (uint8_t)(value >> 8)};

    built_put(file, offset, bytes, 2);
}

static void put_segment(struct built_file *file, uint32_t index, uint32_t type, const struct built_range *range)
{
    size_t at = 64 + 56 * (size_t)index;

    built_put_u32(file, at, type);
    built_put_u64(file, at + 8, range->offset);
    built_put_u64(file, at + 16, range->address == 0 ? 0 : range->address | UINT64_C(0xffff800000000000));
    built_put_u64(file, at + 24, range->address);
    built_put_u64(file, at + 32, range->size);
    built_put_u64(file, at + 40, range->size);
}

void built_elf_headers(struct built_file *file, const struct built_range *ranges, uint32_t count, const char *note,
                       bool many)
{
    size_t sections = 64 + 56 * (size_t)(count + 1);
    struct built_range notes = {.size = 12 + 8 + 8, .offset = sections + 64};

    built_put(file, built_elf_memory(count) - 1, "", 1);
    built_put(file, 0, "\x7f\x45\x4c\x46\2\1\1", 7);
    put_u16(file, 16, 4);
    put_u16(file, 18, 62);
    built_put_u64(file, 32, 64);
    put_u16(file, 54, 56);
    put_u16(file, 56, many ? 0xffff : count + 1);
    if (many) {
        built_put_u64(file, 40, sections);
        built_put_u32(file, sections + 44, count + 1);
    }
    put_segment(file, 0, 4, &notes);
    for (uint32_t i = 0; i < count; i++) {
        put_segment(file, i + 1, 1, &ranges[i]);
    }
    built_put_u32(file, notes.offset, (uint32_t)strlen(note) + 1);
    built_put_u32(file, notes.offset + 4, 5);
    built_put(file, notes.offset + 12, note, strlen(note));
}

void built_elf(struct built_file *file, const struct page_map *map, const char *note)
{
    struct built_range regions[401];
    uint32_t count = built_regions(map, regions, 400);
    size_t memory = built_elf_memory(count + 1);

    for (uint32_t i = 0; i < count; i++) {
        regions[i].address *= BUILDER_PAGE;
        regions[i].size *= BUILDER_PAGE;
        regions[i].offset = memory + regions[i].offset * BUILDER_PAGE;
    }
    regions[count] = (struct built_range){0xe0000000, 0, UINT64_MAX}; /* device memory, not in the file */
    built_elf_headers(file, regions, count + 1, note, false);
    put_map(file, map);
}

size_t built_lime_header(struct built_file *file, uint64_t first, uint64_t last)
{
    size_t at = file->size;

    built_put(file, at, "EMiL", 4);
    built_put_u32(file, at + 4, 1);
    built_put_u64(file, at + 8, first);
    built_put_u64(file, at + 16, last);
    built_put_u64(file, at + 24, 0);
    return file->size;
}

void built_lime(struct built_file *file, const struct page_map *map)
{
    struct built_range regions[400];
    uint32_t count = built_regions(map, regions, 400);

    for (uint32_t i = 0; i < count; i++) {
        built_lime_header(file, regions[i].address * BUILDER_PAGE,
                          (regions[i].address + regions[i].size) * BUILDER_PAGE - 1);
        put_pages(file, regions[i].address, regions[i].size);
    }
}

void built_vmem(struct built_file *file, const struct page_map *map)
{
    put_map(file, map);
}

static void put_tag(struct built_file *file, const char *name, uint32_t size, uint32_t indexes, uint32_t index)
{
    uint8_t word[2] = {(uint8_t)(size | indexes << 6), (uint8_t)strlen(name)};

    built_put(file, file->size, word, 2);
    built_put(file, file->size, name, strlen(name));
    if (indexes > 0) {
        built_put_u32(file, file->size, index);
    }
}

void built_vmss(struct built_file *file, const struct built_range *regions, uint32_t count, uint64_t memory_size)
{
    built_put(file, 12 + 80 - 1, "", 1);
    built_put(file, 0, "\xd2\xbe\xd2\xbe", 4);
    built_put_u32(file, 4, 8);
    built_put_u32(file, 8, 1);
    built_put(file, 12, "memory", 6);
    built_put_u64(file, 12 + 64, 12 + 80);
    put_tag(file, "regionsCount", 4, 0, 0);
    built_put_u32(file, file->size, count);
    for (uint32_t i = 0; i < count; i++) {
        put_tag(file, "regionPPN", 8, 1, i); /* numbers of 8 bytes and of 4 are both found */
        built_put_u64(file, file->size, regions[i].address);
        put_tag(file, "regionPageNum", 4, 1, i);
        built_put_u32(file, file->size, (uint32_t)regions[i].offset);
        put_tag(file, "regionSize", 4, 1, i);
        built_put_u32(file, file->size, (uint32_t)regions[i].size);
    }
    if (memory_size > 0) {
        put_tag(file, "Memory", 63, 0, 0);
        built_put_u64(file, file->size, memory_size);
        built_put_u64(file, file->size, memory_size);
        put_u16(file, file->size, 5);
        built_put(file, file->size, "12345", 5);
    } else {
        built_put(file, file->size, "\0\0", 2);
    }
}

void built_vmsn(struct built_file *file, const struct page_map *map)
{
    struct built_range regions[64];
    uint32_t count = built_regions(map, regions, 64);

    built_vmss(file, regions, count, page_map_present(map) * BUILDER_PAGE);
    put_map(file, map);
    built_put(file, file->size, "\0\0", 2);
}
