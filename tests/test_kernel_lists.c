/*
 * Lists and tables of an evil kernel, longer than any sound one: what is read of them is bounded, who cancels does not
 * wait, and one of them takes nothing from the others.
 */
#include "flat_memory.h"

#include "core/accounts.h"
#include "core/directory.h"
#include "core/handle_table.h"
#include "core/names.h"
#include "core/pack.h"
#include "core/soundness.h"
#include "core/unpack.h"
#include "symbols/profile.h"
#include "util/memory.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

/* Entries that are computed when they are asked for: as many as anybody wants, each leading to the next. */
#define ENDLESS_BASE  0xffff900000000000ull
#define ENDLESS_STEP  0x100u
#define ENDLESS_COUNT 0x1000000u

#define ROOT_AT        0x1000u
#define ENTRIES_AT     0x2000u /* 0x20 bytes each */
#define DIRECTORIES_AT 0x4000u /* 0x200 bytes each */

#define DIRECTORY_COUNT 8u
#define CHAIN_LENGTH    0xfff0u

#define INFO_NAME 2u

enum endless { ENDLESS_BUCKET, ENDLESS_VIEWS };

struct world {
    uint8_t bytes[0x10000];
    struct flat_memory memory;
    struct sic_reader reader;
    struct sic_profile profile;
    struct sic_scan scan;
    enum endless endless;
    uint64_t list_head; /* that ENDLESS_VIEWS begin behind */
    uint64_t asked;
    uint64_t patience;
    uint32_t next_name; /* where the next one's units go */
};

static void put(struct world *world, uint32_t at, uint64_t value, unsigned size)
{
    memcpy(world->bytes + at, &value, size);
}

static uint32_t offset_of(const struct world *world, enum sic_field field)
{
    assert_true(sic_layout_has(&world->profile.layout, field));
    return sic_layout_offset(&world->profile.layout, field);
}

/* {next, no object}: an entry of a bucket. */
static uint64_t bucket_word(uint64_t index, uint64_t at)
{
    return at == 0 && index + 1 < CHAIN_LENGTH ? ENDLESS_BASE + (index + 1) * ENDLESS_STEP : 0;
}

/* {next, previous}, and behind them a view of session space without an address. */
static uint64_t view_word(const struct world *world, uint64_t index, uint64_t at)
{
    if (at == 0)
        return ENDLESS_BASE + (index + 1) * ENDLESS_STEP;
    if (at == 8)
        return index == 0 ? world->list_head : ENDLESS_BASE + (index - 1) * ENDLESS_STEP;
    return SIC_KERNEL_VIEW_SESSION;
}

static bool read_endless(void *context, uint64_t va, void *buffer, size_t size)
{
    struct world *world = context;
    uint64_t index = (va - ENDLESS_BASE) / ENDLESS_STEP, at = (va - ENDLESS_BASE) % ENDLESS_STEP;
    struct sic_reader flat = flat_memory_reader(&world->memory);
    uint64_t words[4];

    world->asked++;
    if (va < ENDLESS_BASE || index >= ENDLESS_COUNT)
        return flat.read(flat.context, va, buffer, size);
    if (at % 8 != 0 || size > sizeof(words))
        return false;
    for (unsigned i = 0; i < 4; i++)
        words[i] =
            world->endless == ENDLESS_BUCKET ? bucket_word(index, at + 8 * i) : view_word(world, index, at + 8 * i);
    memcpy(buffer, words, size);
    return true;
}

static bool is_cancelled(void *context)
{
    const struct world *world = context;

    return world->asked >= world->patience;
}

static int set_up(void **state)
{
    static struct world world;

    memset(&world, 0, sizeof(world));
    assert_true(sic_profile_builtin_find("19041.264", &world.profile));
    world.memory = (struct flat_memory){.bytes = world.bytes, .size = sizeof(world.bytes)};
    world.reader = (struct sic_reader){.read = read_endless, .is_cancelled = is_cancelled, .context = &world};
    world.patience = UINT64_MAX;
    world.next_name = 0x100;
    sic_scan_init(&world.scan, sic_heap_allocator());
    *state = &world;
    return 0;
}

