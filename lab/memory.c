#include "memory.h"

#include "bytes.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#define WINDOW_FRAMES 16384u
#define FIRST_WINDOW  0x1000u      /* 16 MiB: below it only what is placed by hand */
#define LARGEST_FRAME 0x1000000ull /* 64 GiB */
#define PTE_FRAME     0x0000fffffffff000ull
#define PTE_VALID     0x1u
#define PTE_LARGE     0x80u
#define PTE_NX        (1ull << 63)

void lab_memory_init(struct lab_memory *memory, uint64_t frames, unsigned levels)
{
    memset(memory, 0, sizeof *memory);
    if (frames > LARGEST_FRAME)
        lab_fail("the lab builds machines of up to 64 GiB");
    memory->levels = levels;
    memory->fixed = frames != 0;
    memory->frame_limit = frames ? frames : LARGEST_FRAME;
    memory->frame_end = frames ? frames : FIRST_WINDOW;
    memory->window = FIRST_WINDOW;
    memory->root = LAB_NO_FRAME;
    memory->bytes = mmap(NULL, memory->frame_limit * LAB_PAGE, PROT_READ | PROT_WRITE,
                         MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (memory->bytes == MAP_FAILED)
        lab_fail("cannot reserve address space for %llu frames", (unsigned long long)memory->frame_limit);
    memory->kinds = lab_allocate(memory->frame_limit, 1);
}

void lab_memory_deinit(struct lab_memory *memory)
{
    if (memory->bytes)
        munmap(memory->bytes, memory->frame_limit * LAB_PAGE);
    free(memory->kinds);
    memset(memory, 0, sizeof *memory);
}

static void reach(struct lab_memory *memory, uint64_t frame)
{
    if (frame >= memory->frame_limit)
        lab_fail("frame %llx lies beyond the machine's memory", (unsigned long long)frame);
    if (frame >= memory->frame_end)
        memory->frame_end = (frame + 0x1000) & ~0xfffull;
    if (memory->frame_end > memory->frame_limit)
        memory->frame_end = memory->frame_limit;
}

void lab_memory_hole(struct lab_memory *memory, uint64_t first, uint64_t count)
{
    if (first >= memory->frame_limit || count > memory->frame_limit - first)
        lab_fail("the hole at frame %llx does not fit into the machine's memory", (unsigned long long)first);
    memset(memory->kinds + first, LAB_FRAME_HOLE, count);
}

void lab_frame_take(struct lab_memory *memory, uint64_t frame, enum lab_frame_kind kind)
{
    reach(memory, frame);
    if (memory->kinds[frame] != LAB_FRAME_FREE && memory->kinds[frame] != LAB_FRAME_RESERVED)
        lab_fail("frame %llx is %s", (unsigned long long)frame,
                 memory->kinds[frame] == LAB_FRAME_HOLE ? "a hole" : "used twice");
    memory->kinds[frame] = (uint8_t)kind;
}

void lab_frame_reserve(struct lab_memory *memory, uint64_t first, uint64_t count)
{
    for (uint64_t i = 0; i < count; i++)
        lab_frame_take(memory, first + i, LAB_FRAME_RESERVED);
}

uint64_t lab_frame_allocate(struct lab_memory *memory, enum lab_frame_kind kind)
{
    for (;;) {
        if (memory->window_used == WINDOW_FRAMES) {
            memory->window += WINDOW_FRAMES;
            memory->window_used = 0;
        }
        /* An odd multiplier visits every frame of a window of 2^14 once. */
        uint64_t frame = memory->window + memory->window_used++ * 0x9e5ull % WINDOW_FRAMES;
        if (memory->window >= memory->frame_limit)
            lab_fail("the machine's memory is full: give the scenario more with `memory`");
        if (frame >= memory->frame_limit || memory->kinds[frame] != LAB_FRAME_FREE)
            continue;
        lab_frame_take(memory, frame, kind);
        return frame;
    }
}

uint8_t *lab_frame_bytes(const struct lab_memory *memory, uint64_t frame)
{
    return memory->bytes + frame * LAB_PAGE;
}

uint8_t *lab_table_entry(struct lab_memory *memory, uint64_t root, uint64_t va, int level, enum lab_frame_kind kind)
{
    uint64_t table = root;
    for (int depth = (int)memory->levels;; depth--) {
        uint8_t *entry = lab_frame_bytes(memory, table) + (va >> (12 + 9 * (depth - 1)) & 0x1ff) * 8;
        if (depth == level)
            return entry;
        uint64_t value = lab_load_u64(entry);
        if (!(value & PTE_VALID)) {
            uint64_t frame = lab_frame_allocate(memory, kind);
            /* Accessed, dirty, writable, present; user for the user half: what Windows writes into its tables. */
            value = frame << 12 | (kind == LAB_FRAME_USER_TABLE ? 0x0a00000000000867ull : 0x63ull);
            lab_store_u64(entry, value);
        } else if (value & PTE_LARGE) {
            lab_fail("address %llx lies in a large page", (unsigned long long)va);
        }
        table = (value & PTE_FRAME) >> 12;
    }
}

void lab_map_kernel(struct lab_memory *memory, uint64_t va, uint64_t frame, bool writable, bool executable)
{
    uint8_t *entry = lab_table_entry(memory, memory->root, va, 1, LAB_FRAME_KERNEL);
    uint64_t flags = 0x0a00000000000121ull | (writable ? 0x42u : 0) | (executable ? 0 : PTE_NX);
    if (lab_load_u64(entry))
        lab_fail("kernel address %llx is mapped twice", (unsigned long long)va);
    lab_store_u64(entry, frame << 12 | flags);
}

void lab_map_large(struct lab_memory *memory, uint64_t va, uint64_t frame, int level)
{
    uint8_t *entry = lab_table_entry(memory, memory->root, va, level, LAB_FRAME_KERNEL);
    if (lab_load_u64(entry))
        lab_fail("kernel address %llx is mapped twice", (unsigned long long)va);
    lab_store_u64(entry, frame << 12 | 0x0a000000000001e3ull | PTE_NX);
}

/* The frame of `va`, or LAB_NO_FRAME. */
static uint64_t translate(const struct lab_memory *memory, uint64_t va)
{
    uint64_t table = memory->root;
    for (int depth = (int)memory->levels; depth >= 1; depth--) {
        int shift = 12 + 9 * (depth - 1);
        uint64_t value = lab_load_u64(lab_frame_bytes(memory, table) + (va >> shift & 0x1ff) * 8);
        if (!(value & PTE_VALID))
            return LAB_NO_FRAME;
        table = (value & PTE_FRAME) >> 12;
        if (depth > 1 && depth < 4 && (value & PTE_LARGE))
            return table + (va >> 12 & ((1ull << (shift - 12)) - 1));
    }
    return table;
}

bool lab_is_mapped(struct lab_memory *memory, uint64_t va)
{
    return translate(memory, va) != LAB_NO_FRAME;
}

uint8_t *lab_va_page(struct lab_memory *memory, uint64_t va)
{
    if (memory->cached_page && memory->cached_va == va >> 12)
        return memory->cached_page;
    uint64_t frame = translate(memory, va);
    if (frame == LAB_NO_FRAME)
        lab_fail("kernel address %llx is not mapped", (unsigned long long)va);
    if (memory->kinds[frame] == LAB_FRAME_RESERVED)
        memory->kinds[frame] = LAB_FRAME_KERNEL;
    memory->cached_va = va >> 12;
    memory->cached_page = lab_frame_bytes(memory, frame);
    return memory->cached_page;
}

void lab_va_write(struct lab_memory *memory, uint64_t va, const void *bytes, size_t size)
{
    const uint8_t *from = bytes;
    while (size) {
        size_t offset = va % LAB_PAGE, piece = LAB_PAGE - offset < size ? LAB_PAGE - offset : size;
        memcpy(lab_va_page(memory, va) + offset, from, piece);
        va += piece;
        from += piece;
        size -= piece;
    }
}

void lab_va_store_u8(struct lab_memory *memory, uint64_t va, uint8_t value)
{
    lab_va_write(memory, va, &value, 1);
}

void lab_va_store_u16(struct lab_memory *memory, uint64_t va, uint16_t value)
{
    uint8_t bytes[2];
    lab_store_u16(bytes, value);
    lab_va_write(memory, va, bytes, sizeof bytes);
}

void lab_va_store_u32(struct lab_memory *memory, uint64_t va, uint32_t value)
{
    uint8_t bytes[4];
    lab_store_u32(bytes, value);
    lab_va_write(memory, va, bytes, sizeof bytes);
}

void lab_va_store_u64(struct lab_memory *memory, uint64_t va, uint64_t value)
{
    uint8_t bytes[8];
    lab_store_u64(bytes, value);
    lab_va_write(memory, va, bytes, sizeof bytes);
}

uint32_t lab_va_load_u32(struct lab_memory *memory, uint64_t va)
{
    return lab_load_u32(lab_va_page(memory, va) + va % LAB_PAGE); /* aligned values never cross a page */
}

uint64_t lab_va_load_u64(struct lab_memory *memory, uint64_t va)
{
    return lab_load_u64(lab_va_page(memory, va) + va % LAB_PAGE);
}
