#include "core/allocator.h"

#define LARGE_ARRAY_SIZE (1u << 20)

bool sic_array_reserve(const struct sic_allocator *allocator, struct sic_array *array, size_t element_size,
                       uint32_t extra)
{
    uint32_t needed, capacity;
    void *elements;

    if (__builtin_add_overflow(array->count, extra, &needed))
        return false;
    if (needed <= array->capacity)
        return true;
    /* Half again as much; a large array less, since in the driver the old and the new one stand side by side. */
    capacity =
        array->capacity + array->capacity / (array->capacity * (uint64_t)element_size < LARGE_ARRAY_SIZE ? 2 : 8);
    if (capacity < needed)
        capacity = needed < 16 ? 16 : needed;
    if (capacity > SIZE_MAX / element_size)
        return false;
    elements =
        allocator->resize(allocator->context, array->elements, array->capacity * element_size, capacity * element_size);
    if (!elements)
        return false;
    array->elements = elements;
    array->capacity = capacity;
    return true;
}

void *sic_array_append(const struct sic_allocator *allocator, struct sic_array *array, size_t element_size)
{
    void *element;

    if (!sic_array_reserve(allocator, array, element_size, 1))
        return NULL;
    element = (uint8_t *)array->elements + array->count++ * element_size;
    __builtin_memset(element, 0, element_size);
    return element;
}

void sic_array_trim(const struct sic_allocator *allocator, struct sic_array *array, size_t element_size)
{
    void *elements;

    if (array->count == 0) {
        sic_array_free(allocator, array, element_size);
        return;
    }
    elements = allocator->resize(allocator->context, array->elements, array->capacity * element_size,
                                 array->count * element_size);
    if (elements) {
        array->elements = elements;
        array->capacity = array->count;
    }
}

void sic_array_free(const struct sic_allocator *allocator, struct sic_array *array, size_t element_size)
{
    if (array->elements)
        allocator->resize(allocator->context, array->elements, array->capacity * element_size, 0);
    *array = (struct sic_array){0};
}

/* Multiply-shift hashing: its upper bits are good for any keys while the multiplier is not known. Never 0. */
static uint32_t hash_address(const struct sic_index *index, uint64_t key)
{
    return (uint32_t)(((key ^ key >> 31) * index->multiplier) >> 32) | 1;
}

/* The lowest bit of a hash is always set, so the place is taken from the others, the upper ones first. */
static uint32_t first_position(uint32_t hash, uint32_t capacity)
{
    return (uint32_t)((uint64_t)hash * capacity >> 32);
}

bool sic_index_find(const struct sic_index *index, const struct sic_array *records, size_t record_size, uint64_t key,
                    uint32_t *record)
{
    uint32_t hash = hash_address(index, key), mask = index->capacity - 1;

    if (index->capacity == 0)
        return false;
    /* Never full (see sic_index_add), so an empty slot ends the search. */
    for (uint32_t i = first_position(hash, index->capacity); index->slots[i].hash != 0; i = (i + 1) & mask) {
        uint64_t found;

        if (index->slots[i].hash != hash)
            continue;
        __builtin_memcpy(&found, (const uint8_t *)records->elements + index->slots[i].record * record_size,
                         sizeof(found));
        if (found == key) {
            *record = index->slots[i].record;
            return true;
        }
    }
    return false;
}

void sic_index_prefetch(const struct sic_index *index, uint64_t key)
{
    if (index->capacity > 0)
        __builtin_prefetch(&index->slots[first_position(hash_address(index, key), index->capacity)]);
}

static void insert(struct sic_index_slot *slots, uint32_t capacity, struct sic_index_slot slot)
{
    uint32_t i = first_position(slot.hash, capacity);

    while (slots[i].hash != 0)
        i = (i + 1) & (capacity - 1);
    slots[i] = slot;
}

static bool grow_index(const struct sic_allocator *allocator, struct sic_index *index, uint32_t capacity)
{
    struct sic_index_slot *slots;

    if (index->multiplier == 0)
        index->multiplier = allocator->hash_seed | 1;
    slots = allocator->resize(allocator->context, NULL, 0, capacity * sizeof(*slots));
    if (!slots)
        return false;
    __builtin_memset(slots, 0, capacity * sizeof(*slots));
    for (uint32_t i = 0; i < index->capacity; i++) {
        if (index->slots[i].hash != 0)
            insert(slots, capacity, index->slots[i]);
    }
    if (index->slots)
        allocator->resize(allocator->context, index->slots, index->capacity * sizeof(*slots), 0);
    index->slots = slots;
    index->capacity = capacity;
    return true;
}

/* At most three quarters full. */
static uint32_t room_in(uint32_t capacity)
{
    return capacity / 4 * 3;
}

bool sic_index_reserve(const struct sic_allocator *allocator, struct sic_index *index, uint32_t count)
{
    uint32_t capacity = index->capacity ? index->capacity : 64;

    while (room_in(capacity) < count) {
        if (capacity > UINT32_MAX / 2)
            return false;
        capacity *= 2;
    }
    return capacity == index->capacity || grow_index(allocator, index, capacity);
}

bool sic_index_add(const struct sic_allocator *allocator, struct sic_index *index, uint64_t key, uint32_t record)
{
    if (index->count >= room_in(index->capacity) && !sic_index_reserve(allocator, index, index->count + 1))
        return false;
    insert(index->slots, index->capacity, (struct sic_index_slot){.hash = hash_address(index, key), .record = record});
    index->count++;
    return true;
}

void sic_index_free(const struct sic_allocator *allocator, struct sic_index *index)
{
    if (index->slots)
        allocator->resize(allocator->context, index->slots, index->capacity * sizeof(*index->slots), 0);
    *index = (struct sic_index){0};
}
