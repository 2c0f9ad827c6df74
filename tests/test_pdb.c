/* The PDB reader on PDBs made byte by byte: every form of record, and every way in which one can be wrong. */
#include "pdb/pdb_builder.h"
#include "symbols/codeview.h"
#include "symbols/pdb.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* A builder and the PDB made of it. */
struct world {
    struct pdb_builder builder;
    uint8_t *file;
    size_t size;
    struct sic_pdb *pdb;
    struct sic_error error;
};

static int set_up(void **state)
{
    struct world *world = calloc(1, sizeof(*world));

    pdb_builder_init(&world->builder);
    *state = world;
    return 0;
}

static int tear_down(void **state)
{
    struct world *world = *state;

    sic_pdb_close(world->pdb);
    free(world->file);
    pdb_builder_deinit(&world->builder);
    free(world);
    return 0;
}

static enum sic_status open_file(struct world *world)
{
    return sic_pdb_open_bytes(world->file, world->size, &world->error, &world->pdb);
}

static void finish(struct world *world, uint32_t block_size)
{
    world->file = pdb_finish(&world->builder, block_size, 11, &world->size);
    if (open_file(world) != SIC_OK)
        fail_msg("%s", world->error.message);
}

static struct sic_pdb_query ask(struct world *world, const char *path)
{
    struct sic_pdb_query query = {.path = path};

    if (sic_pdb_find_fields(world->pdb, &query, 1, &world->error) != SIC_OK)
        fail_msg("%s: %s", path, world->error.message);
    return query;
}

static void expect_field(struct world *world, const char *path, uint64_t offset, uint64_t size, enum sic_pdb_kind kind)
{
    struct sic_pdb_query query = ask(world, path);

    assert_int_equal(query.answer, SIC_PDB_FOUND);
    assert_int_equal(query.field.offset, offset);
    assert_int_equal(query.field.size, size);
    assert_int_equal(query.field.kind, kind);
}

static void expect_answer(struct world *world, const char *path, enum sic_pdb_answer answer)
{
    assert_int_equal(ask(world, path).answer, answer);
}

/* The question fails, with a message that contains `part`. */
static void expect_broken(struct world *world, const char *path, const char *part)
{
    struct sic_pdb_query query = {.path = path};

    assert_int_equal(sic_pdb_find_fields(world->pdb, &query, 1, &world->error), SIC_BROKEN);
    if (strstr(world->error.message, part) == NULL)
        fail_msg("\"%s\" was expected in: %s", part, world->error.message);
}

/* A structure _S with one member x of the given type at offset 8. */
static void finish_with_member(struct world *world, uint32_t type)
{
    pdb_member(&world->builder, "hhwhz", CV_LF_MEMBER, 3, type, 8, "x");
    pdb_structure(&world->builder, "_S", pdb_end_list(&world->builder), 64);
    finish(world, 4096);
}

static void put_word(struct world *world, size_t offset, uint32_t value)
{
    for (int i = 0; i < 4; i++)
        world->file[offset + i] = (uint8_t)(value >> (8 * i));
}

static void expect_open_fails(struct world *world, enum sic_status status, const char *part)
{
    struct sic_pdb *before = world->pdb;

    assert_int_equal(open_file(world), status);
    assert_ptr_equal(world->pdb, before);
    if (strstr(world->error.message, part) == NULL)
        fail_msg("\"%s\" was expected in: %s", part, world->error.message);
}

