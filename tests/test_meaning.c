/*
 * Judgements over scans made by hand: what is concluded, and what is not.
 */
#include "hand_scan.h"

#include "meaning/file_path.h"
#include "meaning/handle.h"
#include "meaning/identity.h"
#include "meaning/meaning.h"
#include "meaning/memory.h"
#include "meaning/page.h"
#include "meaning/parent.h"
#include "meaning/rights.h"
#include "meaning/sid.h"
#include "meaning/time.h"
#include "util/pattern.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define ROOT 0u

static int set_up(void **state)
{
    struct hand_scan *hand = malloc(sizeof(*hand));

    hand_init(hand);
    *state = hand;
    return 0;
}

static int tear_down(void **state)
{
    hand_deinit(*state);
    free(*state);
    return 0;
}

/* --- memory ------------------------------------------------------------------------------------------------------ */

/* `count` processes that all map the section at 0x10000 and up; their PEBs are read. */
static void make_owners(struct hand_scan *hand, uint32_t section, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++)
        hand_view(hand, hand_process(hand, 4 * (i + 1), SIC_PROCESS_PEB_READ), section, 0x10000, 0, 10, 1);
}

static struct sic_memory judge(struct hand_scan *hand, uint32_t region)
{
    struct sic_meaning meaning;
    struct sic_memory memory;

    if (hand->regions.count == 0)
        hand_regions(hand, 1);
    assert_true(sic_meaning_init(&hand->scan, &meaning));
    sic_memory_judge(&meaning, &hand->regions, &hand->regions.regions[region], &memory);
    /* Keys of the meaning, which is gone. */
    memory.names = NULL;
    sic_meaning_deinit(&meaning);
    return memory;
}

static void test_peb_of_all(void **state)
{
    struct hand_scan *hand = *state;
    struct sic_memory memory;

    make_owners(hand, hand_section(hand, 0), 3);
    for (uint32_t i = 0; i < 3; i++)
        hand_pointer(hand, i, SIC_PEB_API_SET_MAP, 0x10000);
    memory = judge(hand, 0);
    assert_int_equal(memory.source, SIC_MEMORY_BY_PEB);
    assert_string_equal(sic_known_memory_name(memory.known), "API set map");
    assert_int_equal(memory.proof_count, 1);
    assert_int_equal(memory.proofs[0].here, 3);
    assert_int_equal(memory.proofs[0].elsewhere, 0);
    assert_int_equal(memory.owners, 3);
    assert_int_equal(memory.owners_unknown, 0);
    assert_false(memory.is_contradictory);
}

/* The last byte of a view is in it, the one behind it and the one before the view are not. */
static void test_pointers_at_the_edges(void **state)
{
    static const struct {
        uint64_t value;
        bool is_in;
    } cases[] = {{0x10000, true}, {0x19fff, true}, {0xffff, false}, {0x1a000, false}, {0, false}, {~0ull, false}};

    for (unsigned i = 0; i < 6; i++) {
        struct hand_scan hand;

        hand_init(&hand);
        make_owners(&hand, hand_section(&hand, 0), 2);
        hand_pointer(&hand, 0, SIC_PEB_GDI_SHARED_HANDLE_TABLE, cases[i].value);
        assert_int_equal(judge(&hand, 0).known, cases[i].is_in ? SIC_KNOWN_GDI_HANDLE_TABLE : SIC_KNOWN_NOTHING);
        hand_deinit(&hand);
    }
    (void)state;
}

static void test_some_owners_unknown(void **state)
{
    struct hand_scan *hand = *state;
    struct sic_memory memory;

    make_owners(hand, hand_section(hand, 0), 4);
    sic_scan_process(&hand->scan, 3)->flags = 0;
    hand_pointer(hand, 0, SIC_PEB_API_SET_MAP, 0x10000);
    hand_pointer(hand, 1, SIC_PEB_API_SET_MAP, 0x10000);
    hand_pointer(hand, 2, SIC_PEB_API_SET_MAP, 0x900000);
    memory = judge(hand, 0);
    assert_int_equal(memory.known, SIC_KNOWN_API_SET_MAP);
    assert_int_equal(memory.proofs[0].here, 2);
    assert_int_equal(memory.proofs[0].elsewhere, 1);
    assert_int_equal(memory.owners_unknown, 1);
}

/* A process can write what it likes to its own PEB. */
static void test_one_against_most(void **state)
{
    struct hand_scan *hand = *state;
    struct sic_memory memory;

    make_owners(hand, hand_section(hand, 0), 3);
    hand_pointer(hand, 0, SIC_PEB_API_SET_MAP, 0x10000);
    hand_pointer(hand, 1, SIC_PEB_API_SET_MAP, 0x900000);
    hand_pointer(hand, 2, SIC_PEB_API_SET_MAP, 0x900000);
    memory = judge(hand, 0);
    assert_int_equal(memory.known, SIC_KNOWN_NOTHING);
    assert_int_equal(memory.source, SIC_MEMORY_UNKNOWN);
    assert_true(memory.is_contradictory);
    assert_int_equal(memory.proof_count, 1);
}

/* One says so, one denies it: that is no conclusion. */
static void test_one_against_one(void **state)
{
    struct hand_scan *hand = *state;

    make_owners(hand, hand_section(hand, 0), 2);
    hand_pointer(hand, 0, SIC_PEB_API_SET_MAP, 0x10000);
    hand_pointer(hand, 1, SIC_PEB_API_SET_MAP, 0x900000);
    assert_int_equal(judge(hand, 0).known, SIC_KNOWN_NOTHING);
}

/* Processes that agree on memory of their own are outvoted by the rest of the machine. */
static void test_agreeing_liars(void **state)
{
    struct hand_scan *hand = *state;
    uint32_t real = hand_section(hand, 0), own = hand_section(hand, 0), liar;

    for (uint32_t i = 0; i < 3; i++) {
        make_owners(hand, real, 1);
        hand_pointer(hand, i, SIC_PEB_API_SET_MAP, 0x10000);
    }
    for (uint32_t i = 0; i < 2; i++) {
        liar = hand_process(hand, 100 + 4 * i, SIC_PROCESS_PEB_READ);
        hand_view(hand, liar, own, 0x10000, 0, 10, 1);
        hand_pointer(hand, liar, SIC_PEB_API_SET_MAP, 0x10000);
    }
    hand_regions(hand, 2);
    assert_int_equal(judge(hand, 0).known, SIC_KNOWN_API_SET_MAP);
    assert_int_equal(judge(hand, 1).known, SIC_KNOWN_NOTHING);
    assert_true(judge(hand, 1).is_contradictory);
}

