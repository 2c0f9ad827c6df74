/*
 * Processes: EPROCESS, page-table root, PEB, token, handle table, and the list that holds them together.
 */
#include "world.h"

#include "bytes.h"

#include <stdio.h>
#include <string.h>

#define KERNEL_HALF    2048u /* byte offset in a PML4 */
#define SELF_REFERENCE 0x8000000000000063ull

static struct lab_pool *pool_for(struct lab_world *world, size_t index)
{
    if (world->scenario->giant_page && index % 3 == 2)
        return &world->giant;
    return world->scenario->large_pages && index % 2 ? &world->large : &world->nonpaged;
}

static uint32_t eprocess_size(const struct lab_world *world)
{
    return lab_offset(&world->layout, LAB_EPROCESS_SIZE);
}

/* EPROCESSes at addresses that the scenario names come before everything else. */
static void place_process(struct lab_world *world, const struct lab_process *process)
{
    uint32_t header = lab_offset(&world->layout, LAB_HEADER_BODY);
    if (process->eprocess)
        lab_pool_place(&world->memory, &world->placements, process->eprocess - header, eprocess_size(world) + header,
                       LAB_TAG('P', 'r', 'o', 'c'), 2);
    if (process->dtb && process->dtb >> 12 != world->memory.root)
        lab_frame_reserve(&world->memory, process->dtb >> 12, 1);
}

static void allocate_process(struct lab_world *world, struct lab_process *process, size_t index)
{
    struct lab_memory *memory = &world->memory;
    if (process->eprocess)
        lab_object_header(world, process->eprocess, LAB_TYPE_PROCESS);
    else
        process->eprocess = lab_object_allocate(world, pool_for(world, index), eprocess_size(world),
                                                LAB_TAG('P', 'r', 'o', 'c'), LAB_TYPE_PROCESS);
    if (process->pid == 4)
        process->dtb = memory->root << 12;
    else if (process->dtb)
        lab_frame_take(memory, process->dtb >> 12, LAB_FRAME_KERNEL);
    else
        process->dtb = lab_frame_allocate(memory, LAB_FRAME_KERNEL) << 12;
}

static void write_list(struct lab_world *world)
{
    struct lab_memory *memory = &world->memory;
    const struct lab_scenario *scenario = world->scenario;
    uint32_t links = lab_offset(&world->layout, LAB_EPROCESS_LINKS);
    uint64_t head = lab_global(world, LAB_GLOBAL_PsActiveProcessHead), previous = head;
    for (size_t i = 0; i < scenario->process_count; i++) {
        uint64_t entry = scenario->processes[i].eprocess + links;
        lab_va_store_u64(memory, previous, entry);
        lab_va_store_u64(memory, entry + 8, previous);
        previous = entry;
    }
    lab_va_store_u64(memory, previous, head);
    lab_va_store_u64(memory, head + 8, previous);
}

/* SE_AUDIT_PROCESS_CREATION_INFO: an OBJECT_NAME_INFORMATION whose text follows it. */
static void write_path(struct lab_world *world, const struct lab_process *process)
{
    uint8_t bytes[2048];
    struct lab_memory *memory = &world->memory;
    uint64_t size = process->path ? lab_utf16(process->path, bytes, sizeof bytes) : 0;
    uint64_t info = lab_pool_allocate(&world->paged, (uint32_t)size + 0x12, LAB_TAG('S', 'e', 'O', 'n'));
    lab_va_store_u64(memory, process->eprocess + lab_offset(&world->layout, LAB_EPROCESS_AUDIT), info);
    if (!size)
        return;
    lab_va_store_u16(memory, info, (uint16_t)size);
    lab_va_store_u16(memory, info + 2, (uint16_t)(size + 2));
    lab_va_store_u64(memory, info + 8, info + 0x10);
    lab_va_write(memory, info + 0x10, bytes, size);
}

/* One leaf, no handles: HANDLE_TABLE.TableCode with level 0. */
static void write_handle_table(struct lab_world *world, const struct lab_process *process)
{
    const struct lab_layout *layout = &world->layout;
    struct lab_memory *memory = &world->memory;
    uint64_t table =
        lab_pool_allocate(&world->nonpaged, lab_offset(layout, LAB_HANDLES_SIZE), LAB_TAG('O', 'b', 't', 'b'));
    uint64_t leaf = lab_pool_allocate(&world->paged, LAB_PAGE, 0);
    lab_va_store_u64(memory, table + lab_offset(layout, LAB_HANDLES_CODE), leaf);
    lab_va_store_u64(memory, table + lab_offset(layout, LAB_HANDLES_PROCESS), process->eprocess);
    lab_va_store_u32(memory, table + lab_offset(layout, LAB_HANDLES_PID), (uint32_t)process->pid);
    lab_va_store_u64(memory, process->eprocess + lab_offset(layout, LAB_EPROCESS_OBJECT_TABLE), table);
}

