#include "core/bucket.h"

bool sic_buckets_begin(struct sic_buckets *buckets, const struct sic_reader *reader, const struct sic_layout *layout,
                       uint64_t directory_va, uint32_t *entries_left)
{
    uint64_t va = directory_va + sic_layout_offset(layout, SIC_FIELD_OBJECT_DIRECTORY_HASH_BUCKETS);

    buckets->reader = reader;
    buckets->layout = layout;
    buckets->entries_left = entries_left;
    buckets->next_va = buckets->anchor_va = 0;
    buckets->steps = buckets->anchor_step = buckets->bucket = 0;
    buckets->is_broken = false;
    return sic_is_kernel_pointer(directory_va, 8) &&
           reader->read(reader->context, va, buckets->heads, sizeof(buckets->heads));
}

/* True when there is a chain that was not begun; the first of its entries is then the next one. */
static bool begin_chain(struct sic_buckets *buckets)
{
    while (buckets->next_va == 0 && buckets->bucket < SIC_BUCKET_COUNT) {
        buckets->next_va = buckets->heads[buckets->bucket++];
        buckets->anchor_va = 0;
        buckets->steps = 0;
        buckets->anchor_step = 1;
    }
    return buckets->next_va != 0;
}

/*
 * A chain that closes must pass the anchor again, which moves on ever more seldom (Brent 1980): no chain is followed
 * round more than twice.
 */
static bool is_ring(struct sic_buckets *buckets, uint64_t entry_va)
{
    if (entry_va == buckets->anchor_va || buckets->steps >= SIC_CHAIN_LIMIT)
        return true;
    if (++buckets->steps == buckets->anchor_step) {
        buckets->anchor_va = entry_va;
        buckets->anchor_step *= 2;
    }
    return false;
}

static bool may_go_on(const struct sic_buckets *buckets)
{
    return *buckets->entries_left > 0 && !sic_reader_is_cancelled(buckets->reader);
}

/* Entries that no object hangs on count too: a chain may have no others. */
bool sic_buckets_next(struct sic_buckets *buckets, uint64_t *object_va)
{
    const struct sic_reader *reader = buckets->reader;
    uint32_t link = sic_layout_offset(buckets->layout, SIC_FIELD_OBJECT_DIRECTORY_ENTRY_CHAIN_LINK);
    uint32_t object = sic_layout_offset(buckets->layout, SIC_FIELD_OBJECT_DIRECTORY_ENTRY_OBJECT);

    while (begin_chain(buckets)) {
        uint64_t entry_va = buckets->next_va, next_va;

        if (!may_go_on(buckets)) {
            buckets->is_broken = true;
            return false;
        }
        --*buckets->entries_left;
        buckets->next_va = 0;
        if (!sic_is_kernel_pointer(entry_va, 8) || is_ring(buckets, entry_va) ||
            !sic_reader_u64(reader, entry_va + link, &next_va)) {
            buckets->is_broken = true;
            continue;
        }
        buckets->next_va = next_va;
        if (sic_reader_u64(reader, entry_va + object, object_va) && sic_is_kernel_pointer(*object_va, 8))
            return true;
        buckets->is_broken = true;
    }
    return false;
}
