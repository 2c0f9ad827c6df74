/*
 * Handle tables made by hand: every format of entries and every level; what is damaged is said, and the rest is read.
 */
#include "handmade_objects.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define LAYOUT "19041.264"
#define ACCESS 0xf001fu

static const struct sic_handle *handle_at(const struct handmade *world, uint32_t index)
{
    assert_true(index < world->scan.handles.count);
    return (const struct sic_handle *)world->scan.handles.elements + index;
}

static uint64_t make_table(struct handmade *world, uint32_t process, uint64_t table_code)
{
    uint64_t table_va = handmade_allocate(world, 0x80, 16);

    handmade_store_field(world, table_va, SIC_FIELD_HANDLE_TABLE_TABLE_CODE, table_code, 8);
    handmade_store_field(world, table_va, SIC_FIELD_HANDLE_TABLE_QUOTA_PROCESS,
                         sic_scan_process(&world->scan, process)->eprocess_va, 8);
    handmade_store_field(world, sic_scan_process(&world->scan, process)->eprocess_va, SIC_FIELD_EPROCESS_OBJECT_TABLE,
                         table_va, 8);
    return table_va;
}

static uint64_t make_page(struct handmade *world)
{
    return handmade_allocate(world, 0x1000, 0x1000);
}

static uint64_t make_section(struct handmade *world)
{
    return handmade_object(world, HANDMADE_SECTION, 0x40, 0, 0, NULL);
}

/* As 8.1 and later write it. */
static void store_entry(struct handmade *world, uint64_t leaf_va, unsigned index, uint64_t object_va)
{
    handmade_store(world, leaf_va + 16 * index, (object_va - 0x30) >> 4 << 20 | 1, 8);
    handmade_store(world, leaf_va + 16 * index + 8, ACCESS, 4);
}

/* The tables of all processes, in their order. */
static void read_tables(struct handmade *world)
{
    struct sic_handle_tables tables = {0};

    handmade_find(world);
    assert_true(sic_handles_can_be_read(&world->objects));
    for (uint32_t i = 0; i < world->scan.processes.count; i++) {
        struct sic_handle_range range;

        assert_true(sic_handle_table_find(&tables, &world->scan, &world->reader, &world->profile.layout, i, &range));
        assert_true(sic_handle_table_read(&tables, range, &world->scan, &world->reader, &world->objects, i));
    }
    sic_handle_tables_deinit(&tables, &world->scan.allocator);
}

static uint32_t marks_of(const struct handmade *world, uint32_t process)
{
    return sic_scan_process(&world->scan, process)->flags & (SIC_PROCESS_HANDLES_READ | SIC_PROCESS_HANDLES_INCOMPLETE);
}

static void test_levels(void **state)
{
    (void)state;
    for (unsigned level = 0; level <= 2; level++) {
        struct handmade world;
        uint64_t leaf_va, far_va, middle_va, top_va, section_va;

        handmade_open(&world, LAYOUT, true);
        section_va = make_section(&world);
        leaf_va = make_page(&world);
        far_va = make_page(&world);
        middle_va = make_page(&world);
        top_va = handmade_allocate(&world, 0x400, 16);
        /* Entry 0 is none, an event is no section, entry 255 is the leaf's last. */
        store_entry(&world, leaf_va, 0, section_va);
        store_entry(&world, leaf_va, 1, section_va);
        store_entry(&world, leaf_va, 2, handmade_object(&world, HANDMADE_EVENT, 0x20, 0, 0, NULL));
        store_entry(&world, leaf_va, 255, section_va);
        store_entry(&world, far_va, 3, section_va);
        handmade_store(&world, middle_va, leaf_va, 8);
        handmade_store(&world, middle_va + 8 * 511, level == 1 ? far_va : 0, 8);
        handmade_store(&world, top_va, middle_va, 8);
        if (level == 2) {
            uint64_t second_va = make_page(&world);

            handmade_store(&world, second_va + 8, far_va, 8);
            handmade_store(&world, top_va + 8 * 127, second_va, 8);
        }
        make_table(&world, 0, level == 0 ? leaf_va : level == 1 ? middle_va | 1 : top_va | 2);
        read_tables(&world);
        assert_int_equal(marks_of(&world, 0), SIC_PROCESS_HANDLES_READ);
        assert_int_equal(world.scan.handles.count, level == 0 ? 2 : 3);
        assert_int_equal(handle_at(&world, 0)->value, 4);
        assert_int_equal(handle_at(&world, 0)->access, ACCESS);
        assert_int_equal(handle_at(&world, 0)->object_va, section_va);
        assert_int_equal(handle_at(&world, 1)->value, 255 * 4);
        if (level > 0)
            assert_int_equal(handle_at(&world, 2)->value, ((level == 1 ? 511u : 127u * 512 + 1) * 256 + 3) * 4);
        /* A process without a table has no handles, and that is known. */
        assert_int_equal(marks_of(&world, 1), SIC_PROCESS_HANDLES_READ);
        handmade_close(&world);
    }
}

