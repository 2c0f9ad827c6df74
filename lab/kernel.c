/*
 * The kernel's image as it lies in memory: header, export directory, debug record, globals. Positions inside the PE
 * headers are those of Microsoft's PE format specification; KDDEBUGGER_DATA64 is public in wdbgexts.h.
 */
#include "world.h"

#include "bytes.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PE_OFFSET       0x108u
#define OPTIONAL        (PE_OFFSET + 0x18u)
#define SECTION_TABLE   (OPTIONAL + 0xf0u)
#define KUSER_SHARED    0xfffff78000000000ull
#define READ_ONLY_PAGES 32u

uint64_t lab_global(const struct lab_world *world, enum lab_global_id id)
{
    uint32_t rva = world->layout.globals[id];
    return rva ? world->kernel_base + rva : 0;
}

static void map_rva(struct lab_world *world, uint32_t rva)
{
    uint64_t va = world->kernel_base + (rva & ~0xfffu);
    if (lab_is_mapped(&world->memory, va))
        return;
    uint64_t frame = lab_frame_allocate(&world->memory, LAB_FRAME_KERNEL);
    bool code = rva >= LAB_PAGE && rva < READ_ONLY_PAGES * LAB_PAGE;
    lab_map_kernel(&world->memory, va, frame, !code, code);
}

/* Pages that tools look at, and one in each 2 MiB; the rest of the image is paged out. */
static void map_image(struct lab_world *world)
{
    uint32_t end = 0;
    for (int i = 0; i < LAB_GLOBAL_COUNT; i++)
        end = world->layout.globals[i] > end ? world->layout.globals[i] : end;
    world->kernel_image_size = (end + 0x245000u) & ~0xfffu;
    for (uint32_t page = 0; page < READ_ONLY_PAGES; page++)
        map_rva(world, page * LAB_PAGE);
    for (uint32_t rva = 0; rva < world->kernel_image_size; rva += 0x200000)
        map_rva(world, rva);
    for (int i = 0; i < LAB_GLOBAL_COUNT; i++)
        for (uint32_t more = 0; world->layout.globals[i] && more <= 0x2000; more += 0x1000)
            map_rva(world, world->layout.globals[i] + more);
}

/* A page of the image, at or after `rva`, in which and around which no global lies. */
static uint32_t free_page(const struct lab_world *world, uint32_t rva)
{
    for (;; rva += 0x4000) {
        bool clear = true;
        for (int i = 0; i < LAB_GLOBAL_COUNT; i++)
            clear = clear && (world->layout.globals[i] + 0x4000 < rva || world->layout.globals[i] > rva + 0x2000);
        if (clear)
            return rva;
    }
}

static void store_u32(struct lab_world *world, uint32_t rva, uint32_t value)
{
    lab_va_store_u32(&world->memory, world->kernel_base + rva, value);
}

static void store_text(struct lab_world *world, uint32_t rva, const char *text)
{
    lab_va_write(&world->memory, world->kernel_base + rva, text, strlen(text) + 1);
}

static void write_sections(struct lab_world *world)
{
    uint32_t size = (uint32_t)world->kernel_image_size, half = (size / 2) & ~0xfffu;
    const struct {
        char name[9];
        uint32_t first, end, characteristics;
    } sections[] = {{".text", 0x1000, 0x40000, 0x68000020},   {".rdata", 0x40000, 0x60000, 0x48000040},
                    {".edata", 0x60000, 0x80000, 0x40000040}, {"POOLCODE", 0x80000, 0x90000, 0x68000020},
                    {"PAGE", 0x90000, half, 0x60000020},      {".data", half, size, 0xc8000040}};
    unsigned count = sizeof sections / sizeof *sections;
    lab_va_store_u16(&world->memory, world->kernel_base + PE_OFFSET + 6, (uint16_t)count);
    for (unsigned i = 0; i < count; i++) {
        uint32_t at = SECTION_TABLE + i * 40;
        lab_va_write(&world->memory, world->kernel_base + at, sections[i].name, 8);
        store_u32(world, at + 8, sections[i].end - sections[i].first);
        store_u32(world, at + 12, sections[i].first);
        store_u32(world, at + 16, sections[i].end - sections[i].first);
        store_u32(world, at + 20, sections[i].first);
        store_u32(world, at + 36, sections[i].characteristics);
    }
}

static uint32_t timestamp(const struct lab_world *world)
{
    return (uint32_t)lab_mix(world->layout.build * 65536ull + world->layout.revision);
}

