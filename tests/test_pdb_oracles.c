/*
 * The PDB reader held against programs that nobody here wrote: clang's record layouts and llvm-pdbutil's dump of the
 * same PDBs, line by line. pdb/make_fixtures.py makes both; oracles.py there tells the form of a line.
 */
#include "symbols/pdb.h"

#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static const char *fixtures;

static char *read_file(const char *path, size_t *size)
{
    FILE *file = fopen(path, "rb");
    char *bytes;
    long length;

    if (file == NULL)
        return NULL;
    fseek(file, 0, SEEK_END);
    length = ftell(file);
    rewind(file);
    bytes = malloc((size_t)length + 1);
    assert_non_null(bytes);
    *size = fread(bytes, 1, (size_t)length, file);
    bytes[*size] = '\0';
    fclose(file);
    return bytes;
}

static char *read_fixture(const char *name, size_t *size)
{
    char path[4096];
    char *bytes;

    snprintf(path, sizeof(path), "%s/%s", fixtures, name);
    bytes = read_file(path, size);
    if (bytes == NULL)
        fail_msg("cannot read %s", path);
    return bytes;
}

/* An open PDB with the bytes it lies in. */
struct loaded {
    char *bytes;
    size_t size;
    struct sic_pdb *pdb;
    struct sic_error error;
};

static void load(struct loaded *loaded)
{
    if (sic_pdb_open_bytes(loaded->bytes, loaded->size, &loaded->error, &loaded->pdb) != SIC_OK)
        fail_msg("%s", loaded->error.message);
}

static void unload(struct loaded *loaded)
{
    sic_pdb_close(loaded->pdb);
    free(loaded->bytes);
}

/* The lines that a walk over a structure must give next. */
struct expectation {
    char *next;
    const char *structure;
    bool with_sizes;
    uint64_t checked;
};

static char *take_line(struct expectation *expectation)
{
    char *line = expectation->next;
    char *end = strchr(line, '\n');

    assert_non_null(end);
    *end = '\0';
    expectation->next = end + 1;
    return line;
}

static bool compare_field(void *context, const char *path, const struct sic_pdb_field *field)
{
    struct expectation *expectation = context;
    char told[5000], size[24] = "-";

    if (expectation->with_sizes)
        snprintf(size, sizeof(size), "%" PRIu64, field->size);
    snprintf(told, sizeof(told), "%s.%s %" PRIu64 " %u %s", expectation->structure, path,
             field->offset * 8 + field->bit_position, field->bit_count, size);
    assert_string_equal(told, take_line(expectation));
    expectation->checked++;
    return true;
}

static void compare_size(struct sic_pdb *pdb, const char *structure, const char *size)
{
    struct sic_pdb_query query = {.path = structure};
    struct sic_error error;
    char told[24];

    if (sic_pdb_find_fields(pdb, &query, 1, &error) != SIC_OK)
        fail_msg("%s: %s", structure, error.message);
    if (query.answer != SIC_PDB_FOUND || query.field.ambiguous)
        fail_msg("%s: answer %d, ambiguous %d", structure, query.answer, query.field.ambiguous);
    snprintf(told, sizeof(told), "%" PRIu64, query.field.size);
    assert_string_equal(told, size);
}

/* Every structure of an expected list, in its whole depth; returns the number of fields. */
static uint64_t compare_all(struct loaded *loaded, const char *list, bool with_sizes)
{
    size_t size;
    char *text = read_fixture(list, &size);
    struct expectation expectation = {.next = text, .with_sizes = with_sizes};

    while (*expectation.next != '\0' && *expectation.next != '\n') {
        char *head = take_line(&expectation);
        char *end = strstr(head, " - - ");

        assert_non_null(end);
        *end = '\0';
        expectation.structure = head;
        compare_size(loaded->pdb, head, end + strlen(" - - "));
        if (sic_pdb_each_field(loaded->pdb, head, 30, compare_field, &expectation, &loaded->error) != SIC_OK)
            fail_msg("%s: %s", head, loaded->error.message);
    }
    free(text);
    return expectation.checked;
}

