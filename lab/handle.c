/*
 * Handle tables: leaves of 256 entries of 16 bytes, tables of pointers above them, and PspCidTable, which is one too.
 */
#include "world.h"

#include "bytes.h"

#include <stdlib.h>
#include <string.h>

#define ENTRIES       256u                /* of a leaf */
#define POINTERS      512u                /* of a table of pointers */
#define LEAF_SPAN     (ENTRIES * 4u)      /* handle values of a leaf */
#define LARGEST_VALUE (LEAF_SPAN * 4096u) /* of 4096 leaves, 16 MiB: enough for a third level */
#define LARGEST_CID   (LEAF_SPAN * 128u)
#define FEW_HANDLES   7u

struct entry {
    uint32_t value, access;
    uint64_t object; /* what the entry points to: an OBJECT_HEADER, or a process or thread in PspCidTable */
};

struct entries {
    struct entry *items;
    size_t count, capacity;
};

static void add(struct entries *entries, uint32_t value, uint32_t access, uint64_t object)
{
    entries->items = lab_grow(entries->items, entries->count, &entries->capacity, sizeof *entries->items);
    entries->items[entries->count++] = (struct entry){value, access, object};
}

static int by_value(const void *left, const void *right)
{
    const struct entry *a = left, *b = right;
    return a->value < b->value ? -1 : a->value > b->value;
}

static int by_process(const void *left, const void *right)
{
    const struct lab_handle *a = left, *b = right;
    if (a->process != b->process)
        return a->process < b->process ? -1 : 1;
    return a->value < b->value ? -1 : a->value > b->value;
}

/* The next value that no entry of the sorted list has; the first entry of a leaf is none, and some stay free. */
static uint32_t next_value(const struct lab_world *world, const struct entries *entries, size_t *at, uint32_t value)
{
    for (;;) {
        value += 4;
        while (*at < entries->count && entries->items[*at].value < value)
            ++*at;
        bool taken = *at < entries->count && entries->items[*at].value == value;
        if (!taken && value % LEAF_SPAN && lab_mix(world->scenario->seed + value) % 9)
            return value;
    }
}

/* Values for the handles of one process that the scenario gives none: between those it names. */
static void choose_values(struct lab_world *world, struct lab_process *process)
{
    struct lab_handle *handles = world->scenario->handles + process->first_handle;
    struct entries named = {0};
    size_t at = 0;
    uint32_t value = 0;
    for (uint32_t i = 0; i < process->handle_count; i++) {
        if (handles[i].value % 4 || handles[i].value >= LARGEST_VALUE ||
            (handles[i].value && handles[i].value % LEAF_SPAN == 0))
            lab_fail("process %llu: %x is no value of a handle", (unsigned long long)process->pid, handles[i].value);
        if (handles[i].value)
            add(&named, handles[i].value, 0, 0);
    }
    if (named.count)
        qsort(named.items, named.count, sizeof *named.items, by_value);
    for (size_t i = 0; i + 1 < named.count; i++)
        if (named.items[i].value == named.items[i + 1].value)
            lab_fail("process %llu: two handles %x", (unsigned long long)process->pid, named.items[i].value);
    for (uint32_t i = 0; i < process->handle_count; i++)
        if (!handles[i].value)
            handles[i].value = value = next_value(world, &named, &at, value);
    free(named.items);
}

void lab_handles_choose(struct lab_world *world)
{
    struct lab_scenario *scenario = world->scenario;
    if (scenario->handle_count)
        qsort(scenario->handles, scenario->handle_count, sizeof *scenario->handles, by_process);
    for (size_t i = 0; i < scenario->handle_count; i++) {
        struct lab_process *process = &scenario->processes[scenario->handles[i].process];
        if (process->exited)
            lab_fail("process %llu has exited: it has no handles", (unsigned long long)process->pid);
        if (!process->handle_count++)
            process->first_handle = (uint32_t)i;
    }
    for (size_t i = 0; i < scenario->process_count; i++)
        if (scenario->processes[i].handle_count)
            choose_values(world, &scenario->processes[i]);
    if (scenario->handle_count)
        qsort(scenario->handles, scenario->handle_count, sizeof *scenario->handles, by_process);
}