static void write_header(struct lab_world *world, uint32_t exports, uint32_t debug)
{
    uint64_t base = world->kernel_base;
    uint32_t version = lab_version(&world->layout).major | lab_version(&world->layout).minor << 16;
    lab_va_write(&world->memory, base, "MZ\x90\0\3\0\0\0\4\0\0\0\xff\xff", 14);
    store_u32(world, 0x3c, PE_OFFSET);
    lab_va_write(&world->memory, base + PE_OFFSET, "PE\0\0\x64\x86", 6);
    store_u32(world, PE_OFFSET + 8, timestamp(world));
    lab_va_store_u16(&world->memory, base + PE_OFFSET + 20, 0xf0);
    lab_va_store_u16(&world->memory, base + PE_OFFSET + 22, 0x22);
    lab_va_store_u16(&world->memory, base + OPTIONAL, 0x20b);
    store_u32(world, OPTIONAL + 4, 0x3f000);
    store_u32(world, OPTIONAL + 16, 0x1000);
    lab_va_store_u64(&world->memory, base + OPTIONAL + 24, base);
    store_u32(world, OPTIONAL + 32, 0x1000);
    store_u32(world, OPTIONAL + 36, 0x200);
    store_u32(world, OPTIONAL + 40, version);
    store_u32(world, OPTIONAL + 48, version);
    store_u32(world, OPTIONAL + 56, (uint32_t)world->kernel_image_size);
    store_u32(world, OPTIONAL + 60, 0x600);
    store_u32(world, OPTIONAL + 68, 1);
    store_u32(world, OPTIONAL + 108, 16);
    store_u32(world, OPTIONAL + 112, exports);
    store_u32(world, OPTIONAL + 116, 0x200);
    store_u32(world, OPTIONAL + 112 + 6 * 8, debug);
    store_u32(world, OPTIONAL + 116 + 6 * 8, 28);
    write_sections(world);
}

/* Two pointers in .data that no table of globals names: PsProcessType, PsThreadType. */
static void place_type_variables(struct lab_world *world)
{
    uint32_t rva = free_page(world, (uint32_t)world->kernel_image_size / 2 & ~0xfffu) + 0x128;
    map_rva(world, rva);
    world->exported_type_variables = world->kernel_base + rva;
}

struct export
{
    const char *name;
    uint32_t rva;
};

/*
 * In the order of their names, as the loader's search wants them. Kernels before 10240 are given no
 * MmSectionObjectType, so that readers have to find the type by its name there.
 */
static unsigned list_exports(const struct lab_world *world, struct export *exports)
{
    const uint32_t *globals = world->layout.globals;
    uint32_t types = (uint32_t)(world->exported_type_variables - world->kernel_base);
    unsigned count = 0;
    if (world->layout.build >= 10240)
        exports[count++] = (struct export){"MmSectionObjectType", globals[LAB_GLOBAL_MmSectionObjectType]};
    exports[count++] = (struct export){"NtBuildNumber", globals[LAB_GLOBAL_NtBuildNumber]};
    exports[count++] = (struct export){"PsInitialSystemProcess", globals[LAB_GLOBAL_PsInitialSystemProcess]};
    exports[count++] = (struct export){"PsLoadedModuleList", globals[LAB_GLOBAL_PsLoadedModuleList]};
    exports[count++] = (struct export){"PsProcessType", types};
    exports[count++] = (struct export){"PsThreadType", types + 8};
    return count;
}

/* IMAGE_EXPORT_DIRECTORY with its arrays behind it. */
static void write_exports(struct lab_world *world, uint32_t rva)
{
    struct export exports[6];
    unsigned count = list_exports(world, exports);
    uint32_t functions = rva + 40, names = functions + count * 4, ordinals = names + count * 4, text = rva + 0x80;
    map_rva(world, rva);
    store_u32(world, rva + 4, timestamp(world));
    store_u32(world, rva + 12, text);
    store_u32(world, rva + 16, 1);
    store_u32(world, rva + 20, count);
    store_u32(world, rva + 24, count);
    store_u32(world, rva + 28, functions);
    store_u32(world, rva + 32, names);
    store_u32(world, rva + 36, ordinals);
    store_text(world, text, "ntoskrnl.exe");
    text += 16;
    for (unsigned i = 0; i < count; i++, text += 32) {
        store_u32(world, functions + i * 4, exports[i].rva);
        store_u32(world, names + i * 4, text);
        lab_va_store_u16(&world->memory, world->kernel_base + ordinals + i * 2, (uint16_t)i);
        store_text(world, text, exports[i].name);
    }
}

static uint64_t hex_piece(const char *text, size_t from, size_t digits)
{
    char piece[17] = "";
    memcpy(piece, text + from, digits);
    return strtoull(piece, NULL, 16);
}

