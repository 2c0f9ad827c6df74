/*
 * Security descriptors of objects: read whole, told apart from none and from unknown, whatever the bytes are.
 */
#include "scarce_heap.h"
#include "security_world.h"

#include "util/memory.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define DESCRIPTOR_AT 0x400u
#define SECOND_AT     0x600u
#define OWNER         0x68u /* of security_world_descriptor: the owner's SID, SACL, DACL */
#define SACL          0x14u
#define DACL          0x30u

struct world {
    struct security_world shape;
    uint8_t bytes[0x10000];
    struct flat_memory memory;
    struct sic_reader reader;
    struct sic_scan scan;
    uint32_t size; /* of the descriptor */
};

static int set_up(void **state)
{
    static struct world world;

    memset(&world, 0, sizeof(world));
    security_world_init(&world.shape);
    world.memory = (struct flat_memory){.bytes = world.bytes, .size = sizeof(world.bytes)};
    world.reader = flat_memory_reader(&world.memory);
    sic_scan_init(&world.scan, sic_heap_allocator());
    world.size = security_world_descriptor(world.bytes + DESCRIPTOR_AT);
    (void)security_world_descriptor(world.bytes + SECOND_AT);
    *state = &world;
    return 0;
}

static int tear_down(void **state)
{
    sic_scan_deinit(&((struct world *)*state)->scan);
    return 0;
}

static void add(struct world *world, uint32_t index, enum sic_name_kind kind, uint64_t descriptor)
{
    uint8_t type = kind == SIC_NAME_SECTION ? SECURITY_SECTION_TYPE : SECURITY_DIRECTORY_TYPE;

    security_world_put(&world->shape, world->bytes, index, type, descriptor);
    assert_true(security_world_add(&world->scan, FLAT_BASE + SECURITY_OBJECT_AT(index), kind));
}

static const struct sic_name *read_names(struct world *world)
{
    assert_true(sic_securities_read(&world->scan, &world->reader, &world->shape.objects));
    return world->scan.names.elements;
}

/* The one section's name, read anew. */
static const struct sic_name *read_one(struct world *world, uint64_t descriptor)
{
    sic_scan_deinit(&world->scan);
    sic_scan_init(&world->scan, sic_heap_allocator());
    add(world, 0, SIC_NAME_SECTION, descriptor);
    return read_names(world);
}

static void assert_unknown(const struct sic_name *name)
{
    assert_int_equal(name->flags, 0);
    assert_int_equal(name->security.offset, SIC_NONE);
    assert_int_equal(name->security.length, 0);
}

static void test_whole(void **state)
{
    struct world *world = *state;
    const struct sic_name *names;

    add(world, 0, SIC_NAME_DIRECTORY, FLAT_BASE + DESCRIPTOR_AT + 0xf);
    add(world, 1, SIC_NAME_SYMBOLIC_LINK, FLAT_BASE + DESCRIPTOR_AT);
    add(world, 2, SIC_NAME_SECTION, FLAT_BASE + DESCRIPTOR_AT);
    add(world, 3, SIC_NAME_SECTION, FLAT_BASE + SECOND_AT + 3);
    names = read_names(world);
    assert_unknown(&names[1]);
    for (unsigned i = 0; i < 4; i += i ? 1 : 2) {
        assert_int_equal(names[i].flags, SIC_NAME_SECURITY_READ);
        assert_int_equal(names[i].security.length, world->size);
        assert_memory_equal((const uint8_t *)world->scan.bytes.elements + names[i].security.offset,
                            world->bytes + DESCRIPTOR_AT, world->size);
    }
    /* One address is copied once, two are two. */
    assert_int_equal(names[0].security.offset, names[2].security.offset);
    assert_int_equal(names[3].security.offset, names[2].security.offset + world->size);
    assert_int_equal(world->scan.bytes.count, 2 * world->size);
}

/* Only the count of references is left, or nothing: the object has none. */
static void test_none(void **state)
{
    struct world *world = *state;

    for (uint64_t reference = 0; reference < 16; reference += 5) {
        const struct sic_name *name = read_one(world, reference);

        assert_int_equal(name->flags, SIC_NAME_SECURITY_READ);
        assert_int_equal(name->security.offset, SIC_NONE);
        assert_int_equal(world->scan.bytes.count, 0);
    }
}

static void test_pointers_that_lead_nowhere(void **state)
{
    static const uint64_t pointers[] = {
        0x10,
        0x7ffffff0,                    /* a process's */
        0xff00000000000400,            /* not canonical */
        FLAT_BASE + 0xfff0,            /* its end cannot be read */
        0xfffffffffffffff0,            /* nor is there one */
        0xffffffffffff0400,            /* its parts could lie beyond the end */
        FLAT_BASE + DESCRIPTOR_AT + 16 /* the middle of one */
    };
    struct world *world = *state;

    for (size_t i = 0; i < sizeof(pointers) / sizeof(pointers[0]); i++) {
        assert_unknown(read_one(world, pointers[i]));
        assert_int_equal(world->scan.bytes.count, 0);
    }
}