/* Windows maps these read-only: what a process can write to is its own, whatever its PEB says. */
static void test_writable_memory_is_not_the_systems(void **state)
{
    struct hand_scan *hand = *state;
    uint32_t section = hand_section(hand, 0);

    for (uint32_t i = 0; i < 2; i++) {
        hand_view(hand, hand_process(hand, 4 * (i + 1), SIC_PROCESS_PEB_READ), section, 0x10000, 0, 10, 4);
        hand_pointer(hand, i, SIC_PEB_LEAP_SECOND_DATA, 0x10000);
    }
    assert_int_equal(judge(hand, 0).known, SIC_KNOWN_NOTHING);
}

/* Of this memory only NLS tables are files. */
static void test_files_of_other_kinds(void **state)
{
    struct hand_scan *hand = *state;

    make_owners(hand, hand_section(hand, SIC_SECTION_FILE), 2);
    for (uint32_t i = 0; i < 2; i++)
        hand_pointer(hand, i, SIC_PEB_LEAP_SECOND_DATA, 0x10000);
    assert_int_equal(judge(hand, 0).known, SIC_KNOWN_NOTHING);
}

static void test_nls_files_are_named_so(void **state)
{
    static const struct {
        const char *name;
        bool is_one;
    } cases[] = {{"\\Windows\\System32\\C_1252.NLS", true}, {"\\evil.bin", false}, {"nls", false}};

    for (unsigned i = 0; i < 3; i++) {
        struct hand_scan hand;
        uint32_t section;

        hand_init(&hand);
        section = hand_section(&hand, SIC_SECTION_FILE | SIC_SECTION_HAS_NAME);
        sic_scan_section(&hand.scan, section)->name = hand_string(&hand, cases[i].name);
        make_owners(&hand, section, 2);
        for (uint32_t j = 0; j < 2; j++)
            hand_pointer(&hand, j, SIC_PEB_ANSI_CODE_PAGE_DATA, 0x10000);
        assert_int_equal(judge(&hand, 0).known, cases[i].is_one ? SIC_KNOWN_NLS_TABLES : SIC_KNOWN_NOTHING);
        hand_deinit(&hand);
    }
    (void)state;
}

/* An address in csrss.exe, whatever lies there in the process itself. */
static void test_address_of_the_server(void **state)
{
    struct hand_scan *hand = *state;

    make_owners(hand, hand_section(hand, 0), 2);
    for (uint32_t i = 0; i < 2; i++)
        hand_pointer(hand, i, SIC_PEB_CSR_SERVER_READ_ONLY_SHARED_MEMORY_BASE, 0x10000);
    assert_int_equal(judge(hand, 0).known, SIC_KNOWN_NOTHING);
    assert_int_equal(judge(hand, 0).proof_count, 0);
}

/* Each process may have its own: that others' lie elsewhere says nothing, but one of many is not enough. */
static void test_private_kinds(void **state)
{
    struct hand_scan *hand = *state;
    uint32_t section = hand_section(hand, 0);

    make_owners(hand, hand_section(hand, 0), 2);
    hand_pointer(hand, 0, SIC_PEB_ACTIVATION_CONTEXT_DATA, 0x10000);
    hand_pointer(hand, 1, SIC_PEB_ACTIVATION_CONTEXT_DATA, 0x900000);
    for (uint32_t i = 2; i < 5; i++)
        hand_view(hand, hand_process(hand, 4 * (i + 1), SIC_PROCESS_PEB_READ), section, 0x10000, 0, 10, 1);
    hand_pointer(hand, 2, SIC_PEB_ACTIVATION_CONTEXT_DATA, 0x10000);
    hand_regions(hand, 2);
    assert_int_equal(judge(hand, 0).known + judge(hand, 1).known, SIC_KNOWN_ACTIVATION_CONTEXTS);
}

static void test_two_meanings(void **state)
{
    struct hand_scan *hand = *state;
    struct sic_memory memory;

    make_owners(hand, hand_section(hand, 0), 3);
    hand_pointer(hand, 0, SIC_PEB_GDI_SHARED_HANDLE_TABLE, 0x10000);
    hand_pointer(hand, 1, SIC_PEB_API_SET_MAP, 0x10000);
    hand_pointer(hand, 2, SIC_PEB_API_SET_MAP, 0x10000);
    memory = judge(hand, 0);
    assert_int_equal(memory.known, SIC_KNOWN_API_SET_MAP);
    assert_true(memory.is_contradictory);
    assert_int_equal(memory.proof_count, 2);
}

static void test_two_meanings_with_equal_strength(void **state)
{
    struct hand_scan *hand = *state;
    struct sic_memory memory;

    make_owners(hand, hand_section(hand, 0), 2);
    hand_pointer(hand, 0, SIC_PEB_GDI_SHARED_HANDLE_TABLE, 0x10000);
    hand_pointer(hand, 1, SIC_PEB_API_SET_MAP, 0x10000);
    memory = judge(hand, 0);
    assert_int_equal(memory.known, SIC_KNOWN_NOTHING);
    assert_true(memory.is_contradictory);
}

/* Several pointers of one meaning agree. */
static void test_nls_tables(void **state)
{
    struct hand_scan *hand = *state;
    struct sic_memory memory;

    make_owners(hand, hand_section(hand, SIC_SECTION_FILE), 2);
    for (uint32_t i = 0; i < 2; i++) {
        hand_pointer(hand, i, SIC_PEB_ANSI_CODE_PAGE_DATA, 0x10000);
        hand_pointer(hand, i, SIC_PEB_OEM_CODE_PAGE_DATA, 0x14000);
        hand_pointer(hand, i, SIC_PEB_UNICODE_CASE_TABLE_DATA, 0x18000);
    }
    memory = judge(hand, 0);
    assert_int_equal(memory.known, SIC_KNOWN_NLS_TABLES);
    assert_int_equal(memory.proof_count, 3);
    assert_false(memory.is_contradictory);
}

static void test_image_stays_an_image(void **state)
{
    struct hand_scan *hand = *state;
    struct sic_memory memory;

    make_owners(hand, hand_section(hand, SIC_SECTION_IMAGE), 2);
    hand_pointer(hand, 0, SIC_PEB_API_SET_MAP, 0x10000);
    hand_pointer(hand, 1, SIC_PEB_API_SET_MAP, 0x10000);
    memory = judge(hand, 0);
    assert_int_equal(memory.known, SIC_KNOWN_NOTHING);
    assert_int_equal(memory.source, SIC_MEMORY_BY_FILE);
    assert_int_equal(memory.proof_count, 1);
}

