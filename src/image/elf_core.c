/*
 * ELF cores of whole machines, as QEMU's dump-guest-memory and VirtualBox's dumpvmcore write them: each PT_LOAD segment
 * names a piece of physical memory by p_paddr. Offsets are those of the System V ABI's ELF-64 file; what the two
 * programs put in is in docs/formats/elf-core.md.
 */
#include "image/backend.h"

#include <string.h>

#define HEADER_SIZE         64u
#define PROGRAM_HEADER_SIZE 56u
#define SECTION_HEADER_SIZE 64u
#define NOTE_HEADER_SIZE    12u
#define COUNT_ELSEWHERE     0xffffu /* PN_XNUM: the number stands in sh_info of section 0 */
#define MOST_SEGMENTS       (UINT32_C(1) << 22)
#define MOST_NOTES          65536u

#define TYPE_CORE     4u
#define MACHINE_X64   62u
#define MACHINE_X86   3u
#define MACHINE_ARM64 183u
#define SEGMENT_LOAD  1u
#define SEGMENT_NOTE  4u

struct segment {
    uint32_t type;
    uint64_t offset;
    uint64_t virtual_address;
    uint64_t address;
    uint64_t size; /* in the file; more in memory, or nothing in the file, is device memory that was not saved */
};

struct core {
    struct range_list list;
    uint32_t notes_read; /* of all segments together: each of them may name the same notes */
    bool by_qemu;
    bool by_virtualbox;
    bool has_virtual;  /* some segment names a virtual address */
    bool has_physical; /* some segment names a physical address that is not 0 */
};

static uint32_t load_u16(const uint8_t *at)
{
    return (uint32_t)at[0] | (uint32_t)at[1] << 8;
}

static enum sic_status refuse_machine(const struct sic_image *image, uint32_t machine, struct sic_error *error)
{
    const char *name = machine == MACHINE_X86 ? " (32-bit x86)" : machine == MACHINE_ARM64 ? " (ARM64)" : "";

    return sic_error_set(error, SIC_UNSUPPORTED,
                         "%s: this is an ELF core of machine %u%s; SiC reads cores of x64 machines; QEMU writes one "
                         "when the guest runs in 64-bit mode",
                         image->name, machine, name);
}

static enum sic_status check_header(const struct sic_image *image, struct sic_error *error)
{
    const uint8_t *at = image->file.at;

    if (!image_bytes_hold(&image->file, 0, HEADER_SIZE)) {
        return sic_error_set(error, SIC_BROKEN, "%s: an ELF core cut short in its header; copy it again", image->name);
    }
    if (at[5] != 1 || load_u16(at + 18) != MACHINE_X64 || at[4] != 2) {
        return refuse_machine(image, load_u16(at + 18), error);
    }
    if (load_u16(at + 54) != PROGRAM_HEADER_SIZE) {
        return sic_error_set(error, SIC_BROKEN,
                             "%s: the ELF core's program headers have %u bytes (offset 0x36) instead of 56; "
                             "the header is damaged",
                             image->name, load_u16(at + 54));
    }
    return SIC_OK;
}

/* e_phnum, or what stands in its place when there are too many for 16 bits. */
static enum sic_status count_segments(const struct sic_image *image, uint32_t *count, struct sic_error *error)
{
    const struct image_bytes *file = &image->file;
    uint64_t sections = image_load_u64(file->at + 40);
    uint64_t headers = image_load_u64(file->at + 32);
    uint32_t number = load_u16(file->at + 56);

    if (number == COUNT_ELSEWHERE && sections != 0) {
        if (!image_bytes_hold(file, sections, SECTION_HEADER_SIZE)) {
            return sic_error_set(error, SIC_BROKEN,
                                 "%s: the ELF core's section header (offset 0x%llx), which holds the number of its "
                                 "segments, is not in the file; copy it again",
                                 image->name, (unsigned long long)sections);
        }
        number = image_load_u32(file->at + sections + 44);
    }
    if (number == 0 || number > MOST_SEGMENTS) {
        return sic_error_set(error, SIC_BROKEN,
                             "%s: an ELF core of %u segments, where 1 to %u are possible; the header is damaged",
                             image->name, number, MOST_SEGMENTS);
    }
    if (!image_bytes_hold(file, headers, (uint64_t)number * PROGRAM_HEADER_SIZE)) {
        return sic_error_set(error, SIC_BROKEN,
                             "%s: an ELF core cut short in its %u program headers (offset 0x%llx); copy it again",
                             image->name, number, (unsigned long long)headers);
    }
    *count = number;
    return SIC_OK;
}

