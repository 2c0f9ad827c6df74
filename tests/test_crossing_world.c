/*
 * Crossings of scans made by hand: what is known of some only, and scans that hold more than a machine does.
 */
#include "hand_scan.h"

#include "crossing/crossing.h"
#include "crossing/sentence.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define READ_ONLY  1u
#define READ_WRITE 4u

#define ALL_KNOWN                                                                                                      \
    (SIC_TOKEN_READ | SIC_TOKEN_PACKAGE_KNOWN | SIC_TOKEN_ATTRIBUTES_KNOWN | SIC_TOKEN_CAPABILITIES_KNOWN |            \
     SIC_TOKEN_RESTRICTED_KNOWN | SIC_TOKEN_POLICY_KNOWN | SIC_TOKEN_PRIVILEGES_KNOWN)

struct world {
    struct hand_scan hand;
    struct sic_meaning meaning;
    struct sic_shared_writable parts;
    struct sic_crossings crossings;
};

/* A process with a token of one group: the user with that number; 0: its SID was not read. */
static uint32_t add_process(struct world *world, uint64_t id, uint32_t integrity, uint32_t user, uint32_t session)
{
    struct sic_scan *scan = &world->hand.scan;
    const uint32_t parts[] = {21, user};
    uint32_t index = hand_process(&world->hand, id, SIC_PROCESS_PROTECTION_KNOWN);
    struct sic_sid *sid = sic_array_append(&scan->allocator, &scan->sids, sizeof(*sid));
    struct sic_token *token;

    *sid = (struct sic_sid){.sid = {.offset = SIC_NONE}};
    if (user != 0)
        sid->sid = hand_sid(&world->hand, 5, 2, parts);
    token = sic_array_append(&scan->allocator, &scan->tokens, sizeof(*token));
    *token = (struct sic_token){.session_id = session,
                                .integrity = integrity,
                                .flags = ALL_KNOWN,
                                .first_group = scan->sids.count - 1,
                                .group_count = 1,
                                .package = {.offset = SIC_NONE},
                                .mandatory_policy = 1,
                                .privileges = 1ull << 23};
    sic_scan_process(scan, index)->token = scan->tokens.count - 1;
    return index;
}

static void add_view(struct world *world, uint32_t process, uint32_t section, unsigned protection)
{
    uint64_t place = world->hand.scan.views.count;

    hand_view(&world->hand, process, section, 0x10000000ull + place * 0x1000000, 0, 100, protection);
}

/* The root, if it is not there yet, and a section below it, without a security descriptor. */
static void add_name(struct world *world, uint32_t section, unsigned number)
{
    struct sic_scan *scan = &world->hand.scan;
    char text[24];

    if (scan->names.count == 0)
        hand_name(&world->hand, SIC_NONE, SIC_NAME_DIRECTORY, "", NULL, SIC_NONE);
    snprintf(text, sizeof(text), "s%u", number);
    hand_name(&world->hand, 0, SIC_NAME_SECTION, text, NULL, section);
    for (uint32_t i = 0; i < scan->names.count; i++) {
        struct sic_name *name = (struct sic_name *)scan->names.elements + i;

        name->security.offset = SIC_NONE;
        name->flags |= SIC_NAME_SECURITY_READ;
    }
}

static const struct sic_crossing_request *make_request(struct world *world)
{
    static struct sic_crossing_request request;

    request = (struct sic_crossing_request){
        .scan = &world->hand.scan, .meaning = &world->meaning, .regions = &world->hand.regions, .parts = &world->parts};
    return &request;
}

static void judge(struct world *world, uint32_t regions)
{
    hand_regions(&world->hand, regions);
    assert_true(sic_meaning_init(&world->hand.scan, &world->meaning));
    assert_true(sic_shared_writable_build(&world->hand.scan, &world->parts));
    assert_true(sic_crossings_find(make_request(world), &world->crossings));
}

static void deinit(struct world *world)
{
    sic_crossings_deinit(&world->crossings);
    sic_shared_writable_deinit(&world->hand.scan, &world->parts);
    sic_meaning_deinit(&world->meaning);
    hand_deinit(&world->hand);
}