/* Pointers of a section's other region say nothing of this one. */
static void test_regions_of_one_section(void **state)
{
    struct hand_scan *hand = *state;
    uint32_t section = hand_section(hand, 0), first = hand_process(hand, 4, SIC_PROCESS_PEB_READ), second;

    hand_view(hand, first, section, 0x10000, 0, 10, 1);
    hand_view(hand, first, section, 0x20000, 50, 10, 1);
    second = hand_process(hand, 8, SIC_PROCESS_PEB_READ);
    hand_view(hand, second, section, 0x10000, 0, 10, 1);
    hand_view(hand, second, section, 0x20000, 50, 10, 1);
    hand_pointer(hand, first, SIC_PEB_SHIM_DATA, 0x20000);
    hand_regions(hand, 2);
    assert_int_equal(judge(hand, 0).known, SIC_KNOWN_NOTHING);
    assert_int_equal(judge(hand, 1).known, SIC_KNOWN_SHIM_DATA);
}

/* Pointers in any order, of processes and fields that there are not, and private memory. */
static void test_pointers_of_nobody(void **state)
{
    struct hand_scan *hand = *state;
    struct sic_memory memory;

    make_owners(hand, hand_section(hand, 0), 2);
    hand_pointer(hand, 1, SIC_PEB_LEAP_SECOND_DATA, 0x10000);
    hand_pointer(hand, 7, SIC_PEB_API_SET_MAP, 0x10000);
    hand_pointer(hand, 0, SIC_PEB_FIELD_COUNT, 0x10000);
    hand_pointer(hand, 0, SIC_PEB_SHARED_DATA, 0x5000000);
    hand_pointer(hand, 0, SIC_PEB_LEAP_SECOND_DATA, 0x10008);
    memory = judge(hand, 0);
    assert_int_equal(memory.known, SIC_KNOWN_LEAP_SECONDS);
    assert_int_equal(memory.proofs[0].here, 2);
    assert_int_equal(memory.proof_count, 1);
}

/* --- names ------------------------------------------------------------------------------------------------------- */

static void add_directories(struct hand_scan *hand)
{
    hand_name(hand, SIC_NONE, SIC_NAME_DIRECTORY, "", NULL, SIC_NONE);
    assert_int_equal(hand_name(hand, ROOT, SIC_NAME_DIRECTORY, "GLOBAL??", NULL, SIC_NONE), 1);
    assert_int_equal(hand_name(hand, ROOT, SIC_NAME_DIRECTORY, "Device", NULL, SIC_NONE), 2);
    assert_int_equal(hand_name(hand, ROOT, SIC_NAME_DIRECTORY, "NLS", NULL, SIC_NONE), 3);
}

static void test_system_name(void **state)
{
    struct hand_scan *hand = *state;
    uint32_t section = hand_section(hand, 0);
    struct sic_memory memory;

    make_owners(hand, section, 2);
    add_directories(hand);
    hand_name(hand, 3, SIC_NAME_SECTION, "NlsSectionCP1252", NULL, section);
    memory = judge(hand, 0);
    assert_int_equal(memory.source, SIC_MEMORY_BY_SYSTEM_NAME);
    assert_int_equal(memory.known, SIC_KNOWN_NLS_TABLES);
    assert_int_equal(memory.name_count, 1);
}

static void test_name_against_peb(void **state)
{
    struct hand_scan *hand = *state;
    uint32_t section = hand_section(hand, 0);
    struct sic_memory memory;

    make_owners(hand, section, 2);
    add_directories(hand);
    hand_name(hand, 3, SIC_NAME_SECTION, "NlsSectionCP1252", NULL, section);
    hand_pointer(hand, 0, SIC_PEB_API_SET_MAP, 0x10000);
    memory = judge(hand, 0);
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

    make_owners(hand, section, 2);
    add_directories(hand);
    directory = hand_name(hand, ROOT, SIC_NAME_DIRECTORY, "BaseNamedObjects", NULL, SIC_NONE);
    hand_name(hand, directory, SIC_NAME_SECTION, "NlsSectionCP1252", NULL, section);
    memory = judge(hand, 0);
    assert_int_equal(memory.source, SIC_MEMORY_BY_OBJECT_NAME);
    assert_int_equal(memory.known, SIC_KNOWN_NOTHING);
}

/* CSRSS has a section of that name in each session; a user can make the directories for one that only looks so. */
static void test_shared_section_of_a_session(void **state)
{
    struct hand_scan *hand = *state;
    uint32_t section = hand_section(hand, 0), sessions, session, directory, own;

    make_owners(hand, section, 2);
    add_directories(hand);
    sessions = hand_name(hand, ROOT, SIC_NAME_DIRECTORY, "Sessions", NULL, SIC_NONE);
    session = hand_name(hand, sessions, SIC_NAME_DIRECTORY, "1", NULL, SIC_NONE);
    own = hand_name(hand, session, SIC_NAME_DIRECTORY, "BaseNamedObjects", NULL, SIC_NONE);
    directory = hand_name(hand, own, SIC_NAME_DIRECTORY, "Windows", NULL, SIC_NONE);
    hand_name(hand, directory, SIC_NAME_SECTION, "SharedSection", NULL, section);
    assert_int_equal(judge(hand, 0).known, SIC_KNOWN_NOTHING);
    directory = hand_name(hand, session, SIC_NAME_DIRECTORY, "Windows", NULL, SIC_NONE);
    hand_name(hand, directory, SIC_NAME_SECTION, "SharedSection", NULL, section);
    assert_int_equal(judge(hand, 0).known, SIC_KNOWN_CSRSS_SHARED_MEMORY);
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
    uint32_t section = hand_section(hand, 0), deep = ROOT, name;
    char *path;

    add_directories(hand);
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
    assert_null(path_of(hand, ROOT));
}

/* Directories in a ring, one that is not there, and a name that was not read. */
static void test_object_paths_that_lead_nowhere(void **state)
{
    struct hand_scan *hand = *state;
    uint32_t first, second;

    add_directories(hand);
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

    add_directories(hand);
    make_owners(hand, section, 2);
    outside = hand_name(hand, SIC_NONE, SIC_NAME_SECTION, "\\NLS\\NlsSectionCP437", NULL, section);
    ((struct sic_name *)hand->scan.names.elements)[outside].flags = SIC_NAME_OUTSIDE_ROOT;
    path = path_of(hand, outside);
    assert_string_equal(path, "\\NLS\\NlsSectionCP437");
    free(path);
    assert_true(sic_object_names_init(&hand->scan, &names));
    assert_true(sic_object_name_is_outside(&names, outside));
    assert_false(sic_object_name_is_outside(&names, 1));
    sic_object_names_deinit(&names);
    memory = judge(hand, 0);
    assert_int_equal(memory.known, SIC_KNOWN_NOTHING);
    assert_int_equal(memory.source, SIC_MEMORY_BY_OBJECT_NAME);
}

/* --- paths ------------------------------------------------------------------------------------------------------- */

