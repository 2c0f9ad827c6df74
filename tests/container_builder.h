/*
 * Writes small images of the containers that list ranges, from a page map or from ranges. Like image_builder.h, written
 * from docs/formats/ without any call into src/.
 */
#ifndef TESTS_CONTAINER_BUILDER_H
#define TESTS_CONTAINER_BUILDER_H

#include "image_builder.h"

/* Physical memory [address, address + size) at a file offset. */
struct built_range {
    uint64_t address;
    uint64_t size;
    uint64_t offset;
};

/* Types 8, 9, 10 (a). Type a has an older list's bytes behind its own; the others end theirs with a range of no pages.
 */
void built_ranges_dump(struct built_file *file, const struct page_map *map, uint32_t dump_type);

/* The program headers of an ELF core, and a note of this name; no memory. `many`: the count stands in section 0. */
void built_elf_headers(struct built_file *file, const struct built_range *ranges, uint32_t count, const char *note,
                       bool many);

/* Where the memory behind so many program headers can begin. */
size_t built_elf_memory(uint32_t count);

/* QEMU's or VirtualBox's core, by the name of its note: "QEMU", "VBCORE". */
void built_elf(struct built_file *file, const struct page_map *map, const char *note);

/* A LiME header; its range's bytes are the caller's to put. Returns the offset behind it. */
size_t built_lime_header(struct built_file *file, uint64_t first, uint64_t last);
void built_lime(struct built_file *file, const struct page_map *map);

/* A .vmem, its pages only. */
void built_vmem(struct built_file *file, const struct page_map *map);

/* A .vmss of so many regions, whose sizes and places are in pages here; with `memory_size`, a block of memory too. */
void built_vmss(struct built_file *file, const struct built_range *regions, uint32_t count, uint64_t memory_size);

/* The regions of a map; returns how many (at most `most`). */
uint32_t built_regions(const struct page_map *map, struct built_range *regions, uint32_t most);

/* A .vmsn that holds the memory. */
void built_vmsn(struct built_file *file, const struct page_map *map);

#endif
