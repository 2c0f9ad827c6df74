/*
 * VAD trees: nodes in pool blocks, the AVL tree over them, and the rings of views.
 */
#include "world.h"

#include "bytes.h"

#include <stdlib.h>
#include <string.h>

#define IMAGE_SENTINEL 0xfffffffffffffffcull /* LastContiguousPte of image views */

/* Adjacent nodes of chosen addresses lie 64 KiB apart, as allocation granularity has it. */
static uint64_t choose_start(const struct lab_world *world, struct lab_process *process, uint64_t pages)
{
    /* The last part of the user's half: 00007e0000000000 where addresses have 48 bits. */
    uint64_t first = 63ull << (lab_user_bits(&world->layout) - 6);
    if (!process->next_view)
        process->next_view = first + (lab_mix(process->pid) & 0xffff) * 0x10000;
    uint64_t start = process->next_view;
    process->next_view += (pages * LAB_PAGE + 0x1ffff) & ~0xffffull;
    return start;
}

/* Scenarios are built with any kernel: where user space has 8 TiB, an address beyond it stands for one
 * in its upper half. */
static uint64_t fit_start(const struct lab_world *world, uint64_t start)
{
    if (start >> lab_user_bits(&world->layout) == 0)
        return start;
    return (start & 0xffffffffffull) | ((start >> 40) % 3 + 4) << 40;
}

static int by_start(const void *left, const void *right, void *context)
{
    const struct lab_node *nodes = context;
    uint64_t a = nodes[*(const uint32_t *)left].start, b = nodes[*(const uint32_t *)right].start;
    return a < b ? -1 : a > b;
}

static void check_overlaps(const struct lab_world *world, size_t process)
{
    const struct lab_scenario *scenario = world->scenario;
    uint64_t end = 0, limit = (1ull << lab_user_bits(&world->layout)) - 0x10000;
    for (size_t i = world->first_node[process]; i < world->first_node[process + 1]; i++) {
        const struct lab_node *node = &scenario->nodes[world->order[i]];
        if (node->start < end || node->start + lab_node_pages(node) * LAB_PAGE > limit)
            lab_fail("process %llu: the node at %llx overlaps another, or leaves the user's half",
                     (unsigned long long)scenario->processes[process].pid, (unsigned long long)node->start);
        end = node->start + lab_node_pages(node) * LAB_PAGE;
    }
}

void lab_nodes_place(struct lab_world *world)
{
    struct lab_scenario *scenario = world->scenario;
    size_t count = scenario->process_count, *next = lab_allocate(count + 1, sizeof *next);
    world->order = lab_allocate(scenario->node_count, sizeof *world->order);
    world->first_node = lab_allocate(count + 1, sizeof *world->first_node);
    for (size_t i = 0; i < scenario->node_count; i++) {
        struct lab_node *node = &scenario->nodes[i];
        if (node->start == LAB_CHOOSE)
            node->start = choose_start(world, &scenario->processes[node->process], lab_node_pages(node));
        else
            node->start = fit_start(world, node->start);
        /* Up to 7601 no bit says that a node is being deleted. */
        node->deleting = node->deleting && lab_has(&world->layout, LAB_FLAG_DELETE);
        world->first_node[node->process + 1] += !node->unlinked;
    }
    for (size_t i = 0; i < count; i++)
        world->first_node[i + 1] += world->first_node[i];
    memcpy(next, world->first_node, count * sizeof *next);
    for (size_t i = 0; i < scenario->node_count; i++)
        if (!scenario->nodes[i].unlinked)
            world->order[next[scenario->nodes[i].process]++] = (uint32_t)i;
    free(next);
    for (size_t i = 0; i < count; i++) {
        qsort_r(world->order + world->first_node[i], world->first_node[i + 1] - world->first_node[i],
                sizeof *world->order, by_start, scenario->nodes);
        check_overlaps(world, i);
    }
}

/* The smaller of the view's last prototype PTE and its first subsection's last; the sentinel for images. */
uint64_t lab_node_last_pte(const struct lab_scenario *scenario, const struct lab_node *node)
{
    const struct lab_section *section = &scenario->sections[node->section];
    uint64_t within, pages = lab_node_pages(node);
    const struct lab_subsection *subsection = lab_section_find(section, node->offset, &within);
    if (section->kind == LAB_SECTION_IMAGE)
        return IMAGE_SENTINEL;
    if (!subsection || !subsection->prototype)
        return 0;
    uint64_t left = subsection->pages - within;
    return subsection->prototype + (within + (pages < left ? pages : left) - 1) * 8;
}