static void expect_path(struct hand_scan *hand, uint32_t section, const char *expected, enum sic_path_state state)
{
    const struct sic_section *record = sic_scan_section(&hand->scan, section);
    struct sic_meaning meaning;
    char *path;

    assert_true(sic_meaning_init(&hand->scan, &meaning));
    path = sic_section_path(&hand->scan, &meaning.drives, record);
    if (expected)
        assert_string_equal(path, expected);
    else
        assert_null(path);
    assert_int_equal(sic_section_path_state(&hand->scan, &meaning.drives, record), state);
    free(path);
    sic_meaning_deinit(&meaning);
}

static uint32_t add_file(struct hand_scan *hand, const char *name, const char *device)
{
    uint32_t section = hand_section(hand, SIC_SECTION_FILE | (name ? SIC_SECTION_HAS_NAME : 0));

    sic_scan_section(&hand->scan, section)->name = hand_string(hand, name);
    if (device)
        sic_scan_section(&hand->scan, section)->device = hand_device(hand, device);
    return section;
}

static void test_paths(void **state)
{
    struct hand_scan *hand = *state;
    uint32_t file = add_file(hand, "\\a\\b.txt", "\\Device\\HarddiskVolume2");

    expect_path(hand, file, "\\Device\\HarddiskVolume2\\a\\b.txt", SIC_PATH_DEVICE);
    add_directories(hand);
    expect_path(hand, file, "\\Device\\HarddiskVolume2\\a\\b.txt", SIC_PATH_DEVICE);
    /* Links to folders of the device, to another device whose name begins alike, and to nothing known. */
    hand_name(hand, 1, SIC_NAME_SYMBOLIC_LINK, "A:", "\\Device\\HarddiskVolume2\\a", SIC_NONE);
    hand_name(hand, 1, SIC_NAME_SYMBOLIC_LINK, "B:", "\\Device\\HarddiskVolume", SIC_NONE);
    hand_name(hand, 1, SIC_NAME_SYMBOLIC_LINK, "F:", "\\Device\\HarddiskVolume23", SIC_NONE);
    hand_name(hand, 1, SIC_NAME_SYMBOLIC_LINK, "G:", NULL, SIC_NONE);
    hand_name(hand, 1, SIC_NAME_SYMBOLIC_LINK, "H:", "HarddiskVolume2", SIC_NONE);
    /* In another directory. */
    hand_name(hand, 2, SIC_NAME_SYMBOLIC_LINK, "C:", "\\Device\\HarddiskVolume2", SIC_NONE);
    expect_path(hand, file, "\\Device\\HarddiskVolume2\\a\\b.txt", SIC_PATH_DEVICE);
    /* Case is ignored, as the object manager does. */
    hand_name(hand, 1, SIC_NAME_SYMBOLIC_LINK, "e:", "\\device\\HARDDISKVOLUME2", SIC_NONE);
    expect_path(hand, file, "E:\\a\\b.txt", SIC_PATH_FULL);
    hand_name(hand, 1, SIC_NAME_SYMBOLIC_LINK, "C:", "\\Device\\HarddiskVolume2", SIC_NONE);
    expect_path(hand, file, "C:\\a\\b.txt", SIC_PATH_FULL);
}

static void test_paths_that_are_unknown(void **state)
{
    struct hand_scan *hand = *state;
    uint32_t unread = hand_section(hand, SIC_SECTION_UNREAD);

    expect_path(hand, hand_section(hand, 0), NULL, SIC_PATH_NONE);
    expect_path(hand, unread, NULL, SIC_PATH_UNKNOWN);
    expect_path(hand, add_file(hand, NULL, "\\Device\\x"), NULL, SIC_PATH_UNKNOWN);
    expect_path(hand, add_file(hand, "\\a", NULL), NULL, SIC_PATH_UNKNOWN_DEVICE);
    expect_path(hand, add_file(hand, "\\a", ""), NULL, SIC_PATH_UNKNOWN_DEVICE);
    /* Opened relative to another file, or by its number: what stands there is no path of the volume. */
    expect_path(hand, add_file(hand, "foo.dll", "\\Device\\x"), NULL, SIC_PATH_UNKNOWN_FOLDER);
    expect_path(hand, add_file(hand, "a\\foo.dll", "\\Device\\x"), NULL, SIC_PATH_UNKNOWN_FOLDER);
    expect_path(hand, add_file(hand, "foo.dll", NULL), NULL, SIC_PATH_UNKNOWN_FOLDER);
    expect_path(hand, add_file(hand, "", "\\Device\\x"), NULL, SIC_PATH_UNKNOWN);
    sic_scan_section(&hand->scan, unread)->device = 12345;
    expect_path(hand, unread, NULL, SIC_PATH_UNKNOWN);
    expect_path(hand, add_file(hand, "\\x\r\n\x80", "\\Device\\\x1b"), "\\Device\\\\u{1b}\\x\\u{d}\\u{a}\\u{d880}",
                SIC_PATH_DEVICE);
}

/* D: leads there through two links, one of them to a directory on the way; E: and F: lead to each other. */
static void test_link_chains(void **state)
{
    struct hand_scan *hand = *state;
    uint32_t file = add_file(hand, "\\f", "\\Device\\HarddiskVolume7");

    add_directories(hand);
    hand_name(hand, 1, SIC_NAME_SYMBOLIC_LINK, "D:", "\\DosDevices\\Volume", SIC_NONE);
    hand_name(hand, ROOT, SIC_NAME_SYMBOLIC_LINK, "DosDevices", "\\??", SIC_NONE);
    hand_name(hand, 1, SIC_NAME_SYMBOLIC_LINK, "Volume", "\\Device\\BootDevice", SIC_NONE);
    hand_name(hand, 2, SIC_NAME_SYMBOLIC_LINK, "BootDevice", "\\Device\\HarddiskVolume7", SIC_NONE);
    hand_name(hand, 1, SIC_NAME_SYMBOLIC_LINK, "A:", "\\GLOBAL??\\B:", SIC_NONE);
    hand_name(hand, 1, SIC_NAME_SYMBOLIC_LINK, "B:", "\\GLOBAL??\\A:", SIC_NONE);
    hand_name(hand, 1, SIC_NAME_SYMBOLIC_LINK, "C:", "\\GLOBAL??\\C:\\C:\\C:", SIC_NONE);
    expect_path(hand, file, "D:\\f", SIC_PATH_FULL);
}

