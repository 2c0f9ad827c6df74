/*
 * Full paths of files and processes, with drive letters where links lead to their devices.
 */
#include "hand_scan.h"

#include "meaning/file_path.h"
#include "meaning/meaning.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

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
    hand_directories(hand);
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

    hand_directories(hand);
    hand_name(hand, 1, SIC_NAME_SYMBOLIC_LINK, "D:", "\\DosDevices\\Volume", SIC_NONE);
    hand_name(hand, HAND_ROOT, SIC_NAME_SYMBOLIC_LINK, "DosDevices", "\\??", SIC_NONE);
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

    hand_directories(hand);
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

    hand_directories(hand);
    for (unsigned i = 0; i < 4000; i++)
        units[i] = i % 2 ? 'x' : '\\';
    longest = hand_units(hand, units, 4000);
    ((struct sic_name *)hand->scan.names.elements)[hand_name(hand, 1, SIC_NAME_SYMBOLIC_LINK, "C:", "", SIC_NONE)]
        .target = longest;
    ((struct sic_name *)
         hand->scan.names.elements)[hand_name(hand, HAND_ROOT, SIC_NAME_SYMBOLIC_LINK, "x", "", SIC_NONE)]
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
    hand_directories(hand);
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

int main(void)
{
    const struct CMUnitTest tests[] = {
        HAND_TEST(test_paths),           HAND_TEST(test_paths_that_are_unknown), HAND_TEST(test_link_chains),
        HAND_TEST(test_long_link_chain), HAND_TEST(test_links_that_grow),        HAND_TEST(test_process_paths),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