static void identity_is_that_of_both_streams(void **state)
{
    struct world *world = *state;
    uint8_t other[SIC_PDB_GUID_SIZE];
    char text[SIC_PDB_IDENTITY_SIZE];

    world->builder.dbi_age = 0x1a;
    finish(world, 512);
    assert_memory_equal(sic_pdb_identity(world->pdb)->guid, pdb_guid, sizeof(pdb_guid));
    assert_int_equal(sic_pdb_identity(world->pdb)->age, 0x1a);
    assert_int_equal(sic_pdb_identity(world->pdb)->info_age, 3);
    assert_int_equal(sic_pdb_identity(world->pdb)->machine, 0x8664);
    assert_false(sic_pdb_identity(world->pdb)->has_omap);
    sic_pdb_format_identity(pdb_guid, 0x1a, text);
    assert_string_equal(text, "123456789ABCDEF001020304050607081A");
    sic_pdb_format_identity(pdb_guid, 0xffffffff, text);
    assert_string_equal(text, "123456789ABCDEF00102030405060708FFFFFFFF");
    memcpy(other, pdb_guid, sizeof(other));
    assert_true(sic_pdb_matches(world->pdb, other, 0x1a));
    assert_false(sic_pdb_matches(world->pdb, other, 3));
    other[15] ^= 1;
    assert_false(sic_pdb_matches(world->pdb, other, 0x1a));
}

static void every_block_size_reads_alike(void **state)
{
    struct world *world = *state;

    for (uint32_t block_size = 512; block_size <= 65536; block_size *= 2) {
        struct sic_pdb_global global = {.name = "PsActiveProcessHead"};

        world->file = pdb_sample(block_size, &world->size);
        if (open_file(world) != SIC_OK)
            fail_msg("%u: %s", block_size, world->error.message);
        expect_field(world, "_OUTER.far", 0x12345678, 8, SIC_PDB_KIND_SCALAR);
        expect_field(world, "_OUTER.constant.bits", 12, 4, SIC_PDB_KIND_SCALAR);
        assert_int_equal(sic_pdb_find_globals(world->pdb, &global, 1, &world->error), SIC_OK);
        assert_int_equal(global.answer, SIC_PDB_FOUND);
        assert_int_equal(global.rva, 0x8040);
        sic_pdb_close(world->pdb);
        world->pdb = NULL;
        free(world->file);
    }
    world->file = NULL;
}

/* A directory of more than 128 blocks of 512 bytes needs more than one block that lists them. */
static void directory_listed_in_several_blocks(void **state)
{
    struct world *world = *state;

    world->builder.extra_streams = 40000;
    finish_with_member(world, 0x75);
    expect_field(world, "_S.x", 8, 4, SIC_PDB_KIND_SCALAR);
    sic_pdb_close(world->pdb);
    world->pdb = NULL;
    free(world->file);
    pdb_builder_deinit(&world->builder);
    pdb_builder_init(&world->builder);
    world->builder.extra_streams = 40000;
    pdb_member(&world->builder, "hhwhz", CV_LF_MEMBER, 3, 0x75, 8, "x");
    pdb_structure(&world->builder, "_S", pdb_end_list(&world->builder), 64);
    finish(world, 512);
    expect_field(world, "_S.x", 8, 4, SIC_PDB_KIND_SCALAR);
}

static void other_formats_are_named(void **state)
{
    static const struct {
        const char *bytes;
        enum sic_status status;
        const char *part;
    } cases[] = {
        {"Microsoft C/C++ program database 2.00\r\n\x1a", SIC_UNSUPPORTED, "2.00"},
        {"Microsoft MSFZ Container\r\n\x1a", SIC_UNSUPPORTED, "MSFZ"},
        {"BSJB", SIC_UNSUPPORTED, ".NET"},
        {"MSCF", SIC_UNSUPPORTED, "cabinet"},
        {"", SIC_NOT_MINE, "not a program database"},
        {"<html>404</html>", SIC_NOT_MINE, "not a program database"},
    };
    struct world *world = *state;

    for (size_t i = 0; i < COUNT(cases); i++) {
        world->size = strlen(cases[i].bytes);
        world->file = (uint8_t *)strdup(cases[i].bytes);
        expect_open_fails(world, cases[i].status, cases[i].part);
        free(world->file);
    }
    world->file = NULL;
}

