/* The PDB reader on types made byte by byte: every form of record, number and member. */
#include "pdb/pdb_world.h"

#include <stdio.h>
#include <string.h>

static void numbers_of_every_width(void **state)
{
    struct world *world = *state;
    struct pdb_builder *builder = &world->builder;

    pdb_member(builder, "hhwhz", CV_LF_MEMBER, 3, 0x20, 0x7fff, "immediate");
    pdb_member(builder, "hhwhbz", CV_LF_MEMBER, 3, 0x20, CV_LF_CHAR, 0x7f, "i8");
    pdb_member(builder, "hhwhhz", CV_LF_MEMBER, 3, 0x20, CV_LF_SHORT, 0x7ffe, "i16");
    pdb_member(builder, "hhwhhz", CV_LF_MEMBER, 3, 0x20, CV_LF_USHORT, 0xfffe, "u16");
    pdb_member(builder, "hhwhwz", CV_LF_MEMBER, 3, 0x20, CV_LF_LONG, 0x7ffffffe, "i32");
    pdb_member(builder, "hhwhwz", CV_LF_MEMBER, 3, 0x20, CV_LF_ULONG, 0xfffffffe, "u32");
    pdb_member(builder, "hhwhqz", CV_LF_MEMBER, 3, 0x20, CV_LF_QUADWORD, INT64_MAX, "i64");
    pdb_member(builder, "hhwhqz", CV_LF_MEMBER, 3, 0x20, CV_LF_UQUADWORD, UINT64_MAX - 1, "u64");
    pdb_member(builder, "hhwhqqz", CV_LF_MEMBER, 3, 0x20, CV_LF_OCTWORD, (uint64_t)5, (uint64_t)0, "i128");
    pdb_member(builder, "hhwhqqz", CV_LF_MEMBER, 3, 0x20, CV_LF_UOCTWORD, (uint64_t)6, (uint64_t)0, "u128");
    pdb_structure(builder, "_S", pdb_end_list(builder), 1);
    world_finish(world, 512);
    expect_field(world, "_S.immediate", 0x7fff, 1, SIC_PDB_KIND_SCALAR);
    expect_field(world, "_S.i8", 0x7f, 1, SIC_PDB_KIND_SCALAR);
    expect_field(world, "_S.i16", 0x7ffe, 1, SIC_PDB_KIND_SCALAR);
    expect_field(world, "_S.u16", 0xfffe, 1, SIC_PDB_KIND_SCALAR);
    expect_field(world, "_S.i32", 0x7ffffffe, 1, SIC_PDB_KIND_SCALAR);
    expect_field(world, "_S.u32", 0xfffffffe, 1, SIC_PDB_KIND_SCALAR);
    expect_field(world, "_S.i64", INT64_MAX, 1, SIC_PDB_KIND_SCALAR);
    expect_field(world, "_S.u64", UINT64_MAX - 1, 1, SIC_PDB_KIND_SCALAR);
    expect_field(world, "_S.i128", 5, 1, SIC_PDB_KIND_SCALAR);
    expect_field(world, "_S.u128", 6, 1, SIC_PDB_KIND_SCALAR);
}

static void numbers_that_are_no_offset(void **state)
{
    static const struct {
        unsigned leaf;
        uint64_t low, high;
        const char *part;
    } cases[] = {
        {CV_LF_CHAR, 0x80, 0, "not negative"}, {CV_LF_LONG, 0xffffffff, 0, "not negative"},
        {CV_LF_REAL32, 0, 0, "whole number"},  {CV_LF_VARSTRING, 0, 0, "whole number"},
        {CV_LF_OCTWORD, 0, 1, "64 bits"},      {0x8011, 0, 0, "whole number"},
        {0xffff, 0, 0, "whole number"},
    };

    for (size_t i = 0; i < COUNT(cases); i++) {
        struct world *world;
        void *fresh;

        (void)state;
        world_set_up(&fresh);
        world = fresh;
        pdb_member(&world->builder, "hhwhqqz", CV_LF_MEMBER, 3, 0x20, cases[i].leaf, cases[i].low, cases[i].high, "x");
        pdb_structure(&world->builder, "_S", pdb_end_list(&world->builder), 64);
        world_finish(world, 512);
        expect_broken(world, "_S.x", cases[i].part);
        world_tear_down(&fresh);
    }
}

