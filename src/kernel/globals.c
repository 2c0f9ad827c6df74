#include "kernel/globals.h"

/* Whether a list begins at `head_va`: not when its first entry is there and does not point back. */
static bool can_be_list_head(const struct sic_reader *reader, uint64_t head_va)
{
    uint64_t first_va, back_va;

    if (!sic_reader_u64(reader, head_va, &first_va))
        return true;
    if (!sic_is_kernel_pointer(reader, first_va, 8))
        return false;
    return !sic_reader_u64(reader, first_va + 8, &back_va) || back_va == head_va;
}

void sic_kernel_apply_globals(struct sic_kernel *kernel, const struct sic_reader *reader,
                              const uint64_t globals[SIC_GLOBAL_COUNT], const struct sic_layout *layout)
{
    uint64_t base_va = kernel->pe.base_va, system_va, mask;
    uint64_t head_va = sic_global_address(globals[SIC_GLOBAL_PsActiveProcessHead], base_va);
    uint64_t pointer_va = sic_global_address(globals[SIC_GLOBAL_PsInitialSystemProcess], base_va);
    uint64_t root_va, root_pointer_va = sic_global_address(globals[SIC_GLOBAL_ObpRootDirectoryObject], base_va);
    uint64_t mi_state_va = sic_global_address(globals[SIC_GLOBAL_MiState], base_va);

    if (head_va != 0 && can_be_list_head(reader, head_va))
        kernel->processes.head_va = head_va;
    if (kernel->processes.system_va == 0 && pointer_va != 0 && sic_reader_u64(reader, pointer_va, &system_va) &&
        sic_is_kernel_pointer(reader, system_va, 16))
        kernel->processes.system_va = system_va;
    if (root_pointer_va != 0 && sic_reader_u64(reader, root_pointer_va, &root_va) && sic_is_kernel_pointer(reader, root_va, 8))
        kernel->object_roots.root_directory_va = root_va;
    if (mi_state_va != 0 && layout && sic_layout_has(layout, SIC_FIELD_INVALID_PTE_MASK) &&
        sic_reader_u64(reader, mi_state_va + sic_layout_offset(layout, SIC_FIELD_INVALID_PTE_MASK), &mask))
        kernel->paging.invalid_pte_mask = mask;
}
