#include "kernel/address_space.h"

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

static const uint8_t *translate(struct sic_address_space *space, uint64_t va)
{
    uint64_t tag = va >> 21 << 21 | 1;
    struct cached_page *cached = &space->tables[(va >> 21) % TABLE_CACHE_SIZE];

    if (cached->tag != tag) {
        struct sic_page_walk walk;

        switch (sic_page_walk(space->image, &space->paging, va, &walk)) {
        case SIC_PAGE_WALK_TABLE:
            *cached = (struct cached_page){.tag = tag, .page = walk.table};
            break;
        case SIC_PAGE_WALK_LARGE:
            return sic_image_page(space->image, walk.page_pa >> SIC_PAGE_SHIFT);
        default:
            return NULL;
        }
    }
    return sic_paging_page(space->image, &space->paging, sic_load64(cached->page + 8 * sic_table_index(va, 1)));
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
    const uint8_t *table = sic_image_page(space->image, space->paging.root_pa >> SIC_PAGE_SHIFT);
    unsigned level;

    for (level = space->paging.levels;; level--) {
        *entry = table ? sic_load64(table + 8 * sic_table_index(va, level)) : 0;
        if (!(*entry & SIC_PTE_VALID) && !sic_pte_is_transition(*entry))
            *entry = 0;
        if (level == 1 || *entry == 0)
            return level;
        if (level < 4 && *entry & SIC_PTE_VALID && *entry & SIC_PTE_LARGE_PAGE)
            return level;
        table = sic_paging_page(space->image, &space->paging, *entry);
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
