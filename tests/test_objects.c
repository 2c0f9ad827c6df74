/*
 * Directories and handle tables that are wrong on purpose: what is damaged is said, and the rest is read all the same.
 */
#include "handmade_objects.h"
#include "scarce_heap.h"

#include "core/device.h"
#include "core/soundness.h"
#include "util/memory.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define LAYOUT "19041.264"

static const struct sic_name *name_of(const struct handmade *world, uint64_t object_va)
{
    const struct sic_name *names = world->scan.names.elements;

    for (uint32_t i = 0; i < world->scan.names.count; i++) {
        if (names[i].object_va == object_va)
            return &names[i];
    }
    return NULL;
}

static bool is_unread(const struct handmade *world, uint64_t directory_va)
{
    assert_non_null(name_of(world, directory_va));
    return name_of(world, directory_va)->flags & SIC_NAME_UNREAD;
}

static void read_directories(struct handmade *world)
{
    handmade_find(world);
    assert_true(sic_directories_read(&world->scan, &world->reader, &world->objects));
    assert_null(sic_facts_check(&world->scan));
}

static uint64_t add_directory(struct handmade *world, uint64_t parent_va, const char *name)
{
    return handmade_object(world, HANDMADE_DIRECTORY, 0x158, parent_va, 5, name);
}

static uint64_t add_section(struct handmade *world, uint64_t parent_va, const char *name)
{
    return handmade_object(world, HANDMADE_SECTION, 0x40, parent_va, 5, name);
}

static void test_types_with_and_without_cookie(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 2; i++) {
        struct sic_object_roots given;
        struct handmade world;
        bool is_type;

        handmade_open(&world, LAYOUT, i == 1);
        handmade_find(&world);
        assert_int_equal(world.objects.has_cookie, i == 1);
        assert_int_equal(world.objects.indexes[SIC_OBJECT_SECTION], HANDMADE_SECTION);
        assert_true(sic_object_is(&world.objects, &world.reader, world.root_va, SIC_OBJECT_DIRECTORY, &is_type));
        assert_true(is_type);
        /* By the symbols' way alone. */
        given = (struct sic_object_roots){.root_directory_va = world.root_va};
        assert_true(sic_objects_find(&world.objects, &world.scan, &world.reader, &world.profile.layout, &given));
        assert_true(world.objects.are_types_known);
        assert_int_equal(world.objects.type_root_va, world.type_root_va);
        /* By none. */
        given = (struct sic_object_roots){.process_type_va = HANDMADE_BASE + 0x80000, .root_directory_va = 0x1234};
        assert_true(sic_objects_find(&world.objects, &world.scan, &world.reader, &world.profile.layout, &given));
        assert_false(world.objects.are_types_known);
        assert_int_equal(world.objects.root_va, 0);
        assert_true(sic_directories_read(&world.scan, &world.reader, &world.objects));
        assert_int_equal(world.scan.names.count, 0);
        handmade_close(&world);
    }
}

/* A few headers that lie do not decide for all; more than half of them do. */
static void test_cookie_is_decided_by_most(void **state)
{
    struct handmade world;

    (void)state;
    handmade_open(&world, LAYOUT, true);
    handmade_store(&world, world.process_type_va - 0x30 + 0x18, 0xee, 1);
    handmade_store(&world, sic_scan_process(&world.scan, 0)->eprocess_va - 0x30 + 0x18, 0xee, 1);
    handmade_find(&world);
    assert_true(world.objects.has_cookie);
    handmade_close(&world);
}

static void test_roots_that_contradict(void **state)
{
    struct sic_object_roots roots;
    struct handmade world;
    uint64_t other_va;

    (void)state;
    handmade_open(&world, LAYOUT, true);
    other_va = add_directory(&world, world.root_va, "\\");
    handmade_store(&world, handmade_name_info(&world, other_va), 0, 8);
    roots = (struct sic_object_roots){.process_type_va = world.process_type_va, .root_directory_va = other_va};
    assert_true(sic_objects_find(&world.objects, &world.scan, &world.reader, &world.profile.layout, &roots));
    assert_true(world.objects.is_contradicted);
    assert_true(sic_directories_read(&world.scan, &world.reader, &world.objects));
    assert_true(is_unread(&world, world.root_va));
    handmade_close(&world);
}

