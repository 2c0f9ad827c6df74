/*
 * ELF cores of whole machines: a header, program headers, notes, then memory. QEMU's dump-guest-memory and VirtualBox's
 * dumpvmcore differ in their notes, and VirtualBox also names device memory, of which nothing is in the file.
 */
#include "containers.h"

#include "bytes.h"

#include <stdlib.h>
#include <string.h>

#define HEADER   64u
#define PROGRAM  56u
#define NOTES    4096u /* room for a core's notes */
#define SEGMENTS (LAB_RUNS_MAXIMUM + 2)

struct core {
    uint8_t bytes[HEADER + SEGMENTS * PROGRAM];
    uint8_t notes[NOTES];
    uint32_t segments;
    uint32_t notes_size;
};

static void add_note(struct core *core, const char *name, uint32_t type, const void *content, uint32_t size)
{
    uint8_t *note = core->notes + core->notes_size;
    uint32_t name_size = (uint32_t)strlen(name) + 1;
    lab_store_u32(note, name_size);
    lab_store_u32(note + 4, size);
    lab_store_u32(note + 8, type);
    memcpy(note + 12, name, name_size);
    memcpy(note + 12 + (name_size + 3) / 4 * 4, content, size);
    core->notes_size += 12 + (name_size + 3) / 4 * 4 + (size + 3) / 4 * 4;
}

static void add_segment(struct core *core, uint32_t type, uint64_t offset, uint64_t address, uint64_t file_size,
                        uint64_t memory_size)
{
    uint8_t *segment = core->bytes + HEADER + core->segments++ * PROGRAM;
    lab_store_u32(segment, type);
    lab_store_u64(segment + 8, offset);
    lab_store_u64(segment + 16, address);
    lab_store_u64(segment + 24, address);
    lab_store_u64(segment + 32, file_size);
    lab_store_u64(segment + 40, memory_size);
}

static void fill_header(struct core *core)
{
    uint8_t *header = core->bytes;
    memcpy(header, "\x7f\x45\x4c\x46\x02\x01\x01", 7);
    lab_store_u16(header + 16, 4);  /* core */
    lab_store_u16(header + 18, 62); /* x64 */
    lab_store_u32(header + 20, 1);
    lab_store_u64(header + 32, HEADER);
    lab_store_u16(header + 52, HEADER);
    lab_store_u16(header + 54, PROGRAM);
    lab_store_u16(header + 56, (uint16_t)core->segments);
}

/* The notes are there; `devices` adds a segment of device memory. */
static void write_core(const struct lab_world *world, struct core *core, const char *prefix, const char *suffix,
                       bool devices)
{
    struct lab_runs runs;
    lab_image_find_runs(&world->memory, &runs);
    uint64_t notes = HEADER + (1 + runs.count + devices) * PROGRAM, offset = notes + core->notes_size;
    add_segment(core, 4, notes, 0, core->notes_size, core->notes_size);
    uint64_t at = offset;
    for (uint32_t i = 0; i < runs.count; i++) {
        uint64_t size = runs.items[i].count * LAB_PAGE;
        add_segment(core, 1, at, runs.items[i].first * LAB_PAGE, size, size);
        at += size;
    }
    if (devices)
        add_segment(core, 1, at, 0xe0000000, 0, 0x2000000);
    fill_header(core);
    FILE *file = lab_image_create(prefix, suffix);
    lab_put(file, core->bytes, HEADER + core->segments * PROGRAM);
    lab_put(file, core->notes, core->notes_size);
    lab_put_runs(file, &world->memory, &runs, &offset);
    lab_image_finish(file, offset);
}

void lab_write_qemu(const struct lab_world *world, const char *prefix)
{
    struct core *core = lab_allocate(1, sizeof *core);
    uint8_t registers[440] = {0};
    add_note(core, "CORE", 1, registers, 336);
    lab_store_u32(registers, 1); /* QEMUCPUState: version, size, registers */
    lab_store_u32(registers + 4, sizeof registers);
    add_note(core, "QEMU", 0, registers, sizeof registers);
    write_core(world, core, prefix, ".qemu.elf", false);
    free(core);
}

void lab_write_virtualbox(const struct lab_world *world, const char *prefix)
{
    struct core *core = lab_allocate(1, sizeof *core);
    uint8_t descriptor[24], processor[1000] = {0};
    lab_store_u32(descriptor, 0xc01ac0de);
    lab_store_u32(descriptor + 4, 0x00010006);
    lab_store_u32(descriptor + 8, sizeof descriptor);
    lab_store_u32(descriptor + 12, 7u << 24); /* VirtualBox 7.0.0 */
    lab_store_u32(descriptor + 16, 150000);
    lab_store_u32(descriptor + 20, 2);
    add_note(core, "VBCORE", 0xb00, descriptor, sizeof descriptor);
    add_note(core, "VBCPU", 0xb01, processor, sizeof processor);
    add_note(core, "VBCPU", 0xb01, processor, sizeof processor);
    write_core(world, core, prefix, ".vbox.elf", true);
    free(core);
}
