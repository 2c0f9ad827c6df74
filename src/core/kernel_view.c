#include "core/kernel_view.h"

/*
 * What follows ViewLinks, at the distance that VadsProcess has from it in an _MMVAD (public headers of 8 to 11):
 *   _MMVIEW, session and system space: {SessionViewVa | 2, u32 SessionId; all ones: system space}
 *   _MI_REVERSE_VIEW_MAP, system cache: {SystemCacheVa | 3, Subsection, NumberOfPtes:6 PartitionId:10 SectionOffset:48}
 */
#define TAIL_SIZE          0x18u
#define SECOND_AT          0x8u
#define THIRD_AT           0x10u
#define PTE_COUNT_MASK     0x3fu
#define SECTION_PAGE_SHIFT 16u

#define PAGE_MASK 0xfffull
/* A place of a view: the low bits of the word tell the kind. */
#define KIND_MASK 7ull

static void load_session_view(const uint8_t *tail, struct sic_kernel_view *view)
{
    view->session_id = sic_load32(tail + SECOND_AT);
}

static void load_cache_view(const uint8_t *tail, struct sic_kernel_view *view)
{
    uint64_t word = sic_load64(tail + THIRD_AT);

    view->page_count = (uint32_t)word & PTE_COUNT_MASK;
    view->first_page = word >> SECTION_PAGE_SHIFT;
}

void sic_kernel_view_read(const struct sic_reader *reader, const struct sic_layout *layout, uint64_t links_va,
                          enum sic_kernel_view_kind kind, struct sic_kernel_view *view)
{
    uint32_t distance =
        sic_layout_offset(layout, SIC_FIELD_MMVAD_VADS_PROCESS) - sic_layout_offset(layout, SIC_FIELD_MMVAD_VIEW_LINKS);
    size_t size = kind == SIC_KERNEL_VIEW_CACHE ? TAIL_SIZE : SECOND_AT + sizeof(uint32_t);
    uint8_t tail[TAIL_SIZE];
    uint64_t va;

    view->kind = kind;
    view->session_id = SIC_NONE;
    if (!reader->read(reader->context, links_va + distance, tail, size))
        return;
    va = sic_load64(tail) & ~KIND_MASK;
    /* What is no view's address makes the rest doubtful too. */
    if (!sic_is_kernel_pointer(reader, va, PAGE_MASK + 1))
        return;
    view->va = va;
    if (kind == SIC_KERNEL_VIEW_SESSION)
        load_session_view(tail, view);
    else
        load_cache_view(tail, view);
}
