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
        process->eprocess = lab_object_allocate(world, pool_for(world, index), eprocess_size(world), LAB_TYPE_PROCESS);
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

/* _MM_SESSION_SPACE: SessionId, and ProcessList@10, which stays empty. */
static uint64_t find_session(struct lab_world *world, uint64_t session)
{
    const uint64_t count = sizeof world->sessions / sizeof *world->sessions;
    if (session >= count)
        lab_fail("sessions are numbered up to %llu", (unsigned long long)count - 1);
    if (!world->sessions[session]) {
        uint64_t space = lab_pool_allocate(&world->nonpaged, 0x40, LAB_TAG('M', 'm', 'S', 'p'));
        lab_va_store_u32(&world->memory, space + lab_offset(&world->layout, LAB_SESSION_ID), (uint32_t)session);
        lab_va_store_u64(&world->memory, space + 0x10, space + 0x10);
        lab_va_store_u64(&world->memory, space + 0x18, space + 0x10);
        world->sessions[session] = space;
    }
    return world->sessions[session];
}

/* The system's own processes and smss.exe, which makes the sessions, belong to none. */
static bool has_session(const struct lab_process *process)
{
    return process->pid != 4 && strcmp(process->name, "Registry") && strcmp(process->name, "smss.exe");
}

/* EPROCESS.Flags: ProcessExiting is bit 2, ProcessDelete bit 3, in every public symbol table from 9600 to 22631. */
static void write_flags(struct lab_world *world, const struct lab_process *process)
{
    uint32_t flags = 0x00d00801u | (process->identity.exiting || process->exited ? 4 : 0) | (process->exited ? 8 : 0);
    if (lab_has(&world->layout, LAB_EPROCESS_FLAGS))
        lab_va_store_u32(&world->memory, process->eprocess + lab_offset(&world->layout, LAB_EPROCESS_FLAGS), flags);
}

/* EWOW64PROCESS: Peb of the 32-bit side, Machine u16@8. A pointer to it is what makes a process a 32-bit one. */
static void write_wow64(struct lab_world *world, const struct lab_process *process)
{
    uint64_t body = lab_pool_allocate(&world->nonpaged, 0x18, LAB_TAG('P', 's', 'W', 'o'));
    lab_va_store_u64(&world->memory, body, process->peb ? process->peb + LAB_PAGE : 0);
    lab_va_store_u16(&world->memory, body + 8, 0x14c);
    lab_va_store_u64(&world->memory, process->eprocess + lab_offset(&world->layout, LAB_EPROCESS_WOW64), body);
}

static void write_identity(struct lab_world *world, struct lab_process *process)
{
    const struct lab_layout *layout = &world->layout;
    const struct lab_identity *identity = &process->identity;
    uint64_t eprocess = process->eprocess;
    lab_token_build(world, process);
    if (lab_has(layout, LAB_EPROCESS_PROTECTION))
        lab_va_store_u8(&world->memory, eprocess + lab_offset(layout, LAB_EPROCESS_PROTECTION),
                        (uint8_t)identity->protection);
    if (has_session(process) && lab_has(layout, LAB_EPROCESS_SESSION))
        lab_va_store_u64(&world->memory, eprocess + lab_offset(layout, LAB_EPROCESS_SESSION),
                         find_session(world, identity->session));
    if (identity->wow64 && lab_has(layout, LAB_EPROCESS_WOW64))
        write_wow64(world, process);
    write_flags(world, process);
}

static void write_eprocess(struct lab_world *world, struct lab_process *process)
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
    write_identity(world, process);
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
        lab_peb_build(world, process);
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