/* What is not a data member is passed over, whatever its form; the one behind them all is still found. */
static void every_kind_of_member_is_passed_over(void **state)
{
    struct world *world = *state;
    struct pdb_builder *builder = &world->builder;

    pdb_member(builder, "hhww", CV_LF_VBCLASS, 3, 0x20, 0x20);
    builder->list.size = 0;
    pdb_member(builder, "hhwwhh", CV_LF_VBCLASS, 3, 0x20, 0x20, 8, 1);
    pdb_member(builder, "hhwwhqh", CV_LF_IVBCLASS, 3, 0x20, 0x20, CV_LF_QUADWORD, UINT64_MAX, 1);
    pdb_member(builder, "hhw", CV_LF_VFUNCTAB, 0, 0x1000);
    pdb_member(builder, "hhww", CV_LF_VFUNCOFF, 0, 0x1000, 8);
    pdb_member(builder, "hhw", CV_LF_FRIENDCLS, 0, 0x1000);
    pdb_member(builder, "hhwz", CV_LF_FRIENDFCN, 0, 0x1000, "friend");
    pdb_member(builder, "hhwz", CV_LF_STMEMBER, 3, 0x75, "x_static");
    pdb_member(builder, "hhwz", CV_LF_METHOD, 2, 0x1000, "method");
    pdb_member(builder, "hhwz", CV_LF_NESTTYPE, 0, 0x1000, "nested");
    pdb_member(builder, "hhwz", CV_LF_NESTTYPEEX, 3, 0x1000, "nested");
    pdb_member(builder, "hhwz", CV_LF_MEMBERMODIFY, 3, 0x1000, "modified");
    for (unsigned property = 0; property < 7; property++) {
        if (property == 4 || property == 6)
            pdb_member(builder, "hhwwz", CV_LF_ONEMETHOD, property << 2, 0x1000, 0x41, "virtual");
        else
            pdb_member(builder, "hhwz", CV_LF_ONEMETHOD, property << 2, 0x1000, "one");
    }
    pdb_member(builder, "hhhz", CV_LF_ENUMERATE, 3, 7, "seven");
    pdb_member(builder, "hhhqz", CV_LF_ENUMERATE, 3, CV_LF_QUADWORD, UINT64_MAX, "minus_one");
    pdb_member(builder, "hhhhbbbz", CV_LF_ENUMERATE, 3, CV_LF_VARSTRING, 3, 'a', 'b', 'c', "string");
    pdb_member(builder, "hhhzz", CV_LF_ENUMERATE, 3, CV_LF_UTF8STRING, "text", "string");
    pdb_member(builder, "hhhhz", CV_LF_ENUMERATE, 3, CV_LF_REAL16, 0, "half");
    world_finish_with_member(world, 0x75);
    expect_field(world, "_S.x", 8, 4, SIC_PDB_KIND_SCALAR);
    expect_answer(world, "_S.x_static", SIC_PDB_NO_MEMBER);
    expect_answer(world, "_S.seven", SIC_PDB_NO_MEMBER);
}