/* The pointer's bits hold the address without the low bits that are 0, and without the high ones that are 1. */
static void write_entry(struct lab_world *world, uint64_t at, const struct entry *entry)
{
    const struct lab_layout *layout = &world->layout;
    const struct lab_field *pointer = &layout->fields[LAB_HANDLE_POINTER];
    unsigned dropped = pointer->bit_count == 41 ? 3 : 4;
    uint64_t chance = lab_mix(entry->object + entry->value);
    if (!pointer->present) { /* up to 7601: the address, with flags in its lowest bits, and the access by itself */
        lab_va_store_u64(&world->memory, at, entry->object | 1 | (chance & 6));
        lab_va_store_u32(&world->memory, at + 8, entry->access);
        return;
    }
    bool few = lab_paging_levels(layout) == 5;                     /* RefCnt has 7 bits beside 57 of an address */
    uint64_t low = 1 | ((few ? 0x70 : 0x7ff0) + chance % 16) << 1; /* unlocked; references left */
    low |= lab_bits(layout, LAB_HANDLE_ATTRIBUTES, chance >> 8 & 2);
    low |= lab_bits(layout, LAB_HANDLE_POINTER, entry->object >> dropped);
    lab_va_store_u64(&world->memory, at, low);
    lab_va_store_u64(&world->memory, at + 8, lab_bits(layout, LAB_HANDLE_ACCESS, entry->access));
}

/*
 * Free entries hold 0 and a pointer to the next free one. The first entry of a leaf is no handle; where an audit
 * information table exists its address stands there, which looks like a handle's.
 */
static uint64_t write_leaf(struct lab_world *world, const struct entries *entries, size_t *next, uint32_t first)
{
    struct lab_memory *memory = &world->memory;
    uint64_t leaf = lab_pool_allocate(&world->paged, LAB_PAGE, 0), free_entry = 0;
    size_t begin = *next;
    while (*next < entries->count && entries->items[*next].value - first < LEAF_SPAN)
        ++*next;
    size_t at = *next;
    for (uint32_t i = ENTRIES - 1; i > 0; i--) {
        if (at > begin && entries->items[at - 1].value == first + i * 4) {
            write_entry(world, leaf + i * 16, &entries->items[--at]);
            continue;
        }
        lab_va_store_u64(memory, leaf + i * 16 + 8, free_entry);
        free_entry = leaf + i * 16;
    }
    if (lab_mix(leaf) & 1)
        lab_va_store_u64(memory, leaf, leaf & ~0xffull);
    return leaf;
}

/* Pointers to `count` pages, in as many pages as they need; the pages' addresses replace those in `pages`. */
static size_t write_pointers(struct lab_world *world, uint64_t *pages, size_t count)
{
    size_t made = 0;
    for (size_t i = 0; i < count; made++) {
        uint64_t page = lab_pool_allocate(&world->paged, LAB_PAGE, 0);
        for (unsigned j = 0; j < POINTERS && i < count; j++, i++)
            lab_va_store_u64(&world->memory, page + j * 8, pages[i]);
        pages[made] = page;
    }
    return made;
}

static uint64_t write_table(struct lab_world *world, struct entries *entries, uint64_t eprocess, uint64_t pid)
{
    const struct lab_layout *layout = &world->layout;
    struct lab_memory *memory = &world->memory;
    uint64_t table =
        lab_pool_allocate(&world->nonpaged, lab_offset(layout, LAB_HANDLES_SIZE), LAB_TAG('O', 'b', 't', 'b'));
    if (entries->count)
        qsort(entries->items, entries->count, sizeof *entries->items, by_value);
    size_t leaves = 1 + (entries->count ? entries->items[entries->count - 1].value / LEAF_SPAN : 0), next = 0;
    uint64_t *pages = lab_allocate(leaves, sizeof *pages), level = 0;
    for (size_t i = 0; i < leaves; i++)
        pages[i] = write_leaf(world, entries, &next, (uint32_t)i * LEAF_SPAN);
    for (size_t count = leaves; count > 1; level++)
        count = write_pointers(world, pages, count);
    lab_va_store_u64(memory, table + lab_offset(layout, LAB_HANDLES_CODE), pages[0] | level);
    lab_va_store_u32(memory, table + lab_offset(layout, LAB_HANDLES_NEXT), (uint32_t)leaves * LEAF_SPAN);
    lab_va_store_u64(memory, table + lab_offset(layout, LAB_HANDLES_PROCESS), eprocess);
    lab_va_store_u32(memory, table + lab_offset(layout, LAB_HANDLES_PID), (uint32_t)pid);
    free(pages);
    return table;
}