static uint64_t node_flags(const struct lab_world *world, const struct lab_node *node)
{
    const struct lab_layout *layout = &world->layout;
    unsigned type = 0;
    if (node->kind == LAB_NODE_VIEW) {
        const struct lab_section *section = &world->scenario->sections[node->section];
        enum lab_section_kind kind = section->kind;
        type = kind == LAB_SECTION_IMAGE ? 2 : kind == LAB_SECTION_PHYSICAL ? 1 : section->large_pages ? 7 : 0;
    }
    bool committed = node->kind != LAB_NODE_VIEW && layout->fields[LAB_FLAG1_COMMIT].present == false;
    return lab_bits(layout, LAB_FLAG_TYPE, type) | lab_bits(layout, LAB_FLAG_PROTECTION, node->protection) |
           lab_bits(layout, LAB_FLAG_PRIVATE, node->kind != LAB_NODE_VIEW) |
           lab_bits(layout, LAB_FLAG_DELETE, node->deleting) | lab_bits(layout, LAB_FLAG_COMMIT, committed);
}

/* The parts of the page numbers above 32 bits. Kernels with four levels keep no start beyond 40: the place has a
 * pointer. */
static void write_high(struct lab_world *world, uint64_t va, uint64_t first, uint64_t last)
{
    const struct lab_layout *layout = &world->layout;
    struct lab_memory *memory = &world->memory;
    if (!lab_has(layout, LAB_VAD_START_HIGH))
        return;
    lab_va_store_u8(memory, va + lab_offset(layout, LAB_VAD_START_HIGH), (uint8_t)(first >> 32));
    lab_va_store_u8(memory, va + lab_offset(layout, LAB_VAD_END_HIGH), (uint8_t)(last >> 32));
    if (lab_paging_levels(layout) == 5) {
        /* Beside EndingVpnHigher the commit charge's highest bits, above StartingVpnHigher a pointer's. */
        lab_va_store_u8(memory, va + lab_offset(layout, LAB_VAD_END_HIGHER), (uint8_t)(last >> 40 | 0x50));
        lab_va_store_u64(memory, va + lab_offset(layout, LAB_VAD_START_HIGHER), 0xffffe70000001230ull | first >> 40);
    } else if (lab_has(layout, LAB_VAD_START_HIGHER)) {
        lab_va_store_u64(memory, va + lab_offset(layout, LAB_VAD_START_HIGHER), 0xffffe70000001235ull);
    }
}

static void write_short(struct lab_world *world, const struct lab_node *node)
{
    const struct lab_layout *layout = &world->layout;
    struct lab_memory *memory = &world->memory;
    uint64_t first = node->start >> 12, last = first + lab_node_pages(node) - 1, va = node->va;
    uint32_t flags = lab_offset(layout, LAB_VAD_FLAGS);
    uint32_t charge = node->kind == LAB_NODE_VIEW ? 0 : node->pages_low & 0x7fffffff;
    if (lab_has_wide_vpns(layout)) {
        /* The commit charge is the lowest 51 bits of the flags. */
        lab_va_store_u64(memory, va + lab_offset(layout, LAB_VAD_START), first);
        lab_va_store_u64(memory, va + lab_offset(layout, LAB_VAD_END), last);
        lab_va_store_u64(memory, va + flags, node_flags(world, node) | charge);
        return;
    }
    lab_va_store_u32(memory, va + lab_offset(layout, LAB_VAD_START), (uint32_t)first);
    lab_va_store_u32(memory, va + lab_offset(layout, LAB_VAD_END), (uint32_t)last);
    write_high(world, va, first, last);
    lab_va_store_u32(memory, va + flags, (uint32_t)node_flags(world, node));
    /* u1 with the commit charge follows the flags in every layout from 9200 on. */
    lab_va_store_u32(memory, va + flags + 4,
                     (uint32_t)(charge | lab_bits(layout, LAB_FLAG1_COMMIT, node->kind != LAB_NODE_VIEW)));
}