/* Of a chain of any length it is either the whole way or none. */
static void test_long_link_chain(void **state)
{
    static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ";
    struct hand_scan *hand = *state;
    struct sic_meaning meaning;
    char name[] = "X:", target[] = "\\GLOBAL??\\X:";

    add_directories(hand);
    for (unsigned i = 0; i < 25; i++) {
        name[0] = letters[i];
        target[10] = letters[i + 1];
        hand_name(hand, 1, SIC_NAME_SYMBOLIC_LINK, name, target, SIC_NONE);
    }
    hand_name(hand, 1, SIC_NAME_SYMBOLIC_LINK, "Z:", "\\Device\\V", SIC_NONE);
    assert_true(sic_meaning_init(&hand->scan, &meaning));
    assert_in_range(meaning.drives.count, 8, 25);
    for (uint32_t i = 0; i < meaning.drives.count; i++)
        assert_int_equal(meaning.drives.drives[i].length, 9);
    assert_int_equal(meaning.drives.drives[meaning.drives.count - 1].letter, 'Z');
    sic_meaning_deinit(&meaning);
}

static void test_links_that_grow(void **state)
{
    struct hand_scan *hand = *state;
    struct sic_meaning meaning;
    uint16_t units[4000];
    struct sic_string longest;

    add_directories(hand);
    for (unsigned i = 0; i < 4000; i++)
        units[i] = i % 2 ? 'x' : '\\';
    longest = hand_units(hand, units, 4000);
    ((struct sic_name *)hand->scan.names.elements)[hand_name(hand, 1, SIC_NAME_SYMBOLIC_LINK, "C:", "", SIC_NONE)]
        .target = longest;
    ((struct sic_name *)hand->scan.names.elements)[hand_name(hand, ROOT, SIC_NAME_SYMBOLIC_LINK, "x", "", SIC_NONE)]
        .target = longest;
    assert_true(sic_meaning_init(&hand->scan, &meaning));
    assert_int_equal(meaning.drives.count, 0);
    sic_meaning_deinit(&meaning);
}

static void test_process_paths(void **state)
{
    struct hand_scan *hand = *state;
    uint32_t index = hand_process(hand, 4, SIC_PROCESS_HAS_PATH);
    struct sic_string path = hand_string(hand, "\\Device\\HarddiskVolume2\\Windows\\a.exe");
    struct sic_process *process = sic_scan_process(&hand->scan, index);
    struct sic_meaning meaning;
    char *text;

    process->path = path;
    add_directories(hand);
    hand_name(hand, 1, SIC_NAME_SYMBOLIC_LINK, "A:", "\\Device\\HarddiskVolume2\\Windows", SIC_NONE);
    hand_name(hand, 1, SIC_NAME_SYMBOLIC_LINK, "C:", "\\Device\\HarddiskVolume2", SIC_NONE);
    assert_true(sic_meaning_init(&hand->scan, &meaning));
    text = sic_process_path(&hand->scan, &meaning.drives, process);
    assert_string_equal(text, "C:\\Windows\\a.exe");
    free(text);
    process->flags = 0;
    assert_null(sic_process_path(&hand->scan, &meaning.drives, process));
    process->flags = SIC_PROCESS_HAS_PATH;
    process->path.offset = SIC_NONE;
    assert_null(sic_process_path(&hand->scan, &meaning.drives, process));
    sic_meaning_deinit(&meaning);
}

/* --- identities -------------------------------------------------------------------------------------------------- */

static void expect_sid(struct hand_scan *hand, struct sic_blob sid, const char *text, const char *name)
{
    char shown[SIC_SID_TEXT_SIZE], found[SIC_SID_NAME_SIZE];

    assert_true(sic_sid_format(&hand->scan, sid, shown));
    assert_string_equal(shown, text);
    assert_int_equal(sic_sid_name(shown, found), name != NULL);
    if (name)
        assert_string_equal(found, name);
}

#define PARTS(...) (sizeof((uint32_t[]){__VA_ARGS__}) / 4), ((uint32_t[]){__VA_ARGS__})

static void test_sids(void **state)
{
    struct hand_scan *hand = *state;
    uint32_t most[15];

    expect_sid(hand, hand_sid(hand, 5, PARTS(18)), "S-1-5-18", "SYSTEM");
    expect_sid(hand, hand_sid(hand, 5, PARTS(19)), "S-1-5-19", "LOCAL SERVICE");
    expect_sid(hand, hand_sid(hand, 5, PARTS(32, 544)), "S-1-5-32-544", "Administrators");
    expect_sid(hand, hand_sid(hand, 1, PARTS(0)), "S-1-1-0", "Everyone");
    expect_sid(hand, hand_sid(hand, 5, PARTS(90, 0, 3)), "S-1-5-90-0-3", "DWM-3");
    expect_sid(hand, hand_sid(hand, 5, PARTS(96, 0, 0)), "S-1-5-96-0-0", "UMFD-0");
    expect_sid(hand, hand_sid(hand, 5, PARTS(96, 0, 1, 2)), "S-1-5-96-0-1-2", NULL);
    expect_sid(hand, hand_sid(hand, 5, PARTS(80, 1, 2, 3, 4, 5)), "S-1-5-80-1-2-3-4-5", NULL);
    expect_sid(hand, hand_sid(hand, 15, PARTS(2, 1)), "S-1-15-2-1", "ALL APPLICATION PACKAGES");
    expect_sid(hand, hand_sid(hand, 15, PARTS(3, 1)), "S-1-15-3-1", "internetClient");
    expect_sid(hand, hand_sid(hand, 5, PARTS(21, 1, 2, 3, 500)), "S-1-5-21-1-2-3-500", "built-in administrator");
    expect_sid(hand, hand_sid(hand, 5, PARTS(21, 1, 2, 3, 1001)), "S-1-5-21-1-2-3-1001", NULL);
    expect_sid(hand, hand_sid(hand, 5, PARTS(21, 500)), "S-1-5-21-500", NULL);
    expect_sid(hand, hand_sid(hand, 5, PARTS(21, 1, 2, 500)), "S-1-5-21-1-2-500", NULL);
    expect_sid(hand, hand_sid(hand, 5, PARTS(21, 1, 2, 3, 4, 500)), "S-1-5-21-1-2-3-4-500", NULL);
    expect_sid(hand, hand_sid(hand, 0x123456789abcull, PARTS(4294967295u)), "S-1-0x123456789abc-4294967295", NULL);
    for (unsigned i = 0; i < 15; i++)
        most[i] = UINT32_MAX;
    expect_sid(hand, hand_sid(hand, 0xffffffffffffull, 15, most),
               "S-1-0xffffffffffff-4294967295-4294967295-4294967295-4294967295-4294967295-4294967295-4294967295-"
               "4294967295-4294967295-4294967295-4294967295-4294967295-4294967295-4294967295-4294967295",
               NULL);
}

