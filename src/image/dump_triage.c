/*
 * Triage minidumps (type 4): no page tables and no physical pages, only named copies of a few structures and blocks
 * of virtual memory. docs/formats/triage.md tells how the fields were found.
 */
#include "image/dump.h"

/* TRIAGE_DUMP64, behind the common header. */
#define TRIAGE                0x2000u
#define OFFSET_PROCESS        (TRIAGE + 0x20)
#define OFFSET_STACK          (TRIAGE + 0x28)
#define OFFSET_STACK_SIZE     (TRIAGE + 0x2c)
#define OFFSET_STACK_VA       (TRIAGE + 0x48)
#define OFFSET_DEBUGGER       (TRIAGE + 0x70)
#define OFFSET_DEBUGGER_SIZE  (TRIAGE + 0x74)
#define OFFSET_BLOCKS         (TRIAGE + 0x78)
#define OFFSET_BLOCK_COUNT    (TRIAGE + 0x7c)
#define TRIAGE_SIZE           0x80u
#define BLOCK_DESCRIPTOR_SIZE 16u

/* Real dumps have some thousand blocks in a mebibyte or two. */
#define MOST_BLOCKS       (1u << 20)
#define MOST_EXTRA_BLOCKS 4u

/* Larger than any EPROCESS or ETHREAD of Windows 7 to 11 (EPROCESS: 0xbc0 bytes at most so far). */
#define MOST_OBJECT_SIZE 0x2000u

/* KPROCESS: a dispatcher header with its wait list head, then the list of profile objects; the same since Vista. */
#define KPROCESS_TYPE_BYTE      0x00u
#define KPROCESS_WAIT_LIST      0x08u
#define KPROCESS_PROFILE_LIST   0x18u
#define DISPATCHER_TYPE_PROCESS 3u

/* An empty list's head points to itself: this gives the address from which the copy was taken. */
static uint64_t address_of_copy(const struct image_bytes *file, uint64_t copy, uint64_t list)
{
    uint64_t forward = image_u64(file, copy + list);
    uint64_t back = image_u64(file, copy + list + 8);
    uint64_t va = forward - list;

    /* An object lies in the kernel half and is aligned as pool is. */
    return forward == back && forward >> 47 == 0x1ffff && va % 16 == 0 ? va : 0;
}

/*
 * The header names only a copy of the current EPROCESS. Where both lists are empty they must agree; a process that
 * someone waits for still has its profile list, which is empty unless a profiler runs.
 */
static uint64_t find_process_va(const struct image_bytes *file, uint64_t copy)
{
    if (!image_bytes_hold(file, copy, KPROCESS_PROFILE_LIST + 16) ||
        file->at[copy + KPROCESS_TYPE_BYTE] != DISPATCHER_TYPE_PROCESS) {
        return 0;
    }
    uint64_t by_profile = address_of_copy(file, copy, KPROCESS_PROFILE_LIST);
    uint64_t by_wait = address_of_copy(file, copy, KPROCESS_WAIT_LIST);
    if (by_profile != 0 && by_wait != 0 && by_profile != by_wait) {
        return 0;
    }
    return by_profile != 0 ? by_profile : by_wait;
}

/* The copies follow one another, process, thread, call stack: the next one's offset gives a size. */
static uint64_t size_of_copy(const struct image_bytes *file, uint64_t start_field)
{
    uint64_t start = image_u32(file, start_field);
    uint64_t end = image_u32(file, start_field + 4);

    return start >= TRIAGE + TRIAGE_SIZE && end > start && end - start <= MOST_OBJECT_SIZE ? end - start : 0;
}

