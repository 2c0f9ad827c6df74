#include "kernel.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include <cmocka.h>

#define POOL_TAG 0x76446953u /* "SiDv" */
/* Any machine's structures stand here or above. */
#define KERNEL_HALF   0xffff800000000000ull
#define KERNEL_HALF_5 0xff00000000000000ull /* of a machine whose page tables have five levels */

void ek_violate(struct ek *ek, const char *format, ...)
{
    va_list arguments;

    if (ek->violation[0] != '\0')
        return;
    va_start(arguments, format);
    vsnprintf(ek->violation, sizeof(ek->violation), format, arguments);
    va_end(arguments);
}

bool ek_fails(struct ek *ek)
{
    return ++ek->calls == ek->fail_at;
}

void ek_require_irql(struct ek *ek, unsigned highest, const char *routine)
{
    if (ek->irql > highest)
        ek_violate(ek, "%s at IRQL %u", routine, ek->irql);
}

static bool read_u64(struct ek *ek, uint64_t va, uint64_t *value)
{
    const uint8_t *page = reader_page(&ek->image, ek->image.root, va, NULL);

    if (!page || va % 4096 > 4096 - 8)
        return false;
    memcpy(value, page + va % 4096, 8);
    return true;
}

static uint64_t field(struct ek *ek, uint64_t eprocess_va, const char *name)
{
    return reader_u64(&ek->image, eprocess_va + reader_offset(&ek->image, name));
}

static void add_process(struct ek *ek, uint64_t eprocess_va)
{
    struct ek_process *process;

    ek->processes = realloc(ek->processes, (ek->process_count + 1) * sizeof(*ek->processes));
    assert_non_null(ek->processes);
    process = &ek->processes[ek->process_count++];
    *process = (struct ek_process){
        .eprocess_va = eprocess_va,
        .pid = field(ek, eprocess_va, "_EPROCESS.UniqueProcessId"),
        .create_time = (int64_t)field(ek, eprocess_va, "_EPROCESS.CreateTime"),
        .is_ending = field(ek, eprocess_va, "_EPROCESS.ExitTime") != 0,
    };
}

/* From System on, until the ring comes back to what is no process: its head, in the kernel's image. */
static void find_processes(struct ek *ek)
{
    uint64_t links = reader_offset(&ek->image, "_EPROCESS.ActiveProcessLinks");
    uint64_t system =
        reader_u64(&ek->image, ek->image.kernel_base + reader_export(&ek->image, "PsInitialSystemProcess"));
    uint64_t end = ek->image.kernel_base + (64u << 20), next = system + links;

    while (!(next >= ek->image.kernel_base && next < end)) {
        add_process(ek, next - links);
        assert_true(read_u64(ek, next, &next));
        assert_true(ek->process_count < 100000);
    }
}

void ek_open(struct ek *ek, const char *raw_path, const char *data_folder, const char *layout)
{
    uint64_t root;

    memset(ek, 0, sizeof(*ek));
    assert_true(reader_open(&ek->image, raw_path));
    /* A private mapping: tests change the machine's memory, not the file. */
    assert_int_equal(mprotect(ek->image.bytes, ek->image.size, PROT_READ | PROT_WRITE), 0);
    assert_true(reader_layout(&ek->image, data_folder, layout));
    assert_int_equal(reader_roots(&ek->image, 0x150000, 0x2a0000, &root, 1), 1);
    ek->image.root = root;
    ek->image.kernel_base = reader_find_kernel(&ek->image);
    assert_true(ek->image.kernel_base != 0);
    find_processes(ek);
}

void ek_close(struct ek *ek)
{
    reader_close(&ek->image);
    free(ek->processes);
    free(ek->blocks);
    memset(ek, 0, sizeof(*ek));
}

void ek_reset(struct ek *ek)
{
    ek->calls = ek->fail_at = ek->copies = ek->list_queries = 0;
    ek->before_copy = NULL;
    ek->cancel_at_copy = ek->terminate_at_copy = 0;
    ek->is_thread_terminating = ek->is_cancelled = false;
    ek->pool_peak = ek->pool_used;
    ek->completions = 0;
}

