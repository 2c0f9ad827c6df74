#include "pdb/pdb_world.h"

#include <string.h>

int world_set_up(void **state)
{
    struct world *world = calloc(1, sizeof(*world));

    pdb_builder_init(&world->builder);
    *state = world;
    return 0;
}

int world_tear_down(void **state)
{
    struct world *world = *state;

    sic_pdb_close(world->pdb);
    free(world->file);
    pdb_builder_deinit(&world->builder);
    free(world);
    return 0;
}

enum sic_status world_open(struct world *world)
{
    return sic_pdb_open_bytes(world->file, world->size, &world->error, &world->pdb);
}

void world_finish(struct world *world, uint32_t block_size)
{
    world->file = pdb_finish(&world->builder, block_size, 11, &world->size);
    if (world_open(world) != SIC_OK)
        fail_msg("%s", world->error.message);
}

struct sic_pdb_query world_ask(struct world *world, const char *path)
{
    struct sic_pdb_query query = {.path = path};

    if (sic_pdb_find_fields(world->pdb, &query, 1, &world->error) != SIC_OK)
        fail_msg("%s: %s", path, world->error.message);
    return query;
}

void expect_field(struct world *world, const char *path, uint64_t offset, uint64_t size, enum sic_pdb_kind kind)
{
    struct sic_pdb_query query = world_ask(world, path);

    assert_int_equal(query.answer, SIC_PDB_FOUND);
    assert_int_equal(query.field.offset, offset);
    assert_int_equal(query.field.size, size);
    assert_int_equal(query.field.kind, kind);
}

void expect_answer(struct world *world, const char *path, enum sic_pdb_answer answer)
{
    assert_int_equal(world_ask(world, path).answer, answer);
}

void expect_broken(struct world *world, const char *path, const char *part)
{
    struct sic_pdb_query query = {.path = path};

    assert_int_equal(sic_pdb_find_fields(world->pdb, &query, 1, &world->error), SIC_BROKEN);
    if (strstr(world->error.message, part) == NULL)
        fail_msg("\"%s\" was expected in: %s", part, world->error.message);
}

void world_finish_with_member(struct world *world, uint32_t type)
{
    pdb_member(&world->builder, "hhwhz", CV_LF_MEMBER, 3, type, 8, "x");
    pdb_structure(&world->builder, "_S", pdb_end_list(&world->builder), 64);
    world_finish(world, 4096);
}

void world_put_word(struct world *world, size_t offset, uint32_t value)
{
    for (int i = 0; i < 4; i++)
        world->file[offset + i] = (uint8_t)(value >> (8 * i));
}

void expect_open_fails(struct world *world, enum sic_status status, const char *part)
{
    struct sic_pdb *before = world->pdb;

    assert_int_equal(world_open(world), status);
    assert_ptr_equal(world->pdb, before);
    if (strstr(world->error.message, part) == NULL)
        fail_msg("\"%s\" was expected in: %s", part, world->error.message);
}
