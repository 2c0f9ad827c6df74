/*
 * Crash dumps of 64-bit Windows: the header common to all types, and the choice of the layout behind it. Offsets are
 * those of DUMP_HEADER64 in the Windows SDK's and the debuggers' headers; docs/formats/ lists them.
 */
#include "image/dump.h"

#include <string.h>

#define OFFSET_MACHINE     0x30u
#define OFFSET_DUMP_TYPE   0xf98u
#define OFFSET_SYSTEM_TIME 0xfa8u

#define MACHINE_AMD64   0x8664u
#define MACHINE_ARM64   0xaa64u
#define MACHINE_ITANIUM 0x0200u

struct dump_layout {
    uint32_t type;
    const char *container;
    enum sic_status (*open)(struct sic_image *image, struct sic_error *error);
    const char *refusal; /* where `open` is NULL: what the dump is and what to do next */
};

#define TAKE_ANOTHER "take a complete dump, or a live kernel dump from Task Manager"

static const struct dump_layout layouts[] = {
    {.type = 1, .container = "crash dump, type 1 (full)", .open = image_dump_open_full},
    {.type = 2, .refusal = "a kernel summary dump (type 2, written up to Windows 7), not read yet; " TAKE_ANOTHER},
    {.type = 3, .refusal = "a header-only dump (type 3) that holds no memory, not read; " TAKE_ANOTHER},
    {.type = 4, .container = "crash dump, type 4 (triage)", .open = image_dump_open_triage},
    {.type = 5, .container = "crash dump, type 5 (full bitmap)", .open = image_dump_open_bitmap},
    {.type = 6, .container = "crash dump, type 6 (kernel bitmap)", .open = image_dump_open_bitmap},
    {.type = 7, .container = "crash dump, type 7 (bitmap)", .open = image_dump_open_bitmap},
    {.type = 8, .container = "crash dump, type 8 (.dump /k)", .open = image_dump_open_ranges},
    {.type = 9, .container = "crash dump, type 9 (.dump /ka)", .open = image_dump_open_ranges},
    {.type = 10, .container = "crash dump, type a (.dump /f)", .open = image_dump_open_ranges},
};

static const struct dump_layout *find_layout(uint32_t type)
{
    for (size_t i = 0; i < sizeof(layouts) / sizeof(layouts[0]); i++) {
        if (layouts[i].type == type) {
            return &layouts[i];
        }
    }
    return NULL;
}

/* Windows fills a header page with "PAGE" before it writes fields: such a value was never set. */
static uint32_t header_u32(const struct image_bytes *file, uint64_t offset)
{
    uint32_t value = image_u32(file, offset);
    return value == DUMP_UNSET ? 0 : value;
}

static uint64_t header_u64(const struct image_bytes *file, uint64_t offset)
{
    uint64_t value = image_u64(file, offset);
    return value == ((uint64_t)DUMP_UNSET << 32 | DUMP_UNSET) ? 0 : value;
}

static void read_header(const struct image_bytes *file, struct sic_image_header *header)
{
    header->build = header_u32(file, 0x0c);
    header->directory_table_base = header_u64(file, 0x10) & ~UINT64_C(0xfff);
    header->ps_loaded_module_list_va = header_u64(file, 0x20);
    header->ps_active_process_head_va = header_u64(file, 0x28);
    header->machine = header_u32(file, OFFSET_MACHINE);
    header->processors = header_u32(file, 0x34);
    header->kd_debugger_data_block_va = header_u64(file, 0x80);
    header->dump_type = header_u32(file, OFFSET_DUMP_TYPE);
    header->system_time = header_u64(file, OFFSET_SYSTEM_TIME);
}

static enum sic_status check_machine(const struct sic_image *image, struct sic_error *error)
{
    uint32_t machine = image->header.machine;

    if (machine == MACHINE_AMD64) {
        return SIC_OK;
    }
    if (machine == MACHINE_ARM64 || machine == MACHINE_ITANIUM) {
        return sic_error_set(error, SIC_UNSUPPORTED,
                             "%s: this is a crash dump of an %s machine (0x%04x); SiC reads dumps of x64 machines",
                             image->name, machine == MACHINE_ARM64 ? "ARM64" : "Itanium", machine);
    }
    return sic_error_set(error, SIC_BROKEN,
                         "%s: the dump header names machine 0x%04x at offset 0x30, which is not x64 (0x8664); "
                         "the header is damaged or of a machine that SiC does not know",
                         image->name, machine);
}

bool image_dump_has_bitmap(const struct image_bytes *file)
{
    return image_bytes_hold(file, DUMP_HEADER_SIZE, 8) && (memcmp(file->at + DUMP_HEADER_SIZE, "SDMPDUMP", 8) == 0 ||
                                                           memcmp(file->at + DUMP_HEADER_SIZE, "FDMPDUMP", 8) == 0);
}

static enum sic_status open_layout(struct sic_image *image, struct sic_error *error)
{
    uint32_t type = image->header.dump_type;
    const struct dump_layout *layout = find_layout(type);

    if (layout == NULL) {
        return sic_error_set(error, SIC_UNSUPPORTED,
                             "%s: a crash dump of unknown type 0x%x (offset 0xf98); " TAKE_ANOTHER, image->name, type);
    }
    if (layout->open == NULL) {
        return sic_error_set(error, SIC_UNSUPPORTED, "%s: this is %s", image->name, layout->refusal);
    }
    image->container = layout->container;
    return layout->open(image, error);
}

static enum sic_status refuse_32_bit(const struct sic_image *image, struct sic_error *error)
{
    return sic_error_set(error, SIC_UNSUPPORTED,
                         "%s: this is a crash dump of 32-bit Windows (PAGEDUMP); SiC reads dumps of 64-bit Windows",
                         image->name);
}

static enum sic_status dump_open(struct sic_image *image, struct sic_error *error)
{
    const struct image_bytes *file = &image->file;

    if (!image_bytes_hold(file, 0, 8) || memcmp(file->at, "PAGEDU", 6) != 0) {
        return SIC_NOT_MINE;
    }
    if (memcmp(file->at, "PAGEDUMP", 8) == 0) {
        return refuse_32_bit(image, error);
    }
    if (memcmp(file->at, "PAGEDU64", 8) != 0) {
        return SIC_NOT_MINE;
    }
    if (!image_bytes_hold(file, 0, DUMP_HEADER_SIZE)) {
        return sic_error_set(error, SIC_BROKEN,
                             "%s: a crash dump cut short in its header: %llu bytes instead of at least 8192; "
                             "copy the dump again",
                             image->name, (unsigned long long)file->size);
    }
    read_header(file, &image->header);
    enum sic_status status = check_machine(image, error);
    return status == SIC_OK ? open_layout(image, error) : status;
}

const struct image_backend image_backend_dump = {
    .name = "crash dump",
    .open = dump_open,
};