static int tear_down(void **state)
{
    sic_scan_deinit(&((struct world *)*state)->scan);
    return 0;
}

static void put_string(struct world *world, uint32_t at, const char *text, uint32_t buffer)
{
    put(world, at, 2 * strlen(text), 2);
    put(world, at + 2, 2 * strlen(text), 2);
    put(world, at + 8, FLAT_BASE + buffer, 8);
    for (uint32_t i = 0; text[i] != '\0'; i++)
        put(world, buffer + 2 * i, (uint8_t)text[i], 2);
}

/* The parts before an object's body that say its type, its directory and its name. */
static void put_header(struct world *world, uint32_t at, uint8_t type, uint32_t directory, const char *name)
{
    uint32_t header = at - offset_of(world, SIC_FIELD_OBJECT_HEADER_BODY);
    uint32_t info = header - offset_of(world, SIC_FIELD_NAME_INFO_SIZE);

    put(world, header + offset_of(world, SIC_FIELD_OBJECT_HEADER_TYPE_INDEX), type, 1);
    put(world, header + offset_of(world, SIC_FIELD_OBJECT_HEADER_INFO_MASK), INFO_NAME, 1);
    put(world, info + offset_of(world, SIC_FIELD_NAME_INFO_DIRECTORY), directory ? FLAT_BASE + directory : 0, 8);
    put_string(world, info + offset_of(world, SIC_FIELD_NAME_INFO_NAME), name, world->next_name);
    world->next_name += 0x20;
}

static struct sic_objects known_objects(const struct world *world)
{
    return (struct sic_objects){.layout = &world->profile.layout,
                                .root_va = FLAT_BASE + ROOT_AT,
                                .type_root_va = FLAT_BASE + ROOT_AT,
                                .indexes = {1, 2, 3, 4},
                                .are_types_known = true};
}

/* Below the root directories whose buckets all lead into one chain of entries without objects. */
static void put_directories(struct world *world)
{
    uint32_t buckets = offset_of(world, SIC_FIELD_OBJECT_DIRECTORY_HASH_BUCKETS);

    put_header(world, ROOT_AT, 1, 0, "\\");
    for (uint32_t i = 0; i < DIRECTORY_COUNT; i++) {
        uint32_t at = DIRECTORIES_AT + i * 0x200, entry = ENTRIES_AT + i * 0x20;

        put(world, ROOT_AT + buckets + i * 8, FLAT_BASE + entry, 8);
        put(world, entry + offset_of(world, SIC_FIELD_OBJECT_DIRECTORY_ENTRY_OBJECT), FLAT_BASE + at, 8);
        put_header(world, at, 1, ROOT_AT, "evil");
        for (unsigned bucket = 0; bucket < 37; bucket++)
            put(world, at + buckets + bucket * 8, ENDLESS_BASE, 8);
    }
}

static const struct sic_name *name_at(const struct world *world, uint32_t index)
{
    assert_true(index < world->scan.names.count);
    return (const struct sic_name *)world->scan.names.elements + index;
}

/* Entries without an object are entries too: what all directories have together is bounded. */
static void test_long_buckets(void **state)
{
    struct world *world = *state;
    struct sic_objects objects = known_objects(world);

    put_directories(world);
    assert_true(sic_directories_read(&world->scan, &world->reader, &objects));
    assert_int_equal(world->scan.names.count, 1 + DIRECTORY_COUNT);
    assert_true(world->asked > SIC_DIRECTORY_ENTRY_LIMIT / 2);
    assert_true(world->asked < 2 * SIC_DIRECTORY_ENTRY_LIMIT + 1000);
    for (uint32_t i = 1; i <= DIRECTORY_COUNT; i++)
        assert_true(name_at(world, i)->flags & SIC_NAME_UNREAD);
}

static void test_cancelled_in_buckets(void **state)
{
    struct world *world = *state;
    struct sic_objects objects = known_objects(world);

    put_directories(world);
    world->patience = 1000;
    assert_false(sic_directories_read(&world->scan, &world->reader, &objects));
    assert_in_range(world->asked, 1000, 1010);
}