/* Every shorter file is refused; each copy has exactly its size, so that a read too far is seen. */
static void every_truncation_is_refused(void **state)
{
    struct world *world = *state;
    size_t whole;
    uint8_t *file = pdb_sample(512, &whole);

    for (size_t size = 0; size < whole; size++) {
        world->file = malloc(size == 0 ? 1 : size);
        memcpy(world->file, file, size);
        world->size = size;
        assert_int_equal(open_file(world), size < 32 ? SIC_NOT_MINE : SIC_BROKEN);
        free(world->file);
    }
    world->file = NULL;
    free(file);
}

static void directories_that_lie_are_refused(void **state)
{
    enum { BLOCK_SIZE = 32, BLOCK_COUNT = 40, DIRECTORY_SIZE = 44, MAP = 52 };
    static const struct {
        size_t offset;
        uint32_t value;
        const char *part;
    } cases[] = {
        {BLOCK_SIZE, 0, "block size"},          {BLOCK_SIZE, 256, "block size"},
        {BLOCK_SIZE, 1000, "block size"},       {BLOCK_SIZE, 0x80000000, "block size"},
        {BLOCK_COUNT, 0xffffffff, "cut short"}, {DIRECTORY_SIZE, 0, "directory"},
        {DIRECTORY_SIZE, 6, "directory"},       {DIRECTORY_SIZE, 0xfffffffc, "directory"},
        {DIRECTORY_SIZE, 8, "directory"},       {MAP, 0, "directory"},
        {MAP, 0xffffffff, "directory"},
    };
    struct world *world = *state;

    for (size_t i = 0; i < COUNT(cases); i++) {
        world->file = pdb_sample(512, &world->size);
        put_word(world, cases[i].offset, cases[i].value);
        expect_open_fails(world, SIC_BROKEN, cases[i].part);
        free(world->file);
    }
    world->file = NULL;
}

/* The directory of an unshuffled sample lies in one block: word 0 counts streams, then sizes, then blocks. */
static size_t directory_of(const struct world *world)
{
    uint32_t map = world->file[52] | (uint32_t)world->file[53] << 8;

    return 512 * (size_t)(world->file[512 * map] | (uint32_t)world->file[512 * map + 1] << 8);
}

static void streams_that_lie_are_refused(void **state)
{
    static const struct {
        size_t word;
        uint32_t value;
        const char *part;
    } cases[] = {
        {0, 0xffffffff, "streams"},
        {0, 0, "no stream 1"},
        {1 + PDB_INFO, 0x7fffffff, "claims"},
        {1 + PDB_INFO, 4, "identity"},
        {1 + PDB_DBI, 8, "DBI"},
        {1 + PDB_STREAMS, 0xfffffff0, "outside"}, /* the info stream's block */
    };
    struct world *world = *state;

    for (size_t i = 0; i < COUNT(cases); i++) {
        world->file = pdb_sample(512, &world->size);
        put_word(world, directory_of(world) + 4 * cases[i].word, cases[i].value);
        expect_open_fails(world, SIC_BROKEN, cases[i].part);
        free(world->file);
    }
    world->file = NULL;
}