static void test_contradictions(void **state)
{
    static const struct {
        uint32_t at, size;
        uint32_t value;
    } cases[] = {
        {0, 1, 2},             /* revision */
        {2, 2, 0x14},          /* pointers, not offsets */
        {4, 4, 4},             /* the owner within the header */
        {4, 4, OWNER + 1},     /* where no number stands */
        {4, 4, 0xfff8},        /* beyond the memory */
        {4, 4, 0x10000},       /* and beyond the limit */
        {4, 4, 0xffffffff},    /* and around the end */
        {4, 4, DACL},          /* an ACL is no SID */
        {OWNER, 1, 2},         /* a SID's revision */
        {OWNER + 1, 1, 16},    /* its count */
        {OWNER + 1, 1, 255},   /**/
        {12, 4, OWNER},        /* a SID is no ACL */
        {16, 4, 0xfffc},       /* no room for an ACL's header */
        {DACL, 1, 1},          /* an ACL's revision */
        {DACL, 1, 5},          /**/
        {DACL + 2, 2, 7},      /* shorter than its header */
        {DACL + 2, 2, 0xffff}, /* longer than the limit leaves room for */
        {DACL + 2, 2, 0x20},   /* shorter than its ACEs */
        {DACL + 4, 2, 0xffff}, /* more ACEs than fit */
        {DACL + 4, 2, 4},      /* the third is what is left over: no size */
        {DACL + 10, 2, 0},     /* an ACE without a size */
        {DACL + 10, 2, 3},     /* shorter than its header */
        {DACL + 10, 2, 0x31},  /* the second outside */
        {SACL + 10, 2, 0x15},  /* an ACE of the SACL outside */
        {SACL + 2, 2, 0x8},    /* a SACL without room for it */
    };
    struct world *world = *state;

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        memcpy(world->bytes + DESCRIPTOR_AT + cases[i].at, &cases[i].value, cases[i].size);
        if (read_one(world, FLAT_BASE + DESCRIPTOR_AT)->flags != 0)
            fail_msg("case %zu was taken for a descriptor", i);
        assert_unknown(world->scan.names.elements);
        assert_int_equal(world->scan.bytes.count, 0);
        (void)security_world_descriptor(world->bytes + DESCRIPTOR_AT);
    }
    assert_int_equal(read_one(world, FLAT_BASE + DESCRIPTOR_AT)->security.length, world->size);
}

/* A list whose bit is not set is not there, wherever its offset leads; a list with the bit and no offset is NULL. */
static void test_lists_that_are_not_there(void **state)
{
    struct world *world = *state;
    uint8_t *descriptor = world->bytes + DESCRIPTOR_AT;

    memset(descriptor + 12, 0xff, 8);
    descriptor[2] = 0;
    assert_int_equal(read_one(world, FLAT_BASE + DESCRIPTOR_AT)->security.length, world->size);
    memset(descriptor + 12, 0, 8);
    descriptor[2] = 0x14;
    assert_int_equal(read_one(world, FLAT_BASE + DESCRIPTOR_AT)->security.length, world->size);
    memset(descriptor + 4, 0, 8);
    assert_int_equal(read_one(world, FLAT_BASE + DESCRIPTOR_AT)->security.length, SIC_SECURITY_HEADER_SIZE);
}

/* The largest that is taken, and one with four bytes more. */
static void test_limit(void **state)
{
    struct world *world = *state;
    uint8_t *descriptor = world->bytes + 0x1000;
    uint16_t size = 0xe000;

    memset(descriptor, 0, 20);
    memcpy(descriptor, (const uint8_t[]){1, 0, 4, 0x80}, 4);
    descriptor[16] = 20;
    descriptor[20] = 2;
    memcpy(descriptor + 22, &size, 2);
    assert_int_equal(read_one(world, FLAT_BASE + 0x1000)->security.length, 20 + 0xe000);
    for (uint32_t length = SIC_SECURITY_SIZE_LIMIT - 4; length <= SIC_SECURITY_SIZE_LIMIT + 4; length += 4) {
        uint8_t *large = calloc(1, length);

        assert_non_null(large);
        memcpy(large, descriptor, 24);
        large[16] = (uint8_t)20;
        size = (uint16_t)(length - 20);
        memcpy(large + 22, &size, 2);
        assert_int_equal(sic_security_is_sound(large, length), length <= SIC_SECURITY_SIZE_LIMIT);
        assert_false(sic_security_is_sound(large, length - 1));
        free(large);
    }
}

/* Memory in which each object's reference leads to a descriptor of its own, in the object's own 64 KiB. */
static bool read_own(void *context, uint64_t va, void *buffer, size_t size)
{
    struct world *world = context;
    uint64_t descriptor = (va & ~0xffffull) + 0x1000;

    if (size == sizeof(descriptor) && (va & 0xffff) == SECURITY_OBJECT_AT(0) - sizeof(descriptor)) {
        memcpy(buffer, &descriptor, sizeof(descriptor));
        return true;
    }
    return flat_memory_reader(&world->memory).read(&world->memory, va, buffer, size);
}