/* What handles lead to besides sections: some with names, of types whose headers only the type tells apart. */
static void make_others(struct lab_world *world)
{
    static const struct {
        enum lab_type type;
        uint32_t size;
        const char *path;
    } others[] = {{LAB_TYPE_EVENT, 0x18, "\\BaseNamedObjects\\LabReady"},
                  {LAB_TYPE_EVENT, 0x18, NULL},
                  {LAB_TYPE_EVENT, 0x18, "\\KernelObjects\\LowMemoryCondition"},
                  {LAB_TYPE_MUTANT, 0x38, "\\BaseNamedObjects\\LabLock"},
                  {LAB_TYPE_SEMAPHORE, 0x20, NULL},
                  {LAB_TYPE_KEY, 0x80, NULL},
                  {LAB_TYPE_KEY, 0x80, NULL},
                  {LAB_TYPE_THREAD, 0x900, NULL},
                  {LAB_TYPE_THREAD, 0x900, NULL}};
    for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
        world->other_types[i] = others[i].type;
        world->others[i] = lab_object_create(world, others[i].type, others[i].size, others[i].path);
    }
    world->other_count = sizeof others / sizeof *others;
}

static uint32_t access_to(enum lab_type type)
{
    return type == LAB_TYPE_THREAD ? 0x1fffff : type == LAB_TYPE_KEY ? 0x20019 : 0x1f0003;
}

static void add_others(struct lab_world *world, struct entries *entries, const struct lab_process *process)
{
    const uint32_t header = lab_offset(&world->layout, LAB_HEADER_BODY);
    uint32_t wanted = process->other_handles == LAB_SOME_HANDLES ? FEW_HANDLES : process->other_handles, value = 0;
    size_t at = 0;
    struct entries sections = *entries; /* sorted; what is added comes behind */
    for (uint32_t i = 0; i < wanted; i++) {
        size_t which = (size_t)(lab_mix(process->pid + i) % (world->other_count + 1));
        bool own = which == world->other_count;
        value = next_value(world, &sections, &at, value);
        add(entries, value, own ? 0x1fffff : access_to(world->other_types[which]),
            (own ? process->eprocess : world->others[which]) - header);
        sections.items = entries->items;
    }
}

static void build_process(struct lab_world *world, const struct lab_process *process)
{
    const uint32_t header = lab_offset(&world->layout, LAB_HEADER_BODY);
    const struct lab_handle *handles = world->scenario->handles + process->first_handle;
    struct entries entries = {0};
    for (uint32_t i = 0; i < process->handle_count; i++)
        add(&entries, handles[i].value, handles[i].access, handles[i].object - header);
    add_others(world, &entries, process);
    uint64_t table = write_table(world, &entries, process->eprocess, process->pid);
    lab_va_store_u64(&world->memory, process->eprocess + lab_offset(&world->layout, LAB_EPROCESS_OBJECT_TABLE), table);
    free(entries.items);
}

/* PspCidTable: pids are its values; its entries lead to the processes themselves. */
static void build_ids(struct lab_world *world)
{
    const struct lab_scenario *scenario = world->scenario;
    uint64_t variable = lab_global(world, LAB_GLOBAL_PspCidTable);
    struct entries entries = {0};
    for (size_t i = 0; i < scenario->process_count; i++) {
        const struct lab_process *process = &scenario->processes[i];
        if (!process->exited && process->pid % 4 == 0 && process->pid % LEAF_SPAN && process->pid < LARGEST_CID)
            add(&entries, (uint32_t)process->pid, 0, process->eprocess);
    }
    if (variable)
        lab_va_store_u64(&world->memory, variable, write_table(world, &entries, 0, 0));
    free(entries.items);
}

void lab_handles_build(struct lab_world *world)
{
    make_others(world);
    for (size_t i = 0; i < world->scenario->process_count; i++)
        if (!world->scenario->processes[i].exited)
            build_process(world, &world->scenario->processes[i]);
    build_ids(world);
}