/* Before Vista a node names the control area and no subsection. */
static void write_section(struct lab_world *world, uint64_t va, uint64_t control_area, uint64_t subsection)
{
    const struct lab_layout *layout = &world->layout;
    if (lab_has(layout, LAB_VAD_SUBSECTION))
        lab_va_store_u64(&world->memory, va + lab_offset(layout, LAB_VAD_SUBSECTION), subsection);
    else
        lab_va_store_u64(&world->memory, va + lab_offset(layout, LAB_VAD_AREA), control_area);
}

/* Before 7600 no node says whose it is. */
static void write_owner(struct lab_world *world, uint64_t va, uint64_t eprocess)
{
    if (lab_has(&world->layout, LAB_VAD_PROCESS))
        lab_va_store_u64(&world->memory, va + lab_offset(&world->layout, LAB_VAD_PROCESS), eprocess | 1);
}

static void write_view(struct lab_world *world, const struct lab_node *node)
{
    const struct lab_layout *layout = &world->layout;
    struct lab_memory *memory = &world->memory;
    const struct lab_section *section = &world->scenario->sections[node->section];
    uint64_t within, va = node->va;
    const struct lab_subsection *subsection = lab_section_find(section, node->offset, &within);
    uint64_t first = section->kind == LAB_SECTION_PHYSICAL ? 0 : lab_section_pte(section, node->offset);
    if (!first && section->kind != LAB_SECTION_PHYSICAL)
        lab_fail("section %s: a view begins at page %llu, which has no prototype PTE", section->id,
                 (unsigned long long)node->offset);
    write_section(world, va, section->control_area, subsection->va);
    lab_va_store_u64(memory, va + lab_offset(layout, LAB_VAD_FIRST_PTE), first);
    lab_va_store_u64(memory, va + lab_offset(layout, LAB_VAD_LAST_PTE),
                     first ? lab_node_last_pte(world->scenario, node) : 0);
    write_owner(world, va, world->scenario->processes[node->process].eprocess);
    if (section->kind == LAB_SECTION_FILE)
        lab_va_store_u32(memory, va + lab_offset(layout, LAB_VAD_FLAGS2),
                         (uint32_t)lab_bits(layout, LAB_FLAG2_FILE_OFFSET, node->offset / 16));
    if (!node->deleting && !node->unlisted)
        lab_section_link(world, &world->scenario->sections[node->section],
                         lab_has(layout, LAB_VAD_VIEW_LINKS) ? va + lab_offset(layout, LAB_VAD_VIEW_LINKS) : 0);
}

/* What a reader would take for a mapped view if it did not look at PrivateMemory: pointers to a real section. */
static void write_lure(struct lab_world *world, uint64_t va, uint64_t eprocess)
{
    const struct lab_scenario *scenario = world->scenario;
    const struct lab_layout *layout = &world->layout;
    struct lab_memory *memory = &world->memory;
    for (size_t i = 0; i < scenario->section_count; i++) {
        const struct lab_subsection *subsection = &scenario->sections[i].subsections[0];
        if (!subsection->prototype)
            continue;
        write_section(world, va, scenario->sections[i].control_area, subsection->va);
        lab_va_store_u64(memory, va + lab_offset(layout, LAB_VAD_FIRST_PTE), subsection->prototype);
        lab_va_store_u64(memory, va + lab_offset(layout, LAB_VAD_LAST_PTE),
                         subsection->prototype + (subsection->pages - 1) * 8);
        write_owner(world, va, eprocess);
        return;
    }
}

static void build_node(struct lab_world *world, struct lab_node *node)
{
    const struct lab_layout *layout = &world->layout;
    uint64_t eprocess = world->scenario->processes[node->process].eprocess;
    bool is_short = node->kind == LAB_NODE_PRIVATE;
    uint32_t size = lab_offset(layout, is_short ? LAB_VAD_SHORT_SIZE : LAB_VAD_SIZE);
    node->va =
        lab_pool_allocate(&world->nonpaged, size, is_short ? LAB_TAG('V', 'a', 'd', 'S') : LAB_TAG('V', 'a', 'd', ' '));
    write_short(world, node);
    if (node->kind == LAB_NODE_VIEW) {
        write_view(world, node);
    } else if (node->kind == LAB_NODE_PRIVATE_LONG) {
        write_lure(world, node->va, eprocess);
    } else if (node->garbage) {
        uint64_t behind = lab_pool_allocate(&world->nonpaged, 0x40, LAB_TAG('N', 't', 'F', 's'));
        if (behind == node->va + size + LAB_POOL_HEADER)
            write_lure(world, node->va, eprocess);
    }
}