/* IMAGE_DEBUG_DIRECTORY of type CODEVIEW, and the RSDS record: signature, GUID, age, name. */
static void write_debug(struct lab_world *world, uint32_t rva)
{
    const char *guid = world->layout.guid_age;
    uint64_t record = world->kernel_base + rva + 0x40;
    map_rva(world, rva);
    store_u32(world, rva + 4, timestamp(world));
    store_u32(world, rva + 12, 2);
    store_u32(world, rva + 16, 25 + (uint32_t)strlen(world->layout.pdb));
    store_u32(world, rva + 20, rva + 0x40);
    store_u32(world, rva + 24, rva + 0x40);
    lab_va_write(&world->memory, record, "RSDS", 4);
    lab_va_store_u32(&world->memory, record + 4, (uint32_t)hex_piece(guid, 0, 8));
    lab_va_store_u16(&world->memory, record + 8, (uint16_t)hex_piece(guid, 8, 4));
    lab_va_store_u16(&world->memory, record + 10, (uint16_t)hex_piece(guid, 12, 4));
    for (unsigned i = 0; i < 8; i++)
        lab_va_store_u8(&world->memory, record + 12 + i, (uint8_t)hex_piece(guid, 16 + i * 2, 2));
    lab_va_store_u32(&world->memory, record + 20, (uint32_t)strtoul(guid + 32, NULL, 16));
    lab_va_write(&world->memory, record + 24, world->layout.pdb, strlen(world->layout.pdb) + 1);
}

/* Win32 protections by the five bits of the memory manager's. */
static void write_protections(struct lab_world *world)
{
    static const uint32_t basic[8] = {1, 2, 0x10, 0x20, 4, 8, 0x40, 0x80}, more[4] = {0, 0x200, 0x100, 0x400};
    uint64_t table = lab_global(world, LAB_GLOBAL_MmProtectToValue);
    for (unsigned i = 0; i < 32; i++)
        lab_va_store_u32(&world->memory, table + i * 4, i % 8 ? basic[i % 8] | more[i / 8] : 1);
}

static void write_strings(struct lab_world *world)
{
    char text[64];
    uint64_t lab = lab_global(world, LAB_GLOBAL_NtBuildLab), lab_ex = lab_global(world, LAB_GLOBAL_NtBuildLabEx);
    int size =
        snprintf(text, sizeof text, "%u.%u.amd64fre.lab.200101-0000", world->layout.build, world->layout.revision);
    if (lab)
        lab_va_write(&world->memory, lab, text, (size_t)size + 1);
    if (lab_ex)
        lab_va_write(&world->memory, lab_ex, text, (size_t)size + 1);
}

static void write_debugger_block(struct lab_world *world)
{
    uint64_t block = lab_global(world, LAB_GLOBAL_KdDebuggerDataBlock);
    const struct {
        uint32_t offset;
        enum lab_global_id id;
    } pointers[] = {{0x48, LAB_GLOBAL_PsLoadedModuleList},
                    {0x50, LAB_GLOBAL_PsActiveProcessHead},
                    {0x58, LAB_GLOBAL_PspCidTable},
                    {0x98, LAB_GLOBAL_ObpRootDirectoryObject},
                    {0xc0, LAB_GLOBAL_MmPfnDatabase}};
    if (!block || !world->scenario->kdbg)
        return;
    lab_va_store_u64(&world->memory, block, block);
    lab_va_store_u64(&world->memory, block + 8, block);
    lab_va_write(&world->memory, block + 0x10, "KDBG", 4);
    lab_va_store_u32(&world->memory, block + 0x14, 0x380);
    lab_va_store_u64(&world->memory, block + 0x18, world->kernel_base);
    for (unsigned i = 0; i < sizeof pointers / sizeof *pointers; i++)
        lab_va_store_u64(&world->memory, block + pointers[i].offset, lab_global(world, pointers[i].id));
    lab_va_store_u64(&world->memory, block + 0x138, LAB_PAGE);
}

/* PsLoadedModuleList with one KLDR_DATA_TABLE_ENTRY. Its members have kept their places since the first x64 kernels. */
static void write_module(struct lab_world *world)
{
    struct lab_memory *memory = &world->memory;
    uint64_t head = lab_global(world, LAB_GLOBAL_PsLoadedModuleList);
    uint64_t entry = lab_pool_allocate(&world->nonpaged, 0xa0, LAB_TAG('M', 'm', 'L', 'd'));
    lab_va_store_u64(memory, head, entry);
    lab_va_store_u64(memory, head + 8, entry);
    lab_va_store_u64(memory, entry, head);
    lab_va_store_u64(memory, entry + 8, head);
    lab_va_store_u64(memory, entry + 0x30, world->kernel_base);
    lab_va_store_u64(memory, entry + 0x38, world->kernel_base + 0x1000);
    lab_va_store_u32(memory, entry + 0x40, (uint32_t)world->kernel_image_size);
    lab_unicode_write(world, entry + 0x48, "\\SystemRoot\\system32\\ntoskrnl.exe", LAB_TAG('M', 'm', 'L', 'd'));
    lab_unicode_write(world, entry + 0x58, "ntoskrnl.exe", LAB_TAG('M', 'm', 'L', 'd'));
    lab_va_store_u16(memory, entry + 0x6c, 1);
}

