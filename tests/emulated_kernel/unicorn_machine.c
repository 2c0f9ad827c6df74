#include "unicorn_machine.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include <cmocka.h>

#define PAGE          0x1000u
#define STUB_SIZE     16u
#define RETURN_STUB   (UM_STUBS + PAGE - STUB_SIZE) /* where calls of the driver's functions return to */
#define UNCHANGED     0x5afe5afe00000000ull         /* what registers hold that a function must preserve */
#define INSTRUCTIONS  (1ull << 34)                  /* far more than any request takes */
#define SCN_EXECUTE   0x20000000u
#define SCN_READ      0x40000000u
#define SCN_WRITE     0x80000000u
#define RELOCATE_NONE 0u
#define RELOCATE_64   10u

static uint64_t load(const uint8_t *bytes, unsigned size)
{
    uint64_t value = 0;

    memcpy(&value, bytes, size);
    return value;
}

static void require(struct um_machine *machine, uc_err error, const char *what)
{
    if (error != UC_ERR_OK)
        ek_violate(machine->ek, "%s: %s", what, uc_strerror(error));
}

static void map_region(struct um_machine *machine, struct um_region *region, uint64_t address, uint64_t size)
{
    *region = (struct um_region){.address = address, .size = size};
    region->bytes = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    assert_true(region->bytes != MAP_FAILED);
    require(machine, uc_mem_map_ptr(machine->engine, address, size, UC_PROT_READ | UC_PROT_WRITE, region->bytes),
            "mapping");
}

static uint8_t *read_file(const char *path, size_t *size)
{
    FILE *file = fopen(path, "rb");
    uint8_t *bytes;

    if (!file)
        fail_msg("%s is not built: run ./dev build", path);
    fseek(file, 0, SEEK_END);
    *size = (size_t)ftell(file);
    rewind(file);
    bytes = malloc(*size);
    assert_non_null(bytes);
    assert_int_equal(fread(bytes, 1, *size, file), *size);
    fclose(file);
    return bytes;
}

/* Where the optional header of a PE32+ for x64 stands. */
static const uint8_t *optional_header(const uint8_t *file, size_t size)
{
    const uint8_t *nt = file + load(file + 0x3c, 4);

    assert_true(size > 0x400 && load(file, 2) == 0x5a4d && load(file + 0x3c, 4) < 0x200);
    assert_int_equal(load(nt, 4), 0x4550);
    assert_int_equal(load(nt + 4, 2), 0x8664);
    assert_int_equal(load(nt + 24, 2), 0x20b);
    return nt + 24;
}

/* Copies headers and sections to where they belong; rights come later. */
static void copy_sections(struct um_machine *machine, const uint8_t *file, const uint8_t *optional)
{
    unsigned count = (unsigned)load(optional - 18, 2);
    const uint8_t *section = optional + load(optional - 4, 2);

    memcpy(machine->image.bytes, file, load(optional + 60, 4));
    for (unsigned i = 0; i < count; i++, section += 40) {
        uint64_t size = load(section + 8, 4), raw = load(section + 16, 4), rva = load(section + 12, 4);

        assert_true(rva + size <= machine->image.size);
        memcpy(machine->image.bytes + rva, file + load(section + 20, 4), raw < size ? raw : size);
    }
}

static void relocate(struct um_machine *machine, const uint8_t *optional)
{
    uint64_t delta = UM_IMAGE - load(optional + 24, 8), end;
    uint8_t *block = machine->image.bytes + load(optional + 112 + 5 * 8, 4);
    unsigned relocations = 0;

    end = load(optional + 112 + 5 * 8 + 4, 4);
    for (uint64_t at = 0; at < end;) {
        uint64_t page = load(block + at, 4), size = load(block + at + 4, 4);

        assert_true(size >= 8);
        for (uint64_t i = 8; i < size; i += 2) {
            uint64_t entry = load(block + at + i, 2), value;
            uint8_t *place = machine->image.bytes + page + (entry & 0xfff);

            if (entry >> 12 == RELOCATE_NONE)
                continue;
            assert_int_equal(entry >> 12, RELOCATE_64);
            value = load(place, 8) + delta;
            memcpy(place, &value, 8);
            relocations++;
        }
        at += size;
    }
    assert_true(relocations > 0);
}

