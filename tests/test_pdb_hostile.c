/* The PDB reader on types that no compiler makes: circles, lies, and records cut short. */
#include "pdb/pdb_world.h"

#include <string.h>

static void lists_that_go_in_circles_end(void **state)
{
    struct world *world = *state;

    pdb_member(&world->builder, "hhw", CV_LF_INDEX, 0, 0x1000);
    pdb_structure(&world->builder, "_S", pdb_end_list(&world->builder), 64);
    world_finish(world, 512);
    expect_broken(world, "_S.x", "circle");
}

static bool ignore_field(void *context, const char *path, const struct sic_pdb_field *field)
{
    (void)path;
    (void)field;
    ++*(uint64_t *)context;
    return true;
}

static void structure_that_contains_itself_ends(void **state)
{
    struct world *world = *state;
    uint64_t count = 0;

    pdb_member(&world->builder, "hhwhz", CV_LF_MEMBER, 3, 0x1001, 0, "");
    pdb_structure(&world->builder, "_S", pdb_end_list(&world->builder), 64);
    pdb_member(&world->builder, "hhwhz", CV_LF_MEMBER, 3, 0x1003, 1, "t");
    pdb_structure(&world->builder, "_T", pdb_end_list(&world->builder), 64);
    world_finish(world, 512);
    expect_broken(world, "_S.x", "more than 32 deep");
    expect_field(world, "_T.t.t.t.t", 4, 64, SIC_PDB_KIND_STRUCTURE);
    assert_int_equal(sic_pdb_each_field(world->pdb, "_T", 100, ignore_field, &count, &world->error), SIC_BROKEN);
}

/* Each structure holds the next eight times: 8^20 members, which nobody may try to count. */
static void exponential_nesting_ends(void **state)
{
    struct world *world = *state;
    static const char *const names[] = {"a", "b", "c", "d", "e", "f", "g", "h"};
    uint32_t inner = 0x75;
    uint64_t count = 0;

    for (int level = 0; level < 20; level++) {
        for (unsigned i = 0; i < 8; i++)
            pdb_member(&world->builder, "hhwhz", CV_LF_MEMBER, 3, inner, i, names[i]);
        inner = pdb_structure(&world->builder, "_LEVEL", pdb_end_list(&world->builder), 64);
    }
    world_finish_with_member(world, inner);
    assert_int_equal(sic_pdb_each_field(world->pdb, "_S", 40, ignore_field, &count, &world->error), SIC_BROKEN);
    assert_in_range(count, 1, 1000000);
}

static void types_that_wrap_themselves_end(void **state)
{
    struct world *world = *state;

    world_finish_with_member(world, pdb_record(&world->builder, CV_LF_MODIFIER, "wh", 0x1000, 1));
    expect_broken(world, "_S.x", "wraps");
}

static void offsets_do_not_wrap(void **state)
{
    struct world *world = *state;
    struct pdb_builder *builder = &world->builder;
    uint32_t inner;

    pdb_member(builder, "hhwhqz", CV_LF_MEMBER, 3, 0x20, CV_LF_UQUADWORD, UINT64_MAX, "y");
    inner = pdb_structure(builder, "_I", pdb_end_list(builder), 8);
    pdb_member(builder, "hhwhz", CV_LF_MEMBER, 3, inner, 8, "");
    pdb_structure(builder, "_A", pdb_end_list(builder), 8);
    world_finish_with_member(world, inner);
    expect_broken(world, "_S.x.y", "64 bits");
    expect_broken(world, "_A.y", "64 bits");
}

static void broken_records_are_reported_with_their_place(void **state)
{
    struct world *world = *state;
    struct pdb_builder *builder = &world->builder;

    pdb_member(builder, "hhw", CV_LF_MEMBER, 3, 0x75);
    pdb_structure(builder, "_CUT", pdb_end_list(builder), 8);
    pdb_member(builder, "hhwhz", 0x1234, 3, 0x75, 0, "x");
    pdb_structure(builder, "_KIND", pdb_end_list(builder), 8);
    pdb_structure(builder, "_NOLIST", 0x1001, 8);
    pdb_structure(builder, "_BEYOND", 0x20000, 8);
    world_finish_with_member(world, 0x20000);
    expect_broken(world, "_CUT.x", "field list 0x1000");
    expect_broken(world, "_KIND.x", "known kind");
    expect_broken(world, "_NOLIST.x", "kind of a field list");
    expect_broken(world, "_BEYOND.x", "type 0x20000");
    expect_broken(world, "_S.x", "type 0x20000");
    expect_field(world, "_CUT", 0, 8, SIC_PDB_KIND_STRUCTURE);
}

/* An unreadable structure record might be the one asked for: only what is found can be answered. */
static void unreadable_structures_forbid_absence(void **state)
{
    struct world *world = *state;

    pdb_record(&world->builder, CV_LF_STRUCTURE, "hhww", 0, 0, 0, 0);
    world_finish_with_member(world, 0x75);
    expect_field(world, "_S.x", 8, 4, SIC_PDB_KIND_SCALAR);
    expect_broken(world, "_NONE", "type 0x1000");
}

static void type_streams_that_lie_are_refused(void **state)
{
    static const struct {
        size_t offset;
        uint32_t value;
        enum sic_status status;
    } cases[] = {
        {0, 19990903, SIC_UNSUPPORTED},
        {4, 0, SIC_BROKEN},
        {4, 0xffffffff, SIC_BROKEN},
        {8, 0, SIC_BROKEN},
        {8, 0x2000, SIC_BROKEN},
        {12, 0xffffffff, SIC_BROKEN},
        {12, 0x1100, SIC_BROKEN},
        {16, 0xffffffff, SIC_BROKEN},
        {16, 4, SIC_BROKEN},
        {56, 0, SIC_BROKEN},
        {56, 0xffff, SIC_BROKEN},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct world world = {0};
        struct sic_pdb_query query = {.path = "_OUTER"};
        size_t at = 0;

        world.file = pdb_sample(65536, &world.size);
        while (at + 4 < world.size && memcmp(world.file + at, "\x0b\xca\x31\x01\x38\0\0\0", 8) != 0)
            at += 4;
        world_put_word(&world, at + cases[i].offset, cases[i].value);
        assert_int_equal(world_open(&world), SIC_OK);
        assert_int_equal(sic_pdb_find_fields(world.pdb, &query, 1, &world.error), cases[i].status);
        assert_non_null(strstr(world.error.message, "stream 2"));
        sic_pdb_close(world.pdb);
        free(world.file);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(lists_that_go_in_circles_end),
        TEST(structure_that_contains_itself_ends),
        TEST(exponential_nesting_ends),
        TEST(types_that_wrap_themselves_end),
        TEST(offsets_do_not_wrap),
        TEST(broken_records_are_reported_with_their_place),
        TEST(unreadable_structures_forbid_absence),
        TEST(type_streams_that_lie_are_refused),
    };

    return cmocka_run_group_tests_name("pdb hostile", tests, NULL, NULL);
}