/* ObpInfoMaskToOffset: for each InfoMask, how far in front of the header its optional parts begin. */
static void write_info_offsets(struct lab_world *world)
{
    static const uint8_t sizes[8] = {0x20, 0x20, 0x10, 0x20, 0x10, 0x10, 0x10, 0x04};
    uint64_t table = lab_global(world, LAB_GLOBAL_ObpInfoMaskToOffset);
    for (unsigned mask = 0; table && mask < 256; mask++) {
        unsigned size = 0;
        for (unsigned bit = 0; bit < 8; bit++)
            size += mask >> bit & 1 ? sizes[bit] : 0;
        lab_va_store_u8(&world->memory, table + mask, (uint8_t)size);
    }
}

static void write_globals(struct lab_world *world)
{
    struct lab_memory *memory = &world->memory;
    uint64_t state = lab_global(world, LAB_GLOBAL_MiState), cookie = lab_global(world, LAB_GLOBAL_ObHeaderCookie);
    lab_va_store_u32(memory, lab_global(world, LAB_GLOBAL_NtBuildNumber), 0xf0000000u | world->layout.build);
    write_protections(world);
    write_strings(world);
    write_info_offsets(world);
    write_debugger_block(world);
    if (state && lab_has(&world->layout, LAB_INVALID_PTE_MASK))
        lab_va_store_u64(memory, state + lab_offset(&world->layout, LAB_INVALID_PTE_MASK),
                         world->scenario->swizzle ? world->scenario->invalid_pte_mask : 0);
    if (cookie && world->layout.build >= 10240) {
        world->cookie = (uint8_t)(lab_mix(world->scenario->seed + 0xc00) | 1);
        lab_va_store_u8(memory, cookie, world->cookie);
    }
    if (lab_global(world, LAB_GLOBAL_MmPfnDatabase))
        lab_va_store_u64(memory, lab_global(world, LAB_GLOBAL_MmPfnDatabase), 0xffffe00000000000ull);
}

/* Regions of which tools only want that they exist, and KUSER_SHARED_DATA with its version numbers. */
static void map_other_regions(struct lab_world *world)
{
    static const uint64_t regions[] = {KUSER_SHARED, 0xffffe00000000000ull, 0xffffb10000000000ull,
                                       0xfffff90000000000ull, 0xffffffffffd00000ull};
    struct lab_memory *memory = &world->memory;
    for (unsigned i = 0; i < sizeof regions / sizeof *regions; i++)
        if (!lab_is_mapped(memory, regions[i]))
            lab_map_kernel(memory, regions[i], lab_frame_allocate(memory, LAB_FRAME_KERNEL), true, false);
    lab_va_store_u64(memory, KUSER_SHARED + 0x14, world->scenario->system_time);
    lab_va_store_u32(memory, KUSER_SHARED + 0x260, world->layout.build);
    lab_va_store_u32(memory, KUSER_SHARED + 0x264, 1);
    lab_va_store_u32(memory, KUSER_SHARED + 0x26c, lab_version(&world->layout).major);
    lab_va_store_u32(memory, KUSER_SHARED + 0x270, lab_version(&world->layout).minor);
}

/* PROCESSOR_START_BLOCK in the first MiB: jump, entry of the kernel @70, CR3 @a0. */
static void write_low_stub(struct lab_world *world)
{
    lab_frame_take(&world->memory, 0x13, LAB_FRAME_KERNEL);
    uint8_t *bytes = lab_frame_bytes(&world->memory, 0x13);
    lab_store_u64(bytes, 0x00000001000600e9ull);
    lab_store_u64(bytes + 0x70, world->kernel_base + 0x1000);
    lab_store_u64(bytes + 0xa0, world->memory.root << 12);
}

void lab_kernel_build(struct lab_world *world)
{
    map_image(world);
    uint32_t debug = free_page(world, 0x40000), exports = free_page(world, debug + 0x20000);
    write_header(world, exports, debug);
    place_type_variables(world);
    write_exports(world, exports);
    write_debug(world, debug);
    write_globals(world);
    write_module(world);
    map_other_regions(world);
    if (world->scenario->low_stub)
        write_low_stub(world);
}

void lab_kernel_publish(struct lab_world *world, uint64_t system_eprocess)
{
    lab_va_store_u64(&world->memory, lab_global(world, LAB_GLOBAL_PsInitialSystemProcess), system_eprocess);
}
