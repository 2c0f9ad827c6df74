/*
 * The PDB reader on damaged PDBs: whatever the bytes, each question ends, soon, with an answer or an error. The seeds
 * are fixed, so that a failure comes back.
 */
#include "pdb/pdb_builder.h"
#include "symbols/pdb.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { ROUNDS = 1000 };

static const char *fixture = "pdb_fixtures/small.pdb";

static const char *const paths[] = {
    "_OUTER",   "_OUTER.far",  "_OUTER.constant.bits", "_OUTER.a",   "_INNER.a",    "_NONE.a",
    "record_0", "record_1.m5", "record_4.m30",         "huge.at_4g", "wide.flag_2", "holder.held.x",
};

/* What came of the rounds. Damage that is never noticed, or always fatal, would test little. */
struct tally {
    unsigned refused;
    unsigned answered;
    unsigned failed;
    uint64_t fields;
};

struct listing {
    struct sic_pdb *pdb;
    struct tally *tally;
    char names[16][256];
    unsigned name_count;
};

static bool count_field(void *context, const char *path, const struct sic_pdb_field *field)
{
    struct tally *tally = context;

    assert_non_null(path);
    assert_true(field->bit_count == 0 || field->kind != SIC_PDB_KIND_ARRAY);
    return ++tally->fields % 100000 != 0;
}

static bool keep_name(void *context, const char *name)
{
    struct listing *listing = context;

    snprintf(listing->names[listing->name_count++], sizeof(listing->names[0]), "%s", name);
    return listing->name_count < 16;
}

static void note(struct tally *tally, enum sic_status status, const struct sic_error *error)
{
    if (status == SIC_OK || status == SIC_NOT_FOUND) {
        tally->answered++;
        return;
    }
    tally->failed++;
    assert_in_range(strlen(error->message), 10, sizeof(error->message) - 1);
}

static void ask_everything(struct sic_pdb *pdb, struct tally *tally)
{
    struct sic_pdb_query queries[sizeof(paths) / sizeof(paths[0])] = {0};
    struct sic_pdb_global globals[2] = {{.name = "PsActiveProcessHead"}, {.name = "size_record_1"}};
    struct listing listing = {.pdb = pdb, .tally = tally};
    struct sic_error error = {""};

    for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++)
        queries[i].path = paths[i];
    note(tally, sic_pdb_find_fields(pdb, queries, sizeof(paths) / sizeof(paths[0]), &error), &error);
    note(tally, sic_pdb_find_globals(pdb, globals, 2, &error), &error);
    note(tally, sic_pdb_each_structure(pdb, keep_name, &listing, &error), &error);
    for (unsigned i = 0; i < listing.name_count; i++)
        note(tally, sic_pdb_each_field(pdb, listing.names[i], 3, count_field, tally, &error), &error);
}

static void ask_damaged(const uint8_t *bytes, size_t size, struct tally *tally)
{
    struct sic_pdb *pdb = NULL;
    struct sic_error error = {""};
    enum sic_status status = sic_pdb_open_bytes(bytes, size, &error, &pdb);

    if (status != SIC_OK) {
        assert_null(pdb);
        assert_in_range(strlen(error.message), 10, sizeof(error.message) - 1);
        tally->refused++;
        return;
    }
    ask_everything(pdb, tally);
    sic_pdb_close(pdb);
}

/* Damages `damage` bytes from `first` on, a thousand times from the whole. */
static void damage_often(const uint8_t *whole, size_t size, size_t first, size_t damage, const char *what)
{
    struct tally tally = {0};
    uint8_t *bytes = malloc(size);

    for (uint32_t round = 0; round < ROUNDS; round++) {
        uint32_t state = round * 2654435761u + 1;

        memcpy(bytes, whole, size);
        for (size_t i = 0; i < damage; i++)
            bytes[first + pdb_random(&state) % (size - first)] = (uint8_t)pdb_random(&state);
        ask_damaged(bytes, size, &tally);
    }
    free(bytes);
    print_message("%s, %zu of %zu bytes damaged: %u refused, %u questions answered, %u failed, %llu fields\n", what,
                  damage, size, tally.refused, tally.answered, tally.failed, (unsigned long long)tally.fields);
    assert_true(tally.answered > 0);
    assert_true(tally.refused + tally.failed > 0);
}

static void built_pdb_survives_damage(void **state)
{
    size_t size;
    uint8_t *whole = pdb_sample(512, &size);

    (void)state;
    damage_often(whole, size, 0, size / 100, "built PDB");
    damage_often(whole, size, 0, 4, "built PDB");
    damage_often(whole, size, 512, 4, "built PDB without its header");
    free(whole);
}

static void linked_pdb_survives_damage(void **state)
{
    FILE *file = fopen(fixture, "rb");
    size_t size;
    uint8_t *whole;

    (void)state;
    if (file == NULL) {
        print_message("skipped: %s was not made (clang, lld, llvm)\n", fixture);
        skip();
    }
    whole = malloc(1 << 20);
    size = fread(whole, 1, 1 << 20, file);
    fclose(file);
    damage_often(whole, size, 0, size / 100, "linked PDB");
    damage_often(whole, size, 4096, size / 100, "linked PDB without its header");
    damage_often(whole, size, 4096, 20, "linked PDB without its header");
    free(whole);
}

int main(int argument_count, char **arguments)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(built_pdb_survives_damage),
        cmocka_unit_test(linked_pdb_survives_damage),
    };

    if (argument_count > 1)
        fixture = arguments[1];
    return cmocka_run_group_tests_name("pdb damage", tests, NULL, NULL);
}
