/*
 * What protections and access masks allow, views of the kernel, handles, patterns.
 */
#include "hand_scan.h"

#include "meaning/handle.h"
#include "meaning/rights.h"
#include "util/pattern.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

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
    assert_int_equal(sic_regions_build(&hand->scan, SIC_REGION_SAME_START, 1, &error, &plain), SIC_OK);
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

int main(void)
{
    const struct CMUnitTest tests[] = {
        HAND_TEST(test_rights),
        HAND_TEST(test_kernel_views),
        HAND_TEST(test_handles),
        HAND_TEST(test_patterns),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
