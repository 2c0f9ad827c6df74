/*
 * Whose processes are: SIDs, integrity, protection, times, parents; and which pages are in memory.
 */
#include "hand_scan.h"

#include "meaning/identity.h"
#include "meaning/page.h"
#include "meaning/parent.h"
#include "meaning/sid.h"
#include "meaning/time.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

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

int main(void)
{
    const struct CMUnitTest tests[] = {
        HAND_TEST(test_sids),    HAND_TEST(test_sids_that_are_none),       HAND_TEST(test_integrity_and_protection),
        HAND_TEST(test_answers), HAND_TEST(test_tokens_out_of_bounds),     HAND_TEST(test_times),
        HAND_TEST(test_parents), HAND_TEST(test_parents_that_are_unknown), HAND_TEST(test_pages_that_are_not_there),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