static void types_have_their_kinds_and_sizes(void **state)
{
    struct world *world = *state;
    struct pdb_builder *builder = &world->builder;
    uint32_t list, enumeration, forward_enumeration;

    pdb_member(builder, "hhhz", CV_LF_ENUMERATE, 3, 7, "seven");
    list = pdb_end_list(builder);
    forward_enumeration = pdb_record(builder, CV_LF_ENUM, "hhwwz", 0, CV_PROPERTY_FORWARD, 0, 0, "_E");
    enumeration = pdb_record(builder, CV_LF_ENUM, "hhwwz", 1, 0, 0x21, list, "_E");
    pdb_structure(builder, "_E", 0, 99); /* a structure of an enumeration's name is another thing */
    pdb_member(builder, "hhwhz", CV_LF_MEMBER, 3, 0x13, 0, "quad");
    pdb_member(builder, "hhwhz", CV_LF_MEMBER, 3, 0x603, 8, "void_pointer");
    pdb_member(builder, "hhwhz", CV_LF_MEMBER, 3, 0x475, 16, "pointer32");
    pdb_member(builder, "hhwhz", CV_LF_MEMBER, 3, enumeration, 24, "choice");
    pdb_member(builder, "hhwhz", CV_LF_MEMBER, 3, forward_enumeration, 26, "choice2");
    pdb_member(builder, "hhwhz", CV_LF_MEMBER, 3, pdb_record(builder, CV_LF_POINTER, "ww", 0x1000, 8 << 13 | 0xc), 32,
               "pointer");
    pdb_member(builder, "hhwhz", CV_LF_MEMBER, 3, pdb_record(builder, CV_LF_POINTER, "ww", 0x1000, 0xa), 40, "near");
    pdb_member(builder, "hhwhz", CV_LF_MEMBER, 3,
               pdb_record(builder, CV_LF_ARRAY, "wwhqz", 0x20, 0x23, CV_LF_UQUADWORD, (uint64_t)1 << 40, ""), 48,
               "array");
    pdb_member(builder, "hhwhz", CV_LF_MEMBER, 3, pdb_record(builder, CV_LF_ALIAS, "wz", 0x77, "ALIAS"), 56, "alias");
    pdb_member(builder, "hhwhz", CV_LF_MEMBER, 3, pdb_record(builder, CV_LF_PROCEDURE, "wbbhw", 3, 0, 0, 0, 0), 64,
               "procedure");
    world_finish_with_member(world, pdb_record(builder, CV_LF_UNION, "hhwhz", 0, 0, 0, 24, "_U"));
    expect_field(world, "_S.quad", 0, 8, SIC_PDB_KIND_SCALAR);
    expect_field(world, "_S.void_pointer", 8, 8, SIC_PDB_KIND_POINTER);
    expect_field(world, "_S.pointer32", 16, 4, SIC_PDB_KIND_POINTER);
    expect_field(world, "_S.choice", 24, 2, SIC_PDB_KIND_ENUM);
    expect_field(world, "_S.choice2", 26, 2, SIC_PDB_KIND_ENUM);
    expect_field(world, "_S.pointer", 32, 8, SIC_PDB_KIND_POINTER);
    expect_field(world, "_S.near", 40, 4, SIC_PDB_KIND_POINTER);
    expect_field(world, "_S.array", 48, (uint64_t)1 << 40, SIC_PDB_KIND_ARRAY);
    expect_field(world, "_S.alias", 56, 8, SIC_PDB_KIND_SCALAR);
    expect_field(world, "_S.procedure", 64, 0, SIC_PDB_KIND_OTHER);
    expect_field(world, "_S.x", 8, 24, SIC_PDB_KIND_UNION);
    expect_field(world, "_E", 0, 99, SIC_PDB_KIND_STRUCTURE);
}

static void bit_fields_through_qualifiers(void **state)
{
    struct world *world = *state;
    uint32_t constant = pdb_record(&world->builder, CV_LF_MODIFIER, "wh", 0x77, 1);
    struct sic_pdb_query query;

    world_finish_with_member(world, pdb_record(&world->builder, CV_LF_BITFIELD, "wbb", constant, 7, 57));
    query = world_ask(world, "_S.x");
    assert_int_equal(query.field.bit_count, 7);
    assert_int_equal(query.field.bit_position, 57);
    assert_int_equal(query.field.offset, 8);
    assert_int_equal(query.field.size, 8);
}

static void absent_structures_and_members_are_told_apart(void **state)
{
    struct world *world = *state;

    world->file = pdb_sample(1024, &world->size);
    assert_int_equal(world_open(world), SIC_OK);
    expect_field(world, "_OUTER", 0, 0x200, SIC_PDB_KIND_STRUCTURE);
    expect_field(world, "_OUTER.sizeof", 0, 0x200, SIC_PDB_KIND_STRUCTURE);
    expect_field(world, "_OUTER.inner.a", 0, 4, SIC_PDB_KIND_SCALAR);
    expect_field(world, "_OUTER.inner", 0, 8, SIC_PDB_KIND_STRUCTURE);
    expect_field(world, "_OUTER.a", 16, 4, SIC_PDB_KIND_SCALAR);
    expect_field(world, "_OUTER.pointer", 0x100, 8, SIC_PDB_KIND_POINTER);
    expect_answer(world, "_NONE", SIC_PDB_NO_STRUCTURE);
    expect_answer(world, "_NONE.a", SIC_PDB_NO_STRUCTURE);
    expect_answer(world, "", SIC_PDB_NO_STRUCTURE);
    expect_answer(world, ".", SIC_PDB_NO_STRUCTURE);
    expect_answer(world, "_OUTE", SIC_PDB_NO_STRUCTURE);
    expect_answer(world, "_OUTER.none", SIC_PDB_NO_MEMBER);
    expect_answer(world, "_OUTER.inner.none", SIC_PDB_NO_MEMBER);
    expect_answer(world, "_OUTER.inner.a.b", SIC_PDB_NO_MEMBER);
    expect_answer(world, "_OUTER.pointer.a", SIC_PDB_NO_MEMBER);
    expect_answer(world, "_OUTER.array.a", SIC_PDB_NO_MEMBER);
    expect_answer(world, "_OUTER..a", SIC_PDB_NO_MEMBER);
    expect_answer(world, "_OUTER.shared", SIC_PDB_NO_MEMBER);
}