/* All of a scan together have a limit: what is beyond is unknown, what is known stays so. */
static void test_limit_of_all(void **state)
{
    struct world *world = *state;
    uint8_t *descriptor = world->bytes + 0x1000;
    uint32_t fit = SIC_SECURITY_BYTES_LIMIT / (20 + 0xe000);
    const struct sic_name *names;

    world->reader = (struct sic_reader){.read = read_own, .context = world};
    memcpy(descriptor, (const uint8_t[]){1, 0, 4, 0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 20}, 17);
    memcpy(descriptor + 20, (const uint8_t[]){2, 0, 0, 0xe0}, 4);
    security_world_put(&world->shape, world->bytes, 0, SECURITY_SECTION_TYPE, 0);
    for (uint64_t i = 0; i < 2ull * fit; i++)
        assert_true(security_world_add(&world->scan, FLAT_BASE + (i << 16) + SECURITY_OBJECT_AT(0), SIC_NAME_SECTION));
    names = read_names(world);
    assert_int_equal(world->scan.bytes.count, fit * (20 + 0xe000));
    for (uint32_t i = 0; i < 2 * fit; i++)
        assert_int_equal(names[i].flags, i < fit ? SIC_NAME_SECURITY_READ : 0);
}

static void test_memory_runs_out(void **state)
{
    struct world *world = *state;
    unsigned refused = 0;

    for (unsigned n = 1; n < 12; n++) {
        struct scarce_heap heap;

        sic_scan_deinit(&world->scan);
        scarce_heap_init(&heap, n);
        sic_scan_init(&world->scan, &heap.allocator);
        add(world, 0, SIC_NAME_SECTION, FLAT_BASE + DESCRIPTOR_AT);
        refused += !sic_securities_read(&world->scan, &world->reader, &world->shape.objects);
        sic_scan_deinit(&world->scan);
        sic_scan_init(&world->scan, sic_heap_allocator());
    }
    /* The bytes, the record of the address, its index. */
    assert_int_equal(refused, 3);
}

/* The next read of 64 bytes or more finds other bytes than those that were measured. */
struct changing {
    struct world *world;
    uint32_t at;
    uint8_t value;
};

static bool read_changing(void *context, uint64_t va, void *buffer, size_t size)
{
    struct changing *changing = context;

    if (size >= 64)
        changing->world->bytes[DESCRIPTOR_AT + changing->at] = changing->value;
    return flat_memory_reader(&changing->world->memory).read(&changing->world->memory, va, buffer, size);
}

static void test_changes_meanwhile(void **state)
{
    struct world *world = *state;
    unsigned known = 0, unknown = 0;

    for (uint32_t at = 0; at < world->size; at++) {
        struct changing changing = {.world = world, .at = at, .value = 0xff};
        const struct sic_name *name;

        world->reader = (struct sic_reader){.read = read_changing, .context = &changing};
        name = read_one(world, FLAT_BASE + DESCRIPTOR_AT);
        if (name->flags == 0) {
            assert_unknown(name);
            unknown++;
        } else {
            assert_true(sic_security_is_sound((const uint8_t *)world->scan.bytes.elements + name->security.offset,
                                              name->security.length));
            known++;
        }
        (void)security_world_descriptor(world->bytes + DESCRIPTOR_AT);
    }
    assert_true(known > 20 && unknown > 20);
}

/* What the object's header says now is of another type: it was freed, and the descriptor is another's. */
static void test_object_is_gone(void **state)
{
    struct world *world = *state;

    add(world, 0, SIC_NAME_SECTION, FLAT_BASE + DESCRIPTOR_AT);
    security_world_put(&world->shape, world->bytes, 0, SECURITY_DIRECTORY_TYPE, FLAT_BASE + DESCRIPTOR_AT);
    assert_unknown(read_names(world));
}

static bool is_cancelled(void *context)
{
    (void)context;
    return true;
}

static void test_no_field_and_cancelled(void **state)
{
    struct world *world = *state;
    struct sic_layout_field *field = &world->shape.profile.layout.fields[SIC_FIELD_OBJECT_HEADER_SECURITY_DESCRIPTOR];
    struct sic_layout_field kept = *field;

    add(world, 0, SIC_NAME_SECTION, FLAT_BASE + DESCRIPTOR_AT);
    field->offset = SIC_FIELD_ABSENT;
    assert_unknown(read_names(world));
    *field = kept;
    world->reader.is_cancelled = is_cancelled;
    assert_false(sic_securities_read(&world->scan, &world->reader, &world->shape.objects));
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_whole),
        TEST(test_none),
        TEST(test_pointers_that_lead_nowhere),
        TEST(test_contradictions),
        TEST(test_lists_that_are_not_there),
        TEST(test_limit),
        TEST(test_limit_of_all),
        TEST(test_memory_runs_out),
        TEST(test_changes_meanwhile),
        TEST(test_object_is_gone),
        TEST(test_no_field_and_cancelled),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
