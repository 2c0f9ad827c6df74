#include "damage.h"

#include "bytes.h"

static uint8_t *byte_at(const struct lab_world *world, uint64_t va)
{
    uint64_t frame = lab_pte_frame_of(world, world->memory.root, va);
    return frame == LAB_NO_FRAME ? NULL : lab_frame_bytes(&world->memory, frame) + va % LAB_PAGE;
}

/* In the kernel's half. */
static bool is_kernel(const struct lab_world *world, uint64_t va)
{
    return world->memory.levels == 5 ? va >> 56 == 0xff : va >> 47 == 0x1ffff;
}

bool lab_damage_is_readable(const struct lab_world *world, uint64_t va, uint64_t size)
{
    for (uint64_t page = va & ~(uint64_t)(LAB_PAGE - 1); page < va + size; page += LAB_PAGE)
        if (!is_kernel(world, va) || !byte_at(world, page))
            return false;
    return true;
}

uint64_t lab_damage_load(const struct lab_world *world, uint64_t va)
{
    const uint8_t *bytes = is_kernel(world, va) && va % 8 == 0 ? byte_at(world, va) : NULL;
    return bytes ? lab_load_u64(bytes) : 0;
}

void lab_damage_store(const struct lab_world *world, uint64_t va, uint64_t value, unsigned size)
{
    for (unsigned i = 0; i < size; i++) {
        uint8_t *byte = byte_at(world, va + i);
        if (!byte)
            lab_fail("the damage at %llx meets no memory", (unsigned long long)va);
        *byte = (uint8_t)(value >> i * 8);
    }
}

static int highest_level(const struct lab_world *world)
{
    return world->memory.levels == 5 ? 5 : 4;
}

/* The entry at `level` below one root; above it where a large page or an empty entry ends the way. */
static void clear_entry(const struct lab_world *world, uint64_t root, uint64_t va, int level)
{
    uint64_t table = root;
    for (int depth = highest_level(world);; depth--) {
        uint8_t *entry = lab_frame_bytes(&world->memory, table) + (va >> (12 + 9 * (depth - 1)) & 0x1ff) * 8;
        uint64_t value = lab_load_u64(entry);
        if (depth == level || !(value & 1) || (depth < 4 && value & 0x80)) {
            lab_store_u64(entry, 0);
            return;
        }
        table = value >> 12 & 0xfffffffffull;
    }
}

void lab_damage_unmap(const struct lab_world *world, uint64_t va, int level)
{
    const struct lab_scenario *scenario = world->scenario;
    clear_entry(world, world->memory.root, va, level);
    for (size_t i = 0; level == highest_level(world) && i < scenario->process_count; i++)
        clear_entry(world, scenario->processes[i].dtb >> 12, va, level);
}
