/*
 * Symbol paths, PDB references and profile texts: what each text means. The expected places are written out by hand
 * from the debuggers' documentation of symbol paths.
 */
#include "symbols/pdb_reference.h"
#include "symbols/profile.h"
#include "symbols/symbol_path.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define MICROSOFT "https://msdl.microsoft.com/download/symbols"

/* "F folder", "S url>cache", "U unusable", one after another. */
static void describe(const struct sic_symbol_path *path, char *text, size_t size)
{
    size_t used = 0;

    text[0] = '\0';
    for (size_t i = 0; i < path->count && used < size; i++) {
        const struct sic_symbol_place *place = &path->places[i];

        used += (size_t)snprintf(text + used, size - used, "%s%c %s%s%s", i ? " | " : "", "FSU"[place->kind],
                                 place -> location, place -> cache ? ">" : "", place->cache ? place->cache : "");
    }
}

static const struct {
    const char *text, *meaning;
} paths[] = {
    {"", ""},
    {" ; ;", ""},
    {"/a;b c ; d", "F /a | F b c | F d"},
    {"srv*", "F /D | S " MICROSOFT ">/D"},
    {"srv", "S " MICROSOFT ">/D"},
    {"srv*http://s/x/", "S http://s/x>/D"},
    {"SRV*/c*HTTPS://s", "F /c | S HTTPS://s>/c"},
    {"srv**http://s", "F /D | S http://s>/D"},
    {"srv*/a*/b*http://s", "F /a | F /b | S http://s>/a"},
    {"srv*/a*/b", "F /a | F /b"},
    {"srv*/a*", "F /a | F /D | S " MICROSOFT ">/a"},
    {"symsrv*symsrv.dll*/c*http://s", "F /c | S http://s>/c"},
    {"symsrv*SYMSRV.DLL*http://s", "S http://s>/D"},
    {"symsrv*other.dll*/c", "U other.dll*/c"},
    {"cache*/c;srv*http://s;http://t/", "F /c | S http://s>/c | S http://t>/c"},
    {"srv*http://s;cache*/c", "S http://s>/D | F /c"},
    {"cache*;/f", "F /D | F /f"},
    {"cache*/c;srv*/own*http://s", "F /c | F /own | S http://s>/own"},
    {"C:\\symbols;\\\\server\\share", "U C:\\symbols | U \\\\server\\share"},
    {"srv*C:\\symbols*http://s", "U C:\\symbols | S http://s>/D"},
};

static void test_paths(void **state)
{
    char told[1000];

    (void)state;
    for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++) {
        struct sic_symbol_path path;
        struct sic_error error;

        if (sic_symbol_path_parse(paths[i].text, "/D", &error, &path) != SIC_OK)
            fail_msg("%s: %s", paths[i].text, error.message);
        describe(&path, told, sizeof(told));
        assert_string_equal(told, paths[i].meaning);
        sic_symbol_path_deinit(&path);
    }
}

static void test_paths_without_a_default_store(void **state)
{
    struct sic_symbol_path path;
    struct sic_error error;
    char told[1000];

    (void)state;
    assert_int_equal(sic_symbol_path_parse("srv*;srv**http://s;cache*", NULL, &error, &path), SIC_OK);
    describe(&path, told, sizeof(told));
    assert_string_equal(told, "S " MICROSOFT " | S http://s");
    assert_true(sic_symbol_path_has_server(&path));
    sic_symbol_path_deinit(&path);
}

static void test_paths_that_mean_nothing(void **state)
{
    static const char *const wrong[] = {"a*b",     "cache*http://s", "srv*http://s*/c",
                                        "http://", "srv*https:///",  "srv*/c*http:////"};

    (void)state;
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        struct sic_symbol_path path;
        struct sic_error error;

        if (sic_symbol_path_parse(wrong[i], "/D", &error, &path) != SIC_BROKEN)
            fail_msg("%s is taken", wrong[i]);
        sic_symbol_path_deinit(&path);
    }
}

static void test_references(void **state)
{
    static const uint8_t expected[16] = {0xf8, 0xaf, 0x78, 0x52, 0x34, 0x6c, 0x77, 0x16,
                                         0xd7, 0xd7, 0x83, 0x5c, 0x85, 0xb7, 0xb8, 0x44};
    struct sic_pdb_reference reference = {.guid_age = "5278AFF86C341677D7D7835C85B7B8441A", .name = "ntkrnlmp.pdb"};
    uint8_t guid[16];
    uint32_t age;
    char text[SIC_PDB_GUID_TEXT_SIZE];

    (void)state;
    assert_true(sic_pdb_reference_parse(&reference, guid, &age));
    assert_memory_equal(guid, expected, sizeof(guid));
    assert_int_equal(age, 0x1a);
    sic_pdb_reference_format_guid(&reference, text);
    assert_string_equal(text, "{5278AFF8-6C34-1677-D7D7-835C85B7B844}");
    assert_true(sic_pdb_reference_is_usable(&reference));
    strcpy(reference.guid_age, "5278AFF86C341677D7D7835C85B7B844");
    assert_false(sic_pdb_reference_parse(&reference, guid, &age));
    strcpy(reference.guid_age, "5278AFF86C341677D7D7835C85B7B844FFFFFFFF0");
    assert_false(sic_pdb_reference_parse(&reference, guid, &age));
    strcpy(reference.guid_age, "5278aff86c341677d7d7835c85b7b8441");
    assert_false(sic_pdb_reference_parse(&reference, guid, &age));
}