/* A directory of types whose chains have no objects: types stay unknown, soon. */
static void test_long_types(void **state)
{
    struct world *world = *state;
    struct sic_object_roots roots = {.process_type_va = FLAT_BASE + DIRECTORIES_AT + 0x200};
    struct sic_objects objects;

    put_directories(world);
    put_header(world, DIRECTORIES_AT + 0x200, 1, DIRECTORIES_AT, "Process");
    assert_true(sic_objects_find(&objects, &world->scan, &world->reader, &world->profile.layout, &roots));
    assert_int_equal(objects.root_va, FLAT_BASE + ROOT_AT);
    assert_false(objects.are_types_known);
    assert_true(world->asked < 3 * CHAIN_LENGTH);
}

#define EPROCESS_AT 0x1000u
#define TABLE_AT    0x2000u
#define MIDDLE_AT   0x3000u

/* A table of three levels, whose 128 pages of the middle one hold nothing but must be read. */
static void test_cancelled_in_handles(void **state)
{
    struct world *world = *state;
    struct sic_handle_tables tables = {0};
    struct sic_handle_range range;
    struct sic_process *process = sic_array_append(&world->scan.allocator, &world->scan.processes, sizeof(*process));

    assert_non_null(process);
    process->eprocess_va = FLAT_BASE + EPROCESS_AT;
    put(world, EPROCESS_AT + offset_of(world, SIC_FIELD_EPROCESS_OBJECT_TABLE), FLAT_BASE + TABLE_AT, 8);
    put(world, TABLE_AT + offset_of(world, SIC_FIELD_HANDLE_TABLE_TABLE_CODE), (FLAT_BASE + MIDDLE_AT) | 2, 8);
    for (uint32_t i = 0; i < 512; i++)
        put(world, MIDDLE_AT + 8 * i, FLAT_BASE + 0x4000, 8);
    world->patience = 20;
    assert_false(sic_handle_table_find(&tables, &world->scan, &world->reader, &world->profile.layout, 0, &range));
    assert_in_range(world->asked, 20, 22);
    sic_handle_tables_deinit(&tables, &world->scan.allocator);
}

#define CONTROL_AREAS_AT 0x1000u /* 0x200 bytes each */

static void add_section(struct world *world, uint32_t at)
{
    struct sic_section *section = sic_array_append(&world->scan.allocator, &world->scan.sections, sizeof(*section));

    assert_non_null(section);
    section->control_area_va = FLAT_BASE + at;
    section->view_count = 1;
    section->mapped_views = 2;
    section->device = section->name.offset = SIC_NONE;
}

/* A control area's file object must say that it is one. */
static void test_no_file_object(void **state)
{
    struct world *world = *state;
    uint32_t name = offset_of(world, SIC_FIELD_FILE_OBJECT_FILE_NAME);

    add_section(world, CONTROL_AREAS_AT);
    sic_scan_section(&world->scan, 0)->file_object_va = FLAT_BASE + 0x3000;
    put_string(world, 0x3000 + name, "\\x.bin", 0x800);
    assert_true(sic_section_names_read(&world->scan, &world->reader, name, 1));
    assert_false(sic_scan_section(&world->scan, 0)->flags & SIC_SECTION_HAS_NAME);
    put(world, 0x3000, 5, 2);
    assert_true(sic_section_names_read(&world->scan, &world->reader, name, 1));
    assert_true(sic_scan_section(&world->scan, 0)->flags & SIC_SECTION_HAS_NAME);
}

#define SECTION_AT 0x8000u
#define PRIVATE_AT 0x9000u
#define NESTED_AT  0x9400u

/* A handle to a section object, and what its directories say of it. */
static void add_handle(struct world *world, uint32_t at)
{
    struct sic_handle *handle = sic_array_append(&world->scan.allocator, &world->scan.handles, sizeof(*handle));

    assert_non_null(handle);
    *handle = (struct sic_handle){.object_va = FLAT_BASE + at, .value = 4 * world->scan.handles.count};
}

