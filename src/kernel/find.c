#include "kernel/find.h"

#include "core/list.h"
#include "core/page_table.h"

/* Where Windows maps its kernel (KASLR moves it within). */
#define KERNEL_RANGE_START   0xfffff80000000000ull
#define KERNEL_RANGE_END     0xfffff90000000000ull
#define SYSTEM_RANGE_START   0xffff800000000000ull
#define SYSTEM_RANGE_START_5 0xff00000000000000ull /* with 5 levels of page tables */
#define SYSTEM_RANGE_END     0xfffffffffffff000ull
/* The kernel's image is smaller; backwards from one of its addresses, its header is no farther. */
#define KERNEL_IMAGE_LIMIT 0x4000000ull

/* What one search may cost, in table entries and pages looked at: 16 GiB of mappings, a second at most. */
#define SEARCH_BUDGET 0x400000ull
/* Page tables tried in a raw image. Each process has one; the first is usually the System process's. */
#define CANDIDATE_LIMIT 64u

/* Of what is left to spend when several page tables are tried, one may take this part. */
#define CANDIDATE_SHARE 4u

static bool is_kernel_image(struct sic_address_space *space, uint64_t va, struct sic_pe *kernel)
{
    struct sic_reader reader = sic_address_space_reader(space);
    struct sic_pe pe;

    if (!sic_pe_read(&reader, va, &pe) || !sic_pe_is_named(&reader, &pe, "ntoskrnl.exe"))
        return false;
    *kernel = pe;
    return true;
}

static bool starts_image(struct sic_address_space *space, uint64_t va)
{
    const uint8_t *page = sic_address_space_page(space, va);

    return page && page[0] == 'M' && page[1] == 'Z';
}

static bool find_backwards(struct sic_address_space *space, uint64_t hint_va, struct sic_pe *kernel)
{
    struct sic_reader reader = sic_address_space_reader(space);
    uint64_t va = hint_va & ~(uint64_t)(SIC_PAGE_SIZE - 1);

    if (!sic_is_kernel_pointer(&reader, va, 1) || va < KERNEL_IMAGE_LIMIT)
        return false;
    for (uint64_t end = va - KERNEL_IMAGE_LIMIT; va > end; va -= SIC_PAGE_SIZE) {
        if (starts_image(space, va) && is_kernel_image(space, va, kernel))
            return true;
    }
    return false;
}

/*
 * The first entry of PsLoadedModuleList is the kernel itself. KLDR_DATA_TABLE_ENTRY.DllBase has been at 0x30 in every
 * x64 release whose symbols are public.
 */
static bool find_in_module_list(struct sic_address_space *space, uint64_t list_va, struct sic_pe *kernel)
{
    struct sic_reader reader = sic_address_space_reader(space);
    uint64_t entry_va, base_va;

    return sic_is_kernel_pointer(&reader, list_va, 8) && sic_reader_u64(&reader, list_va, &entry_va) &&
           sic_is_kernel_pointer(&reader, entry_va, 8) && sic_reader_u64(&reader, entry_va + 0x30, &base_va) &&
           sic_is_kernel_pointer(&reader, base_va, SIC_PAGE_SIZE) && is_kernel_image(space, base_va, kernel);
}

/* A kernel mapped by large pages may start at any page of one. */
static bool find_in_mapping(struct sic_address_space *space, const struct sic_mapping *mapping, uint64_t *budget,
                            struct sic_pe *kernel)
{
    for (uint64_t offset = 0; offset<mapping->size && * budget> 0; offset += SIC_PAGE_SIZE) {
        (*budget)--;
        if (starts_image(space, mapping->va + offset) && is_kernel_image(space, mapping->va + offset, kernel))
            return true;
    }
    return false;
}

static bool find_in_range(struct sic_address_space *space, uint64_t start, uint64_t end, uint64_t *budget,
                          struct sic_pe *kernel)
{
    struct sic_mapping mapping;

    for (uint64_t va = start; sic_address_space_next_mapping(space, va, end, budget, &mapping);) {
        if (find_in_mapping(space, &mapping, budget, kernel))
            return true;
        va = mapping.va + mapping.size;
        if (va < start || va >= end)
            return false;
    }
    return false;
}

static bool find_anywhere(struct sic_address_space *space, uint64_t *budget, struct sic_pe *kernel)
{
    uint64_t start = sic_address_space_reader(space).levels == 5 ? SYSTEM_RANGE_START_5 : SYSTEM_RANGE_START;

    return find_in_range(space, KERNEL_RANGE_START, KERNEL_RANGE_END, budget, kernel) ||
           find_in_range(space, start, SYSTEM_RANGE_END, budget, kernel);
}

static bool find_image_near(struct sic_address_space *space, const struct sic_image_header *header,
                            struct sic_pe *kernel)
{
    return find_in_module_list(space, header->ps_loaded_module_list_va, kernel) ||
           find_backwards(space, header->ps_active_process_head_va, kernel) ||
           find_backwards(space, header->kd_debugger_data_block_va, kernel) ||
           find_backwards(space, header->ps_loaded_module_list_va, kernel);
}

bool sic_find_kernel_image(struct sic_address_space *space, const struct sic_image_header *header,
                           struct sic_pe *kernel)
{
    uint64_t budget = SEARCH_BUDGET;

    return find_image_near(space, header, kernel) || find_anywhere(space, &budget, kernel);
}