static void test_rings(void **state)
{
    struct handmade world;
    uint64_t named_va, first, up, section_va, entry_va;

    (void)state;
    handmade_open(&world, LAYOUT, true);
    named_va = add_directory(&world, world.root_va, "BaseNamedObjects");
    /* A chain that comes back to its second entry. */
    first = handmade_enter(&world, named_va, 9, handmade_object(&world, HANDMADE_EVENT, 0x20, 0, 0, NULL));
    for (unsigned i = 0; i < 5; i++)
        handmade_enter(&world, named_va, 9, handmade_object(&world, HANDMADE_EVENT, 0x20, 0, 0, NULL));
    entry_va = handmade_enter(&world, named_va, 9, handmade_object(&world, HANDMADE_EVENT, 0x20, 0, 0, NULL));
    handmade_store(&world, first, entry_va, 8);
    section_va = add_section(&world, named_va, "Shared");
    /* A directory that leads back to the root, and to itself. */
    up = add_directory(&world, named_va, "Up");
    handmade_enter(&world, up, 0, world.root_va);
    handmade_enter(&world, up, 0, up);
    /* The same object twice. */
    handmade_enter(&world, named_va, 11, section_va);
    read_directories(&world);
    assert_true(is_unread(&world, named_va));
    assert_true(is_unread(&world, up));
    assert_false(is_unread(&world, world.root_va));
    assert_non_null(name_of(&world, section_va));
    assert_int_equal(world.scan.names.count, 5);
    handmade_close(&world);
}

static void test_what_cannot_be_read(void **state)
{
    struct handmade world;
    uint64_t lost_va, kept_va, directory_va;

    (void)state;
    handmade_open(&world, LAYOUT, false);
    directory_va = add_directory(&world, world.root_va, "Sessions");
    kept_va = add_section(&world, directory_va, "Kept");
    handmade_allocate(&world, 0, 0x1000);
    lost_va = handmade_allocate(&world, 0x1000, 0x1000) + 0x100;
    handmade_enter(&world, directory_va, 5, lost_va);
    /* No kernel address, and one that is not aligned. */
    handmade_enter(&world, directory_va, 6, 0x7ff012345678);
    handmade_enter(&world, directory_va, 7, HANDMADE_BASE + 3);
    world.unreadable_va = lost_va;
    read_directories(&world);
    assert_true(is_unread(&world, directory_va));
    assert_false(is_unread(&world, world.root_va));
    assert_non_null(name_of(&world, kept_va));
    handmade_close(&world);
}

/* An object whose name is elsewhere, or is not to be had. */
static void test_names_that_lie(void **state)
{
    struct handmade world;
    uint64_t liar_va, nameless_va, directory_va;

    (void)state;
    handmade_open(&world, LAYOUT, true);
    directory_va = add_directory(&world, world.root_va, "KnownDlls");
    liar_va = add_section(&world, directory_va, "Liar");
    handmade_store(&world, handmade_name_info(&world, liar_va), world.root_va, 8);
    nameless_va = add_section(&world, directory_va, "Nameless");
    handmade_store(&world, handmade_name_info(&world, nameless_va) + 8, 0x2003, 2);
    read_directories(&world);
    assert_null(name_of(&world, liar_va));
    assert_int_equal(name_of(&world, nameless_va)->name.offset, SIC_NONE);
    assert_true(is_unread(&world, directory_va));
    handmade_close(&world);
}

static void test_links(void **state)
{
    struct handmade world;
    uint64_t plain_va, calling_va, empty_va;

    (void)state;
    handmade_open(&world, LAYOUT, true);
    plain_va = handmade_object(&world, HANDMADE_LINK, 0x28, world.root_va, 1, "C:");
    handmade_store_string(&world, plain_va + 8, "\\Device\\HarddiskVolume2");
    calling_va = handmade_object(&world, HANDMADE_LINK, 0x28, world.root_va, 1, "Calls");
    handmade_store(&world, calling_va + 8, 0xfffff80012300010, 8);
    handmade_store(&world, calling_va + 16, plain_va, 8);
    empty_va = handmade_object(&world, HANDMADE_LINK, 0x28, world.root_va, 1, "GLOBALROOT");
    read_directories(&world);
    assert_int_equal(name_of(&world, plain_va)->target.length, strlen("\\Device\\HarddiskVolume2"));
    assert_int_equal(name_of(&world, calling_va)->target.offset, SIC_NONE);
    assert_int_equal(name_of(&world, empty_va)->target.offset, 0);
    assert_int_equal(name_of(&world, empty_va)->target.length, 0);
    handmade_close(&world);
}