/* Each line's path as a query, all in one batch. */
static void compare_queries(struct loaded *loaded, const char *list, size_t limit)
{
    size_t size, count = 0;
    char *text = read_fixture(list, &size);
    struct sic_pdb_query *queries = calloc(limit, sizeof(*queries));
    uint64_t *bits = calloc(limit, sizeof(*bits));
    struct expectation expectation = {.next = text};

    assert_non_null(queries);
    while (*expectation.next != '\0' && *expectation.next != '\n' && count < limit) {
        char *line = take_line(&expectation);
        char *end = strchr(line, ' ');

        *end = '\0';
        queries[count].path = line;
        bits[count++] = end[1] == '-' ? 0 : strtoull(end + 1, NULL, 10);
    }
    if (sic_pdb_find_fields(loaded->pdb, queries, count, &loaded->error) != SIC_OK)
        fail_msg("%s", loaded->error.message);
    for (size_t i = 0; i < count; i++) {
        if (queries[i].answer != SIC_PDB_FOUND)
            fail_msg("%s: answer %d", queries[i].path, queries[i].answer);
        assert_int_equal(queries[i].field.offset * 8 + queries[i].field.bit_position, bits[i]);
    }
    free(bits);
    free(queries);
    free(text);
}

static void compare_publics(struct loaded *loaded, const char *list)
{
    size_t size, count = 0;
    char *text = read_fixture(list, &size);
    struct sic_pdb_global *globals = calloc(size + 1, sizeof(*globals));
    struct expectation expectation = {.next = text};

    assert_non_null(globals);
    while (*expectation.next != '\0' && *expectation.next != '\n') {
        char *line = take_line(&expectation);
        char *space = strrchr(line, ' ');

        *space = '\0';
        globals[count].name = line;
        globals[count++].rva = (uint32_t)strtoul(space + 1, NULL, 10);
    }
    assert_true(count > 0);
    for (size_t i = 0; i < count; i++) {
        struct sic_pdb_global told = {.name = globals[i].name};

        if (i % 50 != 0)
            continue;
        assert_int_equal(sic_pdb_find_globals(loaded->pdb, &told, 1, &loaded->error), SIC_OK);
        assert_int_equal(told.answer, globals[i].rva == 0 ? SIC_PDB_NO_ADDRESS : SIC_PDB_FOUND);
        assert_int_equal(told.rva, globals[i].rva);
    }
    free(globals);
    free(text);
}

static void load_fixture(struct loaded *loaded, const char *name)
{
    loaded->bytes = read_fixture(name, &loaded->size);
    load(loaded);
}

/* `reason` stands in the message when the file is not there. */
static bool fixture_is_there(const char *name, const char *reason)
{
    char path[4096];
    size_t size;
    char *bytes;

    snprintf(path, sizeof(path), "%s/%s", fixtures, name);
    bytes = read_file(path, &size);
    free(bytes);
    if (bytes == NULL)
        print_message("skipped: %s was not made: %s\n", path, reason);
    return bytes != NULL;
}

static bool fixtures_are_there(void)
{
    return fixture_is_there("many.dump", "clang, lld-link or llvm-pdbutil was not found");
}

static void fields_equal_those_of_clang_and_llvm(void **state)
{
    static const char *const names[] = {"small", "many"};

    (void)state;
    if (!fixtures_are_there())
        skip();
    for (size_t i = 0; i < 2; i++) {
        struct loaded loaded = {0};
        char file[64];
        uint64_t dumped, laid_out;

        snprintf(file, sizeof(file), "%s.pdb", names[i]);
        load_fixture(&loaded, file);
        snprintf(file, sizeof(file), "%s.dump", names[i]);
        dumped = compare_all(&loaded, file, true);
        compare_queries(&loaded, file, 20000);
        snprintf(file, sizeof(file), "%s.layouts", names[i]);
        laid_out = compare_all(&loaded, file, false);
        compare_queries(&loaded, file, 20000);
        snprintf(file, sizeof(file), "%s.publics", names[i]);
        compare_publics(&loaded, file);
        print_message("%s.pdb: %" PRIu64 " fields equal llvm-pdbutil's, %" PRIu64 " clang's\n", names[i], dumped,
                      laid_out);
        assert_true(dumped > 100 && laid_out > 100);
        unload(&loaded);
    }
}

/* The linker's own block sizes, and the same streams in blocks of all sizes, out of order. */
static void every_packing_gives_the_same(void **state)
{
    static const char *const names[] = {"many-512",       "many-1024",  "many-2048",     "many-4096",
                                        "many-16384",     "many-65536", "many-lld-8192", "many-lld-16384",
                                        "many-lld-32768", "many-newer"};

    (void)state;
    if (!fixtures_are_there())
        skip();
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        struct loaded loaded = {0};
        char file[64];

        snprintf(file, sizeof(file), "%s.pdb", names[i]);
        load_fixture(&loaded, file);
        compare_all(&loaded, "many.dump", true);
        compare_publics(&loaded, "many.publics");
        unload(&loaded);
    }
}