static void test_names_that_would_leave_their_folder(void **state)
{
    static const char *const wrong[] = {"",     ".",   "..",  ".hidden", "../x",   "a/b",
                                        "a\\b", "a b", "a?b", "a%2e",    "ntä.pdb"};
    struct sic_pdb_reference reference = {.guid_age = "5278AFF86C341677D7D7835C85B7B8441"};

    (void)state;
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        snprintf(reference.name, sizeof(reference.name), "%s", wrong[i]);
        if (sic_pdb_reference_is_usable(&reference))
            fail_msg("'%s' is taken", wrong[i]);
    }
}

static enum sic_status read_profile(const char *text, struct sic_profile *profile)
{
    struct sic_error error;
    size_t cursor = 0;

    return sic_profile_next(text, strlen(text), &cursor, &error, profile);
}

static void test_profile_text(void **state)
{
    struct sic_profile profile;

    (void)state;
    assert_int_equal(read_profile("# a comment\r\nlayout x 10.0.5-10.0.7.9 partial\r\nsource somewhere\r\n"
                                  "_EPROCESS.VadRoot 0x7D8\n_MMVAD_FLAGS.VadType 0 4:3\n_UNKNOWN.Thing 8\n"
                                  "global MiState ffff800000001000\nglobal PsActiveProcessHead 0x40\nglobal Other 1\n"
                                  "guid_age pdb build layout\nnot a row of a layout\n",
                                  &profile),
                     SIC_OK);
    assert_string_equal(profile.name, "x");
    assert_true(profile.is_partial);
    assert_int_equal(profile.last.part[3], 9);
    assert_int_equal(sic_layout_offset(&profile.layout, SIC_FIELD_EPROCESS_VAD_ROOT), 0x7d8);
    assert_int_equal(profile.layout.fields[SIC_FIELD_VAD_FLAGS_TYPE].first_bit, 4);
    assert_false(sic_layout_has(&profile.layout, SIC_FIELD_EPROCESS_VAD_COUNT));
    assert_true(profile.globals[SIC_GLOBAL_MiState] == 0xffff800000001000ull);
    assert_int_equal(sic_global_address(profile.globals[SIC_GLOBAL_PsActiveProcessHead], 0xfffff80000000000ull),
                     0xfffff80000000040ull);
    assert_int_equal(sic_global_address(0x40, 0), 0);
    assert_true(sic_global_address(0xffff800000001000ull, 0) == 0xffff800000001000ull);
}

static void test_profile_texts_that_are_wrong(void **state)
{
    static const char *const wrong[] = {
        "_EPROCESS.VadRoot 8\n",
        "layout\n",
        "layout x 1 full\n",
        "layout x 1-2 perhaps\n",
        "layout x 1.2.3.4.5-2 full\n",
        "layout a-name-of-more-than-thirty-one-bytes 1-2 full\n",
        "layout x 1-2 full\n_A.b\n",
        "layout x 1-2 full\n_A.b 100000000\n",
        "layout x 1-2 full\n_A.b 0 64:1\n",
        "layout x 1-2 full\n_A.b 0 0:64\n",
        "layout x 1-2 full\n_A.b 0 3:0\n",
        "layout x 1-2 full\nglobal MiState 7fff00000000\n",
        "layout x 1-2 full\nglobal MiState\n",
        "layout x 1-2 full\nglobal MiState 1ffff800000000000\n",
    };

    (void)state;
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        struct sic_profile profile;

        if (read_profile(wrong[i], &profile) != SIC_BROKEN)
            fail_msg("taken: %s", wrong[i]);
    }
    assert_int_equal(read_profile("", &(struct sic_profile){0}), SIC_NOT_FOUND);
    assert_int_equal(read_profile("# nothing\n\n", &(struct sic_profile){0}), SIC_NOT_FOUND);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_paths),
        cmocka_unit_test(test_paths_without_a_default_store),
        cmocka_unit_test(test_paths_that_mean_nothing),
        cmocka_unit_test(test_references),
        cmocka_unit_test(test_names_that_would_leave_their_folder),
        cmocka_unit_test(test_profile_text),
        cmocka_unit_test(test_profile_texts_that_are_wrong),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