static void types_only_pdb_matches_no_image(void **state)
{
    struct world *world = *state;
    struct sic_pdb_global global = {.name = "NtBuildNumber"};

    world->file = pdb_sample(512, &world->size);
    put_word(world, directory_of(world) + 4 * (1 + PDB_DBI), 0xffffffff);
    /* the blocks of the streams behind move up by one when a stream in front of them is gone */
    size_t blocks = directory_of(world) + 4 * (1 + PDB_STREAMS);
    memmove(world->file + blocks + 4 * 2, world->file + blocks + 4 * 3, 512 - 4 * (1 + PDB_STREAMS) - 12);
    assert_int_equal(open_file(world), SIC_OK);
    assert_false(sic_pdb_identity(world->pdb)->has_dbi);
    assert_false(sic_pdb_matches(world->pdb, pdb_guid, 0));
    assert_int_equal(sic_pdb_find_globals(world->pdb, &global, 1, &world->error), SIC_OK);
    assert_int_equal(global.answer, SIC_PDB_NO_SYMBOL);
}

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
    finish(world, 512);
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
        set_up(&fresh);
        world = fresh;
        pdb_member(&world->builder, "hhwhqqz", CV_LF_MEMBER, 3, 0x20, cases[i].leaf, cases[i].low, cases[i].high, "x");
        pdb_structure(&world->builder, "_S", pdb_end_list(&world->builder), 64);
        finish(world, 512);
        expect_broken(world, "_S.x", cases[i].part);
        tear_down(&fresh);
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
            pdb_member(builder, "hhwwz", CV_LF_ONEMETHOD, property << 2, 0x1000, 0x41414141, "virtual");
        else
            pdb_member(builder, "hhwz", CV_LF_ONEMETHOD, property << 2, 0x1000, "one");
    }
    pdb_member(builder, "hhhz", CV_LF_ENUMERATE, 3, 7, "seven");
    pdb_member(builder, "hhhqz", CV_LF_ENUMERATE, 3, CV_LF_QUADWORD, UINT64_MAX, "minus_one");
    pdb_member(builder, "hhhhbbbz", CV_LF_ENUMERATE, 3, CV_LF_VARSTRING, 3, 'a', 'b', 'c', "string");
    pdb_member(builder, "hhhzz", CV_LF_ENUMERATE, 3, CV_LF_UTF8STRING, "text", "string");
    pdb_member(builder, "hhhhz", CV_LF_ENUMERATE, 3, CV_LF_REAL16, 0, "half");
    finish_with_member(world, 0x75);
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
    finish_with_member(world, pdb_record(builder, CV_LF_UNION, "hhwhz", 0, 0, 0, 24, "_U"));
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

    finish_with_member(world, pdb_record(&world->builder, CV_LF_BITFIELD, "wbb", constant, 7, 57));
    query = ask(world, "_S.x");
    assert_int_equal(query.field.bit_count, 7);
    assert_int_equal(query.field.bit_position, 57);
    assert_int_equal(query.field.offset, 8);
    assert_int_equal(query.field.size, 8);
}

static void absent_structures_and_members_are_told_apart(void **state)
{
    struct world *world = *state;

    world->file = pdb_sample(1024, &world->size);
    assert_int_equal(open_file(world), SIC_OK);
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

    finish_with_member(world, pdb_forward(&world->builder, "_ELSEWHERE"));
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
    finish_with_member(world, second);
    expect_field(world, "_S.x.y", 10, 4, SIC_PDB_KIND_SCALAR);
    assert_false(ask(world, "_S.x.y").field.ambiguous);
    assert_true(ask(world, "N::<unnamed>.y").field.ambiguous);
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
    finish_with_member(world, pdb_forward(builder, "_P"));
    expect_field(world, "_S.x.y", 12, 4, SIC_PDB_KIND_SCALAR);
    assert_true(ask(world, "_S.x.y").field.ambiguous);
    assert_true(ask(world, "_P").field.ambiguous);
    assert_false(ask(world, "_Q.y").field.ambiguous);
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
    finish(world, 512);
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
    assert_int_equal(open_file(world), SIC_OK);
    assert_int_equal(sic_pdb_each_field(world->pdb, "_OUTER", 0, count_fields, all, &world->error), SIC_OK);
    assert_string_equal(all, "inner@0 constant@8 a@16 bits@20 a@24 bits@28 array@32 pointer@256 far@305419896 ");
    all[0] = '\0';
    assert_int_equal(sic_pdb_each_field(world->pdb, "_OUTER", 1, count_fields, all, &world->error), SIC_OK);
    assert_string_equal(all, "inner@0 inner.a@0 inner.bits@4 constant@8 constant.a@8 constant.bits@12 a@16 bits@20 "
                             "a@24 bits@28 array@32 pointer@256 far@305419896 ");
    assert_int_equal(sic_pdb_each_field(world->pdb, "_NONE", 0, count_fields, all, &world->error), SIC_NOT_FOUND);
}

