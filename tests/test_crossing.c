/*
 * Access checks over hostile descriptors and tokens of which parts are unknown; pages that two sides reach, against
 * counting them one by one.
 */
#include "hand_scan.h"

#include "crossing/access_check.h"
#include "crossing/overlap.h"
#include "crossing/trust.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define USER_ENABLED 0u

/* A user of medium integrity, without groups; the flags say what of it is known. */
static struct sic_subject make_subject(struct hand_scan *hand, uint32_t flags)
{
    static const uint32_t parts[] = {21, 1, 2, 3, 1001};
    struct sic_token *token;
    struct sic_sid *sid;

    hand_init(hand);
    sid = sic_array_append(&hand->scan.allocator, &hand->scan.sids, sizeof(*sid));
    sid->sid = hand_sid(hand, 5, 5, parts);
    sid->attributes = USER_ENABLED;
    token = sic_array_append(&hand->scan.allocator, &hand->scan.tokens, sizeof(*token));
    *token = (struct sic_token){.session_id = 1, .integrity = 0x2000, .flags = flags, .group_count = 1};
    token->package.offset = SIC_NONE;
    token->mandatory_policy = flags & SIC_TOKEN_POLICY_KNOWN ? 1 : 0;
    return (struct sic_subject){.scan = &hand->scan, .token = token, .is_protected = SIC_ANSWER_NO};
}

#define ALL_KNOWN                                                                                                      \
    (SIC_TOKEN_READ | SIC_TOKEN_PACKAGE_KNOWN | SIC_TOKEN_ATTRIBUTES_KNOWN | SIC_TOKEN_CAPABILITIES_KNOWN |            \
     SIC_TOKEN_RESTRICTED_KNOWN | SIC_TOKEN_POLICY_KNOWN | SIC_TOKEN_PRIVILEGES_KNOWN)

/* Owner SYSTEM, and a DACL of two entries: denied to SYSTEM, granted to the user. */
static const uint8_t granting[] = {
    1, 0, 4,  0x80, 20, 0, 0, 0, 0,  0, 0, 0, 0, 0, 0, 0, 32, 0, 0, 0, /* header: owner 20, DACL 32 */
    1, 1, 0,  0,    0,  0, 0, 5, 18, 0, 0, 0,                          /* S-1-5-18 */
    2, 0, 64, 0,    2,  0, 0, 0,                                       /* ACL: 64 bytes, 2 entries */
    1, 0, 20, 0,    2,  0, 0, 0, 1,  1, 0, 0, 0, 0, 0, 5, 18, 0, 0, 0, /* denied: S-1-5-18 */
    0, 0, 36, 0,    2,  0, 0, 0,                                       /* allowed: MAP_WRITE */
    1, 5, 0,  0,    0,  0, 0, 5, 21, 0, 0, 0, 1, 0, 0, 0, 2,  0, 0, 0, 3, 0, 0, 0, 0xe9, 3, 0, 0};

static struct sic_access check(const struct sic_subject *subject, const uint8_t *bytes, uint32_t size)
{
    return sic_access_check(subject, SIC_WISH_MAP_WRITE, bytes, size, NULL);
}

static void test_granted(void **state)
{
    struct hand_scan hand;
    struct sic_subject subject = make_subject(&hand, ALL_KNOWN);

    assert_int_equal(check(&subject, granting, sizeof(granting)).answer, SIC_ANSWER_YES);
    assert_int_equal(check(&subject, NULL, 0).reason, SIC_ACCESS_NO_DESCRIPTOR);
    hand_deinit(&hand);
    (void)state;
}

/* Cut at each byte, in a block of just that size: unknown, and no byte behind it is read. */
static void test_cut(void **state)
{
    struct hand_scan hand;
    struct sic_subject subject = make_subject(&hand, ALL_KNOWN);

    for (uint32_t size = 0; size < sizeof(granting); size++) {
        uint8_t *bytes = malloc(size > 0 ? size : 1);

        memcpy(bytes, granting, size);
        assert_int_equal(check(&subject, bytes, size).reason, SIC_ACCESS_UNREADABLE);
        free(bytes);
    }
    hand_deinit(&hand);
    (void)state;
}