static void forward_reference_without_definition(void **state)
{
    struct world *world = *state;

    world_finish_with_member(world, pdb_forward(&world->builder, "_ELSEWHERE"));
    expect_field(world, "_S.x", 8, 0, SIC_PDB_KIND_STRUCTURE);
    expect_answer(world, "_S.x.y", SIC_PDB_NO_STRUCTURE);
    expect_answer(world, "_ELSEWHERE", SIC_PDB_NO_STRUCTURE);
}

/* Two types of one name, told apart by their unique names, as compilers name types without a name. */
static void forward_references_follow_unique_names(void **state)
{
    struct world *world = *state;
    struct pdb_builder *builder = &world->builder;
    const unsigned named = CV_PROPERTY_UNIQUE_NAME;
    uint32_t second;

    pdb_member(builder, "hhwhz", CV_LF_MEMBER, 3, 0x75, 1, "y");
    pdb_record(builder, CV_LF_STRUCTURE, "hhwwwhzz", 1, named, pdb_end_list(builder), 0, 0, 32, "N::<unnamed>",
               ".?AU1@@");
    second = pdb_record(builder, CV_LF_STRUCTURE, "hhwwwhzz", 0, named | CV_PROPERTY_FORWARD, 0, 0, 0, 0,
                        "N::<unnamed>", ".?AU2@@");
    pdb_member(builder, "hhwhz", CV_LF_MEMBER, 3, 0x75, 2, "y");
    pdb_record(builder, CV_LF_STRUCTURE, "hhwwwhzz", 1, named, pdb_end_list(builder), 0, 0, 16, "N::<unnamed>",
               ".?AU2@@");
    world_finish_with_member(world, second);
    expect_field(world, "_S.x.y", 10, 4, SIC_PDB_KIND_SCALAR);
    assert_false(world_ask(world, "_S.x.y").field.ambiguous);
    assert_true(world_ask(world, "N::<unnamed>.y").field.ambiguous);
    expect_field(world, "N::<unnamed>.y", 1, 4, SIC_PDB_KIND_SCALAR);
}

static void of_two_definitions_the_larger_is_taken(void **state)
{
    struct world *world = *state;
    struct pdb_builder *builder = &world->builder;
    uint32_t list;

    pdb_member(builder, "hhwhz", CV_LF_MEMBER, 3, 0x75, 0, "y");
    list = pdb_end_list(builder);
    pdb_structure(builder, "_P", list, 8);
    pdb_structure(builder, "_Q", list, 8);
    pdb_structure(builder, "_Q", list, 8);
    pdb_member(builder, "hhwhz", CV_LF_MEMBER, 3, 0x75, 4, "y");
    pdb_structure(builder, "_P", pdb_end_list(builder), 16);
    world_finish_with_member(world, pdb_forward(builder, "_P"));
    expect_field(world, "_S.x.y", 12, 4, SIC_PDB_KIND_SCALAR);
    assert_true(world_ask(world, "_S.x.y").field.ambiguous);
    assert_true(world_ask(world, "_P").field.ambiguous);
    assert_false(world_ask(world, "_Q.y").field.ambiguous);
}