static void set_field(struct handmade *world, enum sic_field field, uint32_t offset, uint8_t first, uint8_t count)
{
    world->profile.layout.fields[field] =
        (struct sic_layout_field){.offset = offset, .first_bit = first, .bit_count = count};
}

/* Internals, section 5: 8.1 and later, 8, 57-bit kernels, 7 and before. */
static void test_formats(void **state)
{
    static const struct {
        uint8_t first, count;
        unsigned keeps_from;
    } formats[] = {{20, 44, 4}, {23, 41, 3}, {11, 53, 4}, {0, 0, 0}};

    (void)state;
    for (size_t i = 0; i < sizeof(formats) / sizeof(formats[0]); i++) {
        struct handmade world;
        uint64_t leaf_va, section_va, header_va, word;

        handmade_open(&world, LAYOUT, true);
        section_va = make_section(&world);
        header_va = section_va - 0x30;
        leaf_va = make_page(&world);
        if (formats[i].count == 0) {
            set_field(&world, SIC_FIELD_HANDLE_TABLE_ENTRY_OBJECT, SIC_FIELD_ABSENT, 0, 0);
            set_field(&world, SIC_FIELD_HANDLE_TABLE_ENTRY_ACCESS, SIC_FIELD_ABSENT, 0, 0);
            set_field(&world, SIC_FIELD_HANDLE_TABLE_ENTRY_POINTER, 0, 0, 0);
            set_field(&world, SIC_FIELD_HANDLE_TABLE_ENTRY_GRANTED_ACCESS, 8, 0, 0);
            word = header_va | 5;
        } else {
            set_field(&world, SIC_FIELD_HANDLE_TABLE_ENTRY_OBJECT, 0, formats[i].first, formats[i].count);
            word = header_va >> formats[i].keeps_from << formats[i].first | ((1ull << formats[i].first) - 1);
        }
        handmade_store(&world, leaf_va + 16, word, 8);
        handmade_store(&world, leaf_va + 24, 0xfe000000u | ACCESS, 4);
        make_table(&world, 0, leaf_va);
        read_tables(&world);
        assert_int_equal(handle_at(&world, 0)->object_va, section_va);
        assert_int_equal(handle_at(&world, 0)->access, ACCESS);
        assert_int_equal(marks_of(&world, 0), SIC_PROCESS_HANDLES_READ);
        handmade_close(&world);
    }
}

static void test_tables_of_others(void **state)
{
    struct handmade world;
    uint64_t leaf_va, table_va;

    (void)state;
    handmade_open(&world, LAYOUT, true);
    leaf_va = make_page(&world);
    store_entry(&world, leaf_va, 1, make_section(&world));
    table_va = make_table(&world, 0, leaf_va);
    /* The second process claims the first's table. */
    handmade_store_field(&world, sic_scan_process(&world.scan, 1)->eprocess_va, SIC_FIELD_EPROCESS_OBJECT_TABLE,
                         table_va, 8);
    read_tables(&world);
    assert_int_equal(marks_of(&world, 0), SIC_PROCESS_HANDLES_READ);
    assert_int_equal(marks_of(&world, 1), SIC_PROCESS_HANDLES_INCOMPLETE);
    assert_int_equal(world.scan.handles.count, 1);
    handmade_close(&world);
    /* Two tables with one page. */
    handmade_open(&world, LAYOUT, true);
    leaf_va = make_page(&world);
    store_entry(&world, leaf_va, 1, make_section(&world));
    make_table(&world, 0, leaf_va);
    make_table(&world, 1, leaf_va);
    read_tables(&world);
    assert_int_equal(marks_of(&world, 1), SIC_PROCESS_HANDLES_INCOMPLETE);
    assert_int_equal(world.scan.handles.count, 1);
    handmade_close(&world);
    /* The kernel's own: no process pays for it, the pid says whose it is. */
    handmade_open(&world, LAYOUT, true);
    leaf_va = make_page(&world);
    store_entry(&world, leaf_va, 1, make_section(&world));
    table_va = make_table(&world, 0, leaf_va);
    handmade_store_field(&world, table_va, SIC_FIELD_HANDLE_TABLE_QUOTA_PROCESS, 0, 8);
    handmade_store_field(&world, table_va, SIC_FIELD_HANDLE_TABLE_UNIQUE_PROCESS_ID, 4, 4);
    read_tables(&world);
    assert_int_equal(world.scan.handles.count, 1);
    handmade_close(&world);
}