/* The gap of the only crossing: two of low integrity write what one of medium integrity shows. */
static struct sic_trust_gap find_gap(const uint32_t users[3], const uint32_t sessions[3])
{
    struct world world = {0};
    struct sic_trust_gap gap;
    uint32_t section;

    hand_init(&world.hand);
    section = hand_section(&world.hand, 0);
    for (unsigned i = 0; i < 3; i++)
        add_view(&world, add_process(&world, 4 + 4 * i, i < 2 ? 0x1000 : 0x2000, users[i], sessions[i]), section,
                 i < 2 ? READ_WRITE : READ_ONLY);
    judge(&world, 1);
    /* Of those of low integrity one may be apart from the other: the widest comes first. */
    assert_true(world.crossings.count >= 1);
    gap = world.crossings.crossings[0].gap;
    assert_int_equal(gap.levels, 1);
    deinit(&world);
    return gap;
}

/* That two writers are two users says nothing of a reader whose user was not read. */
static void test_other_users_are_known_of_both_sides(void **state)
{
    static const uint32_t one[] = {1, 1, 1}, two_writers[] = {1, 2, 1}, unknown_reader[] = {1, 2, 0},
                          unknown_session[] = {1, 2, SIC_NONE}, other[] = {1, 1, 2};

    assert_false(find_gap(one, one).is_user || find_gap(one, one).is_session);
    assert_true(find_gap(other, one).is_user);
    assert_true(find_gap(one, other).is_session);
    assert_true(find_gap(two_writers, one).is_user);
    assert_false(find_gap(unknown_reader, one).is_user);
    assert_false(find_gap(one, unknown_session).is_session);
    (void)state;
}

/*
 * A private namespace is opened by who has the SIDs of its boundary, which was not read: what stands in it could be
 * opened by nobody knows whom, though the section itself has no descriptor and the token passes all directories.
 */
static void test_names_outside_the_root_are_unknown(void **state)
{
    for (unsigned is_outside = 0; is_outside < 2; is_outside++) {
        struct world world = {0};
        char low[] = "low.exe", medium[] = "medium.exe", *names[] = {low, medium}, *sentence;
        const struct sic_crossing_name *name;
        struct sic_name *record;
        uint32_t section;

        hand_init(&world.hand);
        section = hand_section(&world.hand, 0);
        add_view(&world, add_process(&world, 4, 0x1000, 1, 1), section, READ_ONLY);
        add_view(&world, add_process(&world, 8, 0x2000, 1, 1), section, READ_ONLY);
        add_name(&world, section, 0);
        record = (struct sic_name *)world.hand.scan.names.elements + 1;
        if (is_outside) {
            record->parent = SIC_NONE;
            record->flags |= SIC_NAME_OUTSIDE_ROOT;
        }
        judge(&world, 1);
        assert_int_equal(world.crossings.count, 1);
        assert_int_equal(world.crossings.crossings[0].way, SIC_CROSSING_NAME);
        assert_int_equal(world.crossings.crossings[0].is_certain, !is_outside);
        name = world.crossings.names.elements;
        assert_int_equal(name->access.reason, is_outside ? SIC_ACCESS_DIRECTORY_UNKNOWN : SIC_ACCESS_NO_DESCRIPTOR);
        sentence = sic_crossing_sentence(make_request(&world), &world.crossings, world.crossings.crossings, names);
        assert_string_equal(sentence, is_outside ? "Whether low.exe (PID 4) [low integrity] could open s0 outside the "
                                                   "root for writing, which medium.exe (PID 8) [medium integrity] "
                                                   "shows, is not known: a directory on the way may keep it out; low "
                                                   "is below medium."
                                                 : "low.exe (PID 4) [low integrity] could open \\s0 (it has no "
                                                   "security descriptor) for writing, which medium.exe (PID 8) "
                                                   "[medium integrity] shows: low is below medium.");
        free(sentence);
        deinit(&world);
    }
    (void)state;
}

