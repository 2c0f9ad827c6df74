#include "flat_memory.h"

#include <string.h>

static const void *lend(void *context, uint64_t va, size_t size)
{
    const struct flat_memory *memory = context;
    uint64_t offset = va & 0xffff;

    return offset <= memory->size && size <= memory->size - offset ? memory->bytes + offset : NULL;
}

static bool read_copy(void *context, uint64_t va, void *buffer, size_t size)
{
    const void *lent = lend(context, va, size);

    if (lent)
        memcpy(buffer, lent, size);
    return lent != NULL;
}

struct sic_reader flat_memory_reader(struct flat_memory *memory)
{
    return (struct sic_reader){.read = read_copy, .lend = lend, .context = memory};
}
