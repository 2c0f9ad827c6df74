/*
 * What memory is by its names, and the paths of objects.
 */
#include "hand_scan.h"

#include "meaning/memory.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

static void test_system_name(void **state)
{
    struct hand_scan *hand = *state;
    uint32_t section = hand_section(hand, 0);
    struct sic_memory memory;

    hand_owners(hand, section, 2);
    hand_directories(hand);
    hand_name(hand, 3, SIC_NAME_SECTION, "NlsSectionCP1252", NULL, section);
    memory = hand_judge(hand, 0);
    assert_int_equal(memory.source, SIC_MEMORY_BY_SYSTEM_NAME);
    assert_int_equal(memory.known, SIC_KNOWN_NLS_TABLES);
    assert_int_equal(memory.name_count, 1);
}

static void test_name_against_peb(void **state)
{
    struct hand_scan *hand = *state;
    uint32_t section = hand_section(hand, 0);
    struct sic_memory memory;

    hand_owners(hand, section, 2);
    hand_directories(hand);
    hand_name(hand, 3, SIC_NAME_SECTION, "NlsSectionCP1252", NULL, section);
    hand_pointer(hand, 0, SIC_PEB_API_SET_MAP, 0x10000);
    memory = hand_judge(hand, 0);
    assert_int_equal(memory.source, SIC_MEMORY_BY_PEB);
    assert_int_equal(memory.known, SIC_KNOWN_API_SET_MAP);
    assert_int_equal(memory.system_name, SIC_KNOWN_NLS_TABLES);
    assert_true(memory.is_contradictory);
}

/* A name that users can give proves nothing but itself. */
static void test_name_in_another_directory(void **state)
{
    struct hand_scan *hand = *state;
    uint32_t section = hand_section(hand, 0), directory;
    struct sic_memory memory;

    hand_owners(hand, section, 2);
    hand_directories(hand);
    directory = hand_name(hand, HAND_ROOT, SIC_NAME_DIRECTORY, "BaseNamedObjects", NULL, SIC_NONE);
    hand_name(hand, directory, SIC_NAME_SECTION, "NlsSectionCP1252", NULL, section);
    memory = hand_judge(hand, 0);
    assert_int_equal(memory.source, SIC_MEMORY_BY_OBJECT_NAME);
    assert_int_equal(memory.known, SIC_KNOWN_NOTHING);
}

/* CSRSS has a section of that name in each session; a user can make the directories for one that only looks so. */
static void test_shared_section_of_a_session(void **state)
{
    struct hand_scan *hand = *state;
    uint32_t section = hand_section(hand, 0), sessions, session, directory, own;

    hand_owners(hand, section, 2);
    hand_directories(hand);
    sessions = hand_name(hand, HAND_ROOT, SIC_NAME_DIRECTORY, "Sessions", NULL, SIC_NONE);
    session = hand_name(hand, sessions, SIC_NAME_DIRECTORY, "1", NULL, SIC_NONE);
    own = hand_name(hand, session, SIC_NAME_DIRECTORY, "BaseNamedObjects", NULL, SIC_NONE);
    directory = hand_name(hand, own, SIC_NAME_DIRECTORY, "Windows", NULL, SIC_NONE);
    hand_name(hand, directory, SIC_NAME_SECTION, "SharedSection", NULL, section);
    assert_int_equal(hand_judge(hand, 0).known, SIC_KNOWN_NOTHING);
    directory = hand_name(hand, session, SIC_NAME_DIRECTORY, "Windows", NULL, SIC_NONE);
    hand_name(hand, directory, SIC_NAME_SECTION, "SharedSection", NULL, section);
    assert_int_equal(hand_judge(hand, 0).known, SIC_KNOWN_CSRSS_SHARED_MEMORY);
}

static char *path_of(struct hand_scan *hand, uint32_t name)
{
    struct sic_object_names names;
    char *path;

    assert_true(sic_object_names_init(&hand->scan, &names));
    path = sic_object_path(&names, name);
    sic_object_names_deinit(&names);
    return path;
}

static void test_object_paths(void **state)
{
    struct hand_scan *hand = *state;
    uint32_t section = hand_section(hand, 0), deep = HAND_ROOT, name;
    char *path;

    hand_directories(hand);
    name = hand_name(hand, 3, SIC_NAME_SECTION, "a\x1b[31m\n\x7f\xc0", NULL, section);
    path = path_of(hand, name);
    assert_string_equal(path, "\\NLS\\a\\u{1b}[31m\\u{a}\\u{7f}\\u{d8c0}");
    free(path);
    for (unsigned i = 0; i < 70; i++) {
        deep = hand_name(hand, deep, SIC_NAME_DIRECTORY, "d", NULL, SIC_NONE);
        path = path_of(hand, deep);
        assert_int_equal(path != NULL, i < 64);
        free(path);
    }
    assert_null(path_of(hand, HAND_ROOT));
}

/* Directories in a ring, one that is not there, and a name that was not read. */
static void test_object_paths_that_lead_nowhere(void **state)
{
    struct hand_scan *hand = *state;
    uint32_t first, second;

    hand_directories(hand);
    first = hand_name(hand, 5, SIC_NAME_DIRECTORY, "a", NULL, SIC_NONE);
    second = hand_name(hand, first, SIC_NAME_DIRECTORY, "b", NULL, SIC_NONE);
    assert_int_equal(second, 5);
    assert_null(path_of(hand, first));
    assert_null(path_of(hand, hand_name(hand, 1000, SIC_NAME_SECTION, "c", NULL, SIC_NONE)));
    assert_null(path_of(hand, hand_name(hand, SIC_NONE, SIC_NAME_SECTION, "c", NULL, SIC_NONE)));
    assert_null(path_of(hand, hand_name(hand, 3, SIC_NAME_SECTION, NULL, NULL, SIC_NONE)));
}

/* Names that users give in directories of their own: no path, and no system's name, whatever they are called. */
static void test_names_outside_the_root(void **state)
{
    struct hand_scan *hand = *state;
    uint32_t section = hand_section(hand, 0), outside;
    struct sic_object_names names;
    struct sic_memory memory;
    char *path;

    hand_directories(hand);
    hand_owners(hand, section, 2);
    outside = hand_name(hand, SIC_NONE, SIC_NAME_SECTION, "\\NLS\\NlsSectionCP437", NULL, section);
    ((struct sic_name *)hand->scan.names.elements)[outside].flags = SIC_NAME_OUTSIDE_ROOT;
    path = path_of(hand, outside);
    assert_string_equal(path, "\\NLS\\NlsSectionCP437");
    free(path);
    assert_true(sic_object_names_init(&hand->scan, &names));
    assert_true(sic_object_name_is_outside(&names, outside));
    assert_false(sic_object_name_is_outside(&names, 1));
    sic_object_names_deinit(&names);
    memory = hand_judge(hand, 0);
    assert_int_equal(memory.known, SIC_KNOWN_NOTHING);
    assert_int_equal(memory.source, SIC_MEMORY_BY_OBJECT_NAME);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        HAND_TEST(test_system_name),
        HAND_TEST(test_name_against_peb),
        HAND_TEST(test_name_in_another_directory),
        HAND_TEST(test_shared_section_of_a_session),
        HAND_TEST(test_object_paths),
        HAND_TEST(test_object_paths_that_lead_nowhere),
        HAND_TEST(test_names_outside_the_root),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
