/*
 * Security descriptors of anybody's making, in flat memory that begins with the headers of four objects: what is taken
 * over is a whole descriptor, and bytes are taken for one only by what they say of themselves.
 */
#include "../tests/security_world.h"
#include "util/memory.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool holds)
{
    if (!holds)
        abort();
}

static void check(const struct sic_scan *scan)
{
    const struct sic_name *names = scan->names.elements;

    for (uint32_t i = 0; i < scan->names.count; i++) {
        struct sic_blob blob = names[i].security;

        if (blob.offset == SIC_NONE) {
            require(blob.length == 0);
            continue;
        }
        require(names[i].flags == SIC_NAME_SECURITY_READ && blob.offset <= scan->bytes.count &&
                blob.length <= scan->bytes.count - blob.offset);
        require(sic_security_is_sound((const uint8_t *)scan->bytes.elements + blob.offset, blob.length));
    }
}

/* A sound descriptor is no longer one with a byte more or less: nobody has to guess where it ends. */
static void check_bounds(const uint8_t *data, size_t size)
{
    unsigned sound = 0;

    for (uint32_t length = 0; length <= size && length <= 0x400; length++) {
        uint8_t *copy = malloc(length + 1u);

        require(copy != NULL);
        memcpy(copy, data, length);
        sound += sic_security_is_sound(copy, length);
        free(copy);
    }
    require(sound <= 1);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct security_world world;
    struct flat_memory memory = {.bytes = data, .size = size};
    struct sic_reader reader = flat_memory_reader(&memory);
    struct sic_scan scan;

    if (!world.objects.layout)
        security_world_init(&world);
    sic_scan_init(&scan, sic_heap_allocator());
    for (uint32_t i = 0; i < SECURITY_OBJECT_COUNT; i++)
        require(security_world_add(&scan, FLAT_BASE + SECURITY_OBJECT_AT(i),
                                   i % 2 ? SIC_NAME_SECTION : SIC_NAME_DIRECTORY));
    require(sic_securities_read(&scan, &reader, &world.objects));
    check(&scan);
    sic_scan_deinit(&scan);
    check_bounds(data, size);
    if (size > 0x400)
        check_bounds(data + 0x400, size - 0x400);
    return 0;
}