static void lists_that_go_in_circles_end(void **state)
{
    struct world *world = *state;

    pdb_member(&world->builder, "hhw", CV_LF_INDEX, 0, 0x1000);
    pdb_structure(&world->builder, "_S", pdb_end_list(&world->builder), 64);
    finish(world, 512);
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
    finish(world, 512);
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
    finish_with_member(world, inner);
    assert_int_equal(sic_pdb_each_field(world->pdb, "_S", 40, ignore_field, &count, &world->error), SIC_BROKEN);
    assert_in_range(count, 1, 1000000);
}

static void types_that_wrap_themselves_end(void **state)
{
    struct world *world = *state;

    finish_with_member(world, pdb_record(&world->builder, CV_LF_MODIFIER, "wh", 0x1000, 1));
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
    finish_with_member(world, inner);
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
    finish_with_member(world, 0x20000);
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
    finish_with_member(world, 0x75);
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
        put_word(&world, at + cases[i].offset, cases[i].value);
        assert_int_equal(open_file(&world), SIC_OK);
        assert_int_equal(sic_pdb_find_fields(world.pdb, &query, 1, &world.error), cases[i].status);
        assert_non_null(strstr(world.error.message, "stream 2"));
        sic_pdb_close(world.pdb);
        free(world.file);
    }
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
    finish_with_member(world, pdb_forward(&world->builder, "_INNER"));
    assert_int_equal(sic_pdb_find_fields(world->pdb, queries, 64, &world->error), SIC_OK);
    for (unsigned i = 0; i < 64; i++) {
        assert_int_equal(queries[i].answer, i % 48 < 40 ? SIC_PDB_FOUND : SIC_PDB_NO_MEMBER);
        if (i % 48 < 40)
            assert_int_equal(queries[i].field.offset, 8 + i % 48 * 3);
    }
}

static void globals_have_their_addresses(void **state)
{
    struct world *world = *state;
    struct sic_pdb_global globals[] = {{.name = "First"}, {.name = "Second"},   {.name = "None"},    {.name = "First"},
                                       {.name = "Zero"},  {.name = "Absolute"}, {.name = "Overflow"}};

    pdb_section(&world->builder, 0x1000, 0x1000);
    pdb_section(&world->builder, 0x7000, 0x1000);
    pdb_public(&world->builder, "First", 1, 0x123);
    pdb_public(&world->builder, "Zero", 0, 0x123);
    pdb_public(&world->builder, "Absolute", 3, 0x123);
    pdb_public(&world->builder, "Overflow", 2, 0xffffffff);
    pdb_public(&world->builder, "Second", 2, 0x10);
    finish(world, 512);
    assert_int_equal(sic_pdb_find_globals(world->pdb, globals, COUNT(globals), &world->error), SIC_OK);
    assert_int_equal(globals[0].answer, SIC_PDB_FOUND);
    assert_int_equal(globals[0].rva, 0x1123);
    assert_int_equal(globals[1].rva, 0x7010);
    assert_int_equal(globals[2].answer, SIC_PDB_NO_SYMBOL);
    assert_int_equal(globals[3].rva, 0x1123);
    assert_int_equal(globals[4].answer, SIC_PDB_NO_ADDRESS);
    assert_int_equal(globals[5].answer, SIC_PDB_NO_ADDRESS);
    assert_int_equal(globals[6].answer, SIC_PDB_NO_ADDRESS);
    assert_int_equal(sic_pdb_find_globals(world->pdb, NULL, 0, &world->error), SIC_OK);
}

static void omap_makes_only_globals_unknown(void **state)
{
    struct world *world = *state;
    struct sic_pdb_global global = {.name = "First"};

    world->builder.has_omap = true;
    pdb_section(&world->builder, 0x1000, 0x1000);
    pdb_public(&world->builder, "First", 1, 0x123);
    finish_with_member(world, 0x75);
    assert_true(sic_pdb_identity(world->pdb)->has_omap);
    assert_int_equal(sic_pdb_find_globals(world->pdb, &global, 1, &world->error), SIC_OK);
    assert_int_equal(global.answer, SIC_PDB_NO_ADDRESS);
    expect_field(world, "_S.x", 8, 4, SIC_PDB_KIND_SCALAR);
}

