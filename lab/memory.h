/*
 * The machine's physical memory: frames of 4 KiB, which are RAM or hole, free or used, and its page tables.
 * One large reservation of address space holds all of it; the pages nobody touches cost nothing.
 */
#ifndef LAB_MEMORY_H
#define LAB_MEMORY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define LAB_PAGE     4096u
#define LAB_NO_FRAME UINT64_MAX

enum lab_frame_kind {
    LAB_FRAME_FREE,
    LAB_FRAME_HOLE,      /* no RAM here */
    LAB_FRAME_RESERVED,  /* belongs to a large page or to a frame that the scenario names; nothing in it yet */
    LAB_FRAME_KERNEL,    /* kernel page or kernel page table, a PML4 included */
    LAB_FRAME_USER,      /* contents that processes see: private pages, pages of sections */
    LAB_FRAME_USER_TABLE /* page table of a user half, below the PML4 */
};

struct lab_memory {
    uint8_t *bytes;
    uint8_t *kinds; /* enum lab_frame_kind of each frame below frame_limit */
    uint64_t frame_limit;
    uint64_t frame_end; /* one past the last frame of RAM; grows unless `fixed` */
    bool fixed;
    uint64_t window; /* first frame of the window being handed out */
    uint32_t window_used;
    uint64_t root;      /* frame of the system's PML4 or PML5 */
    unsigned levels;    /* of page tables: 4 or 5 */
    uint64_t cached_va; /* last page translated, and where it is; cached_page NULL: nothing */
    uint8_t *cached_page;
};

/* `frames` 0: the memory grows as needed. Otherwise it has exactly so many, holes included. */
void lab_memory_init(struct lab_memory *memory, uint64_t frames, unsigned levels);
void lab_memory_deinit(struct lab_memory *memory);

void lab_memory_hole(struct lab_memory *memory, uint64_t first, uint64_t count);

/* Takes one named frame; fails when it is a hole, or in use. A RESERVED frame may be taken. */
void lab_frame_take(struct lab_memory *memory, uint64_t frame, enum lab_frame_kind kind);

/* Keeps [first, first + count) out of lab_frame_allocate. */
void lab_frame_reserve(struct lab_memory *memory, uint64_t first, uint64_t count);

/* A free frame, scattered over a window of 64 MiB as on a machine that has run for a while. */
uint64_t lab_frame_allocate(struct lab_memory *memory, enum lab_frame_kind kind);

uint8_t *lab_frame_bytes(const struct lab_memory *memory, uint64_t frame);

/* Maps one kernel page. Page tables come into being as needed. */
void lab_map_kernel(struct lab_memory *memory, uint64_t va, uint64_t frame, bool writable, bool executable);

/* Maps 2 MiB (level 2) or 1 GiB (level 3) with one entry. */
void lab_map_large(struct lab_memory *memory, uint64_t va, uint64_t frame, int level);

/* The entry of `va` in the tables under the PML4 or PML5 `root`: level 1 is the PTE. Missing tables are made of frames
 * of `kind`.
 */
uint8_t *lab_table_entry(struct lab_memory *memory, uint64_t root, uint64_t va, int level, enum lab_frame_kind kind);

bool lab_is_mapped(struct lab_memory *memory, uint64_t va);

/* Kernel virtual addresses. A page of a large mapping becomes KERNEL on first touch. Fails on an unmapped address. */
uint8_t *lab_va_page(struct lab_memory *memory, uint64_t va);
void lab_va_write(struct lab_memory *memory, uint64_t va, const void *bytes, size_t size);
void lab_va_store_u8(struct lab_memory *memory, uint64_t va, uint8_t value);
void lab_va_store_u16(struct lab_memory *memory, uint64_t va, uint16_t value);
void lab_va_store_u32(struct lab_memory *memory, uint64_t va, uint32_t value);
void lab_va_store_u64(struct lab_memory *memory, uint64_t va, uint64_t value);
uint32_t lab_va_load_u32(struct lab_memory *memory, uint64_t va);
uint64_t lab_va_load_u64(struct lab_memory *memory, uint64_t va);

#endif