static void test_sids_that_are_none(void **state)
{
    struct hand_scan *hand = *state;
    struct sic_blob sid = hand_sid(hand, 5, PARTS(18)), bad = sid;
    char text[SIC_SID_TEXT_SIZE];
    uint8_t *bytes = hand->scan.bytes.elements;

    bad.offset = SIC_NONE;
    assert_false(sic_sid_format(&hand->scan, bad, text));
    bad = sid;
    bad.length++;
    assert_false(sic_sid_format(&hand->scan, bad, text));
    bad.length = 8;
    assert_false(sic_sid_format(&hand->scan, bad, text));
    bytes[sid.offset] = 2;
    assert_false(sic_sid_format(&hand->scan, sid, text));
    bytes[sid.offset] = 1;
    bytes[sid.offset + 1] = 16;
    assert_false(sic_sid_format(&hand->scan, sid, text));
}

static void test_integrity_and_protection(void **state)
{
    static const struct {
        uint8_t value;
        const char *text;
    } protections[] = {{0x00, "none"},
                       {0x61, "PPL (WinTcb)"},
                       {0x62, "PP (WinTcb)"},
                       {0x31, "PPL (Antimalware)"},
                       {0x41, "PPL (Lsa)"},
                       {0x72, "PP (WinSystem)"},
                       {0x81, "PPL (App)"},
                       {0x03, "0x03, which has no name"},
                       {0xf1, "0xf1, which has no name"}};
    struct sic_process process = {.flags = SIC_PROCESS_PROTECTION_KNOWN};
    struct sic_token token = {.integrity = 0x2100};
    char buffer[SIC_PROTECTED_TEXT_SIZE];

    (void)state;
    for (unsigned i = 0; i < sizeof(protections) / sizeof(protections[0]); i++) {
        process.protection = protections[i].value;
        assert_string_equal(sic_protected_text(&process, buffer), protections[i].text);
    }
    process.flags = 0;
    assert_string_equal(sic_protected_text(&process, buffer), "unknown");
    assert_string_equal(sic_integrity_text(&token, buffer), "medium plus");
    token.integrity = 0x2010;
    assert_string_equal(sic_integrity_text(&token, buffer), "0x2010");
    token.integrity = SIC_NONE;
    assert_string_equal(sic_integrity_text(&token, buffer), "unknown");
    assert_string_equal(sic_integrity_text(NULL, buffer), "unknown");
}

/* What was not read is never taken for a no. */
static void test_answers(void **state)
{
    struct sic_token token = {.flags = 0};
    struct sic_process process = {.flags = SIC_PROCESS_WOW64};

    (void)state;
    assert_int_equal(sic_token_is_app_container(NULL), SIC_ANSWER_UNKNOWN);
    assert_int_equal(sic_token_is_app_container(&token), SIC_ANSWER_UNKNOWN);
    assert_int_equal(sic_token_is_low_privilege(&token), SIC_ANSWER_UNKNOWN);
    token.flags = SIC_TOKEN_PACKAGE_KNOWN;
    assert_int_equal(sic_token_is_app_container(&token), SIC_ANSWER_NO);
    assert_int_equal(sic_token_is_low_privilege(&token), SIC_ANSWER_NO);
    token.package.length = 12;
    assert_int_equal(sic_token_is_app_container(&token), SIC_ANSWER_YES);
    assert_int_equal(sic_token_is_low_privilege(&token), SIC_ANSWER_UNKNOWN);
    token.flags |= SIC_TOKEN_ATTRIBUTES_KNOWN;
    assert_int_equal(sic_token_is_low_privilege(&token), SIC_ANSWER_NO);
    token.flags |= SIC_TOKEN_LOW_PRIVILEGE;
    assert_int_equal(sic_token_is_low_privilege(&token), SIC_ANSWER_YES);
    assert_int_equal(sic_process_is_wow64(&process), SIC_ANSWER_UNKNOWN);
    process.flags |= SIC_PROCESS_WOW64_KNOWN;
    assert_int_equal(sic_process_is_wow64(&process), SIC_ANSWER_YES);
    process.flags = SIC_PROCESS_WOW64_KNOWN;
    assert_int_equal(sic_process_is_wow64(&process), SIC_ANSWER_NO);
    assert_int_equal(sic_process_is_exiting(&process), SIC_ANSWER_UNKNOWN);
    process.flags = SIC_PROCESS_EXITING_KNOWN;
    assert_int_equal(sic_process_is_exiting(&process), SIC_ANSWER_NO);
    process.flags = SIC_PROCESS_EXITING_KNOWN | SIC_PROCESS_EXITING;
    assert_int_equal(sic_process_is_exiting(&process), SIC_ANSWER_YES);
}

static void test_tokens_out_of_bounds(void **state)
{
    struct hand_scan *hand = *state;
    struct sic_process process = {.token = 0};
    struct sic_token token = {.flags = SIC_TOKEN_READ, .first_group = 0, .group_count = 1};

    assert_null(sic_process_token(&hand->scan, &process));
    assert_null(sic_token_user(&hand->scan, &token));
    token.first_group = SIC_NONE;
    assert_null(sic_token_user(&hand->scan, &token));
    token.group_count = 0;
    assert_null(sic_token_user(&hand->scan, &token));
}

static void test_times(void **state)
{
    char text[SIC_TIME_TEXT_SIZE];

    (void)state;
    /* As date(1) has them: seconds since 1601 are those since 1970 and 11644473600. */
    assert_true(sic_time_format(116444736000000000ull, text));
    assert_string_equal(text, "1970-01-01T00:00:00Z");
    assert_true(sic_time_format((11644473600ull + 951782400) * 10000000 + 9999999, text));
    assert_string_equal(text, "2000-02-29T00:00:00Z");
    assert_true(sic_time_format((11644473600ull + 1593557914) * 10000000, text));
    assert_string_equal(text, "2020-06-30T22:58:34Z");
    assert_true(sic_time_format((11644473600ull + 4107542399) * 10000000, text));
    assert_string_equal(text, "2100-02-28T23:59:59Z");
    assert_true(sic_time_format(1, text));
    assert_string_equal(text, "1601-01-01T00:00:00Z");
    assert_false(sic_time_format(0, text));
    assert_false(sic_time_format(UINT64_MAX, text));
    assert_true(sic_time_format(2650467743999999999ull, text));
    assert_string_equal(text, "9999-12-31T23:59:59Z");
    assert_false(sic_time_format(2650467744000000000ull, text));
}