static void put_unnamed(struct world *world, uint32_t at, uint8_t type)
{
    uint32_t header = at - offset_of(world, SIC_FIELD_OBJECT_HEADER_BODY);

    put(world, header + offset_of(world, SIC_FIELD_OBJECT_HEADER_TYPE_INDEX), type, 1);
    put(world, header + offset_of(world, SIC_FIELD_OBJECT_HEADER_INFO_MASK), 0, 1);
}

/* The root, which is empty; its own type's directory. Handles lead to a section, twice. */
static void read_names(struct world *world, uint32_t directory)
{
    struct sic_objects objects = known_objects(world);
    struct sic_process *process;

    sic_scan_deinit(&world->scan);
    sic_scan_init(&world->scan, sic_heap_allocator());
    put_header(world, ROOT_AT, 1, 0, "\\");
    put_header(world, SECTION_AT, 3, directory, "hidden");
    process = sic_array_append(&world->scan.allocator, &world->scan.processes, sizeof(*process));
    assert_non_null(process);
    process->path.offset = process->token = SIC_NONE;
    add_section(world, CONTROL_AREAS_AT);
    add_handle(world, SECTION_AT);
    add_handle(world, SECTION_AT);
    assert_true(sic_directories_read(&world->scan, &world->reader, &objects));
    assert_null(sic_facts_check(&world->scan));
}

/* Through the packed form and back; `flags` is what the second name then has. NULL, or why it is refused. */
static const char *pack_and_unpack(struct world *world, uint32_t flags, struct sic_scan *scan)
{
    static uint8_t bytes[0x4000];
    uint64_t size = sic_pack_size(&world->scan, NULL);
    struct sic_unpacked unpacked;

    sic_scan_section(&world->scan, 0)->view_count = 0;
    ((struct sic_name *)world->scan.names.elements)[1].flags = flags;
    sic_scan_init(scan, sic_heap_allocator());
    assert_true(size <= sizeof(bytes) && sic_pack(&world->scan, NULL, NULL, bytes, (size_t)size));
    return sic_unpack(bytes, (size_t)size, scan, &unpacked);
}

static void check_packed(struct world *world)
{
    struct sic_scan scan;

    assert_null(pack_and_unpack(world, SIC_NAME_OUTSIDE_ROOT, &scan));
    assert_int_equal(scan.names.count, 2);
    assert_memory_equal(scan.names.elements, world->scan.names.elements, 2 * sizeof(struct sic_name));
    sic_scan_deinit(&scan);
    assert_null(pack_and_unpack(world, SIC_NAME_OUTSIDE_ROOT | SIC_NAME_SECURITY_READ, &scan));
    sic_scan_deinit(&scan);
    assert_non_null(pack_and_unpack(world, 0, &scan));
    sic_scan_deinit(&scan);
    assert_non_null(pack_and_unpack(world, SIC_NAME_OUTSIDE_ROOT | SIC_NAME_UNREAD, &scan));
    sic_scan_deinit(&scan);
}

/* In a private namespace: the directory has no name and stands nowhere. */
static void test_name_outside_root(void **state)
{
    struct world *world = *state;

    put_unnamed(world, PRIVATE_AT, 1);
    put_header(world, NESTED_AT, 1, PRIVATE_AT, "nested");
    for (unsigned i = 0; i < 2; i++) {
        read_names(world, i ? NESTED_AT : PRIVATE_AT);
        assert_int_equal(world->scan.names.count, 2);
        assert_int_equal(name_at(world, 0)->flags, 0);
        assert_int_equal(name_at(world, 1)->flags, SIC_NAME_OUTSIDE_ROOT);
        assert_int_equal(name_at(world, 1)->kind, SIC_NAME_SECTION);
        assert_int_equal(name_at(world, 1)->parent, SIC_NONE);
        assert_int_equal(name_at(world, 1)->section, 0);
        assert_int_equal(name_at(world, 1)->object_va, FLAT_BASE + SECTION_AT);
        assert_int_equal(name_at(world, 1)->name.length, 6);
        assert_int_equal(((const uint16_t *)world->scan.strings.elements)[name_at(world, 1)->name.offset], 'h');
        check_packed(world);
    }
    /* One that has no name, or stands nowhere any more. */
    read_names(world, 0);
    assert_int_equal(world->scan.names.count, 1);
    assert_int_equal(name_at(world, 0)->flags, 0);
}