static void broken_symbols_are_reported(void **state)
{
    static const struct {
        const char *format;
        unsigned size, kind, word;
    } cases[] = {{"hh", 2000, CV_S_PUB32, 0}, {"h", 1, 0, 0}, {"hhwwhw", 16, CV_S_PUB32, 0x41414141}};

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct world *world;
        void *fresh;
        struct sic_pdb_global global = {.name = "First"};

        set_up(&fresh);
        world = fresh;
        pdb_put(&world->builder.streams[PDB_SYMBOLS], cases[i].format, cases[i].size, cases[i].kind, 0, 0, 1,
                cases[i].word);
        finish(world, 512);
        assert_int_equal(sic_pdb_find_globals(world->pdb, &global, 1, &world->error), SIC_BROKEN);
        assert_non_null(strstr(world->error.message, "stream 5, offset 0x0"));
        tear_down(&fresh);
    }
}

/* The linker sends the library's allocations here (--wrap): the one counted down to fails, once. */
static unsigned long allocations_until_failure;

void *__real_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
void *__real_realloc(void *old, size_t size);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__wrap_realloc(void *old, size_t size);

static bool fails_now(void)
{
    return allocations_until_failure > 0 && --allocations_until_failure == 0;
}

void *__wrap_malloc(size_t size)
{
    return fails_now() ? NULL : __real_malloc(size);
}

void *__wrap_calloc(size_t count, size_t size)
{
    return fails_now() ? NULL : __real_calloc(count, size);
}

void *__wrap_realloc(void *old, size_t size)
{
    return fails_now() ? NULL : __real_realloc(old, size);
}

static enum sic_status ask_all_kinds(struct world *world)
{
    struct sic_pdb_query query = {.path = "_OUTER.far"};
    struct sic_pdb_global global = {.name = "NtBuildNumber"};
    enum sic_status status = open_file(world);

    if (status != SIC_OK)
        return status;
    status = sic_pdb_find_fields(world->pdb, &query, 1, &world->error);
    if (status == SIC_OK)
        status = sic_pdb_find_globals(world->pdb, &global, 1, &world->error);
    sic_pdb_close(world->pdb);
    world->pdb = NULL;
    return status;
}

static void each_failing_allocation_is_an_error(void **state)
{
    struct world *world = *state;
    unsigned long nth = 0;
    enum sic_status status;

    world->file = pdb_sample(512, &world->size);
    do {
        allocations_until_failure = ++nth;
        status = ask_all_kinds(world);
        if (allocations_until_failure == 0)
            assert_int_equal(status, SIC_NO_MEMORY);
    } while (allocations_until_failure == 0);
    allocations_until_failure = 0;
    assert_int_equal(status, SIC_OK);
    assert_in_range(nth, 8, 30);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(identity_is_that_of_both_streams),
        TEST(every_block_size_reads_alike),
        TEST(directory_listed_in_several_blocks),
        TEST(other_formats_are_named),
        TEST(every_truncation_is_refused),
        TEST(directories_that_lie_are_refused),
        TEST(streams_that_lie_are_refused),
        TEST(types_only_pdb_matches_no_image),
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
        TEST(lists_that_go_in_circles_end),
        TEST(structure_that_contains_itself_ends),
        TEST(exponential_nesting_ends),
        TEST(types_that_wrap_themselves_end),
        TEST(offsets_do_not_wrap),
        TEST(broken_records_are_reported_with_their_place),
        TEST(unreadable_structures_forbid_absence),
        TEST(type_streams_that_lie_are_refused),
        TEST(many_queries_in_one_batch),
        TEST(globals_have_their_addresses),
        TEST(omap_makes_only_globals_unknown),
        TEST(broken_symbols_are_reported),
        TEST(each_failing_allocation_is_an_error),
    };

    return cmocka_run_group_tests_name("pdb", tests, NULL, NULL);
}
