#include "world.h"

#include "bytes.h"

#include <stdlib.h>
#include <string.h>

#define SYSTEM_ROOT  0x1aaull  /* between 0x150 and 0x29f, where tools look for the system's PML4 */
#define LARGE_FRAMES 0x2000ull /* 32 MiB: first frame behind the two 2 MiB pages */
#define LARGE_PAGES  2u
#define GIANT_FRAMES 0x40000ull /* 1 GiB */

static void add_holes(struct lab_world *world)
{
    const struct lab_scenario *scenario = world->scenario;
    lab_memory_hole(&world->memory, 0, 1);
    lab_memory_hole(&world->memory, 0xa0, 0x60); /* video memory and ROMs, on every PC */
    if (!scenario->hole_count)
        lab_memory_hole(&world->memory, 0x3000, 0x40);
    for (size_t i = 0; i < scenario->hole_count; i++)
        lab_memory_hole(&world->memory, scenario->holes[i].first, scenario->holes[i].count);
}

/* A kernel runs with the levels it was made for; a scenario may say which it wants. */
static unsigned choose_levels(const struct lab_world *world)
{
    unsigned levels = lab_paging_levels(&world->layout), wanted = world->scenario->levels;
    if (wanted && wanted != levels)
        lab_fail("layout %s is of a kernel with %u levels of page tables, not %u", world->layout.name, levels, wanted);
    return levels;
}

/* Kernels up to 9200 have 8 TiB for themselves: what a scenario does not place lies there. */
static void choose_pools(struct lab_world *world)
{
    struct lab_scenario *scenario = world->scenario;
    if (lab_user_bits(&world->layout) != 43)
        return;
    if (scenario->nonpaged_pool == LAB_NONPAGED_POOL)
        scenario->nonpaged_pool = 0xfffff88200000000ull;
    if (scenario->paged_pool == LAB_PAGED_POOL)
        scenario->paged_pool = 0xfffffa8000000000ull;
}

static void init_memory(struct lab_world *world)
{
    const struct lab_scenario *scenario = world->scenario;
    if (scenario->memory && (scenario->memory < 16u << 20 || scenario->memory % (1u << 20)))
        lab_fail("the memory is to be at least 16M, in whole MiB");
    if (scenario->giant_page && scenario->memory < 2ull << 30)
        lab_fail("a 1 GiB page needs `memory 2G` or more");
    lab_memory_init(&world->memory, scenario->memory / LAB_PAGE, choose_levels(world));
    add_holes(world);
    if (scenario->large_pages)
        lab_frame_reserve(&world->memory, LARGE_FRAMES, LARGE_PAGES * 512);
    if (scenario->giant_page)
        lab_frame_reserve(&world->memory, GIANT_FRAMES, 1u << 18);
    lab_frame_take(&world->memory, SYSTEM_ROOT, LAB_FRAME_KERNEL);
    world->memory.root = SYSTEM_ROOT;
}

/* Nonpaged pool: 4 KiB pages, before them in address a stretch of 2 MiB pages, before that one of 1 GiB. */
static void init_pools(struct lab_world *world)
{
    const struct lab_scenario *scenario = world->scenario;
    struct lab_memory *memory = &world->memory;
    uint64_t base = scenario->nonpaged_pool, large = base - (1ull << 30), giant = base - (2ull << 30);
    if (base % (1ull << 30) || scenario->paged_pool % LAB_PAGE ||
        base < (world->memory.levels == 5 ? 0xff00000000000000ull : 0xffff800000000000ull))
        lab_fail("nonpaged-pool is to be a multiple of 1 GiB in the kernel's half");
    if (scenario->large_pages) {
        for (unsigned i = 0; i < LARGE_PAGES; i++)
            lab_map_large(memory, large + i * 0x200000ull, LARGE_FRAMES + i * 512, 2);
        lab_pool_init(&world->large, memory, large, large + LARGE_PAGES * 0x200000ull, 2);
    }
    if (scenario->giant_page) {
        lab_map_large(memory, giant, GIANT_FRAMES, 3);
        lab_pool_init(&world->giant, memory, giant, base - (1ull << 30), 2);
    }
    lab_pool_init(&world->nonpaged, memory, base, 0, 2);
    lab_pool_init(&world->paged, memory, scenario->paged_pool, 0, 3);
}

static void finish(struct lab_world *world)
{
    lab_placements_finish(&world->memory, &world->placements);
    lab_pool_finish(&world->nonpaged);
    lab_pool_finish(&world->paged);
    if (world->scenario->large_pages)
        lab_pool_finish(&world->large);
    if (world->scenario->giant_page)
        lab_pool_finish(&world->giant);
    lab_sections_finish(world);
    lab_objects_finish(world);
    lab_pte_age_pools(world);
    lab_processes_finish(world);
}

void lab_world_build(struct lab_world *world, struct lab_scenario *scenario, const char *data_folder)
{
    memset(world, 0, sizeof *world);
    world->scenario = scenario;
    world->kernel_base = scenario->kernel_base;
    struct lab_layout_choice choice = {scenario->guid_age, scenario->kernel, scenario->layout};
    lab_layout_load(data_folder, &choice, &world->layout);
    choose_pools(world);
    lab_companions_add(scenario);
    init_memory(world);
    lab_processes_place(world);
    lab_sections_place(world);
    init_pools(world);
    lab_kernel_build(world);
    lab_namespace_build(world);
    lab_sections_build(world);
    lab_processes_build(world);
    lab_nodes_place(world);
    lab_kernel_views_build(world, true);
    lab_nodes_build(world);
    lab_kernel_views_build(world, false);
    lab_user_build(world);
    lab_handles_choose(world);
    lab_section_objects_build(world);
    lab_handles_build(world);
    lab_peb_pointers_build(world);
    lab_securities_build(world);
    finish(world);
}

static void free_placed(struct lab_placed_objects *list)
{
    for (size_t i = 0; i < list->count; i++)
        free(list->items[i].path);
    free(list->items);
}

void lab_world_deinit(struct lab_world *world)
{
    free_placed(&world->directories);
    free_placed(&world->devices);
    lab_securities_free(world);
    lab_memory_deinit(&world->memory);
    free(world->order);
    free(world->first_node);
    free(world->typed);
}