/* Copies that the header names. They come after the blocks, so that where both speak the blocks are heard. */
static void add_copies(struct sic_image *image)
{
    const struct image_bytes *file = &image->file;
    struct virtual_blocks *blocks = &image->blocks;
    uint64_t process = image_u32(file, OFFSET_PROCESS);

    image->header.triage_process_va = find_process_va(file, process);
    if (image->header.triage_process_va != 0) {
        virtual_blocks_add(blocks, file, image->header.triage_process_va, process, size_of_copy(file, OFFSET_PROCESS));
    }
    if (image_u64(file, OFFSET_STACK_VA) >> 47 == 0x1ffff) {
        virtual_blocks_add(blocks, file, image_u64(file, OFFSET_STACK_VA), image_u32(file, OFFSET_STACK),
                           image_u32(file, OFFSET_STACK_SIZE));
    }
    if (image->header.kd_debugger_data_block_va >> 47 == 0x1ffff) {
        virtual_blocks_add(blocks, file, image->header.kd_debugger_data_block_va, image_u32(file, OFFSET_DEBUGGER),
                           image_u32(file, OFFSET_DEBUGGER_SIZE));
    }
}

static void add_blocks(struct sic_image *image, uint64_t table, uint32_t count)
{
    const struct image_bytes *file = &image->file;

    for (uint32_t i = 0; i < count; i++) {
        uint64_t at = table + (uint64_t)i * BLOCK_DESCRIPTOR_SIZE;
        if (!image_bytes_hold(file, at, BLOCK_DESCRIPTOR_SIZE)) {
            image->missing_pages += count - i; /* the file was cut inside the table */
            return;
        }
        bool held = virtual_blocks_add(&image->blocks, file, image_load_u64(file->at + at),
                                       image_load_u32(file->at + at + 8), image_load_u32(file->at + at + 12));
        image->missing_pages += !held;
    }
}

static enum sic_status check_header(const struct sic_image *image, struct sic_error *error)
{
    const struct image_bytes *file = &image->file;
    uint32_t count = image_u32(file, OFFSET_BLOCK_COUNT);

    if (!image_bytes_hold(file, TRIAGE, TRIAGE_SIZE)) {
        return sic_error_set(error, SIC_BROKEN, "%s: a triage minidump cut short in its header; copy the dump again",
                             image->name);
    }
    if (image_dump_has_bitmap(file)) {
        return sic_error_set(error, SIC_BROKEN,
                             "%s: the header says triage minidump (type 4), but a bitmap follows at offset 0x2000; "
                             "the header is damaged",
                             image->name);
    }
    if (count > MOST_BLOCKS) {
        return sic_error_set(error, SIC_BROKEN,
                             "%s: a triage minidump with %u blocks (offset 0x207c), where at most %u are believed; "
                             "the header is damaged",
                             image->name, count, MOST_BLOCKS);
    }
    if (count > 0 && image_u32(file, OFFSET_BLOCKS) < TRIAGE + TRIAGE_SIZE) {
        return sic_error_set(error, SIC_BROKEN,
                             "%s: a triage minidump whose table of blocks (offset 0x%x, named at 0x2078) lies inside "
                             "its header; the header is damaged",
                             image->name, image_u32(file, OFFSET_BLOCKS));
    }
    return SIC_OK;
}

/* So many of the table's descriptors as the file can hold: what bounds the memory taken. */
static uint32_t descriptors_held(const struct image_bytes *file, uint64_t table, uint32_t count)
{
    uint64_t room = table < file->size ? (file->size - table) / BLOCK_DESCRIPTOR_SIZE : 0;

    return room < count ? (uint32_t)room : count;
}

enum sic_status image_dump_open_triage(struct sic_image *image, struct sic_error *error)
{
    const struct image_bytes *file = &image->file;
    uint64_t table = image_u32(file, OFFSET_BLOCKS);
    uint32_t count = image_u32(file, OFFSET_BLOCK_COUNT);
    enum sic_status status = check_header(image, error);

    if (status != SIC_OK) {
        return status;
    }
    if (!virtual_blocks_init(&image->blocks, descriptors_held(file, table, count) + MOST_EXTRA_BLOCKS)) {
        return sic_error_set(error, SIC_NO_MEMORY, "%s: not enough memory for the dump's blocks", image->name);
    }
    add_blocks(image, table, count);
    add_copies(image);
    if (!virtual_blocks_resolve(&image->blocks)) {
        virtual_blocks_deinit(&image->blocks);
        return sic_error_set(error, SIC_NO_MEMORY, "%s: not enough memory for the dump's blocks", image->name);
    }
    image->operations = &image_operations_blocks;
    return SIC_OK;
}