/* Names beyond those that are judged are counted: the answer is not silently short. */
static void test_names_beyond_the_limit_are_said(void **state)
{
    for (unsigned names = SIC_CROSSING_NAMES; names <= SIC_CROSSING_NAMES + 9; names += 9) {
        struct world world = {0};
        uint32_t section;

        hand_init(&world.hand);
        section = hand_section(&world.hand, 0);
        add_view(&world, add_process(&world, 4, 0x1000, 1, 1), section, READ_ONLY);
        add_view(&world, add_process(&world, 8, 0x2000, 1, 1), section, READ_ONLY);
        for (unsigned i = 0; i < names; i++)
            add_name(&world, section, i);
        judge(&world, 1);
        assert_int_equal(world.crossings.count, 1);
        assert_int_equal(world.crossings.crossings[0].way, SIC_CROSSING_NAME);
        assert_int_equal(world.crossings.crossings[0].names.listed, SIC_CROSSING_NAMES);
        assert_int_equal(world.crossings.names_unjudged, names - SIC_CROSSING_NAMES);
        deinit(&world);
    }
    (void)state;
}

/* Names times processes, more than anybody can wait for: what was not judged is counted. */
static void test_names_times_processes_are_bounded(void **state)
{
    enum { SECTIONS = 5000, PROCESSES = 250000 };
    struct world world = {0};
    uint32_t low, medium, judged = 0;

    hand_init(&world.hand);
    medium = add_process(&world, 4, 0x2000, 1, 1);
    for (unsigned i = 0; i < SECTIONS; i++)
        add_view(&world, medium, hand_section(&world.hand, 0), READ_ONLY);
    low = add_process(&world, 8, 0x1000, 1, 1);
    for (unsigned i = 0; i < SECTIONS; i++)
        add_view(&world, low, i, READ_ONLY);
    add_name(&world, 0, 0);
    for (unsigned i = 1; i < SECTIONS; i++) {
        struct sic_name *name;

        hand_name(&world.hand, 0, SIC_NAME_SECTION, "s", NULL, i);
        name = (struct sic_name *)world.hand.scan.names.elements + i + 1;
        name->security.offset = SIC_NONE;
        name->flags |= SIC_NAME_SECURITY_READ;
    }
    for (unsigned i = 0; i < PROCESSES; i++)
        sic_scan_process(&world.hand.scan, hand_process(&world.hand, 12 + i, 0))->token = 1;
    judge(&world, SECTIONS);
    for (uint32_t i = 0; i < world.crossings.count; i++)
        judged += world.crossings.crossings[i].way == SIC_CROSSING_NAME;
    assert_true(world.crossings.names_unjudged > SECTIONS / 4);
    assert_true(judged > 100 && world.crossings.names_unjudged < SECTIONS);
    deinit(&world);
    (void)state;
}

/* Every trust there can be in each region: more crossings than are kept are counted. */
static void test_crossings_are_bounded(void **state)
{
    static const uint32_t levels[] = {0, 0x1000, 0x2000, 0x3000, 0x4000};
    enum { REGIONS = 9000 };
    struct world world = {0};

    hand_init(&world.hand);
    for (unsigned i = 0; i < REGIONS; i++)
        hand_section(&world.hand, 0);
    for (unsigned i = 0; i < 10; i++) {
        uint32_t process = add_process(&world, 4 + 4 * i, levels[i % 5], 1, 1);

        sic_scan_process(&world.hand.scan, process)->protection = i < 5 ? 0 : 0x61;
        for (unsigned j = 0; j < REGIONS; j++)
            add_view(&world, process, j, READ_WRITE);
    }
    judge(&world, REGIONS);
    assert_int_equal(world.crossings.count, SIC_CROSSING_LIMIT);
    assert_int_equal(world.crossings.left_out, REGIONS * 45 - SIC_CROSSING_LIMIT);
    deinit(&world);
    (void)state;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_other_users_are_known_of_both_sides),
        cmocka_unit_test(test_names_outside_the_root_are_unknown),
        cmocka_unit_test(test_names_beyond_the_limit_are_said),
        cmocka_unit_test(test_names_times_processes_are_bounded),
        cmocka_unit_test(test_crossings_are_bounded),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
