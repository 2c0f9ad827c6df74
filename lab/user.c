/*
 * The user halves: some pages of each view are in the process's own tables, as hardware PTEs or as prototype PTEs of
 * both forms, some were never touched. Pages of private memory have contents of their own.
 */
#include "world.h"

#include "bytes.h"

#include <stdio.h>

#define TOUCHED_PAGES 48u /* of one node, at most */

#define USER_WRITE 0x8000000000000867ull
#define USER_READ  0x8000000000000025ull

static uint8_t *user_pte(struct lab_world *world, const struct lab_node *node, uint64_t page)
{
    uint64_t root = world->scenario->processes[node->process].dtb >> 12;
    return lab_table_entry(&world->memory, root, node->start + page * LAB_PAGE, 1, LAB_FRAME_USER_TABLE);
}

static uint64_t user_flags(uint8_t protection)
{
    return (protection & 7) == 4 || (protection & 7) == 6 ? USER_WRITE : USER_READ;
}

/* A page whose contents the scenario gives is in the tables of every other view of it. */
static bool is_given(const struct lab_section *section, uint64_t page)
{
    for (size_t i = 0; i < section->content_count; i++)
        if (section->contents[i].page == page)
            return true;
    return false;
}

static void touch_view_page(struct lab_world *world, const struct lab_node *node, uint64_t page, unsigned chance)
{
    const struct lab_section *section = &world->scenario->sections[node->section];
    uint64_t prototype = lab_section_pte(section, node->offset + page);
    if (is_given(section, node->offset + page) && (node - world->scenario->nodes) % 2 == 0)
        chance = 0;
    if (!prototype || chance >= 75)
        return;
    uint64_t shared = lab_va_load_u64(&world->memory, prototype);
    if ((shared & 1) && chance < 40)
        lab_store_u64(user_pte(world, node, page), (shared & 0x0000fffffffff000ull) | user_flags(node->protection));
    else if (chance < 55)
        lab_store_u64(user_pte(world, node, page), lab_pte_prototype_by_vad(world, node->protection));
    else
        lab_store_u64(user_pte(world, node, page), lab_pte_prototype(world, prototype, node->protection));
}

/* The first page was written to, and the process has a copy of its own, which begins with other bytes. */
static void copy_first_page(struct lab_world *world, const struct lab_node *node)
{
    struct lab_memory *memory = &world->memory;
    uint64_t frame = lab_frame_allocate(memory, LAB_FRAME_USER);
    snprintf((char *)lab_frame_bytes(memory, frame), 128, "lab copy %llu %llx",
             (unsigned long long)world->scenario->processes[node->process].pid, (unsigned long long)node->start);
    lab_store_u64(user_pte(world, node, 0), frame << 12 | USER_WRITE);
}

static void touch_private_page(struct lab_world *world, const struct lab_node *node, uint64_t page, unsigned chance)
{
    struct lab_memory *memory = &world->memory;
    const struct lab_process *process = &world->scenario->processes[node->process];
    if (chance >= 30)
        return;
    uint8_t *pte = user_pte(world, node, page);
    if (lab_load_u64(pte))
        return; /* the PEB's page */
    uint64_t frame = lab_frame_allocate(memory, LAB_FRAME_USER);
    snprintf((char *)lab_frame_bytes(memory, frame), 128, "lab private %llu %llx", (unsigned long long)process->pid,
             (unsigned long long)(node->start + page * LAB_PAGE));
    lab_store_u64(pte, frame << 12 | USER_WRITE);
}

/* Device memory is mapped straight to its frames. */
static void touch_physical_page(struct lab_world *world, const struct lab_node *node, uint64_t page)
{
    const struct lab_section *section = &world->scenario->sections[node->section];
    lab_store_u64(user_pte(world, node, page), (section->frame + node->offset + page) << 12 | USER_WRITE);
}

static void touch_node(struct lab_world *world, const struct lab_node *node, size_t index)
{
    uint64_t pages = lab_node_pages(node), first = 0;
    if (node->copied && node->kind == LAB_NODE_VIEW) {
        copy_first_page(world, node);
        first = 1;
    }
    for (uint64_t page = first; page < pages && page < TOUCHED_PAGES; page++) {
        unsigned chance = (unsigned)(lab_mix(world->scenario->seed + index * 0x10001 + page) % 100);
        if (node->kind != LAB_NODE_VIEW)
            touch_private_page(world, node, page, chance);
        else if (world->scenario->sections[node->section].kind == LAB_SECTION_PHYSICAL)
            touch_physical_page(world, node, page);
        else
            touch_view_page(world, node, page, chance);
    }
}

void lab_user_build(struct lab_world *world)
{
    const struct lab_scenario *scenario = world->scenario;
    for (size_t i = 0; i < scenario->node_count; i++)
        if (scenario->nodes[i].touch && !scenario->nodes[i].deleting && !scenario->nodes[i].unlinked)
            touch_node(world, &scenario->nodes[i], i);
}