static uint64_t add_stub(struct um_machine *machine, const struct um_routine *routine)
{
    assert_true(machine->import_count < UM_IMPORT_LIMIT);
    machine->imports[machine->import_count] = routine;
    return UM_STUBS + STUB_SIZE * machine->import_count++;
}

uint64_t um_find_routine(struct um_machine *machine, const char *name)
{
    for (unsigned i = 0; i < machine->import_count; i++) {
        if (strcmp(machine->imports[i]->name, name) == 0)
            return UM_STUBS + STUB_SIZE * i;
    }
    for (const struct um_routine *routine = machine->routines; routine->name[0] != '\0'; routine++) {
        if (strcmp(routine->name, name) == 0)
            return add_stub(machine, routine);
    }
    return 0;
}

static void bind_imports(struct um_machine *machine, const uint8_t *optional)
{
    const uint8_t *image = machine->image.bytes, *descriptor = image + load(optional + 112 + 8, 4);

    for (; load(descriptor + 12, 4) != 0; descriptor += 20) {
        const uint8_t *names = image + load(descriptor, 4);
        uint8_t *addresses = machine->image.bytes + load(descriptor + 16, 4);

        assert_string_equal((const char *)image + load(descriptor + 12, 4), "ntoskrnl.exe");
        for (; load(names, 8) != 0; names += 8, addresses += 8) {
            const char *name = (const char *)image + load(names, 8) + 2;
            uint64_t stub = um_find_routine(machine, name);

            if (stub == 0)
                fail_msg("the driver imports %s, which this kernel does not have", name);
            memcpy(addresses, &stub, 8);
        }
    }
}

/* Each section with the rights that its header names. */
static void map_sections(struct um_machine *machine, const uint8_t *optional)
{
    unsigned count = (unsigned)load(optional - 18, 2);
    const uint8_t *section = optional + load(optional - 4, 2);

    require(machine, uc_mem_map_ptr(machine->engine, UM_IMAGE, PAGE, UC_PROT_READ, machine->image.bytes), "headers");
    for (unsigned i = 0; i < count; i++, section += 40) {
        uint64_t rva = load(section + 12, 4), size = (load(section + 8, 4) + PAGE - 1) & ~(uint64_t)(PAGE - 1);
        uint32_t flags = (uint32_t)load(section + 36, 4);
        uint32_t rights = (flags & SCN_READ ? UC_PROT_READ : 0) | (flags & SCN_WRITE ? UC_PROT_WRITE : 0) |
                          (flags & SCN_EXECUTE ? UC_PROT_EXEC : 0);

        if ((flags & SCN_WRITE) && (flags & SCN_EXECUTE))
            ek_violate(machine->ek, "a section is writable and executable");
        require(machine, uc_mem_map_ptr(machine->engine, UM_IMAGE + rva, size, rights, machine->image.bytes + rva),
                "section");
    }
}

