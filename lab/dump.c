/*
 * Writes the world's memory: raw, and as crash dumps of types 1 (full), 5 (bitmap) and 6 (kernel). Files are sparse:
 * pages of zeros are skipped by seeking.
 */
#include "world.h"

#include "bytes.h"
#include "image_file.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define HEADER_SIZE 0x2000u

FILE *lab_image_create(const char *prefix, const char *suffix)
{
    char path[4096];
    if (snprintf(path, sizeof path, "%s%s", prefix, suffix) >= (int)sizeof path)
        lab_fail("the output's name is too long");
    FILE *file = fopen(path, "wb");
    if (!file)
        lab_fail("cannot create %s", path);
    return file;
}

void lab_image_finish(FILE *file, uint64_t size)
{
    if (fflush(file) || ftruncate(fileno(file), (off_t)size) || fclose(file))
        lab_fail("the image could not be written: is the disk full?");
}

static bool is_zero(const uint8_t *page)
{
    return !page[0] && !memcmp(page, page + 1, LAB_PAGE - 1);
}

bool lab_image_holds(const struct lab_memory *memory, uint64_t frame)
{
    return memory->kinds[frame] >= LAB_FRAME_KERNEL;
}

void lab_image_write_page(FILE *file, uint64_t offset, uint64_t *position, const uint8_t *page)
{
    if (is_zero(page))
        return;
    if (*position != offset && fseeko(file, (off_t)offset, SEEK_SET))
        lab_fail("cannot seek in the image");
    if (fwrite(page, LAB_PAGE, 1, file) != 1)
        lab_fail("the image could not be written: is the disk full?");
    *position = offset + LAB_PAGE;
}

static void write_raw(const struct lab_world *world, const char *prefix)
{
    const struct lab_memory *memory = &world->memory;
    FILE *file = lab_image_create(prefix, ".raw");
    uint64_t position = 0;
    for (uint64_t frame = 0; frame < memory->frame_end; frame++)
        if (lab_image_holds(memory, frame))
            lab_image_write_page(file, frame * LAB_PAGE, &position, lab_frame_bytes(memory, frame));
    lab_image_finish(file, memory->frame_end * LAB_PAGE);
}

void lab_image_find_runs(const struct lab_memory *memory, struct lab_runs *runs)
{
    bool inside = false;
    memset(runs, 0, sizeof *runs);
    for (uint64_t frame = 0; frame < memory->frame_end; frame++) {
        bool ram = memory->kinds[frame] != LAB_FRAME_HOLE;
        if (ram && !inside) {
            if (runs->count == LAB_RUNS_MAXIMUM)
                lab_fail("a crash dump has at most %u runs of memory", LAB_RUNS_MAXIMUM);
            runs->items[runs->count++].first = frame;
        }
        inside = ram;
        if (ram) {
            runs->items[runs->count - 1].count++;
            runs->pages++;
        }
    }
}

static void write_context(uint8_t *header, const struct lab_world *world)
{
    uint8_t *context = header + 0x348; /* CONTEXT of x64: ContextFlags@30 SegCs@38 Rsp@98 Rip@f8 */
    memset(context, 0, 0x4d0);
    lab_store_u32(context + 0x30, 0x0010005f);
    lab_store_u16(context + 0x38, 0x10);
    lab_store_u64(context + 0x98, world->scenario->nonpaged_pool);
    lab_store_u64(context + 0xf8, world->kernel_base + 0x1000);
}

static void fill_header(const struct lab_world *world, const struct lab_runs *runs, uint32_t type, uint8_t *header)
{
    for (unsigned i = 0; i < HEADER_SIZE; i += 4)
        memcpy(header + i, "PAGE", 4); /* Windows leaves what it does not set filled so */
    memcpy(header + 4, "DU64", 4);
    lab_store_u32(header + 0x8, 15);
    lab_store_u32(header + 0xc, world->layout.build);
    lab_store_u64(header + 0x10, world->memory.root << 12);
    lab_store_u64(header + 0x18, 0xffffe00000000000ull);
    lab_store_u64(header + 0x20, lab_global(world, LAB_GLOBAL_PsLoadedModuleList));
    lab_store_u64(header + 0x28, lab_global(world, LAB_GLOBAL_PsActiveProcessHead));
    lab_store_u32(header + 0x30, 0x8664);
    lab_store_u32(header + 0x34, 2);
    lab_store_u32(header + 0x38, type == 6 ? 0x161 : 0xe2); /* LIVE_SYSTEM_DUMP, MANUALLY_INITIATED_CRASH */
    memset(header + 0x40, 0, 0x20);
    lab_store_u64(header + 0x80, lab_global(world, LAB_GLOBAL_KdDebuggerDataBlock));
    lab_store_u32(header + 0x88, runs->count);
    lab_store_u64(header + 0x90, runs->pages);
    for (uint32_t i = 0; i < runs->count; i++) {
        lab_store_u64(header + 0x98 + i * 16, runs->items[i].first);
        lab_store_u64(header + 0xa0 + i * 16, runs->items[i].count);
    }
    write_context(header, world);
    lab_store_u32(header + 0xf98, type);
    lab_store_u64(header + 0xfa8, world->scenario->system_time);
    memset(header + 0xfb0, 0, 0x80);
    lab_store_u64(header + 0x1030, 36000000000ull);
}

