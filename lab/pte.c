#include "world.h"

#include "bytes.h"

uint64_t lab_pte_invalid(const struct lab_world *world, uint64_t pte)
{
    const struct lab_scenario *scenario = world->scenario;
    if (!pte || !scenario->swizzle || !lab_has(&world->layout, LAB_TRANSITION_SWIZZLE))
        return pte;
    /* A bit of the mask that is set already cannot be xored in: the swizzle bit says that nothing was. */
    if (pte & scenario->invalid_pte_mask)
        return pte | lab_bits(&world->layout, LAB_TRANSITION_SWIZZLE, 1);
    return pte ^ scenario->invalid_pte_mask;
}

uint64_t lab_pte_transition(const struct lab_world *world, uint64_t frame, uint8_t protection)
{
    const struct lab_layout *layout = &world->layout;
    return lab_pte_invalid(world, lab_bits(layout, LAB_TRANSITION_FRAME, frame) | 1u << 11 |
                                      lab_bits(layout, LAB_TRANSITION_PROTECTION, protection));
}

uint64_t lab_pte_zero(const struct lab_world *world, uint8_t protection)
{
    return lab_pte_invalid(world, lab_bits(&world->layout, LAB_SOFTWARE_PROTECTION, protection));
}

uint64_t lab_pte_page_file(const struct lab_world *world, uint32_t offset, uint8_t protection)
{
    const struct lab_layout *layout = &world->layout;
    return lab_pte_invalid(world, lab_bits(layout, LAB_SOFTWARE_OFFSET, offset) |
                                      lab_bits(layout, LAB_SOFTWARE_FILE, 0) |
                                      lab_bits(layout, LAB_SOFTWARE_PROTECTION, protection));
}

uint64_t lab_pte_subsection(const struct lab_world *world, uint64_t subsection_va, uint8_t protection)
{
    const struct lab_layout *layout = &world->layout;
    return lab_pte_invalid(world, lab_bits(layout, LAB_SUBSECTION_PTE_ADDRESS, subsection_va) | 1u << 10 |
                                      lab_bits(layout, LAB_SUBSECTION_PTE_PROTECTION, protection));
}

uint64_t lab_pte_prototype(const struct lab_world *world, uint64_t prototype_va, uint8_t protection)
{
    const struct lab_layout *layout = &world->layout;
    return lab_pte_invalid(world, lab_bits(layout, LAB_PROTOTYPE_ADDRESS, prototype_va) | 1u << 10 |
                                      lab_bits(layout, LAB_PROTOTYPE_PROTECTION, protection));
}

uint64_t lab_pte_prototype_by_vad(const struct lab_world *world, uint8_t protection)
{
    return lab_pte_invalid(world, 0xffffffff00000000ull | 1u << 10 |
                                      lab_bits(&world->layout, LAB_PROTOTYPE_PROTECTION, protection));
}

uint64_t lab_pte_frame(const struct lab_world *world, uint64_t pte)
{
    const struct lab_field *field = &world->layout.fields[LAB_TRANSITION_FRAME];
    uint64_t swizzled = lab_bits(&world->layout, LAB_TRANSITION_SWIZZLE, 1);
    if (pte & 1)
        return pte >> 12 & 0xfffffffffull;
    if ((pte & 0xc00) != 0x800)
        return LAB_NO_FRAME;
    if (world->scenario->swizzle && swizzled && !(pte & swizzled))
        pte ^= world->scenario->invalid_pte_mask;
    return pte >> field->first_bit & ((1ull << field->bit_count) - 1);
}

uint64_t lab_pte_frame_of(const struct lab_world *world, uint64_t root, uint64_t va)
{
    uint64_t frame = root;
    for (int shift = world->memory.levels == 5 ? 48 : 39; shift >= 12 && frame != LAB_NO_FRAME; shift -= 9) {
        uint64_t entry = lab_load_u64(lab_frame_bytes(&world->memory, frame) + (va >> shift & 0x1ff) * 8);
        if ((shift == 21 || shift == 30) && (entry & 0x81) == 0x81)
            return (entry >> 12 & 0xfffffffffull) + (va >> 12 & ((1ull << (shift - 12)) - 1));
        frame = shift > 12 && !(entry & 1) ? LAB_NO_FRAME : lab_pte_frame(world, entry);
    }
    return frame;
}

static bool is_pool(const struct lab_world *world, uint64_t index)
{
    if (index == (world->kernel_base >> 39 & 0x1ff) || index == world->scenario->self_reference)
        return false;
    return index != 0x1ef && index != 0x1ff; /* KUSER_SHARED_DATA, the HAL's heap */
}

/* Real machines trim the pages of the paged pool only, which lies above the nonpaged one in every world. */
static uint32_t age_of(const struct lab_world *world, uint64_t va)
{
    const struct lab_scenario *scenario = world->scenario;
    return va >= scenario->paged_pool ? scenario->transition_percent : scenario->nonpaged_transition_percent;
}

static void age_table(struct lab_world *world, uint64_t table, uint64_t va, uint64_t *state)
{
    uint32_t percent = age_of(world, va);
    uint8_t *bytes = lab_frame_bytes(&world->memory, table);
    for (unsigned i = 0; i < 512; i++) {
        uint64_t pte = lab_load_u64(bytes + i * 8);
        if ((pte & 1) && lab_random_below(state, 100) < percent)
            lab_store_u64(bytes + i * 8, lab_pte_transition(world, pte >> 12 & 0xfffffffffull, 4));
    }
}

/* Frames of the tables one level below `table`; entries that are empty or map a large page are skipped. */
static bool next_table(const struct lab_world *world, uint64_t table, unsigned index, uint64_t *below)
{
    uint64_t entry = lab_load_u64(lab_frame_bytes(&world->memory, table) + index * 8);
    *below = entry >> 12 & 0xfffffffffull;
    return (entry & 1) && !(entry & 0x80);
}

/* The tables below a PML4 that maps from `va` on, from its entry `first`. */
static void age_tables(struct lab_world *world, uint64_t pml4, uint64_t va, unsigned first, uint64_t *state)
{
    uint64_t pdpt, directory, table;
    for (unsigned i = first; i < 0x200; i++) {
        if ((va >> 48 == 0xffff && !is_pool(world, i)) || !next_table(world, pml4, i, &pdpt))
            continue;
        for (unsigned j = 0; j < 512; j++) {
            if (!next_table(world, pdpt, j, &directory))
                continue;
            for (unsigned k = 0; k < 512; k++)
                if (next_table(world, directory, k, &table))
                    age_table(world, table, va | (uint64_t)i << 39 | (uint64_t)j << 30 | (uint64_t)k << 21, state);
        }
    }
}

void lab_pte_age_pools(struct lab_world *world)
{
    uint64_t state = world->scenario->seed + 0xa9e, below;
    bool five = world->memory.levels == 5;
    for (unsigned i = 0x100; i < 0x200 && five; i++)
        if (i != world->scenario->self_reference && next_table(world, world->memory.root, i, &below))
            age_tables(world, below, 0xfe00000000000000ull | (uint64_t)i << 48, i == 0x1ff ? 0x100 : 0, &state);
    if (!five)
        age_tables(world, world->memory.root, 0xffff000000000000ull, 0x100, &state);
    world->memory.cached_page = NULL;
}
