/* The PDB reader on PDBs made byte by byte: the container, the identity, public symbols, memory that runs out. */
#include "failing_heap.h"
#include "pdb/pdb_world.h"

#include <string.h>

static void identity_is_that_of_both_streams(void **state)
{
    struct world *world = *state;
    uint8_t other[SIC_PDB_GUID_SIZE];
    char text[SIC_PDB_IDENTITY_SIZE];

    world->builder.dbi_age = 0x1a;
    world_finish(world, 512);
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
        if (world_open(world) != SIC_OK)
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
    world_finish_with_member(world, 0x75);
    expect_field(world, "_S.x", 8, 4, SIC_PDB_KIND_SCALAR);
    sic_pdb_close(world->pdb);
    world->pdb = NULL;
    free(world->file);
    pdb_builder_deinit(&world->builder);
    pdb_builder_init(&world->builder);
    world->builder.extra_streams = 40000;
    pdb_member(&world->builder, "hhwhz", CV_LF_MEMBER, 3, 0x75, 8, "x");
    pdb_structure(&world->builder, "_S", pdb_end_list(&world->builder), 64);
    world_finish(world, 512);
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
        assert_int_equal(world_open(world), size < 32 ? SIC_NOT_MINE : SIC_BROKEN);
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
        world_put_word(world, cases[i].offset, cases[i].value);
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
        world_put_word(world, directory_of(world) + 4 * cases[i].word, cases[i].value);
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
    world_put_word(world, directory_of(world) + 4 * (1 + PDB_DBI), 0xffffffff);
    /* the blocks of the streams behind move up by one when a stream in front of them is gone */
    size_t blocks = directory_of(world) + 4 * (1 + PDB_STREAMS);
    memmove(world->file + blocks + 4 * 2, world->file + blocks + 4 * 3, 512 - 4 * (1 + PDB_STREAMS) - 12);
    assert_int_equal(world_open(world), SIC_OK);
    assert_false(sic_pdb_identity(world->pdb)->has_dbi);
    assert_false(sic_pdb_matches(world->pdb, pdb_guid, 0));
    assert_int_equal(sic_pdb_find_globals(world->pdb, &global, 1, &world->error), SIC_OK);
    assert_int_equal(global.answer, SIC_PDB_NO_SYMBOL);
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
    world_finish(world, 512);
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

static void expect_unknown_globals(struct world *world)
{
    struct sic_pdb_global global = {.name = "First"};

    pdb_section(&world->builder, 0x1000, 0x1000);
    pdb_public(&world->builder, "First", 1, 0x123);
    world_finish_with_member(world, 0x75);
    assert_true(sic_pdb_identity(world->pdb)->has_omap);
    assert_int_equal(sic_pdb_find_globals(world->pdb, &global, 1, &world->error), SIC_OK);
    assert_int_equal(global.answer, SIC_PDB_NO_ADDRESS);
    expect_field(world, "_S.x", 8, 4, SIC_PDB_KIND_SCALAR);
}

static void omap_to_source_makes_only_globals_unknown(void **state)
{
    struct world *world = *state;

    world->builder.has_omap_to_source = true;
    expect_unknown_globals(world);
}

static void omap_from_source_makes_only_globals_unknown(void **state)
{
    struct world *world = *state;

    world->builder.has_omap_from_source = true;
    expect_unknown_globals(world);
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

        world_set_up(&fresh);
        world = fresh;
        pdb_put(&world->builder.streams[PDB_SYMBOLS], cases[i].format, cases[i].size, cases[i].kind, 0, 0, 1,
                cases[i].word);
        world_finish(world, 512);
        assert_int_equal(sic_pdb_find_globals(world->pdb, &global, 1, &world->error), SIC_BROKEN);
        assert_non_null(strstr(world->error.message, "stream 5, offset 0x0"));
        world_tear_down(&fresh);
    }
}

static enum sic_status ask_all_kinds(struct world *world)
{
    struct sic_pdb_query query = {.path = "_OUTER.far"};
    struct sic_pdb_global global = {.name = "NtBuildNumber"};
    enum sic_status status = world_open(world);

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
    enum sic_status status;
    bool failed;
    int nth = 0;

    world->file = pdb_sample(512, &world->size);
    do {
        failing_heap_start(nth++);
        status = ask_all_kinds(world);
        failed = failing_heap_stop();
        if (failed)
            assert_int_equal(status, SIC_NO_MEMORY);
    } while (failed);
    assert_int_equal(status, SIC_OK);
    assert_in_range(nth, 8, 30);
}

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
        TEST(globals_have_their_addresses),
        TEST(omap_to_source_makes_only_globals_unknown),
        TEST(omap_from_source_makes_only_globals_unknown),
        TEST(broken_symbols_are_reported),
        TEST(each_failing_allocation_is_an_error),
    };

    return cmocka_run_group_tests_name("pdb", tests, NULL, NULL);
}
