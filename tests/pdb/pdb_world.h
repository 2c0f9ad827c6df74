/* A PDB under test: its builder, its bytes, the reader's handle; and what tests expect of it. */
#ifndef SIC_TESTS_PDB_WORLD_H
#define SIC_TESTS_PDB_WORLD_H

#include "pdb/pdb_builder.h"
#include "symbols/codeview.h"
#include "symbols/pdb.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define TEST(name)   cmocka_unit_test_setup_teardown(name, world_set_up, world_tear_down)

/* A builder and the PDB made of it. */
struct world {
    struct pdb_builder builder;
    uint8_t *file;
    size_t size;
    struct sic_pdb *pdb;
    struct sic_error error;
};

/* cmocka set-up and tear-down: *state is a world with an empty builder. */
int world_set_up(void **state);
int world_tear_down(void **state);

/* Opens the file of the world as it is. */
enum sic_status world_open(struct world *world);

/* Makes the file of the builder and opens it, which must succeed. */
void world_finish(struct world *world, uint32_t block_size);

/* Asks one path; the question must not fail, whatever its answer. */
struct sic_pdb_query world_ask(struct world *world, const char *path);

void expect_field(struct world *world, const char *path, uint64_t offset, uint64_t size, enum sic_pdb_kind kind);
void expect_answer(struct world *world, const char *path, enum sic_pdb_answer answer);

/* The question fails, with a message that contains `part`. */
void expect_broken(struct world *world, const char *path, const char *part);

/* A structure _S with one member x of the given type at offset 8. */
void world_finish_with_member(struct world *world, uint32_t type);

/* Overwrites 32 bits of the file. */
void world_put_word(struct world *world, size_t offset, uint32_t value);

/* The file is refused with a message that contains `part`. */
void expect_open_fails(struct world *world, enum sic_status status, const char *part);

#endif
