#include "kernel/address_space.h"

#include "kernel/page_table.h"

#include <stdlib.h>
#include <string.h>

#define PAGE_MASK (SIC_PAGE_SIZE - 1ull)
/* Direct-mapped caches of page and of page table translations; sizes are powers of two. */
#define PAGE_CACHE_SIZE  2048u
#define TABLE_CACHE_SIZE 512u

struct cached_page {
    uint64_t tag; /* the virtual page's address | 1; 0: empty */
    const uint8_t *page;
};

struct sic_address_space {
    const struct sic_image *image;
    struct sic_paging paging;
    struct cached_page pages[PAGE_CACHE_SIZE];
    struct cached_page tables[TABLE_CACHE_SIZE]; /* by the 2 MiB that a page table maps */
};

enum sic_status sic_address_space_create(const struct sic_image *image, const struct sic_paging *paging,
                                         struct sic_error *error, struct sic_address_space **space)
{
    struct sic_address_space *created = calloc(1, sizeof(*created));

    if (!created)
        return sic_error_set(error, SIC_NO_MEMORY, "out of memory: close other programs and try again");
    created->image = image;
    created->paging = *paging;
    created->paging.levels = paging->levels == 5 ? 5 : 4;
    *space = created;
    return SIC_OK;
}

void sic_address_space_destroy(struct sic_address_space *space)
{
    free(space);
}

/* All bits that a frame's address can have in a machine of this much memory. */
static uint64_t address_bits(const struct sic_image *image)
{
    uint64_t last = (sic_image_pfn_limit(image) << SIC_PAGE_SHIFT) - 1;

    return last == UINT64_MAX ? 0 : UINT64_MAX >> __builtin_clzll(last | 1);
}

/*
 * The page that an invalid entry still names: the entry is in transition between a working set and the disk.
 * Since 2018 its frame number may be xored with a mask whose bits lie above all memory that the machine has (so that
 * speculation finds nothing there). Where the mask is unknown, a number beyond memory is therefore cut to memory's
 * bits.
 */
static const uint8_t *transition_page(const struct sic_address_space *space, uint64_t pte)
{
    uint64_t pa = pte & SIC_PTE_TRANSITION_FRAME_MASK;
    uint64_t mask = space->paging.invalid_pte_mask & SIC_PTE_TRANSITION_FRAME_MASK;

    if (mask != 0 && !(pte & SIC_PTE_SWIZZLED))
        pa ^= mask;
    else if (pa >> SIC_PAGE_SHIFT >= sic_image_pfn_limit(space->image))
        pa &= address_bits(space->image);
    return sic_image_page(space->image, pa >> SIC_PAGE_SHIFT);
}

/* What an entry of a page table, or of a higher table that maps no large page, points to. */
static const uint8_t *entry_page(const struct sic_address_space *space, uint64_t entry)
{
    if (entry & SIC_PTE_VALID)
        return sic_image_page(space->image, (entry & SIC_PTE_FRAME_MASK) >> SIC_PAGE_SHIFT);
    if (sic_pte_is_transition(entry))
        return transition_page(space, entry);
    return NULL;
}

static const uint8_t *large_page_part(const struct sic_address_space *space, uint64_t entry, uint64_t va,
                                      unsigned level)
{
    uint64_t inside = sic_entry_size(level) - 1;
    uint64_t pa = (entry & SIC_PTE_FRAME_MASK & ~inside) | (va & inside);

    return sic_image_page(space->image, pa >> SIC_PAGE_SHIFT);
}

static const uint8_t *root_table(const struct sic_address_space *space)
{
    return sic_image_page(space->image, space->paging.root_pa >> SIC_PAGE_SHIFT);
}

/* Walks from the highest table down to the page table of `va`. *large is set where a large page ends the walk. */
static const uint8_t *walk_to_table(const struct sic_address_space *space, uint64_t va, const uint8_t **large)
{
    const uint8_t *table = root_table(space);

    *large = NULL;
    for (unsigned level = space->paging.levels; table && level > 1; level--) {
        uint64_t entry = sic_load64(table + 8 * sic_table_index(va, level));

        if (level < 4 && entry & SIC_PTE_VALID && entry & SIC_PTE_LARGE_PAGE) {
            *large = large_page_part(space, entry, va, level);
            return NULL;
        }
        table = entry_page(space, entry);
    }
    return table;
}

static const uint8_t *translate(struct sic_address_space *space, uint64_t va)
{
    uint64_t tag = va >> 21 << 21 | 1;
    struct cached_page *cached = &space->tables[(va >> 21) % TABLE_CACHE_SIZE];
    const uint8_t *large;

    if (cached->tag != tag) {
        const uint8_t *table = walk_to_table(space, va, &large);

        if (!table)
            return large;
        *cached = (struct cached_page){.tag = tag, .page = table};
    }
    return entry_page(space, sic_load64(cached->page + 8 * sic_table_index(va, 1)));
}