/* Each byte to each of some values: an answer, whatever it is, and never more than was granted without an owner. */
static void test_each_byte_changed(void **state)
{
    static const uint8_t values[] = {0, 1, 2, 4, 7, 8, 0x10, 0x14, 0x7f, 0x80, 0xff};
    struct hand_scan hand;
    struct sic_subject subject = make_subject(&hand, ALL_KNOWN);
    uint8_t *bytes = malloc(sizeof(granting));
    unsigned answers[3] = {0};

    for (size_t i = 0; i < sizeof(granting); i++) {
        for (size_t j = 0; j < sizeof(values); j++) {
            struct sic_access access;

            memcpy(bytes, granting, sizeof(granting));
            bytes[i] = values[j];
            access = check(&subject, bytes, sizeof(granting));
            assert_true(access.reason < SIC_ACCESS_REASON_COUNT);
            answers[access.answer]++;
            assert_non_null(sic_access_reason_text(access.reason));
            assert_non_null(sic_access_reason_token(access.reason));
        }
    }
    assert_true(answers[SIC_ANSWER_UNKNOWN] > 50 && answers[SIC_ANSWER_NO] > 50 && answers[SIC_ANSWER_YES] > 50);
    free(bytes);
    hand_deinit(&hand);
    (void)state;
}

/* Without each fact alone: unknown where it decides, and never another answer than with it. */
static void test_unknown_facts(void **state)
{
    static const struct {
        uint32_t missing;
        enum sic_answer answer;
    } cases[] = {{SIC_TOKEN_READ, SIC_ANSWER_UNKNOWN}, /* SYSTEM may be among the groups: the deny entry */
                 {SIC_TOKEN_PACKAGE_KNOWN, SIC_ANSWER_UNKNOWN},
                 {SIC_TOKEN_RESTRICTED_KNOWN, SIC_ANSWER_UNKNOWN},
                 {SIC_TOKEN_CAPABILITIES_KNOWN, SIC_ANSWER_YES}, /* it is in no AppContainer */
                 {SIC_TOKEN_ATTRIBUTES_KNOWN, SIC_ANSWER_YES},
                 {SIC_TOKEN_POLICY_KNOWN, SIC_ANSWER_YES}, /* its level is enough */
                 {SIC_TOKEN_PRIVILEGES_KNOWN, SIC_ANSWER_YES}};

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct hand_scan hand;
        struct sic_subject subject = make_subject(&hand, ALL_KNOWN & ~cases[i].missing);

        assert_int_equal(check(&subject, granting, sizeof(granting)).answer, cases[i].answer);
        hand_deinit(&hand);
    }
    (void)state;
}

static void test_no_token(void **state)
{
    struct hand_scan hand;
    struct sic_subject subject = make_subject(&hand, ALL_KNOWN);
    uint8_t empty[sizeof(granting)];

    subject.token = NULL;
    assert_int_equal(check(&subject, granting, sizeof(granting)).reason, SIC_ACCESS_TOKEN_UNKNOWN);
    memcpy(empty, granting, sizeof(empty));
    empty[36] = 0; /* no entries: nobody may, whoever it is */
    assert_int_equal(check(&subject, empty, sizeof(empty)).answer, SIC_ANSWER_NO);
    hand_deinit(&hand);
    (void)state;
}

static void test_levels(void **state)
{
    static const struct {
        uint32_t integrity;
        enum sic_answer answer;
    } cases[] = {{0x1fff, SIC_ANSWER_NO},
                 {0x2000, SIC_ANSWER_YES},
                 {0x2001, SIC_ANSWER_YES},
                 {0, SIC_ANSWER_NO},
                 {SIC_NONE, SIC_ANSWER_UNKNOWN}};

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct hand_scan hand;
        struct sic_subject subject = make_subject(&hand, ALL_KNOWN);

        ((struct sic_token *)hand.scan.tokens.elements)->integrity = cases[i].integrity;
        assert_int_equal(check(&subject, granting, sizeof(granting)).answer, cases[i].answer);
        hand_deinit(&hand);
    }
    (void)state;
}

/* --- pages ------------------------------------------------------------------------------------------------------ */

#define PAGES 24u

static bool covers(const struct sic_reach *reach, uint64_t page)
{
    return reach->first <= page && page < reach->end;
}