bool ek_is_clean(const struct ek *ek)
{
    int held = 0;

    for (size_t i = 0; i < ek->process_count; i++)
        held += ek->processes[i].references + ek->processes[i].holds;
    return held == 0 && ek->block_count == 0 && ek->pool_used == 0 && ek->handles == 0 && ek->violation[0] == '\0';
}

bool ek_exports(const struct ek *ek, const char *name)
{
    if (strcmp(name, "MmCopyMemory") == 0)
        return !ek->lacks_mm_copy;
    if (strcmp(name, "ExAllocatePool2") == 0)
        return !ek->lacks_pool2;
    return !ek->lacks_exit_synchronization && (strcmp(name, "PsAcquireProcessExitSynchronization") == 0 ||
                                               strcmp(name, "PsReleaseProcessExitSynchronization") == 0);
}

uint64_t ek_variable(const struct ek *ek, const char *name)
{
    if (strcmp(name, "PsProcessType") != 0)
        return 0;
    return ek->image.kernel_base + reader_export(&ek->image, name);
}

uint64_t ek_allocate_pool(struct ek *ek, bool is_paged, uint64_t size, uint32_t tag, const char *routine)
{
    uint64_t address;

    ek_require_irql(ek, is_paged ? EK_APC_LEVEL : EK_DISPATCH_LEVEL, routine);
    if (tag != POOL_TAG)
        ek_violate(ek, "pool with the tag %08x", tag);
    if (size == 0)
        ek_violate(ek, "%s of nothing", routine);
    if (ek_fails(ek))
        return 0;
    address = ek->memory->allocate(ek, size);
    assert_true(address != 0);
    /* Nobody may count on zeros. */
    memset(ek->memory->host(ek, address, size), 0xcd, size);
    if (ek->block_count == ek->block_capacity) {
        ek->block_capacity = ek->block_capacity * 2 + 16;
        ek->blocks = realloc(ek->blocks, ek->block_capacity * sizeof(*ek->blocks));
        assert_non_null(ek->blocks);
    }
    ek->blocks[ek->block_count++] =
        (struct ek_block){.address = address, .size = size, .tag = tag, .is_paged = is_paged};
    ek->pool_used += size;
    if (ek->pool_used > ek->pool_peak)
        ek->pool_peak = ek->pool_used;
    return address;
}

void ek_free_pool(struct ek *ek, uint64_t address, uint32_t tag)
{
    ek_require_irql(ek, EK_APC_LEVEL, "ExFreePoolWithTag");
    for (size_t i = ek->block_count; i-- > 0;) {
        struct ek_block block = ek->blocks[i];

        if (block.address != address)
            continue;
        if (block.tag != tag)
            ek_violate(ek, "pool freed with the tag %08x", tag);
        memset(ek->memory->host(ek, address, block.size), 0xdd, block.size);
        ek->memory->release(ek, address, block.size);
        ek->pool_used -= block.size;
        ek->blocks[i] = ek->blocks[--ek->block_count];
        return;
    }
    ek_violate(ek, "ExFreePoolWithTag of %llx, which is no pool", (unsigned long long)address);
}

/* MmCopyMemory writes to nonpaged memory only. */
static void require_nonpaged(struct ek *ek, uint64_t target, uint64_t size)
{
    for (size_t i = 0; i < ek->block_count; i++) {
        const struct ek_block *block = &ek->blocks[i];

        if (target - block->address < block->size && size <= block->size - (target - block->address)) {
            if (block->is_paged)
                ek_violate(ek, "MmCopyMemory to paged pool");
            return;
        }
    }
    ek_violate(ek, "MmCopyMemory to %llx, which is no pool", (unsigned long long)target);
}

