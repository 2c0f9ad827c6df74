#include "kernel/user_memory.h"

#include "core/chain.h"
#include "kernel/address_space.h"

#include <stdlib.h>
#include <string.h>

#define PAGE_MASK (SIC_PAGE_SIZE - 1ull)
/* A direct-mapped cache of one process's page tables; a power of two. */
#define TABLE_CACHE_SIZE 32u

/*
 * Subsections that are passed, in all, for pages of views that their first subsection does not hold. What is asked for
 * lies there on no sound machine: PEBs are private memory, and evidence is of first pages.
 */
#define CHAIN_STEP_LIMIT 0x1000000u

/* A prototype PTE in a process's tables whose upper half is this says: see the VAD. */
#define SEE_VAD 0xffffffffull

struct cached_table {
    uint64_t tag; /* the address of the 2 MiB that it maps | 1; 0: empty */
    const uint8_t *table;
};

struct sic_user_memory {
    const struct sic_image *image;
    const struct sic_scan *scan;
    struct sic_address_space *kernel;
    struct sic_paging paging; /* of `process` */
    uint32_t process;         /* whose tables are cached; SIC_NONE */
    uint64_t chain_steps;     /* that are left of CHAIN_STEP_LIMIT */
    struct cached_table tables[TABLE_CACHE_SIZE];
};

enum sic_status sic_user_memory_create(const struct sic_kernel *kernel, const struct sic_scan *scan,
                                       struct sic_error *error, struct sic_user_memory **memory)
{
    struct sic_user_memory *created = calloc(1, sizeof(*created));
    enum sic_status status;

    if (!created)
        return sic_error_set(error, SIC_NO_MEMORY, "out of memory: close other programs and try again");
    status = sic_address_space_create(kernel->image, &kernel->paging, error, &created->kernel);
    if (status != SIC_OK) {
        free(created);
        return status;
    }
    created->image = kernel->image;
    created->scan = scan;
    created->paging = kernel->paging;
    created->process = SIC_NONE;
    created->chain_steps = CHAIN_STEP_LIMIT;
    *memory = created;
    return SIC_OK;
}

void sic_user_memory_destroy(struct sic_user_memory *memory)
{
    if (memory)
        sic_address_space_destroy(memory->kernel);
    free(memory);
}

/* Its address space was torn down: the frames of its page tables may be anybody's by now. */
static bool has_no_tables(const struct sic_process *process)
{
    return process->flags & SIC_PROCESS_EXITED && process->vad_root_va == 0;
}

static void choose_process(struct sic_user_memory *memory, uint32_t process)
{
    const struct sic_process *record = sic_scan_process(memory->scan, process);

    if (memory->process == process)
        return;
    memset(memory->tables, 0, sizeof(memory->tables));
    memory->process = process;
    memory->paging.root_pa = has_no_tables(record) ? 0 : record->directory_table_base & SIC_PTE_FRAME_MASK;
}

/* The view of the chosen process that covers `vpn`, or NULL. */
static const struct sic_view *find_view(const struct sic_user_memory *memory, uint64_t vpn)
{
    const struct sic_process *process = sic_scan_process(memory->scan, memory->process);
    uint32_t low = process->first_view, high = process->first_view + process->view_count;

    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        const struct sic_view *view = sic_scan_view(memory->scan, middle);

        if (vpn < view->start_vpn)
            high = middle;
        else if (vpn > view->end_vpn)
            low = middle + 1;
        else
            return view;
    }
    return NULL;
}

/* Where the VAD says that the page's prototype PTE is; 0: there is none, or it is not known. */
static uint64_t prototype_by_view(struct sic_user_memory *memory, uint64_t va)
{
    const struct sic_view *view = find_view(memory, va >> SIC_PAGE_SHIFT);

    return view ? sic_view_prototype_pte(memory->scan, view, (va >> SIC_PAGE_SHIFT) - view->start_vpn,
                                         &memory->chain_steps)
                : 0;
}

/*
 * The address of the prototype PTE that an entry of the prototype form leads to (_MMPTE_PROTOTYPE: Prototype 10:1,
 * ProtoAddress 16:48). Where the mask of swizzled entries is not known, an address that differs in one bit from what
 * the VAD says was xored with it.
 */