/* Tries page tables of some number of levels at `root_pa`; `hint_va` may be 0. */
static bool try_levels(const struct sic_image *image, uint64_t root_pa, unsigned levels, uint64_t hint_va,
                       uint64_t *budget, struct sic_pe *kernel)
{
    struct sic_paging paging = {.root_pa = root_pa, .levels = levels};
    struct sic_address_space *space;
    struct sic_error error;
    uint64_t share = *budget / CANDIDATE_SHARE;
    bool found;

    if (sic_address_space_create(image, &paging, &error, &space) != SIC_OK)
        return false;
    *budget -= share;
    found = find_backwards(space, hint_va, kernel) || find_anywhere(space, &share, kernel);
    *budget += share;
    sic_address_space_destroy(space);
    return found;
}

/*
 * Nothing in the tables says how many levels they have (CR4 does, which is in no image): with the wrong number, the
 * kernel is not found.
 */
static bool try_root(const struct sic_image *image, uint64_t root_pa, uint64_t hint_va, uint64_t *budget,
                     struct sic_paging *paging, struct sic_pe *kernel)
{
    for (unsigned levels = 4; levels <= 5; levels++) {
        if (!try_levels(image, root_pa, levels, hint_va, budget, kernel))
            continue;
        *paging = (struct sic_paging){.root_pa = root_pa, .levels = levels};
        return true;
    }
    return false;
}

/*
 * PROCESSOR_START_BLOCK, which the boot processor leaves in low memory: a jump at its start, the kernel's entry at
 * 0x70 and CR3 at 0xa0 (the layout is that of every x64 Windows; published by several memory readers).
 */
static bool find_start_block(const struct sic_image *image, uint64_t *budget, struct sic_paging *paging,
                             struct sic_pe *kernel)
{
    for (uint64_t pfn = 1; pfn < 0x100; pfn++) {
        const uint8_t *page = sic_image_page(image, pfn);
        uint64_t root;

        if (!page || (sic_load64(page) & 0xffffffffffff00ffull) != 0x00000001000600e9ull)
            continue;
        root = sic_load64(page + 0xa0) & SIC_PTE_FRAME_MASK;
        if (try_root(image, root, sic_load64(page + 0x70), budget, paging, kernel))
            return true;
    }
    return false;
}

/* The highest table of Windows refers to itself once, in its kernel half, and to more of the kernel besides. */
static bool looks_like_root(const uint8_t *page, uint64_t pfn)
{
    unsigned self = 0, others = 0;

    for (unsigned i = 256; i < 512; i++) {
        uint64_t entry = sic_load64(page + 8 * i);

        if (!(entry & SIC_PTE_VALID) || entry & SIC_PTE_LARGE_PAGE)
            continue;
        if ((entry & SIC_PTE_FRAME_MASK) >> SIC_PAGE_SHIFT == pfn)
            self++;
        else
            others++;
    }
    return self == 1 && others > 0;
}

static bool find_self_reference(const struct sic_image *image, uint64_t *budget, struct sic_paging *paging,
                                struct sic_pe *kernel)
{
    unsigned candidates = 0;
    uint64_t first, count;

    for (uint64_t pfn = 0; sic_image_next_run(image, pfn, &first, &count); pfn = first + count) {
        for (uint64_t frame = first; frame < first + count; frame++) {
            const uint8_t *page = sic_image_page(image, frame);

            if (!page || !looks_like_root(page, frame))
                continue;
            if (try_root(image, frame << SIC_PAGE_SHIFT, 0, budget, paging, kernel))
                return true;
            if (++candidates == CANDIDATE_LIMIT)
                return false;
        }
    }
    return false;
}

enum sic_status sic_find_page_tables(const struct sic_image *image, struct sic_error *error, struct sic_paging *paging,
                                     struct sic_pe *kernel)
{
    uint64_t budget = SEARCH_BUDGET;

    if (find_start_block(image, &budget, paging, kernel) || find_self_reference(image, &budget, paging, kernel))
        return SIC_OK;
    return sic_error_set(error, SIC_NOT_FOUND,
                         "no 64-bit Windows kernel in this image: no page tables (start block, self-reference) lead to "
                         "an image named ntoskrnl.exe; check that the file is a whole memory image of an x64 Windows");
}

static bool do_levels_fit(const struct sic_image *image, const struct sic_image_header *header,
                          const struct sic_paging *paging, struct sic_pe *kernel)
{
    struct sic_address_space *space;
    struct sic_reader reader;
    struct sic_error error;
    uint64_t first_va;
    bool fit;

    if (sic_address_space_create(image, paging, &error, &space) != SIC_OK)
        return false;
    reader = sic_address_space_reader(space);
    fit = find_image_near(space, header, kernel) ||
          (sic_is_kernel_pointer(&reader, header->ps_active_process_head_va, 8) &&
           sic_list_follow(&reader, header->ps_active_process_head_va, SIC_LINK_FORWARD, &first_va));
    sic_address_space_destroy(space);
    return fit;
}

void sic_find_paging_levels(const struct sic_image *image, const struct sic_image_header *header,
                            struct sic_paging *paging, struct sic_pe *kernel)
{
    for (unsigned levels = 4; levels <= 5; levels++) {
        paging->levels = levels;
        if (do_levels_fit(image, header, paging, kernel))
            return;
    }
    paging->levels = 4;
}