static void test_depth(void **state)
{
    struct handmade world;
    uint64_t directory_va;

    (void)state;
    handmade_open(&world, LAYOUT, true);
    directory_va = world.root_va;
    for (unsigned i = 0; i < 3 * SIC_DIRECTORY_DEPTH_LIMIT; i++)
        directory_va = add_directory(&world, directory_va, "Deeper");
    read_directories(&world);
    /* The root, \ObjectTypes, and so many below each other. */
    assert_int_equal(world.scan.names.count, 2 + SIC_DIRECTORY_DEPTH_LIMIT);
    assert_true(((struct sic_name *)world.scan.names.elements)[world.scan.names.count - 1].flags & SIC_NAME_UNREAD);
    handmade_close(&world);
}

/* The device's path leads to the root by its directories; a way without an end is no path. */
static void test_devices(void **state)
{
    struct handmade world;
    uint64_t file_va[2], device_va[2], devices_va, ring_va;
    const struct sic_device *devices;

    (void)state;
    handmade_open(&world, LAYOUT, true);
    devices_va = add_directory(&world, world.root_va, "Device");
    ring_va = add_directory(&world, world.root_va, "Ring");
    handmade_store(&world, handmade_name_info(&world, ring_va), ring_va, 8);
    device_va[0] = handmade_object(&world, HANDMADE_DEVICE, 0x20, devices_va, 1, "HarddiskVolume2");
    device_va[1] = handmade_object(&world, HANDMADE_DEVICE, 0x20, ring_va, 1, "HarddiskVolume3");
    for (unsigned i = 0; i < 2; i++) {
        struct sic_section *section = sic_array_append(&world.scan.allocator, &world.scan.sections, sizeof(*section));

        file_va[i] = handmade_allocate(&world, 0xd8, 16);
        handmade_store(&world, file_va[i], 5, 2); /* IO_TYPE_FILE */
        handmade_store_field(&world, file_va[i], SIC_FIELD_FILE_OBJECT_DEVICE_OBJECT, device_va[i], 8);
        *section = (struct sic_section){
            .file_object_va = file_va[i], .view_count = 2, .name.offset = SIC_NONE, .device = SIC_NONE};
    }
    handmade_find(&world);
    assert_true(sic_devices_read(&world.scan, &world.reader, &world.objects, 1));
    devices = world.scan.devices.elements;
    assert_int_equal(world.scan.devices.count, 2);
    assert_int_equal(devices[0].path.length, strlen("\\Device\\HarddiskVolume2"));
    assert_int_equal(devices[1].path.offset, SIC_NONE);
    assert_int_equal(sic_scan_section(&world.scan, 1)->device, 1);
    handmade_close(&world);
}

/* Memory runs out at every place: said, and nothing is left. */
static void test_memory_runs_out(void **state)
{
    unsigned refused = 0;

    (void)state;
    for (unsigned n = 0; n < 12; n++) {
        struct scarce_heap heap;
        struct handmade world;

        handmade_open(&world, LAYOUT, true);
        add_section(&world, add_directory(&world, world.root_va, "BaseNamedObjects"), "Shared");
        handmade_find(&world);
        scarce_heap_init(&heap, n);
        world.scan.allocator = heap.allocator;
        refused += !sic_directories_read(&world.scan, &world.reader, &world.objects);
        world.scan.allocator = *sic_heap_allocator();
        handmade_close(&world);
    }
    assert_in_range(refused, 3, 6);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_types_with_and_without_cookie),
        cmocka_unit_test(test_cookie_is_decided_by_most),
        cmocka_unit_test(test_roots_that_contradict),
        cmocka_unit_test(test_rings),
        cmocka_unit_test(test_what_cannot_be_read),
        cmocka_unit_test(test_names_that_lie),
        cmocka_unit_test(test_links),
        cmocka_unit_test(test_depth),
        cmocka_unit_test(test_devices),
        cmocka_unit_test(test_memory_runs_out),
    };

    return cmocka_run_group_tests_name("objects", tests, NULL, NULL);
}