/* Codes and pointers that lead nowhere, a page that leads to itself, one that is not there. */
static void test_damage(void **state)
{
    static const uint64_t codes[] = {3,
                                     HANDMADE_BASE | 3,
                                     0x7ff000001000,
                                     HANDMADE_BASE + 0x1008,
                                     HANDMADE_BASE + 2 * HANDMADE_SIZE,
                                     HANDMADE_BASE + 2 * HANDMADE_SIZE + 1};
    struct handmade world;
    uint64_t leaf_va, middle_va, lost_va;

    (void)state;
    for (size_t i = 0; i < sizeof(codes) / sizeof(codes[0]); i++) {
        handmade_open(&world, LAYOUT, true);
        make_table(&world, 0, codes[i]);
        read_tables(&world);
        assert_int_equal(marks_of(&world, 0), SIC_PROCESS_HANDLES_INCOMPLETE);
        assert_int_equal(world.scan.handles.count, 0);
        handmade_close(&world);
    }
    handmade_open(&world, LAYOUT, true);
    leaf_va = make_page(&world);
    lost_va = make_page(&world);
    middle_va = make_page(&world);
    store_entry(&world, leaf_va, 1, make_section(&world));
    store_entry(&world, leaf_va, 2, HANDMADE_BASE + 3 * HANDMADE_SIZE);
    handmade_store(&world, leaf_va + 16 * 3, UINT64_MAX >> 1, 8);
    handmade_store(&world, middle_va, lost_va, 8);
    handmade_store(&world, middle_va + 8, leaf_va, 8);
    handmade_store(&world, middle_va + 16, leaf_va, 8);
    make_table(&world, 0, middle_va | 1);
    world.unreadable_va = lost_va;
    read_tables(&world);
    assert_int_equal(marks_of(&world, 0), SIC_PROCESS_HANDLES_INCOMPLETE);
    assert_int_equal(world.scan.handles.count, 1);
    assert_int_equal(handle_at(&world, 0)->value, 257 * 4);
    handmade_close(&world);
}

/* More pages than all of a kernel's tables have: every pointer of the table leads to another address that can be read.
 */
static bool read_everywhere(void *context, uint64_t va, void *buffer, size_t size)
{
    struct handmade *world = context;
    uint64_t offset = va - HANDMADE_BASE;

    if (va < HANDMADE_BASE)
        return false;
    if (offset >= 16ull * HANDMADE_SIZE)
        offset = world->unreadable_va + offset % 0x1000;
    memcpy(buffer, world->bytes + offset, size);
    return true;
}

static void test_limits(void **state)
{
    struct sic_handle_tables tables = {0};
    struct sic_handle_range range;
    struct handmade world;
    uint64_t leaf_va, section_va, top_va, next_va = HANDMADE_BASE + 16ull * HANDMADE_SIZE;

    (void)state;
    handmade_open(&world, LAYOUT, true);
    section_va = make_section(&world);
    leaf_va = make_page(&world);
    for (unsigned i = 1; i < 256; i++)
        store_entry(&world, leaf_va, i, section_va);
    top_va = handmade_allocate(&world, 0x400, 16);
    for (unsigned i = 0; i < 10; i++) {
        uint64_t middle_va = make_page(&world);

        handmade_store(&world, top_va + 8 * i, middle_va, 8);
        for (unsigned j = 0; j < 512; j++, next_va += 0x1000)
            handmade_store(&world, middle_va + 8 * j, next_va, 8);
    }
    make_table(&world, 0, top_va | 2);
    handmade_find(&world);
    world.unreadable_va = leaf_va - HANDMADE_BASE;
    world.reader.read = read_everywhere;
    assert_true(sic_handle_table_find(&tables, &world.scan, &world.reader, &world.profile.layout, 0, &range));
    assert_int_equal(range.count, 5120);
    assert_true(sic_handle_table_read(&tables, range, &world.scan, &world.reader, &world.objects, 0));
    assert_int_equal(world.scan.handles.count, SIC_HANDLE_LIMIT);
    assert_int_equal(marks_of(&world, 0), SIC_PROCESS_HANDLES_INCOMPLETE);
    sic_handle_tables_deinit(&tables, &world.scan.allocator);
    handmade_close(&world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_levels), cmocka_unit_test(test_formats), cmocka_unit_test(test_tables_of_others),
        cmocka_unit_test(test_damage), cmocka_unit_test(test_limits),
    };

    return cmocka_run_group_tests_name("handles", tests, NULL, NULL);
}
