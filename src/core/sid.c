#include "core/sid.h"

#define REVISION            1u
#define COUNT_LIMIT         15u
#define HEADER_SIZE         8u
#define AUTHORITY_OFFSET    2u
#define AUTHORITY_MANDATORY 16u /* SECURITY_MANDATORY_LABEL_AUTHORITY */

/* `hash` comes first: it is the index's key. */
struct record {
    uint64_t hash;
    struct sic_blob sid;
};

void sic_sid_pool_deinit(struct sic_sid_pool *pool, const struct sic_allocator *allocator)
{
    sic_array_free(allocator, &pool->records, sizeof(struct record));
    sic_index_free(allocator, &pool->index);
}

/* FNV-1a. Who finds two SIDs of one hash gets both stored, no more. */
static uint64_t hash_bytes(const uint8_t *bytes, uint32_t size)
{
    uint64_t hash = 0xcbf29ce484222325ull;

    for (uint32_t i = 0; i < size; i++)
        hash = (hash ^ bytes[i]) * 0x100000001b3ull;
    return hash;
}

static const uint8_t *blob_bytes(const struct sic_scan *scan, struct sic_blob blob)
{
    return (const uint8_t *)scan->bytes.elements + blob.offset;
}

static bool append_bytes(struct sic_scan *scan, const uint8_t *bytes, uint32_t size, struct sic_blob *sid)
{
    if (!sic_array_reserve(&scan->allocator, &scan->bytes, 1, size))
        return false;
    __builtin_memcpy((uint8_t *)scan->bytes.elements + scan->bytes.count, bytes, size);
    *sid = (struct sic_blob){.offset = scan->bytes.count, .length = size};
    scan->bytes.count += size;
    return true;
}

static bool remember(struct sic_sid_pool *pool, const struct sic_scan *scan, uint64_t hash, struct sic_blob sid)
{
    struct record *record = sic_array_append(&scan->allocator, &pool->records, sizeof(*record));

    if (!record)
        return false;
    *record = (struct record){.hash = hash, .sid = sid};
    return sic_index_add(&scan->allocator, &pool->index, hash, pool->records.count - 1);
}

static bool intern(struct sic_sid_pool *pool, struct sic_scan *scan, const uint8_t *bytes, uint32_t size,
                   struct sic_blob *sid)
{
    uint64_t hash = hash_bytes(bytes, size);
    uint32_t index;

    if (!sic_index_find(&pool->index, &pool->records, sizeof(struct record), hash, &index))
        return append_bytes(scan, bytes, size, sid) && remember(pool, scan, hash, *sid);
    *sid = ((const struct record *)pool->records.elements)[index].sid;
    if (sid->length == size && __builtin_memcmp(blob_bytes(scan, *sid), bytes, size) == 0)
        return true;
    return append_bytes(scan, bytes, size, sid);
}

bool sic_sid_read(struct sic_sid_pool *pool, struct sic_scan *scan, const struct sic_reader *reader, uint64_t va,
                  struct sic_blob *sid)
{
    uint8_t bytes[SIC_SID_SIZE_LIMIT];
    uint32_t size;

    *sid = (struct sic_blob){.offset = SIC_NONE};
    if (!sic_is_kernel_pointer(reader, va, 4) || !reader->read(reader->context, va, bytes, HEADER_SIZE) ||
        bytes[0] != REVISION || bytes[1] > COUNT_LIMIT)
        return true;
    size = HEADER_SIZE + 4u * bytes[1];
    if (!reader->read(reader->context, va + HEADER_SIZE, bytes + HEADER_SIZE, size - HEADER_SIZE))
        return true;
    return intern(pool, scan, bytes, size, sid);
}

uint32_t sic_sid_label(const struct sic_scan *scan, struct sic_blob sid)
{
    static const uint8_t authority[6] = {0, 0, 0, 0, 0, AUTHORITY_MANDATORY};
    const uint8_t *bytes;

    if (sid.length != HEADER_SIZE + 4)
        return SIC_NONE;
    bytes = blob_bytes(scan, sid);
    if (__builtin_memcmp(bytes + AUTHORITY_OFFSET, authority, sizeof(authority)) != 0)
        return SIC_NONE;
    return sic_load32(bytes + HEADER_SIZE);
}