/* The real PDB of the samples; windows-internals, section 5, lists its _PEB. */
static bool load_sample(struct loaded *loaded)
{
    const char *folder = getenv("SIC_SAMPLES");
    char path[4096];

    snprintf(path, sizeof(path), "%s/ntdll.pdb", folder == NULL ? SIC_SOURCE_ROOT "/../shared/samples" : folder);
    loaded->bytes = read_file(path, &loaded->size);
    if (loaded->bytes == NULL) {
        print_message("skipped: %s is not there (SIC_SAMPLES names the folder)\n", path);
        return false;
    }
    load(loaded);
    return true;
}

static void sample_has_its_identity_and_peb(void **state)
{
    static const struct {
        const char *path;
        uint64_t offset;
    } fields[] = {
        {"_PEB.Ldr", 0x18},
        {"_PEB.ProcessParameters", 0x20},
        {"_PEB.ApiSetMap", 0x68},
        {"_PEB.ReadOnlySharedMemoryBase", 0x88},
        {"_PEB.SharedData", 0x90},
        {"_PEB.ReadOnlyStaticServerData", 0x98},
        {"_PEB.AnsiCodePageData", 0xa0},
        {"_PEB.OemCodePageData", 0xa8},
        {"_PEB.UnicodeCaseTableData", 0xb0},
        {"_PEB.GdiSharedHandleTable", 0xf8},
        {"_PEB.SessionId", 0x2c0},
        {"_PEB.pShimData", 0x2d8},
        {"_PEB.ActivationContextData", 0x2f8},
        {"_PEB.ProcessAssemblyStorageMap", 0x300},
        {"_PEB.SystemDefaultActivationContextData", 0x308},
        {"_PEB.SystemAssemblyStorageMap", 0x310},
        {"_PEB.CsrServerReadOnlySharedMemoryBase", 0x380},
        {"_PEB.LeapSecondData", 0x7b8},
    };
    struct loaded loaded = {0};
    char text[SIC_PDB_IDENTITY_SIZE];

    (void)state;
    if (!load_sample(&loaded))
        skip();
    sic_pdb_format_identity(sic_pdb_identity(loaded.pdb)->guid, sic_pdb_identity(loaded.pdb)->age, text);
    assert_string_equal(text, "CCC0E36120F424BE044DE630C3BD80C41");
    assert_int_equal(sic_pdb_identity(loaded.pdb)->info_age, 3);
    assert_int_equal(sic_pdb_identity(loaded.pdb)->machine, 0x8664);
    for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++) {
        struct sic_pdb_query query = {.path = fields[i].path};

        assert_int_equal(sic_pdb_find_fields(loaded.pdb, &query, 1, &loaded.error), SIC_OK);
        if (query.answer != SIC_PDB_FOUND || query.field.offset != fields[i].offset)
            fail_msg("%s: answer %d, offset 0x%" PRIx64, fields[i].path, query.answer, query.field.offset);
    }
    unload(&loaded);
}

static void sample_equals_the_dump_of_llvm(void **state)
{
    struct loaded loaded = {0};
    uint64_t checked;

    (void)state;
    if (!fixture_is_there("sample.dump", "no llvm-pdbutil, or no samples, when the tests were built") ||
        !load_sample(&loaded))
        skip();
    checked = compare_all(&loaded, "sample.dump", true);
    compare_queries(&loaded, "sample.dump", 20000);
    compare_publics(&loaded, "sample.publics");
    print_message("ntdll.pdb: %" PRIu64 " fields equal llvm-pdbutil's\n", checked);
    assert_true(checked > 5000);
    unload(&loaded);
}

int main(int argument_count, char **arguments)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(fields_equal_those_of_clang_and_llvm),
        cmocka_unit_test(every_packing_gives_the_same),
        cmocka_unit_test(sample_has_its_identity_and_peb),
        cmocka_unit_test(sample_equals_the_dump_of_llvm),
    };

    fixtures = argument_count > 1 ? arguments[1] : "pdb_fixtures";
    return cmocka_run_group_tests_name("pdb oracles", tests, NULL, NULL);
}
