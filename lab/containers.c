/*
 * Containers that list ranges of memory: the debugger's dumps of types 8, 9 and a (RDMP), and LiME. Written from the
 * tables of docs/formats/.
 */
#include "containers.h"

#include "bytes.h"

#include <stdlib.h>
#include <string.h>

#define RANGES      0x2030u /* of an RDMP header */
#define FIRST_RANGE (RANGES - 0x2000u)

void lab_put(FILE *file, const void *bytes, size_t size)
{
    if (size && fwrite(bytes, size, 1, file) != 1)
        lab_fail("the image could not be written: is the disk full?");
}

void lab_put_runs(FILE *file, const struct lab_memory *memory, const struct lab_runs *runs, uint64_t *offset)
{
    uint64_t position = *offset;
    for (uint32_t i = 0; i < runs->count; i++)
        for (uint64_t j = 0; j < runs->items[i].count; j++, *offset += LAB_PAGE)
            if (lab_image_holds(memory, runs->items[i].first + j))
                lab_image_write_page(file, *offset, &position, lab_frame_bytes(memory, runs->items[i].first + j));
    if (position != *offset && fseeko(file, (off_t)*offset, SEEK_SET))
        lab_fail("cannot seek in the image");
}

/* Whether a dump of this type has the frame: 8 has the kernel's, 9 those of processes too, a all RAM. */
static bool dump_has(const struct lab_memory *memory, uint64_t frame, uint32_t type)
{
    if (type == 8)
        return memory->kinds[frame] == LAB_FRAME_KERNEL;
    return type == 9 ? lab_image_holds(memory, frame) : memory->kinds[frame] != LAB_FRAME_HOLE;
}

/* {first frame, count} of each range behind `ranges` (NULL: count only). *pages becomes the sum. */
static uint64_t list_ranges(const struct lab_memory *memory, uint32_t type, uint8_t *ranges, uint64_t *pages)
{
    uint64_t count = 0;
    *pages = 0;
    for (uint64_t frame = 0; frame < memory->frame_end; frame++) {
        uint64_t first = frame;
        while (frame < memory->frame_end && dump_has(memory, frame, type))
            frame++;
        if (frame == first)
            continue;
        if (ranges) {
            lab_store_u64(ranges + count * 16, first);
            lab_store_u64(ranges + count * 16 + 8, frame - first);
        }
        count++;
        *pages += frame - first;
    }
    return count;
}

/*
 * The header at 0x2000. Type a has bytes of an older list behind its ranges: there the page count ends the list. In the
 * others a range without pages ends it.
 */
static void fill_ranges(const struct lab_memory *memory, uint32_t type, uint64_t first_page, uint8_t *head)
{
    uint64_t pages, count = list_ranges(memory, type, head + FIRST_RANGE, &pages);
    lab_store_u32(head, 0x40);
    memcpy(head + 4, "RDMPDUMP", 8);
    lab_store_u64(head + 0x10, first_page - 0x2020);
    lab_store_u64(head + 0x18, first_page);
    if (type == 10) {
        lab_store_u32(head + 0x20, (uint32_t)count);
        lab_store_u64(head + 0x28, pages);
        lab_store_u64(head + FIRST_RANGE + count * 16, 0x1234);
        lab_store_u64(head + FIRST_RANGE + count * 16 + 8, 0x5678);
    }
}

static void write_ranges_dump(const struct lab_world *world, const char *prefix, const char *suffix, uint32_t type)
{
    const struct lab_memory *memory = &world->memory;
    struct lab_runs runs;
    uint64_t pages, count = list_ranges(memory, type, NULL, &pages);
    uint64_t first = (RANGES + (count + 1) * 16 + LAB_PAGE - 1) & ~(uint64_t)(LAB_PAGE - 1);
    uint64_t offset = first, position = first, size = first + pages * LAB_PAGE;
    uint8_t *head = lab_allocate(1, first - 0x2000);
    FILE *file = lab_image_create(prefix, suffix);
    lab_image_find_runs(memory, &runs);
    lab_image_write_dump_header(file, world, &runs, type, size);
    fill_ranges(memory, type, first, head);
    lab_put(file, head, first - 0x2000);
    free(head);
    for (uint64_t frame = 0; frame < memory->frame_end; frame++)
        if (dump_has(memory, frame, type)) {
            if (lab_image_holds(memory, frame))
                lab_image_write_page(file, offset, &position, lab_frame_bytes(memory, frame));
            offset += LAB_PAGE;
        }
    lab_image_finish(file, size);
}

static void write_lime(const struct lab_world *world, const char *prefix)
{
    const struct lab_memory *memory = &world->memory;
    struct lab_runs runs;
    uint64_t offset = 0;
    FILE *file = lab_image_create(prefix, ".lime");
    lab_image_find_runs(memory, &runs);
    for (uint32_t i = 0; i < runs.count; i++) {
        struct lab_runs one = {.count = 1};
        uint8_t header[32] = "EMiL";
        one.items[0] = runs.items[i];
        lab_store_u32(header + 4, 1);
        lab_store_u64(header + 8, runs.items[i].first * LAB_PAGE);
        lab_store_u64(header + 16, (runs.items[i].first + runs.items[i].count) * LAB_PAGE - 1); /* inclusive */
        lab_put(file, header, sizeof header);
        offset += sizeof header;
        lab_put_runs(file, memory, &one, &offset);
    }
    lab_image_finish(file, offset);
}

void lab_write_containers(const struct lab_world *world, const char *prefix, unsigned formats)
{
    if (formats & LAB_FORMAT_DUMP_K)
        write_ranges_dump(world, prefix, ".k.dmp", 8);
    if (formats & LAB_FORMAT_DUMP_KA)
        write_ranges_dump(world, prefix, ".ka.dmp", 9);
    if (formats & LAB_FORMAT_DUMP_F)
        write_ranges_dump(world, prefix, ".f.dmp", 10);
    if (formats & LAB_FORMAT_QEMU)
        lab_write_qemu(world, prefix);
    if (formats & LAB_FORMAT_VIRTUALBOX)
        lab_write_virtualbox(world, prefix);
    if (formats & LAB_FORMAT_LIME)
        write_lime(world, prefix);
    if (formats & LAB_FORMAT_VMEM)
        lab_write_vmem(world, prefix);
    if (formats & LAB_FORMAT_VMSN)
        lab_write_vmsn(world, prefix);
}
