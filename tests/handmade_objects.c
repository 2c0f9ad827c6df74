#include "handmade_objects.h"

#include "util/memory.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define COOKIE      0x5a
#define HEADER_SIZE 0x30u
#define NAME_SIZE   0x20u
#define EPROCESS    0x1000u

static uint8_t *place(struct handmade *world, uint64_t va, size_t size)
{
    assert_true(va >= HANDMADE_BASE && va - HANDMADE_BASE + size <= HANDMADE_SIZE);
    return world->bytes + (va - HANDMADE_BASE);
}

static bool read_world(void *context, uint64_t va, void *buffer, size_t size)
{
    const struct handmade *world = context;

    if (va < HANDMADE_BASE || va - HANDMADE_BASE > HANDMADE_SIZE - size ||
        (world->unreadable_va != 0 && va >> 12 <= world->unreadable_va >> 12 &&
         (va + size - 1) >> 12 >= world->unreadable_va >> 12))
        return false;
    memcpy(buffer, world->bytes + (va - HANDMADE_BASE), size);
    return true;
}

void handmade_store(struct handmade *world, uint64_t va, uint64_t value, unsigned size)
{
    memcpy(place(world, va, size), &value, size);
}

void handmade_store_field(struct handmade *world, uint64_t va, enum sic_field field, uint64_t value, unsigned size)
{
    assert_true(sic_layout_has(&world->profile.layout, field));
    handmade_store(world, va + sic_layout_offset(&world->profile.layout, field), value, size);
}

uint64_t handmade_allocate(struct handmade *world, uint64_t size, uint64_t alignment)
{
    uint64_t va = (world->next_va + alignment - 1) & ~(alignment - 1);

    world->next_va = va + size;
    (void)place(world, va, size);
    return va;
}

void handmade_store_string(struct handmade *world, uint64_t va, const char *text)
{
    uint64_t buffer_va = handmade_allocate(world, 2 * strlen(text) + 2, 2);

    for (size_t i = 0; text[i] != '\0'; i++)
        handmade_store(world, buffer_va + 2 * i, (uint8_t)text[i], 2);
    handmade_store(world, va, 2 * strlen(text), 2);
    handmade_store(world, va + 2, 2 * strlen(text) + 2, 2);
    handmade_store(world, va + 8, buffer_va, 8);
}

uint64_t handmade_enter(struct handmade *world, uint64_t directory_va, unsigned bucket, uint64_t object_va)
{
    uint64_t entry_va = handmade_allocate(world, 0x18, 8), first;

    memcpy(&first, place(world, directory_va + 8 * bucket, 8), 8);
    handmade_store(world, entry_va, first, 8);
    handmade_store(world, entry_va + 8, object_va, 8);
    handmade_store(world, directory_va + 8 * bucket, entry_va, 8);
    return entry_va;
}

uint64_t handmade_name_info(struct handmade *world, uint64_t object_va)
{
    (void)world;
    return object_va - HEADER_SIZE - NAME_SIZE;
}

static void store_header(struct handmade *world, uint64_t object_va, unsigned type, uint8_t mask)
{
    uint64_t header_va = object_va - HEADER_SIZE;
    uint8_t index = (uint8_t)type;

    if (world->has_cookie)
        index ^= (uint8_t)(header_va >> 8) ^ COOKIE;
    handmade_store(world, header_va + 0x18, index, 1);
    handmade_store(world, header_va + 0x1a, mask, 1);
}

static uint64_t make_object(struct handmade *world, unsigned type, uint64_t size, uint64_t directory_va,
                            const char *name)
{
    /* Far apart, so that byte 1 of their addresses differs. */
    uint64_t va = handmade_allocate(world, 0x80 + size, 0x10) + 0x80;

    store_header(world, va, type, name ? 2 : 0);
    if (name) {
        handmade_store(world, handmade_name_info(world, va), directory_va, 8);
        handmade_store_string(world, handmade_name_info(world, va) + 8, name);
    }
    return va;
}

uint64_t handmade_object(struct handmade *world, unsigned type, uint64_t size, uint64_t directory_va, unsigned bucket,
                         const char *name)
{
    uint64_t va = make_object(world, type, size, directory_va, directory_va ? name : NULL);

    if (directory_va != 0)
        handmade_enter(world, directory_va, bucket, va);
    return va;
}

static uint64_t add_type(struct handmade *world, unsigned index, const char *name)
{
    uint64_t va = handmade_object(world, HANDMADE_TYPE, 0xe0, world->type_root_va, index % 37, name);

    handmade_store_string(world, va + 0x10, name);
    handmade_store(world, va + 0x28, index, 1);
    return va;
}

static void add_process(struct handmade *world, uint64_t id)
{
    struct sic_process *process = sic_array_append(&world->scan.allocator, &world->scan.processes, sizeof(*process));

    assert_non_null(process);
    *process = (struct sic_process){.id = id, .token = SIC_NONE, .path.offset = SIC_NONE};
    process->eprocess_va = make_object(world, HANDMADE_PROCESS, EPROCESS, 0, NULL);
}

void handmade_open(struct handmade *world, const char *layout, bool has_cookie)
{
    memset(world, 0, sizeof(*world));
    world->bytes = calloc(1, HANDMADE_SIZE);
    assert_non_null(world->bytes);
    world->next_va = HANDMADE_BASE + 0x1000;
    world->has_cookie = has_cookie;
    world->reader = (struct sic_reader){.read = read_world, .context = world};
    assert_true(sic_profile_builtin_find(layout, &world->profile));
    sic_scan_init(&world->scan, sic_heap_allocator());
    world->root_va = make_object(world, HANDMADE_DIRECTORY, 0x158, 0, "\\");
    world->type_root_va = handmade_object(world, HANDMADE_DIRECTORY, 0x158, world->root_va, 3, "ObjectTypes");
    add_type(world, HANDMADE_TYPE, "Type");
    add_type(world, HANDMADE_DIRECTORY, "Directory");
    add_type(world, HANDMADE_LINK, "SymbolicLink");
    world->process_type_va = add_type(world, HANDMADE_PROCESS, "Process");
    add_type(world, HANDMADE_EVENT, "Event");
    add_type(world, HANDMADE_DEVICE, "Device");
    add_type(world, HANDMADE_SECTION, "Section");
    add_process(world, 4);
    add_process(world, 200);
}

void handmade_close(struct handmade *world)
{
    sic_scan_deinit(&world->scan);
    free(world->bytes);
}

void handmade_find(struct handmade *world)
{
    struct sic_object_roots roots = {.process_type_va = world->process_type_va};

    assert_true(sic_objects_find(&world->objects, &world->scan, &world->reader, &world->profile.layout, &roots));
    assert_true(world->objects.are_types_known);
    assert_int_equal(world->objects.root_va, world->root_va);
}
