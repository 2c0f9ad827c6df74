/*
 * x64 page table entries, as the processor and Windows' memory manager write them.
 */
#ifndef SIC_CORE_PAGE_TABLE_H
#define SIC_CORE_PAGE_TABLE_H

#include <stdbool.h>
#include <stdint.h>

#define SIC_PTE_VALID      0x1ull
#define SIC_PTE_LARGE_PAGE 0x80ull
/* Invalid entries, by _MMPTE_TRANSITION and its like: */
#define SIC_PTE_SWIZZLED   0x10ull /* SwizzleBit: set when the frame number was left as it is */
#define SIC_PTE_PROTOTYPE  0x400ull
#define SIC_PTE_TRANSITION 0x800ull

/* Bits 12-51. Windows uses 12-47 before 20348, which leaves the upper ones 0 in a sound entry. */
#define SIC_PTE_FRAME_MASK 0x000ffffffffff000ull
/* The invalid formats of older kernels keep other things above bit 47. */
#define SIC_PTE_TRANSITION_FRAME_MASK 0x0000fffffffff000ull

/* Index of `va` in the table of `level`: 1 page table … 4 PML4, 5 PML5. */
static inline unsigned sic_table_index(uint64_t va, unsigned level)
{
    return (va >> (12 + 9 * (level - 1))) & 0x1ff;
}

/* Bytes that one entry of a table of `level` maps. */
static inline uint64_t sic_entry_size(unsigned level)
{
    return 1ull << (12 + 9 * (level - 1));
}

static inline bool sic_pte_is_transition(uint64_t pte)
{
    return (pte & (SIC_PTE_VALID | SIC_PTE_PROTOTYPE | SIC_PTE_TRANSITION)) == SIC_PTE_TRANSITION;
}

#endif