/* A directory of the tree that does not have it: its account is not whole. Where the way is lost, the root's is not. */
static void test_name_not_listed(void **state)
{
    struct world *world = *state;

    read_names(world, ROOT_AT);
    assert_int_equal(world->scan.names.count, 2);
    assert_int_equal(name_at(world, 0)->flags, SIC_NAME_UNREAD);
    assert_int_equal(name_at(world, 1)->parent, 0);
    assert_int_equal(name_at(world, 1)->flags, 0);
    assert_int_equal(name_at(world, 1)->section, 0);
    put_header(world, NESTED_AT, 1, ROOT_AT, "nested");
    read_names(world, NESTED_AT);
    assert_int_equal(world->scan.names.count, 1);
    assert_int_equal(name_at(world, 0)->flags, SIC_NAME_UNREAD);
    /* Two directories that each stand in the other; one that is none. */
    put_header(world, NESTED_AT, 1, PRIVATE_AT, "nested");
    put_header(world, PRIVATE_AT, 1, NESTED_AT, "ring");
    read_names(world, NESTED_AT);
    assert_int_equal(world->scan.names.count, 1);
    assert_int_equal(name_at(world, 0)->flags, SIC_NAME_UNREAD);
    put_unnamed(world, PRIVATE_AT, 2);
    read_names(world, NESTED_AT);
    assert_int_equal(world->scan.names.count, 1);
    assert_int_equal(name_at(world, 0)->flags, SIC_NAME_UNREAD);
}

/* A list that never ends uses up what all lists may have, and the next one is still walked to its end. */
static void test_endless_views(void **state)
{
    struct world *world = *state;
    uint32_t head = offset_of(world, SIC_FIELD_CONTROL_AREA_LIST_HEAD);
    uint32_t second = CONTROL_AREAS_AT + 0x200, links = 0x3000;
    uint32_t distance = offset_of(world, SIC_FIELD_MMVAD_VADS_PROCESS) - offset_of(world, SIC_FIELD_MMVAD_VIEW_LINKS);
    const struct sic_note *notes;
    struct sic_array strangers = {0};

    world->endless = ENDLESS_VIEWS;
    world->list_head = FLAT_BASE + CONTROL_AREAS_AT + head;
    add_section(world, CONTROL_AREAS_AT);
    add_section(world, second);
    put(world, CONTROL_AREAS_AT + head, ENDLESS_BASE, 8);
    put(world, second + head, FLAT_BASE + links, 8);
    put(world, second + head + 8, FLAT_BASE + links, 8);
    put(world, links, FLAT_BASE + second + head, 8);
    put(world, links + 8, FLAT_BASE + second + head, 8);
    put(world, links + distance, SIC_KERNEL_VIEW_SESSION, 8);
    assert_true(sic_accounts_compare(&world->scan, &world->reader, &world->profile.layout, true, &strangers));
    notes = world->scan.notes.elements;
    assert_true(world->scan.notes.count > 0 && notes[0].kind == SIC_NOTE_LIST_BROKEN && notes[0].section == 0);
    for (uint32_t i = 1; i < world->scan.notes.count; i++)
        assert_int_equal(notes[i].section, 0);
    assert_true(sic_scan_section(&world->scan, 1)->flags & SIC_SECTION_RING_WALKED);
    assert_int_equal(sic_scan_section(&world->scan, 1)->kernel_views, 1);
    assert_true(world->asked < 0x100000 * 5);
    sic_array_free(&world->scan.allocator, &strangers, sizeof(uint64_t));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_cancelled_in_handles, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_no_file_object, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_name_outside_root, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_name_not_listed, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_endless_views, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_long_buckets, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_cancelled_in_buckets, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_long_types, set_up, tear_down),
    };

    return cmocka_run_group_tests_name("kernel lists", tests, NULL, NULL);
}