const uint8_t *sic_address_space_page(struct sic_address_space *space, uint64_t va)
{
    uint64_t tag = (va & ~PAGE_MASK) | 1;
    struct cached_page *cached = &space->pages[(va >> SIC_PAGE_SHIFT) % PAGE_CACHE_SIZE];

    /* What is not canonical, or a user's, would be cut to an address that somebody else means. */
    if (!sic_is_kernel_address(space->paging.levels, va, 1))
        return NULL;
    if (cached->tag != tag)
        *cached = (struct cached_page){.tag = tag, .page = translate(space, va)};
    return cached->page;
}

static const void *lend_physical(void *context, uint64_t va, size_t size)
{
    const uint8_t *page;

    if (size > SIC_PAGE_SIZE - (va & PAGE_MASK))
        return NULL;
    page = sic_address_space_page(context, va);
    return page ? page + (va & PAGE_MASK) : NULL;
}

static bool read_physical(void *context, uint64_t va, void *buffer, size_t size)
{
    uint8_t *target = buffer;

    while (size > 0) {
        size_t piece = SIC_PAGE_SIZE - (va & PAGE_MASK);
        const uint8_t *page = sic_address_space_page(context, va);

        if (!page)
            return false;
        if (piece > size)
            piece = size;
        memcpy(target, page + (va & PAGE_MASK), piece);
        target += piece;
        va += piece;
        size -= piece;
    }
    return true;
}

static void prefetch_physical(void *context, uint64_t va)
{
    const uint8_t *page = sic_address_space_page(context, va);

    if (page) {
        /* A node with its pool header spans up to three cache lines; the first two hold what is read of most. */
        __builtin_prefetch(page + (va & PAGE_MASK));
        __builtin_prefetch(page + (va & PAGE_MASK & ~63ull) + 64 - (((va & PAGE_MASK) | 63) == PAGE_MASK ? 64 : 0));
    }
}

static const void *lend_virtual(void *context, uint64_t va, size_t size)
{
    const struct sic_address_space *space = context;
    size_t available;
    const uint8_t *bytes = sic_image_virtual(space->image, va, &available);

    return bytes && available >= size ? bytes : NULL;
}

static bool read_virtual(void *context, uint64_t va, void *buffer, size_t size)
{
    const struct sic_address_space *space = context;
    uint8_t *target = buffer;

    while (size > 0) {
        size_t piece;
        const uint8_t *bytes = sic_image_virtual(space->image, va, &piece);

        if (!bytes)
            return false;
        if (piece > size)
            piece = size;
        memcpy(target, bytes, piece);
        target += piece;
        va += piece;
        size -= piece;
    }
    return true;
}

struct sic_reader sic_address_space_reader(struct sic_address_space *space)
{
    if (sic_image_is_virtual(space->image))
        return (struct sic_reader){
            .read = read_virtual, .lend = lend_virtual, .context = space, .levels = space->paging.levels};
    return (struct sic_reader){.read = read_physical,
                               .lend = lend_physical,
                               .prefetch = prefetch_physical,
                               .context = space,
                               .levels = space->paging.levels};
}

static uint64_t sign_extend(const struct sic_address_space *space, uint64_t va)
{
    unsigned unused = space->paging.levels == 5 ? 7 : 16;

    return (uint64_t)((int64_t)(va << unused) >> unused);
}

/* Skips to the end of the range that an entry of `level` would map; false when that wraps past the last address. */
static bool skip_entry(uint64_t *va, unsigned level, uint64_t limit)
{
    uint64_t size = sic_entry_size(level), next = (*va & ~(size - 1)) + size;

    if (next <= *va || next >= limit)
        return false;
    *va = next;
    return true;
}

/*
 * Descends to the entry that maps `va`. Returns its level and *entry; where a table on the way is missing, the level
 * whose entry is void, with *entry 0.
 */
static unsigned find_entry(const struct sic_address_space *space, uint64_t va, uint64_t *entry)
{
    const uint8_t *table = root_table(space);
    unsigned level;

    for (level = space->paging.levels;; level--) {
        *entry = table ? sic_load64(table + 8 * sic_table_index(va, level)) : 0;
        if (!(*entry & SIC_PTE_VALID) && !sic_pte_is_transition(*entry))
            *entry = 0;
        if (level == 1 || *entry == 0)
            return level;
        if (level < 4 && *entry & SIC_PTE_VALID && *entry & SIC_PTE_LARGE_PAGE)
            return level;
        table = entry_page(space, *entry);
        if (!table) {
            *entry = 0;
            return level;
        }
    }
}

bool sic_address_space_next_mapping(struct sic_address_space *space, uint64_t va, uint64_t limit, uint64_t *budget,
                                    struct sic_mapping *mapping)
{
    va = sign_extend(space, va & ~PAGE_MASK);
    while (*budget > 0) {
        uint64_t entry, size;
        unsigned level = find_entry(space, va, &entry);

        (*budget)--;
        size = sic_entry_size(level);
        if (entry != 0) {
            *mapping = (struct sic_mapping){.va = va & ~(size - 1), .size = size};
            return true;
        }
        if (!skip_entry(&va, level, limit))
            return false;
    }
    return false;
}