void lab_image_write_dump_header(FILE *file, const struct lab_world *world, const struct lab_runs *runs, uint32_t type,
                                 uint64_t file_size)
{
    uint8_t header[HEADER_SIZE];
    fill_header(world, runs, type, header);
    lab_store_u64(header + 0xfa0, file_size);
    if (fwrite(header, sizeof header, 1, file) != 1)
        lab_fail("the image could not be written: is the disk full?");
}

/* Type 1: the runs' pages follow one another. */
static void write_full(const struct lab_world *world, const char *prefix)
{
    struct lab_runs runs;
    lab_image_find_runs(&world->memory, &runs);
    uint64_t offset = HEADER_SIZE, size = HEADER_SIZE + runs.pages * LAB_PAGE, position = HEADER_SIZE;
    FILE *file = lab_image_create(prefix, ".full.dmp");
    lab_image_write_dump_header(file, world, &runs, 1, size);
    for (uint32_t i = 0; i < runs.count; i++)
        for (uint64_t j = 0; j < runs.items[i].count; j++, offset += LAB_PAGE)
            if (lab_image_holds(&world->memory, runs.items[i].first + j))
                lab_image_write_page(file, offset, &position, lab_frame_bytes(&world->memory, runs.items[i].first + j));
    lab_image_finish(file, size);
}

static bool belongs(const struct lab_memory *memory, uint64_t frame, bool kernel_only)
{
    return kernel_only ? memory->kinds[frame] == LAB_FRAME_KERNEL : lab_image_holds(memory, frame);
}

/* Types 5 and 6: a bitmap of the pages that follow. Type 6 holds no user page tables and no user contents. */
static void write_bitmap(const struct lab_world *world, const char *prefix, bool kernel_only)
{
    const struct lab_memory *memory = &world->memory;
    struct lab_runs runs;
    lab_image_find_runs(memory, &runs);
    uint64_t bits = (memory->frame_end + 63) & ~63ull, present = 0;
    uint64_t first = (HEADER_SIZE + 0x38 + bits / 8 + LAB_PAGE - 1) & ~(uint64_t)(LAB_PAGE - 1);
    uint8_t *head = lab_allocate(1, first - HEADER_SIZE);
    for (uint64_t frame = 0; frame < memory->frame_end; frame++) {
        if (belongs(memory, frame, kernel_only)) {
            head[0x38 + frame / 8] |= (uint8_t)(1u << frame % 8);
            present++;
        }
    }
    memcpy(head, kernel_only ? "SDMPDUMP" : "FDMPDUMP", 8);
    lab_store_u64(head + 0x20, first);
    lab_store_u64(head + 0x28, present);
    lab_store_u64(head + 0x30, bits);
    uint64_t size = first + present * LAB_PAGE, offset = first, position = first;
    FILE *file = lab_image_create(prefix, kernel_only ? ".kernel.dmp" : ".bitmap.dmp");
    lab_image_write_dump_header(file, world, &runs, kernel_only ? 6 : 5, size);
    if (fwrite(head, first - HEADER_SIZE, 1, file) != 1)
        lab_fail("the image could not be written: is the disk full?");
    free(head);
    for (uint64_t frame = 0; frame < memory->frame_end; frame++)
        if (belongs(memory, frame, kernel_only)) {
            lab_image_write_page(file, offset, &position, lab_frame_bytes(memory, frame));
            offset += LAB_PAGE;
        }
    lab_image_finish(file, size);
}

void lab_write_images(const struct lab_world *world, const char *prefix, unsigned formats)
{
    if (formats & LAB_FORMAT_RAW)
        write_raw(world, prefix);
    if (formats & LAB_FORMAT_FULL)
        write_full(world, prefix);
    if (formats & LAB_FORMAT_BITMAP)
        write_bitmap(world, prefix, false);
    if (formats & LAB_FORMAT_KERNEL)
        write_bitmap(world, prefix, true);
    lab_write_containers(world, prefix, formats);
}