/* A token of user S-1-5-18 at system integrity: SID_AND_ATTRIBUTES array and the two SIDs behind it. */
static void write_token(struct lab_world *world, const struct lab_process *process)
{
    static const uint8_t user[12] = {1, 1, 0, 0, 0, 0, 0, 5, 18}, integrity[12] = {1, 1, 0, 0, 0, 0, 0, 16, 0, 0x40};
    const struct lab_layout *layout = &world->layout;
    struct lab_memory *memory = &world->memory;
    uint64_t token = lab_object_allocate(world, &world->paged, lab_offset(layout, LAB_TOKEN_SIZE),
                                         LAB_TAG('T', 'o', 'k', 'e'), LAB_TYPE_TOKEN);
    uint64_t groups = lab_pool_allocate(&world->paged, 0x40, LAB_TAG('S', 'e', 'S', 'i'));
    lab_va_store_u64(memory, groups, groups + 0x20);
    lab_va_store_u64(memory, groups + 0x10, groups + 0x30);
    lab_va_store_u32(memory, groups + 0x18, 0x60);
    lab_va_write(memory, groups + 0x20, user, sizeof user);
    lab_va_write(memory, groups + 0x30, integrity, sizeof integrity);
    lab_va_store_u32(memory, token + lab_offset(layout, LAB_TOKEN_USER_COUNT), 2);
    lab_va_store_u64(memory, token + lab_offset(layout, LAB_TOKEN_USERS), groups);
    if (lab_has(layout, LAB_TOKEN_INTEGRITY)) /* from Vista on */
        lab_va_store_u32(memory, token + lab_offset(layout, LAB_TOKEN_INTEGRITY), 1);
    lab_va_store_u64(memory, process->eprocess + lab_offset(layout, LAB_EPROCESS_TOKEN), token | 7);
}

static void write_eprocess(struct lab_world *world, const struct lab_process *process)
{
    const struct lab_layout *layout = &world->layout;
    struct lab_memory *memory = &world->memory;
    uint64_t eprocess = process->eprocess, threads = eprocess + lab_offset(layout, LAB_EPROCESS_THREADS);
    /* Since 17134 the low bits of DirectoryTableBase hold the address space's PCID where page tables are split. */
    uint64_t pcid = layout->build >= 17134 && process->pid != 4 ? 2 : 0;
    char name[15] = "";
    memcpy(name, process->name, strnlen(process->name, 14));
    lab_va_store_u32(memory, eprocess, 0x00b60003); /* DISPATCHER_HEADER: a process object */
    lab_va_store_u64(memory, eprocess + lab_offset(layout, LAB_KPROCESS_DTB), process->dtb | pcid);
    lab_va_store_u64(memory, eprocess + lab_offset(layout, LAB_EPROCESS_PID), process->pid);
    lab_va_store_u64(memory, eprocess + lab_offset(layout, LAB_EPROCESS_PARENT), process->parent);
    lab_va_store_u64(memory, eprocess + lab_offset(layout, LAB_EPROCESS_CREATE_TIME), process->created);
    lab_va_store_u64(memory, eprocess + lab_offset(layout, LAB_EPROCESS_EXIT_TIME), process->exited);
    lab_va_store_u32(memory, eprocess + lab_offset(layout, LAB_EPROCESS_EXIT_STATUS), process->exited ? 0 : 0x103);
    lab_va_write(memory, eprocess + lab_offset(layout, LAB_EPROCESS_NAME), name, sizeof name);
    lab_va_store_u64(memory, eprocess + lab_offset(layout, LAB_EPROCESS_PEB), process->peb);
    lab_va_store_u64(memory, threads, threads);
    lab_va_store_u64(memory, threads + 8, threads);
    lab_va_store_u32(memory, eprocess + lab_offset(layout, LAB_EPROCESS_ACTIVE_THREADS), process->exited ? 0 : 4);
    write_path(world, process);
    write_token(world, process);
    if (!process->exited)
        write_handle_table(world, process);
}

static void write_peb(struct lab_world *world, const struct lab_process *process)
{
    struct lab_memory *memory = &world->memory;
    if (!process->peb || process->exited)
        return;
    uint64_t frame = lab_frame_allocate(memory, LAB_FRAME_USER);
    uint8_t *pte = lab_table_entry(memory, process->dtb >> 12, process->peb, 1, LAB_FRAME_USER_TABLE);
    uint8_t *bytes = lab_frame_bytes(memory, frame);
    lab_store_u64(pte, frame << 12 | 0x8000000000000867ull);
    lab_store_u64(bytes + 0x10, 0x00007ff600000000ull + process->pid * 0x100000);
    lab_store_u32(bytes + 0x118, lab_version(&world->layout).major);
    lab_store_u32(bytes + 0x11c, lab_version(&world->layout).minor);
    lab_store_u16(bytes + 0x120, (uint16_t)world->layout.build);
}

/* Each PML4 shares the kernel half of the system's and points to itself. */
static void share_kernel_half(struct lab_world *world, const struct lab_process *process)
{
    struct lab_memory *memory = &world->memory;
    uint64_t frame = process->dtb >> 12;
    uint8_t *root = lab_frame_bytes(memory, frame);
    if (frame != memory->root)
        memcpy(root + KERNEL_HALF, lab_frame_bytes(memory, memory->root) + KERNEL_HALF, KERNEL_HALF);
    lab_store_u64(root + world->scenario->self_reference * 8, frame << 12 | SELF_REFERENCE);
}

void lab_processes_place(struct lab_world *world)
{
    for (size_t i = 0; i < world->scenario->process_count; i++)
        place_process(world, &world->scenario->processes[i]);
}

void lab_processes_build(struct lab_world *world)
{
    struct lab_scenario *scenario = world->scenario;
    for (size_t i = 0; i < scenario->process_count; i++) {
        struct lab_process *process = &scenario->processes[i];
        if (!process->created)
            process->created = scenario->system_time - 36000000000ull + i * 10000000ull;
        allocate_process(world, process, i);
        write_eprocess(world, process);
        write_peb(world, process);
        if (process->pid == 4)
            lab_kernel_publish(world, process->eprocess);
    }
    write_list(world);
}

void lab_processes_finish(struct lab_world *world)
{
    for (size_t i = 0; i < world->scenario->process_count; i++)
        share_kernel_half(world, &world->scenario->processes[i]);
}