static void run_faults(struct ek *ek, uint64_t source)
{
    ek->copies++;
    if (ek->before_copy)
        ek->before_copy(ek, source);
    if (ek->copies == ek->cancel_at_copy)
        ek->is_cancelled = true;
    if (ek->copies == ek->terminate_at_copy)
        ek->is_thread_terminating = true;
}

uint32_t ek_copy_memory(struct ek *ek, uint64_t target, uint64_t source, uint64_t size, uint32_t flags,
                        uint64_t *transferred)
{
    uint8_t *to = ek->memory->host(ek, target, size);

    ek_require_irql(ek, EK_APC_LEVEL, "MmCopyMemory");
    require_nonpaged(ek, target, size);
    *transferred = 0;
    if (flags != 2)
        ek_violate(ek, "MmCopyMemory with flags %x", flags);
    if (source < (ek->image.levels == 5 ? KERNEL_HALF_5 : KERNEL_HALF) || source + size < source)
        ek_violate(ek, "MmCopyMemory from %llx, which is no kernel address", (unsigned long long)source);
    run_faults(ek, source);
    if (!to || ek_fails(ek))
        return EK_ACCESS_VIOLATION;
    while (size > 0) {
        const uint8_t *page = reader_page(&ek->image, ek->image.root, source, NULL);
        uint64_t piece = 4096 - source % 4096;

        if (!page)
            return EK_ACCESS_VIOLATION;
        if (piece > size)
            piece = size;
        memcpy(to, page + source % 4096, piece);
        to += piece;
        source += piece;
        size -= piece;
        *transferred += piece;
    }
    return EK_SUCCESS;
}

/* One SYSTEM_PROCESS_INFORMATION: fixed part of 0x100 bytes, threads of 0x50 bytes each, the name's characters. */
static void put_entry(uint8_t *entry, uint32_t next, uint32_t threads, const struct ek_process *process)
{
    memset(entry, 0xee, next);
    memcpy(entry, &next, 4);
    memcpy(entry + 4, &threads, 4);
    memcpy(entry + 0x20, &process->create_time, 8);
    memcpy(entry + 0x50, &process->pid, 8);
}

uint32_t ek_query_system_information(struct ek *ek, uint32_t class, uint8_t *buffer, uint32_t size, uint32_t *needed)
{
    const struct ek_process idle = {0};
    uint32_t offset = 0;

    ek_require_irql(ek, EK_PASSIVE_LEVEL, "ZwQuerySystemInformation");
    if (class != 5)
        ek_violate(ek, "ZwQuerySystemInformation of class %u", class);
    ek->list_queries++;
    *needed = 0;
    if (ek_fails(ek))
        return EK_INSUFFICIENT_RESOURCES;
    for (size_t i = 0; i <= ek->process_count; i++) {
        const struct ek_process *process = i == 0 ? &idle : &ek->processes[i - 1];
        uint32_t threads = (uint32_t)(i * 7 % 30), length = 0x100 + threads * 0x50 + (uint32_t)(i % 5) * 8;

        if (buffer && offset + length <= size) {
            put_entry(buffer + offset, length, threads, process);
            if (i == ek->process_count)
                memset(buffer + offset, 0, 4);
        }
        offset += length;
    }
    *needed = offset;
    return offset <= size ? EK_SUCCESS : EK_INFO_LENGTH_MISMATCH;
}

static struct ek_process *find_process(struct ek *ek, uint64_t object, const char *routine)
{
    for (size_t i = 0; i < ek->process_count; i++) {
        if (ek->processes[i].eprocess_va == object && ek->processes[i].references > 0)
            return &ek->processes[i];
    }
    ek_violate(ek, "%s of %llx, which is no referenced process", routine, (unsigned long long)object);
    return NULL;
}