static struct segment load_segment(const struct sic_image *image, uint32_t index)
{
    const uint8_t *at = image->file.at + image_load_u64(image->file.at + 32) + (uint64_t)index * PROGRAM_HEADER_SIZE;

    return (struct segment){
        .type = image_load_u32(at),
        .offset = image_load_u64(at + 8),
        .virtual_address = image_load_u64(at + 16),
        .address = image_load_u64(at + 24),
        .size = image_load_u64(at + 32),
    };
}

static bool is_named(const struct image_bytes *file, uint64_t offset, uint32_t size, const char *name)
{
    size_t length = strlen(name);

    return (size == length || size == length + 1) && image_bytes_hold(file, offset, length) &&
           memcmp(file->at + offset, name, length) == 0;
}

/* Who wrote the core, by the names of its notes: {name's size, content's size, type, name, content}, each in words. */
static void read_notes(struct core *core, const struct image_bytes *file, const struct segment *segment)
{
    uint64_t offset = segment->offset;

    while (core->notes_read++ < MOST_NOTES) {
        if (!image_bytes_hold(file, offset, NOTE_HEADER_SIZE) || offset - segment->offset >= segment->size) {
            return;
        }
        uint32_t name_size = image_load_u32(file->at + offset);
        uint32_t content_size = image_load_u32(file->at + offset + 4);
        core->by_qemu |= is_named(file, offset + NOTE_HEADER_SIZE, name_size, "QEMU");
        core->by_virtualbox |= is_named(file, offset + NOTE_HEADER_SIZE, name_size, "VBCORE");
        offset += NOTE_HEADER_SIZE + (((uint64_t)name_size + 3) & ~UINT64_C(3)) +
                  (((uint64_t)content_size + 3) & ~UINT64_C(3));
    }
}

static enum sic_status read_segments(struct core *core, const struct sic_image *image, uint32_t count,
                                     struct sic_error *error)
{
    for (uint32_t i = 0; i < count; i++) {
        struct segment segment = load_segment(image, i);
        if (segment.type == SEGMENT_NOTE) {
            read_notes(core, &image->file, &segment);
        }
        if (segment.type != SEGMENT_LOAD || segment.size == 0) {
            continue;
        }
        core->has_virtual |= segment.virtual_address != 0;
        core->has_physical |= segment.address != 0;
        enum page_ranges_fault fault =
            range_list_add(&core->list, &image->file, segment.address, segment.size, segment.offset);
        if (fault != PAGE_RANGES_FINE) {
            return sic_error_set(error, fault == PAGE_RANGES_NO_MEMORY ? SIC_NO_MEMORY : SIC_BROKEN,
                                 "%s: segment %u of the ELF core %s; its program headers are damaged", image->name, i,
                                 page_ranges_fault_text(fault));
        }
    }
    if (core->has_virtual && !core->has_physical && !core->by_qemu && !core->by_virtualbox) {
        return sic_error_set(error, SIC_UNSUPPORTED,
                             "%s: this is an ELF core of one process, without physical addresses; take a dump of the "
                             "whole machine",
                             image->name);
    }
    return SIC_OK;
}

static enum sic_status elf_core_open(struct sic_image *image, struct sic_error *error)
{
    const struct image_bytes *file = &image->file;
    struct core core = {0};
    uint32_t count = 0;

    if (!image_bytes_hold(file, 0, 18) || memcmp(file->at, "\x7f\x45\x4c\x46", 4) != 0 ||
        load_u16(file->at + 16) != TYPE_CORE) {
        return SIC_NOT_MINE;
    }
    enum sic_status status = check_header(image, error);
    if (status == SIC_OK) {
        status = count_segments(image, &count, error);
    }
    if (status == SIC_OK) {
        status = read_segments(&core, image, count, error);
    }
    if (status != SIC_OK) {
        range_list_deinit(&core.list);
        return status;
    }
    image->container = core.by_virtualbox ? "ELF core (VirtualBox)" : core.by_qemu ? "ELF core (QEMU)" : "ELF core";
    return image_take_ranges(image, &core.list, "an ELF core", error);
}

const struct image_backend image_backend_elf_core = {
    .name = "ELF core",
    .open = elf_core_open,
};
