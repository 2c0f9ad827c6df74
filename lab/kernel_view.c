/*
 * Views of the kernel's own, which only a section's ring knows. Public headers (MMVIEW, MI_REVERSE_VIEW_MAP) give what
 * follows the list entry.
 */
#include "world.h"

#include "bytes.h"

/* MMVIEW has grown a member in front of ViewLinks; with which build is not known. */
static uint32_t links_offset(const struct lab_world *world)
{
    return world->layout.build < 14393 ? 0x10 : 0x18;
}

/* ViewLinks, then SessionViewVa with the kind 2 in its low bits, then SessionId; all ones: system space. */
static uint64_t build_view(struct lab_world *world, const struct lab_section *section,
                           const struct lab_kernel_view *view)
{
    struct lab_memory *memory = &world->memory;
    uint32_t links = links_offset(world);
    uint64_t va = lab_pool_allocate(&world->nonpaged, links + 0x20, LAB_TAG('M', 'm', 'V', 'w'));
    lab_va_store_u64(memory, va + links - 0x10, view->va);
    lab_va_store_u64(memory, va + links - 8, section->control_area | 1); /* Writable */
    lab_va_store_u64(memory, va + links + 0x10, view->va | 2);
    lab_va_store_u32(memory, va + links + 0x18, view->kind == LAB_VIEW_SYSTEM ? UINT32_MAX : view->session);
    return va + links;
}

/* ViewLinks, then SystemCacheVa with the kind 3, Subsection, and {NumberOfPtes:6, PartitionId:10, SectionOffset}. */
static uint64_t build_reverse_map(struct lab_world *world, const struct lab_section *section,
                                  const struct lab_kernel_view *view)
{
    struct lab_memory *memory = &world->memory;
    uint64_t within, va = lab_pool_allocate(&world->nonpaged, 0x28, LAB_TAG('M', 'm', 'R', 'v'));
    const struct lab_subsection *subsection = lab_section_find(section, view->page, &within);
    lab_va_store_u64(memory, va + 0x10, view->va | 3);
    lab_va_store_u64(memory, va + 0x18, subsection->va);
    lab_va_store_u64(memory, va + 0x20, (view->page_count & 0x3f) | view->page << 16);
    return va;
}

/* Session views lie in session space, the others in the system's. */
static uint64_t choose_va(size_t index, enum lab_kernel_view_kind kind)
{
    static const uint64_t bases[] = {0xffff908000000000ull, 0xffff9c8000000000ull, 0xffffa48000000000ull};
    return bases[kind] + index * 0x200000;
}

void lab_kernel_views_build(struct lab_world *world, bool before)
{
    struct lab_scenario *scenario = world->scenario;
    /* Rings of views with views of the kernel in them came with Windows 8. */
    if (!lab_has(&world->layout, LAB_AREA_LIST))
        scenario->kernel_view_count = 0;
    for (size_t i = before ? 0 : 1; i < scenario->kernel_view_count; i += 2) {
        struct lab_kernel_view *view = &scenario->kernel_views[i];
        struct lab_section *section = &scenario->sections[view->section];
        if (view->va == LAB_CHOOSE)
            view->va = choose_va(i, view->kind);
        if (view->kind == LAB_VIEW_CACHE && (view->page >= section->pages || !view->page_count))
            lab_fail("section %s: a view of the system cache lies past its end", section->id);
        lab_section_link(world, section,
                         view->kind == LAB_VIEW_CACHE ? build_reverse_map(world, section, view)
                                                      : build_view(world, section, view));
        section->ring_cache_views += view->kind == LAB_VIEW_CACHE;
    }
}