/* The leaves of 2019 and later, in which kernels' PDBs came from build 21286 on. */
static void newer_structure_records(void **state)
{
    struct world *world = *state;
    struct pdb_builder *builder = &world->builder;
    uint32_t union2, list;

    pdb_member(builder, "hhwhz", CV_LF_MEMBER, 3, 0x75, 4, "y");
    list = pdb_end_list(builder);
    union2 = pdb_record(builder, CV_LF_UNION2, "wwhhz", CV_PROPERTY_FORWARD, 0, 0, 0, "_U2");
    pdb_record(builder, CV_LF_UNION2, "wwhhwz", 0, list, 1, CV_LF_ULONG, 0x12345, "_U2");
    pdb_member(builder, "hhwhz", CV_LF_MEMBER, 3, union2, 8, "x");
    list = pdb_end_list(builder);
    pdb_record(builder, CV_LF_STRUCTURE2, "wwwwhwhz", 0, list, 0, 0, CV_LF_ULONG, 1, 24, "_S2");
    pdb_record(builder, CV_LF_CLASS2, "wwwwhhzz", 0x80000000 | CV_PROPERTY_UNIQUE_NAME, list, 0, 0, 1, 24, "_C2", "u");
    world_finish(world, 512);
    expect_field(world, "_S2.x.y", 12, 4, SIC_PDB_KIND_SCALAR);
    expect_field(world, "_C2.x", 8, 0x12345, SIC_PDB_KIND_UNION);
}

static bool count_fields(void *context, const char *path, const struct sic_pdb_field *field)
{
    char line[128];

    snprintf(line, sizeof(line), "%s@%u ", path, (unsigned)field->offset);
    strncat(context, line, 1023 - strlen(context));
    return strlen(context) < 900;
}

static void fields_are_listed_flat_and_in_order(void **state)
{
    struct world *world = *state;
    char all[1024] = "";

    world->file = pdb_sample(512, &world->size);
    assert_int_equal(world_open(world), SIC_OK);
    assert_int_equal(sic_pdb_each_field(world->pdb, "_OUTER", 0, count_fields, all, &world->error), SIC_OK);
    assert_string_equal(all, "inner@0 constant@8 a@16 bits@20 a@24 bits@28 array@32 pointer@256 far@305419896 ");
    all[0] = '\0';
    assert_int_equal(sic_pdb_each_field(world->pdb, "_OUTER", 1, count_fields, all, &world->error), SIC_OK);
    assert_string_equal(all, "inner@0 inner.a@0 inner.bits@4 constant@8 constant.a@8 constant.bits@12 a@16 bits@20 "
                             "a@24 bits@28 array@32 pointer@256 far@305419896 ");
    assert_int_equal(sic_pdb_each_field(world->pdb, "_NONE", 0, count_fields, all, &world->error), SIC_NOT_FOUND);
}

static void many_queries_in_one_batch(void **state)
{
    struct world *world = *state;
    struct sic_pdb_query queries[64];
    char paths[64][16];

    for (unsigned i = 0; i < 64; i++) {
        snprintf(paths[i], sizeof(paths[i]), "_S.x.m%u", i % 48);
        queries[i] = (struct sic_pdb_query){.path = paths[i]};
    }
    for (unsigned i = 0; i < 40; i++)
        pdb_member(&world->builder, "hhwhz", CV_LF_MEMBER, 3, 0x20, i * 3, paths[i] + strlen("_S.x."));
    pdb_structure(&world->builder, "_INNER", pdb_end_list(&world->builder), 120);
    world_finish_with_member(world, pdb_forward(&world->builder, "_INNER"));
    assert_int_equal(sic_pdb_find_fields(world->pdb, queries, 64, &world->error), SIC_OK);
    for (unsigned i = 0; i < 64; i++) {
        assert_int_equal(queries[i].answer, i % 48 < 40 ? SIC_PDB_FOUND : SIC_PDB_NO_MEMBER);
        if (i % 48 < 40)
            assert_int_equal(queries[i].field.offset, 8 + i % 48 * 3);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(numbers_of_every_width),
        TEST(numbers_that_are_no_offset),
        TEST(every_kind_of_member_is_passed_over),
        TEST(types_have_their_kinds_and_sizes),
        TEST(bit_fields_through_qualifiers),
        TEST(absent_structures_and_members_are_told_apart),
        TEST(forward_reference_without_definition),
        TEST(forward_references_follow_unique_names),
        TEST(of_two_definitions_the_larger_is_taken),
        TEST(newer_structure_records),
        TEST(fields_are_listed_flat_and_in_order),
        TEST(many_queries_in_one_batch),
    };

    return cmocka_run_group_tests_name("pdb types", tests, NULL, NULL);
}