static void test_parents(void **state)
{
    struct hand_scan *hand = *state;
    struct sic_parents parents;

    for (uint32_t i = 0; i < 6; i++)
        sic_scan_process(&hand->scan, hand_process(hand, i == 1 || i == 2 ? 100 : 4 * i, 0))->create_time = 10 * i + 1;
    sic_scan_process(&hand->scan, 5)->parent_id = 100;
    sic_scan_process(&hand->scan, 3)->parent_id = 16; /* which came after it */
    sic_scan_process(&hand->scan, 4)->parent_id = 16; /* itself */
    sic_scan_process(&hand->scan, 2)->parent_id = 77;
    assert_true(sic_parents_init(&hand->scan, &parents));
    assert_int_equal(sic_parents_state(&parents, 5), SIC_PARENT_FOUND);
    assert_int_equal(sic_parents_state(&parents, 3), SIC_PARENT_GONE);
    assert_int_equal(sic_parents_state(&parents, 2), SIC_PARENT_GONE);
    assert_int_equal(sic_parents_state(&parents, 0), SIC_PARENT_NONE);
    assert_int_equal(sic_parents_find(&parents, 5), 2);
    assert_int_equal(sic_parents_find(&parents, 3), SIC_NONE);
    assert_int_equal(sic_parents_find(&parents, 4), SIC_NONE);
    assert_int_equal(sic_parents_find(&parents, 2), SIC_NONE);
    assert_int_equal(sic_parents_find(&parents, 0), SIC_NONE);
    sic_parents_deinit(&parents);
}

/* Of what was not read it is not said that it is gone. */
static void test_parents_that_are_unknown(void **state)
{
    struct hand_scan *hand = *state;
    struct sic_parents parents;

    for (uint32_t i = 0; i < 4; i++)
        sic_scan_process(&hand->scan, hand_process(hand, 4 * (i + 1), 0))->create_time = 10 * (i % 3);
    /* The child's time was not read; the parent's was not; both are known, but nobody has the pid. */
    sic_scan_process(&hand->scan, 0)->parent_id = 8;
    sic_scan_process(&hand->scan, 1)->parent_id = 16;
    sic_scan_process(&hand->scan, 2)->parent_id = 77;
    assert_true(sic_parents_init(&hand->scan, &parents));
    assert_int_equal(sic_parents_state(&parents, 0), SIC_PARENT_UNKNOWN);
    assert_int_equal(sic_parents_find(&parents, 0), SIC_NONE);
    assert_int_equal(sic_parents_state(&parents, 1), SIC_PARENT_UNKNOWN);
    assert_int_equal(sic_parents_find(&parents, 1), SIC_NONE);
    assert_int_equal(sic_parents_state(&parents, 2), SIC_PARENT_GONE);
    /* Where processes are missing, it may be one of these. */
    sic_parents_deinit(&parents);
    hand->scan.skipped_processes = 1;
    assert_true(sic_parents_init(&hand->scan, &parents));
    assert_int_equal(sic_parents_state(&parents, 2), SIC_PARENT_UNKNOWN);
    sic_parents_deinit(&parents);
    hand->scan.skipped_processes = 0;
    assert_true(sic_scan_add_problem(&hand->scan, SIC_PROBLEM_PROCESS_LIST, SIC_NONE, 0x1000));
    assert_true(sic_parents_init(&hand->scan, &parents));
    assert_int_equal(sic_parents_state(&parents, 2), SIC_PARENT_UNKNOWN);
    sic_parents_deinit(&parents);
}

static void test_pages_that_are_not_there(void **state)
{
    static const struct {
        uint32_t flags;
        uint64_t pte;
        unsigned protection;
        enum sic_answer expected;
    } cases[] = {
        {SIC_PAGE_HAS_PHYSICAL, 0, 1, SIC_ANSWER_YES},
        {0, 0, 1, SIC_ANSWER_UNKNOWN},
        {SIC_PAGE_HAS_PTE, 0, 1, SIC_ANSWER_NO},                      /* demand zero */
        {SIC_PAGE_HAS_PTE, 0x80, 4, SIC_ANSWER_NO},                   /* the same, with a protection */
        {SIC_PAGE_HAS_PTE, 0xffffa00000000400ull, 1, SIC_ANSWER_NO},  /* of a subsection: in its file */
        {SIC_PAGE_HAS_PTE, 0xffffa00000000c00ull, 1, SIC_ANSWER_NO},  /* the same, with a bit of the address */
        {SIC_PAGE_HAS_PTE, 0x123400000080ull, 1, SIC_ANSWER_NO},      /* in the paging file */
        {SIC_PAGE_HAS_PTE, 0x8a0000000123ull, 1, SIC_ANSWER_UNKNOWN}, /* valid: in memory, not read */
        {SIC_PAGE_HAS_PTE, 0x8a0000000880ull, 1, SIC_ANSWER_UNKNOWN}, /* in transition */
        {SIC_PAGE_HAS_PTE, 0, 5, SIC_ANSWER_UNKNOWN},                 /* the owner may have a copy */
        {SIC_PAGE_HAS_PTE, 0, 7, SIC_ANSWER_UNKNOWN},
    };

    (void)state;
    assert_int_equal(sic_page_is_in_memory(NULL, 1), SIC_ANSWER_UNKNOWN);
    for (unsigned i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct sic_page page = {.flags = cases[i].flags, .pte = cases[i].pte};

        assert_int_equal(sic_page_is_in_memory(&page, cases[i].protection), cases[i].expected);
    }
}

/* --- rights, kernel views, patterns ------------------------------------------------------------------------------ */

static void test_rights(void **state)
{
    struct hand_scan *hand = *state;
    uint32_t data = hand_section(hand, 0), image = hand_section(hand, SIC_SECTION_IMAGE);
    uint32_t process = hand_process(hand, 4, 0), other;
    struct sic_shared_writable parts = {0};

    for (unsigned i = 0; i < 8; i++)
        hand_view(hand, process, data, 0x10000 * (i + 1), 10 * i, 5, i);
    hand_view(hand, process, image, 0x1000000, 0, 10, 7);
    other = hand_process(hand, 8, 0);
    for (unsigned i = 0; i < 8; i++)
        hand_view(hand, other, data, 0x10000 * (i + 1), 10 * i, 5, 1);
    hand_view(hand, other, image, 0x1000000, 0, 10, 7);
    hand_regions(hand, 9);
    for (unsigned i = 0; i < 8; i++) {
        bool writes_shared = i == 4 || i == 6, writes_copied = i == 5 || i == 7;

        assert_int_equal(sic_view_writes(&hand->scan, sic_scan_view(&hand->scan, i), false),
                         writes_shared   ? SIC_WRITES_SHARED
                         : writes_copied ? SIC_WRITES_COPIED
                                         : SIC_WRITES_NONE);
        assert_int_equal(sic_region_is_writable(&hand->scan, &hand->regions, &hand->regions.regions[i], &parts),
                         writes_shared);
    }
    assert_int_equal(sic_view_writes(&hand->scan, sic_scan_view(&hand->scan, 8), false), SIC_WRITES_COPIED);
    assert_int_equal(sic_view_writes(&hand->scan, sic_scan_view(&hand->scan, 8), true), SIC_WRITES_PARTLY);
    assert_false(sic_region_is_writable(&hand->scan, &hand->regions, &hand->regions.regions[8], &parts));
    sic_scan_subsection(&hand->scan, image)->flags |= SIC_SUBSECTION_GLOBAL;
    sic_scan_subsection(&hand->scan, image)->protection = 4;
    assert_true(sic_shared_writable_build(&hand->scan, &parts));
    assert_true(sic_region_is_writable(&hand->scan, &hand->regions, &hand->regions.regions[8], &parts));
    sic_shared_writable_deinit(&hand->scan, &parts);
}