static uint64_t prototype_by_entry(struct sic_user_memory *memory, uint64_t va, uint64_t pte)
{
    uint64_t address, expected;

    if (pte >> 32 == SEE_VAD)
        return prototype_by_view(memory, va);
    if (!(pte & SIC_PTE_SWIZZLED))
        pte ^= memory->paging.invalid_pte_mask;
    address = (uint64_t)((int64_t)pte >> 16);
    if (memory->paging.invalid_pte_mask != 0 || pte & SIC_PTE_SWIZZLED)
        return address;
    expected = prototype_by_view(memory, va);
    return __builtin_popcountll(expected ^ address) == 1 ? expected : address;
}

/* A prototype PTE of the subsection form names a place in a file, the software forms one in a paging file or nothing.
 */
static bool find_by_prototype(struct sic_user_memory *memory, uint64_t pte_va, uint64_t *pa)
{
    struct sic_reader reader = sic_address_space_reader(memory->kernel);
    uint64_t pte;

    return sic_is_kernel_pointer(pte_va, 8) && sic_reader_u64(&reader, pte_va, &pte) &&
           sic_paging_frame(memory->image, &memory->paging, pte, pa);
}

static enum sic_page_walk_end walk(struct sic_user_memory *memory, uint64_t va, struct sic_page_walk *found)
{
    uint64_t tag = va >> 21 << 21 | 1;
    struct cached_table *cached = &memory->tables[(va >> 21) % TABLE_CACHE_SIZE];
    enum sic_page_walk_end end;

    if (cached->tag == tag) {
        found->table = cached->table;
        return SIC_PAGE_WALK_TABLE;
    }
    end = sic_page_walk(memory->image, &memory->paging, va, found);
    if (end == SIC_PAGE_WALK_TABLE)
        *cached = (struct cached_table){.tag = tag, .table = found->table};
    return end;
}

/* The physical page of `va`, the forms of an entry tested in the order in which they exclude each other. */
static bool find_page(struct sic_user_memory *memory, uint64_t va, uint64_t *pa)
{
    struct sic_page_walk found;
    uint64_t pte = 0;

    switch (walk(memory, va, &found)) {
    case SIC_PAGE_WALK_LARGE:
        *pa = found.page_pa;
        return true;
    case SIC_PAGE_WALK_MISSING:
    case SIC_PAGE_WALK_ABSENT:
        return false;
    case SIC_PAGE_WALK_TABLE:
        pte = sic_load64(found.table + 8 * sic_table_index(va, 1));
        break;
    case SIC_PAGE_WALK_EMPTY:
        break;
    }
    if (pte == 0)
        return find_by_prototype(memory, prototype_by_view(memory, va), pa);
    if (sic_paging_frame(memory->image, &memory->paging, pte, pa))
        return true;
    return pte & SIC_PTE_PROTOTYPE && find_by_prototype(memory, prototype_by_entry(memory, va, pte), pa);
}

static bool translate(void *context, uint32_t process, uint64_t va, uint64_t *physical)
{
    struct sic_user_memory *memory = context;
    uint64_t pa;

    if (sic_image_is_virtual(memory->image) || !sic_is_user_pointer(va, 1))
        return false;
    choose_process(memory, process);
    /* A process that is gone, or was never whole. */
    if (memory->paging.root_pa == 0 || !find_page(memory, va, &pa))
        return false;
    *physical = pa | (va & PAGE_MASK);
    return true;
}

static bool has_tables(void *context, uint32_t process, uint64_t va)
{
    struct sic_user_memory *memory = context;
    struct sic_page_walk found;

    if (sic_image_is_virtual(memory->image))
        return false;
    choose_process(memory, process);
    return memory->paging.root_pa != 0 && walk(memory, va, &found) != SIC_PAGE_WALK_ABSENT;
}

static bool read_user(void *context, uint32_t process, uint64_t va, void *buffer, size_t size)
{
    const struct sic_user_memory *memory = context;
    uint8_t *target = buffer;

    while (size > 0) {
        size_t piece = SIC_PAGE_SIZE - (va & PAGE_MASK);
        const uint8_t *page;
        uint64_t pa;

        if (!translate(context, process, va, &pa))
            return false;
        page = sic_image_page(memory->image, pa >> SIC_PAGE_SHIFT);
        if (!page)
            return false;
        if (piece > size)
            piece = size;
        memcpy(target, page + (pa & PAGE_MASK), piece);
        target += piece;
        va += piece;
        size -= piece;
    }
    return true;
}

struct sic_user_reader sic_user_memory_reader(struct sic_user_memory *memory)
{
    return (struct sic_user_reader){
        .read = read_user, .translate = translate, .has_tables = has_tables, .context = memory};
}