/* A stretch of the sorted nodes that becomes a subtree. */
struct range {
    size_t first, count;
    uint64_t parent, link; /* node, and address of the pointer to fill */
};

static unsigned height_of(size_t count)
{
    unsigned height = 0;
    for (; count; count /= 2)
        height++;
    return height;
}

/*
 * Links one root and pushes its halves. The left half has at most one node more, so heights differ by at most one; the
 * balance is 0, or 3 (-1 in two bits) when the left is higher, in the low bits of ParentValue.
 */
static size_t link_range(struct lab_world *world, const struct range *range, struct range *stack, size_t depth)
{
    const struct lab_layout *layout = &world->layout;
    const struct lab_node *nodes = world->scenario->nodes;
    size_t left = range->count / 2, right = range->count - 1 - left;
    uint64_t va = nodes[world->order[range->first + left]].va;
    unsigned balance = height_of(left) > height_of(right) ? 3 : 0;
    lab_va_store_u64(&world->memory, range->link, va);
    lab_va_store_u64(&world->memory, va + lab_offset(layout, LAB_VAD_PARENT), range->parent | balance);
    if (left)
        stack[depth++] = (struct range){range->first, left, va, va + lab_offset(layout, LAB_VAD_LEFT)};
    if (right)
        stack[depth++] = (struct range){range->first + left + 1, right, va, va + lab_offset(layout, LAB_VAD_RIGHT)};
    return depth;
}

/*
 * _MM_AVL_TABLE at `table`: the sentinel's parent is the sentinel itself. DepthOfTree is the lowest five bits of the
 * word that counts the elements.
 */
static void write_table(struct lab_world *world, uint64_t table, uint64_t count, unsigned depth)
{
    const struct lab_layout *layout = &world->layout;
    uint64_t sentinel = table + lab_offset(layout, LAB_TREE_SENTINEL);
    lab_va_store_u64(&world->memory, sentinel + lab_offset(layout, LAB_VAD_PARENT), sentinel);
    lab_va_store_u64(&world->memory, table + lab_offset(layout, LAB_TREE_COUNT),
                     lab_bits(layout, LAB_TREE_COUNT, count) | (depth & 0x1f));
}

static void build_tree(struct lab_world *world, size_t index)
{
    const struct lab_layout *layout = &world->layout;
    const struct lab_process *process = &world->scenario->processes[index];
    size_t first = world->first_node[index], count = world->first_node[index + 1] - first, depth = 0;
    struct range stack[72];
    uint64_t root = process->eprocess + lab_offset(layout, LAB_EPROCESS_VAD_ROOT), parent = 0;
    uint64_t said = process->vad_count >= 0 ? (uint64_t)process->vad_count : count;
    if (lab_has(layout, LAB_TREE_SENTINEL)) {
        parent = root + lab_offset(layout, LAB_TREE_SENTINEL);
        write_table(world, root, said, height_of(count));
        root = parent + lab_offset(layout, LAB_VAD_RIGHT);
    } else {
        lab_va_store_u64(&world->memory, process->eprocess + lab_offset(layout, LAB_EPROCESS_VAD_COUNT), said);
    }
    if (!count)
        return;
    if (lab_has(layout, LAB_EPROCESS_VAD_HINT))
        lab_va_store_u64(&world->memory, process->eprocess + lab_offset(layout, LAB_EPROCESS_VAD_HINT),
                         world->scenario->nodes[world->order[first + count / 3]].va);
    stack[depth++] = (struct range){first, count, parent, root};
    while (depth) {
        struct range range = stack[--depth];
        depth = link_range(world, &range, stack, depth);
    }
}

void lab_nodes_build(struct lab_world *world)
{
    struct lab_scenario *scenario = world->scenario;
    for (size_t i = 0; i < scenario->node_count; i++)
        build_node(world, &scenario->nodes[i]);
    for (size_t i = 0; i < scenario->process_count; i++)
        build_tree(world, i);
}