/* One view of a process and one of a session make a region; with one of the system cache they do not. */
static void test_kernel_views(void **state)
{
    struct hand_scan *hand = *state;
    uint32_t process, sections[4];
    struct sic_regions plain;
    struct sic_error error;

    for (unsigned i = 0; i < 4; i++)
        sections[i] = hand_section(hand, i == 1 ? SIC_SECTION_FILE : 0);
    process = hand_process(hand, 4, 0);
    for (unsigned i = 0; i < 4; i++)
        hand_view(hand, process, sections[i], 0x10000 * (i + 1), 0, 5, 4);
    /* A second region of the section with a session's view: whether that covers it is not known. */
    hand_view(hand, process, sections[3], 0x100000, 50, 5, 4);
    hand_kernel_view(hand, sections[1], SIC_KERNEL_VIEW_CACHE, SIC_NONE);
    hand_kernel_view(hand, sections[2], SIC_KERNEL_VIEW_SESSION, SIC_NONE);
    hand_kernel_view(hand, sections[3], SIC_KERNEL_VIEW_CACHE, SIC_NONE);
    hand_kernel_view(hand, sections[3], SIC_KERNEL_VIEW_SESSION, 1);
    hand_regions(hand, 3);
    assert_int_equal(hand->regions.regions[0].section, sections[2]);
    assert_int_equal(hand->regions.regions[0].kernel_count, 1);
    assert_int_equal(hand->regions.regions[1].kernel_count, 2);
    assert_int_equal(hand->regions.regions[2].kernel_count, 2);
    assert_int_equal(sic_regions_build(&hand->scan, SIC_REGION_SAME_START, &error, &plain), SIC_OK);
    assert_int_equal(plain.count, 0);
    sic_regions_deinit(&plain);
}

static void test_handles(void **state)
{
    struct hand_scan *hand = *state;
    uint32_t section = hand_section(hand, 0), count;
    struct sic_handles handles;
    char text[SIC_ACCESS_TEXT_SIZE];

    hand_process(hand, 4, SIC_PROCESS_HANDLES_READ);
    hand_process(hand, 8, SIC_PROCESS_EXITED);
    assert_true(sic_handles_init(&hand->scan, &handles));
    assert_true(handles.known && handles.complete);
    assert_null(sic_handles_find(&handles, section, &count));
    sic_handles_deinit(&handles);
    for (uint32_t i = 0; i < 3; i++)
        *(struct sic_handle *)sic_array_append(&hand->scan.allocator, &hand->scan.handles, sizeof(struct sic_handle)) =
            (struct sic_handle){.value = 4 * i, .process = i == 2 ? 9 : 0, .section = i == 1 ? SIC_NONE : section};
    sic_scan_process(&hand->scan, 0)->flags = SIC_PROCESS_HANDLES_INCOMPLETE;
    assert_true(sic_handles_init(&hand->scan, &handles));
    assert_true(handles.known && !handles.complete);
    assert_int_equal(sic_handles_find(&handles, section, &count)->value, 0);
    assert_int_equal(count, 1);
    sic_handles_deinit(&handles);
    sic_access_format(0xf001f, text);
    assert_string_equal(text, "query, map write, map read, map execute, extend size, delete, read control, write DAC, "
                              "write owner");
    sic_access_format(0xffffffff, text);
    assert_non_null(strstr(text, ", 0xfff0ffc0"));
    sic_access_format(0, text);
    assert_string_equal(text, "0x0");
    assert_true(sic_access_has_map_write(6));
    assert_false(sic_access_has_map_write(4));
}

static void test_patterns(void **state)
{
    static const struct {
        const char *pattern, *text;
        bool matches;
    } cases[] = {
        {"", "", true},
        {"", "a", false},
        {"*", "", true},
        {"**", "abc", true},
        {"?", "", false},
        {"?", "a", true},
        {"a*c", "abc", true},
        {"a*c", "ac", true},
        {"a*c", "acb", false},
        {"*b*", "abc", true},
        {"a?c", "abc", true},
        {"a?c", "ac", false},
        {"ABC", "abc", true},
        {"*.NLS", "C:\\x.nls", true},
        {"a*b*c", "axbxbxc", true},
        {"a*b*c", "axbxbx", false},
        {"\xc3\x9c*",
         "\xc3\xbc"
         "ber",
         true},
        {"?", "\xc3\xbc", true},
        {"*a*a*a*a*a*a*a*b", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", false},
        {"*ab", "aab", true},
        {"*aab", "aaab", true},
    };

    (void)state;
    for (unsigned i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
        assert_int_equal(sic_pattern_matches(cases[i].pattern, cases[i].text), cases[i].matches);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_peb_of_all),
        TEST(test_pointers_at_the_edges),
        TEST(test_some_owners_unknown),
        TEST(test_one_against_most),
        TEST(test_one_against_one),
        TEST(test_agreeing_liars),
        TEST(test_writable_memory_is_not_the_systems),
        TEST(test_files_of_other_kinds),
        TEST(test_nls_files_are_named_so),
        TEST(test_address_of_the_server),
        TEST(test_private_kinds),
        TEST(test_two_meanings),
        TEST(test_two_meanings_with_equal_strength),
        TEST(test_nls_tables),
        TEST(test_image_stays_an_image),
        TEST(test_regions_of_one_section),
        TEST(test_pointers_of_nobody),
        TEST(test_system_name),
        TEST(test_name_against_peb),
        TEST(test_name_in_another_directory),
        TEST(test_shared_section_of_a_session),
        TEST(test_object_paths),
        TEST(test_object_paths_that_lead_nowhere),
        TEST(test_names_outside_the_root),
        TEST(test_paths),
        TEST(test_paths_that_are_unknown),
        TEST(test_link_chains),
        TEST(test_long_link_chain),
        TEST(test_links_that_grow),
        TEST(test_process_paths),
        TEST(test_sids),
        TEST(test_sids_that_are_none),
        TEST(test_integrity_and_protection),
        TEST(test_answers),
        TEST(test_tokens_out_of_bounds),
        TEST(test_times),
        TEST(test_parents),
        TEST(test_parents_that_are_unknown),
        TEST(test_pages_that_are_not_there),
        TEST(test_rights),
        TEST(test_kernel_views),
        TEST(test_handles),
        TEST(test_patterns),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