static void compare_with_counting(struct sic_reach *reaches, uint32_t count)
{
    bool crosses[16] = {0}, is_crossing[PAGES] = {0};
    struct sic_overlap overlap;
    uint64_t pages = 0;
    uint32_t ranges = 0;

    for (uint64_t page = 0; page < PAGES; page++) {
        for (uint32_t i = 0; i < count; i++) {
            for (uint32_t j = 0; j < count; j++) {
                if (reaches[i].is_writer && !reaches[j].is_writer && reaches[i].party != reaches[j].party &&
                    covers(&reaches[i], page) && covers(&reaches[j], page))
                    crosses[i] = crosses[j] = is_crossing[page] = true;
            }
        }
        pages += is_crossing[page];
        ranges += is_crossing[page] && (page == 0 || !is_crossing[page - 1]);
    }
    assert_true(sic_overlap_find(reaches, count, &overlap));
    assert_int_equal(overlap.pages, pages);
    assert_int_equal(overlap.range_count, ranges);
    for (uint32_t i = 0; i < count; i++)
        assert_int_equal(reaches[i].is_crossing, crosses[i]);
    if (ranges > 0) {
        assert_true(is_crossing[overlap.first_range.first]);
        assert_true(overlap.first_range.first == 0 || !is_crossing[overlap.first_range.first - 1]);
        assert_true(is_crossing[overlap.first_range.end - 1]);
        assert_true(overlap.first_range.end == PAGES || !is_crossing[overlap.first_range.end]);
    }
}

static void test_overlaps(void **state)
{
    uint64_t random = 7;

    for (unsigned turn = 0; turn < 20000; turn++) {
        struct sic_reach reaches[16];
        uint32_t count = turn % 17, parties = 1 + turn % 4;

        for (uint32_t i = 0; i < count; i++) {
            random = random * 6364136223846793005ull + 1442695040888963407ull;
            reaches[i].first = (random >> 33) % (PAGES - 1);
            reaches[i].end = reaches[i].first + 1 + (random >> 45) % (PAGES - reaches[i].first);
            reaches[i].party = (uint32_t)((random >> 55) % parties) * 1000003u;
            reaches[i].is_writer = random >> 62 & 1;
            reaches[i].view = i;
            reaches[i].end = reaches[i].end > PAGES ? PAGES : reaches[i].end;
        }
        compare_with_counting(reaches, count);
    }
    (void)state;
}

/* Ten thousand views of as many processes, each with pages of its own beside the common ones: in a moment. */
static void test_many(void **state)
{
    uint32_t count = 20000;
    struct sic_reach *reaches = calloc(count, sizeof(*reaches));
    struct sic_overlap overlap;

    for (uint32_t i = 0; i < count; i++)
        reaches[i] = (struct sic_reach){.first = i, .end = 2ull * count - i, .party = i / 2, .is_writer = i % 2};
    assert_true(sic_overlap_find(reaches, count, &overlap));
    assert_int_equal(overlap.range_count, 1);
    for (uint32_t i = 0; i < count; i++)
        assert_true(reaches[i].is_crossing);
    free(reaches);
    (void)state;
}

/* --- trust ------------------------------------------------------------------------------------------------------ */

/* Each class is what it says, less and more are each other's reverse, and no two differ in nothing. */
static void test_classes(void **state)
{
    for (unsigned i = 0; i < SIC_TRUST_CLASS_LIMIT; i++) {
        struct sic_trust left = sic_trust_of_class(i);

        for (unsigned j = 0; j < SIC_TRUST_CLASS_LIMIT; j++) {
            struct sic_trust right = sic_trust_of_class(j);
            enum sic_trust_relation there = sic_trust_compare(&left, &right), back = sic_trust_compare(&right, &left);
            struct sic_trust_gap gap = sic_trust_gap_between(&left, &right);

            assert_int_equal(there == SIC_TRUST_LESS, back == SIC_TRUST_MORE);
            assert_int_equal(there == SIC_TRUST_INCOMPARABLE, back == SIC_TRUST_INCOMPARABLE);
            if (there == SIC_TRUST_EQUAL)
                assert_int_equal(i, j);
            if (there == SIC_TRUST_LESS)
                assert_true(sic_trust_gap_width(&gap) > 0);
        }
    }
    (void)state;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_granted),       cmocka_unit_test(test_cut),      cmocka_unit_test(test_each_byte_changed),
        cmocka_unit_test(test_unknown_facts), cmocka_unit_test(test_no_token), cmocka_unit_test(test_levels),
        cmocka_unit_test(test_overlaps),      cmocka_unit_test(test_many),     cmocka_unit_test(test_classes),
    };

    return cmocka_run_group_tests_name("crossing", tests, NULL, NULL);
}