uint32_t ek_lookup_process(struct ek *ek, uint64_t pid, uint64_t *process)
{
    ek_require_irql(ek, EK_APC_LEVEL, "PsLookupProcessByProcessId");
    if (ek_fails(ek))
        return EK_INVALID_CID;
    for (size_t i = 0; i < ek->process_count; i++) {
        if (ek->processes[i].pid != pid || ek->processes[i].is_gone)
            continue;
        ek->processes[i].references++;
        *process = ek->processes[i].eprocess_va;
        return EK_SUCCESS;
    }
    return EK_INVALID_CID;
}

int64_t ek_process_create_time(struct ek *ek, uint64_t process)
{
    const struct ek_process *found = find_process(ek, process, "PsGetProcessCreateTimeQuadPart");

    return found ? (int64_t)field(ek, process, "_EPROCESS.CreateTime") : 0;
}

void ek_dereference(struct ek *ek, uint64_t object)
{
    struct ek_process *process = find_process(ek, object, "ObfDereferenceObject");

    ek_require_irql(ek, EK_DISPATCH_LEVEL, "ObfDereferenceObject");
    if (!process)
        return;
    process->references--;
    if (process->references == 0 && process->holds > 0)
        ek_violate(ek, "a process let go while it is held against exit");
}

uint32_t ek_acquire_exit(struct ek *ek, uint64_t process)
{
    struct ek_process *found = find_process(ek, process, "PsAcquireProcessExitSynchronization");

    ek_require_irql(ek, EK_APC_LEVEL, "PsAcquireProcessExitSynchronization");
    if (!found || ek_fails(ek) || found->is_ending)
        return EK_PROCESS_IS_TERMINATING;
    found->holds++;
    return EK_SUCCESS;
}

void ek_release_exit(struct ek *ek, uint64_t process)
{
    struct ek_process *found = find_process(ek, process, "PsReleaseProcessExitSynchronization");

    ek_require_irql(ek, EK_APC_LEVEL, "PsReleaseProcessExitSynchronization");
    if (found && found->holds-- == 0)
        ek_violate(ek, "a process released that is not held");
}

bool ek_thread_terminates(struct ek *ek)
{
    return ek->is_thread_terminating;
}

static uint32_t load32(const uint8_t *bytes)
{
    uint32_t value;

    memcpy(&value, bytes, 4);
    return value;
}

/* One access-allowed entry for a SID of authority NT: its sub-authorities, or 0 where there is none. */
static bool is_entry(const uint8_t *entry, uint32_t first, uint32_t second)
{
    static const uint8_t nt_authority[6] = {0, 0, 0, 0, 0, 5};
    unsigned subs = second ? 2 : 1;

    return entry[0] == 0 && entry[1] == 0 && entry[2] == 16 + 4 * subs && entry[3] == 0 &&
           load32(entry + 4) == 0x001f01ff && entry[8] == 1 && entry[9] == subs &&
           memcmp(entry + 10, nt_authority, 6) == 0 && load32(entry + 16) == first &&
           (!second || load32(entry + 20) == second);
}

/* SYSTEM (S-1-5-18) and Administrators (S-1-5-32-544), each once, nobody else, and nothing inherited. */
void ek_judge_rights(struct ek *ek, uint32_t information, const uint8_t *descriptor, size_t size)
{
    uint32_t dacl;

    ek->has_rights = false;
    if (information != 4 || size < 20 || descriptor[0] != 1 || load32(descriptor + 4) != 0 ||
        load32(descriptor + 8) != 0 || load32(descriptor + 12) != 0)
        return;
    /* SE_SELF_RELATIVE | SE_DACL_PROTECTED | SE_DACL_PRESENT */
    if ((descriptor[2] | descriptor[3] << 8) != 0x9004)
        return;
    dacl = load32(descriptor + 16);
    if (dacl < 20 || dacl + 52 > size)
        return;
    descriptor += dacl;
    ek->has_rights = descriptor[0] == 2 && descriptor[2] == 52 && descriptor[3] == 0 && descriptor[4] == 2 &&
                     descriptor[5] == 0 && is_entry(descriptor + 8, 18, 0) && is_entry(descriptor + 28, 32, 544);
}