static void load_image(struct um_machine *machine, const char *path)
{
    size_t size;
    uint8_t *file = read_file(path, &size);
    const uint8_t *optional = optional_header(file, size);

    machine->image.address = UM_IMAGE;
    machine->image.size = load(optional + 56, 4);
    machine->image.bytes = mmap(NULL, machine->image.size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    assert_true(machine->image.bytes != MAP_FAILED);
    machine->entry = UM_IMAGE + load(optional + 16, 4);
    copy_sections(machine, file, optional);
    relocate(machine, optional);
    bind_imports(machine, optional);
    map_sections(machine, optional);
    free(file);
}

/*
 * A stub is a `ret`: before it runs, the routine does its work and leaves its result in RAX. The IRQL is the one that
 * the test calls at: no import raises it, and tests/system/test_driver_file.py finds no instruction that does.
 */
static void on_stub(uc_engine *engine, uint64_t address, uint32_t size, void *context)
{
    struct um_machine *machine = context;
    uint64_t index = (address - UM_STUBS) / STUB_SIZE, result;

    (void)size;
    if (address >= RETURN_STUB)
        return;
    if (index >= machine->import_count || address % STUB_SIZE != 0) {
        ek_violate(machine->ek, "a jump to %llx", (unsigned long long)address);
        uc_emu_stop(engine);
        return;
    }
    result = machine->imports[index]->call(machine);
    uc_reg_write(engine, UC_X86_REG_RAX, &result);
}

static bool on_bad_access(uc_engine *engine, uc_mem_type type, uint64_t address, int size, int64_t value, void *context)
{
    struct um_machine *machine = context;
    uint64_t rip;

    (void)value;
    uc_reg_read(engine, UC_X86_REG_RIP, &rip);
    ek_violate(machine->ek, "an access (%d) of %d bytes at %llx, from the driver's %llx", (int)type, size,
               (unsigned long long)address, (unsigned long long)(rip - UM_IMAGE));
    return false;
}

static const int preserved[] = {UC_X86_REG_RBX, UC_X86_REG_RBP, UC_X86_REG_RSI, UC_X86_REG_RDI,
                                UC_X86_REG_R12, UC_X86_REG_R13, UC_X86_REG_R14, UC_X86_REG_R15};

static void check_preserved(struct um_machine *machine, uint64_t stack)
{
    uint64_t value;

    for (unsigned i = 0; i < sizeof(preserved) / sizeof(preserved[0]); i++) {
        uc_reg_read(machine->engine, preserved[i], &value);
        if (value != UNCHANGED + i)
            ek_violate(machine->ek, "a register was not preserved");
    }
    uc_reg_read(machine->engine, UC_X86_REG_RSP, &value);
    if (value != stack + 8)
        ek_violate(machine->ek, "the stack is not where it was");
}

uint64_t um_call(struct um_machine *machine, uint64_t function, uint64_t first, uint64_t second)
{
    /* Room for the four register arguments above the return address, as the caller leaves it. */
    uint64_t stack = UM_STACK + UM_STACK_SIZE - 0x100 - 8, result = 0;

    um_store(machine, stack, RETURN_STUB, 8);
    uc_reg_write(machine->engine, UC_X86_REG_RSP, &stack);
    uc_reg_write(machine->engine, UC_X86_REG_RCX, &first);
    uc_reg_write(machine->engine, UC_X86_REG_RDX, &second);
    for (unsigned i = 0; i < sizeof(preserved) / sizeof(preserved[0]); i++) {
        uint64_t value = UNCHANGED + i;

        uc_reg_write(machine->engine, preserved[i], &value);
    }
    require(machine, uc_emu_start(machine->engine, function, RETURN_STUB, 0, INSTRUCTIONS), "the driver");
    check_preserved(machine, stack);
    uc_reg_read(machine->engine, UC_X86_REG_RAX, &result);
    return result;
}

void um_touch(struct um_machine *machine, uint64_t address)
{
    static const uint8_t code[] = {0x8a, 0x01, 0xc3}; /* mov al, [rcx]; ret */
    uint64_t page = UM_STUBS + 4 * PAGE;

    require(machine, uc_mem_map(machine->engine, page, PAGE, UC_PROT_ALL), "code");
    require(machine, uc_mem_write(machine->engine, page, code, sizeof(code)), "code");
    um_call(machine, page, address, 0);
    require(machine, uc_mem_unmap(machine->engine, page, PAGE), "code");
}

uint64_t um_argument(struct um_machine *machine, unsigned index)
{
    static const int registers[] = {UC_X86_REG_RCX, UC_X86_REG_RDX, UC_X86_REG_R8, UC_X86_REG_R9};
    uint64_t value;

    if (index < 4) {
        uc_reg_read(machine->engine, registers[index], &value);
        return value;
    }
    uc_reg_read(machine->engine, UC_X86_REG_RSP, &value);
    return um_load(machine, value + 8 + 8 * index, 8);
}

uint8_t *um_host(struct um_machine *machine, uint64_t address, uint64_t size)
{
    const struct um_region *regions[] = {&machine->image, &machine->stack, &machine->pool, &machine->objects};

    for (unsigned i = 0; i < sizeof(regions) / sizeof(regions[0]); i++) {
        uint64_t offset = address - regions[i]->address;

        if (offset < regions[i]->size && size <= regions[i]->size - offset)
            return regions[i]->bytes + offset;
    }
    return NULL;
}

uint64_t um_load(struct um_machine *machine, uint64_t address, unsigned size)
{
    const uint8_t *bytes = um_host(machine, address, size);

    if (!bytes)
        ek_violate(machine->ek, "a routine was given %llx", (unsigned long long)address);
    return bytes ? load(bytes, size) : 0;
}

void um_store(struct um_machine *machine, uint64_t address, uint64_t value, unsigned size)
{
    uint8_t *bytes = um_host(machine, address, size);

    if (bytes)
        memcpy(bytes, &value, size);
    else
        ek_violate(machine->ek, "a routine was given %llx", (unsigned long long)address);
}

uint64_t um_map_output(struct um_machine *machine, const uint8_t *bytes, uint32_t size)
{
    uint64_t pages = ((uint64_t)size + PAGE - 1) & ~(uint64_t)(PAGE - 1);

    if (size == 0)
        return UM_OUTPUT;
    machine->output = (struct um_region){.address = UM_OUTPUT, .size = pages};
    machine->output.bytes = mmap(NULL, pages, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    assert_true(machine->output.bytes != MAP_FAILED);
    memcpy(machine->output.bytes + pages - size, bytes, size);
    require(machine, uc_mem_map_ptr(machine->engine, UM_OUTPUT, pages, UC_PROT_WRITE, machine->output.bytes),
            "the caller's buffer");
    return UM_OUTPUT + pages - size;
}

void um_unmap_output(struct um_machine *machine, uint8_t *bytes, uint32_t size)
{
    if (size == 0)
        return;
    memcpy(bytes, machine->output.bytes + machine->output.size - size, size);
    require(machine, uc_mem_unmap(machine->engine, UM_OUTPUT, machine->output.size), "the caller's buffer");
    munmap(machine->output.bytes, machine->output.size);
    machine->output = (struct um_region){0};
}

void um_open(struct um_machine *machine, struct ek *ek, const char *path, const struct um_routine *routines)
{
    static uint8_t stubs[PAGE] __attribute__((aligned(4096)));
    /* PAE, which 64-bit mode needs, and LA57 where the image's kernel runs with it. */
    uint64_t cr4 = 0x20 | (ek->image.levels == 5 ? 0x1000 : 0);
    uc_hook hook;

    memset(machine, 0, sizeof(*machine));
    machine->ek = ek;
    machine->routines = routines;
    memset(stubs, 0xc3, sizeof(stubs));
    assert_int_equal(uc_open(UC_ARCH_X86, UC_MODE_64, &machine->engine), UC_ERR_OK);
    require(machine, uc_mem_map_ptr(machine->engine, UM_STUBS, PAGE, UC_PROT_READ | UC_PROT_EXEC, stubs), "stubs");
    map_region(machine, &machine->stack, UM_STACK, UM_STACK_SIZE);
    map_region(machine, &machine->pool, UM_POOL, UM_POOL_SIZE);
    map_region(machine, &machine->objects, UM_OBJECTS, UM_OBJECTS_SIZE);
    load_image(machine, path);
    require(machine, uc_reg_write(machine->engine, UC_X86_REG_CR4, &cr4), "CR4");
    require(machine,
            uc_hook_add(machine->engine, &hook, UC_HOOK_CODE, (void *)on_stub, machine, UM_STUBS, UM_STUBS + PAGE - 1),
            "hook");
    require(machine,
            uc_hook_add(machine->engine, &hook, UC_HOOK_MEM_INVALID, (void *)on_bad_access, machine, (uint64_t)1,
                        (uint64_t)0),
            "hook");
}

static void unmap(struct um_region *region)
{
    munmap(region->bytes, region->size);
}

void um_close(struct um_machine *machine)
{
    uc_close(machine->engine);
    unmap(&machine->image);
    unmap(&machine->stack);
    unmap(&machine->pool);
    unmap(&machine->objects);
    memset(machine, 0, sizeof(*machine));
}
