/*
 * What differs between two scans: numbers for texts and records against comparing them one by one, pairs of sections
 * and processes on scans made by hand, many sections that nothing tells apart, memory that runs out.
 */
#include "failing_heap.h"
#include "hand_scan.h"

#include "difference/difference.h"
#include "difference/folded.h"
#include "difference/pairing.h"
#include "difference/rank.h"
#include "util/fold.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define READ_WRITE 4u
#define READ_ONLY  1u

/* The same numbers in each run. */
static uint32_t draw(uint32_t below)
{
    static uint64_t state = 20261122;

    state = state * 6364136223846793005ull + 1442695040888963407ull;
    return (uint32_t)(state >> 33) % below;
}

static void test_records(void **state)
{
    enum { COUNT = 300, WIDTH = 3 };
    uint64_t fields[COUNT * WIDTH];
    uint32_t ranks[COUNT], distinct;

    for (unsigned i = 0; i < COUNT * WIDTH; i++)
        fields[i] = draw(4) == 0 ? UINT64_MAX - draw(2) : draw(3);
    assert_true(sic_rank_records(fields, WIDTH, COUNT, ranks, &distinct));
    for (unsigned i = 0; i < COUNT; i++) {
        assert_true(ranks[i] < distinct);
        for (unsigned j = 0; j < COUNT; j++) {
            int order = 0;

            for (unsigned k = 0; k < WIDTH && order == 0; k++) {
                uint64_t left = fields[i * WIDTH + k], right = fields[j * WIDTH + k];

                order = left < right ? -1 : left > right;
            }
            assert_int_equal(ranks[i] < ranks[j] ? -1 : ranks[i] > ranks[j], order);
        }
    }
    (void)state;
}

static int compare_units(const struct sic_scan *const scans[2], const struct sic_folded_text *left,
                         const struct sic_folded_text *right)
{
    const uint16_t *a = (const uint16_t *)scans[left->side]->strings.elements + left->string.offset;
    const uint16_t *b = (const uint16_t *)scans[right->side]->strings.elements + right->string.offset;

    for (uint32_t i = 0; i < left->string.length && i < right->string.length; i++) {
        uint32_t x = sic_fold_character(a[i]), y = sic_fold_character(b[i]);

        if (x != y)
            return x < y ? -1 : 1;
    }
    return left->string.length < right->string.length ? -1 : left->string.length > right->string.length;
}

/* Texts that lie over each other, long ones that are equal for long. */
static void test_texts(void **state)
{
    enum { COUNT = 400 };
    static const char *const parts[] = {"a", "A", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", "b", "\\", "Z", "\x90"};
    struct hand_scan hands[2];
    const struct sic_scan *const scans[2] = {&hands[0].scan, &hands[1].scan};
    struct sic_folded_text texts[COUNT];
    uint32_t ranks[COUNT];

    for (unsigned side = 0; side < 2; side++) {
        hand_init(&hands[side]);
        for (unsigned i = 0; i < 40; i++)
            hand_string(&hands[side], parts[draw(sizeof(parts) / sizeof(parts[0]))]);
    }
    for (unsigned i = 0; i < COUNT; i++) {
        uint32_t side = draw(2), count = scans[side]->strings.count, offset = draw(count);

        texts[i] = (struct sic_folded_text){
            .side = side, .string = {.offset = offset, .length = draw(count - offset < 90 ? count - offset : 90)}};
    }
    assert_true(sic_folded_rank(scans, texts, COUNT, ranks));
    for (unsigned i = 0; i < COUNT; i++) {
        for (unsigned j = 0; j < COUNT; j++)
            assert_int_equal(ranks[i] < ranks[j] ? -1 : ranks[i] > ranks[j],
                             compare_units(scans, &texts[i], &texts[j]));
    }
    hand_deinit(&hands[0]);
    hand_deinit(&hands[1]);
    (void)state;
}

/* Any keys: each has one partner at most, who has it too; exchanged sides give the same pairs; the most in common win.
 */
static void test_overlaps(void **state)
{
    enum { COUNT = 60, KEYS = 40 };
    uint32_t ranks[2][COUNT];
    uint32_t *const both[2] = {ranks[0], ranks[1]}, *const exchanged[2] = {ranks[1], ranks[0]};

    for (unsigned turn = 0; turn < 50; turn++) {
        struct sic_pairing_entries entries[2] = {{0}, {0}};
        struct sic_pairing pairings[2];

        for (unsigned way = 0; way < 2; way++)
            assert_true(sic_pairing_init(COUNT, COUNT, &pairings[way]));
        for (unsigned side = 0; side < 2; side++) {
            for (uint32_t i = 0; i < COUNT; i++) {
                ranks[side][i] = (i * 7 + side) % COUNT;
                for (uint32_t key = draw(8); key < KEYS; key += 1 + draw(turn < 25 ? 30 : 3)) {
                    assert_true(sic_pairing_entries_add(&entries[0], key, side, i));
                    assert_true(sic_pairing_entries_add(&entries[1], key, !side, i));
                }
            }
        }
        assert_true(sic_pairing_match_overlapping(&pairings[0], &entries[0], both));
        assert_true(sic_pairing_match_overlapping(&pairings[1], &entries[1], exchanged));
        for (uint32_t i = 0; i < COUNT; i++) {
            uint32_t partner = pairings[0].partners[SIC_OLD][i];

            assert_int_equal(partner, pairings[1].partners[SIC_NEW][i]);
            if (partner != SIC_NONE)
                assert_int_equal(pairings[0].partners[SIC_NEW][partner], i);
        }
        for (unsigned way = 0; way < 2; way++) {
            sic_pairing_entries_deinit(&entries[way]);
            sic_pairing_deinit(&pairings[way]);
        }
    }
    (void)state;
}

/* Two scans, what is made of them, and what differs. */
struct rig {
    struct hand_scan hands[2];
    struct sic_meaning meanings[2];
    struct sic_crossings crossings[2];
    struct sic_wire_origin origin;
    struct sic_difference difference;
};

static void rig_init(struct rig *rig)
{
    memset(rig, 0, sizeof(*rig));
    hand_init(&rig->hands[0]);
    hand_init(&rig->hands[1]);
}

static void rig_ready(struct rig *rig)
{
    struct sic_error error;

    for (unsigned side = 0; side < 2; side++) {
        struct hand_scan *hand = &rig->hands[side];

        assert_true(sic_meaning_init(&hand->scan, &rig->meanings[side]));
        assert_int_equal(sic_regions_build(&hand->scan, SIC_REGION_ALONE_TOO, 1, &error, &hand->regions), SIC_OK);
    }
}

static bool rig_find(struct rig *rig, bool is_exchanged, bool by_path)
{
    struct sic_difference_side sides[2];

    for (unsigned side = 0; side < 2; side++)
        sides[side] = (struct sic_difference_side){.scan = &rig->hands[side].scan,
                                                   .meaning = &rig->meanings[side],
                                                   .regions = &rig->hands[side].regions,
                                                   .crossings = &rig->crossings[side],
                                                   .origin = &rig->origin};
    return sic_difference_find(&(struct sic_difference_request){.old_side = sides[is_exchanged],
                                                                .new_side = sides[!is_exchanged],
                                                                .by_path = by_path},
                               &rig->difference);
}

static void assert_counts(const struct sic_difference_counts *counts, uint32_t came, uint32_t went, uint32_t changed)
{
    assert_int_equal(counts->by_change[SIC_CAME], came);
    assert_int_equal(counts->by_change[SIC_WENT], went);
    assert_int_equal(counts->by_change[SIC_CHANGED], changed);
}

/* Finds what differs, and that it is the same with the sides exchanged. */
static void expect(struct rig *rig, bool by_path, uint32_t came, uint32_t went, uint32_t changed)
{
    assert_true(rig_find(rig, true, by_path));
    assert_counts(&rig->difference.section_counts, went, came, changed);
    sic_difference_deinit(&rig->difference);
    assert_true(rig_find(rig, false, by_path));
    assert_counts(&rig->difference.section_counts, came, went, changed);
}

static void rig_deinit(struct rig *rig)
{
    sic_difference_deinit(&rig->difference);
    for (unsigned side = 0; side < 2; side++) {
        sic_meaning_deinit(&rig->meanings[side]);
        hand_deinit(&rig->hands[side]);
    }
}

static const struct sic_section_change *section_change(const struct rig *rig, uint32_t index)
{
    assert_true(index < rig->difference.sections.count);
    return (const struct sic_section_change *)rig->difference.sections.elements + index;
}

/* Two processes that share a section, and one that has its own; `shift` sections stand before these. */
static void fill(struct hand_scan *hand, uint32_t shift)
{
    uint32_t shared, own, first = hand_process(hand, 100, 0), second;

    for (uint32_t i = 0; i < shift; i++)
        hand_section(hand, 0);
    shared = hand_section(hand, 0);
    own = hand_section(hand, 0);
    hand_view(hand, first, shared, 0x10000, 0, 10, READ_WRITE);
    hand_view(hand, first, own, 0x80000, 0, 10, READ_WRITE);
    second = hand_process(hand, 200, 0);
    hand_view(hand, second, shared, 0x20000, 0, 10, READ_ONLY);
}

/* Kernel addresses all differ, and nothing else. Sections without an owner are none. */
static void test_addresses(void **state)
{
    struct rig rig;

    rig_init(&rig);
    fill(&rig.hands[0], 0);
    fill(&rig.hands[1], 7);
    sic_scan_process(&rig.hands[1].scan, 0)->eprocess_va += 0x5000;
    rig_ready(&rig);
    expect(&rig, false, 0, 0, 0);
    assert_false(rig.difference.is_different);
    assert_true(rig.difference.is_same_boot);
    sic_difference_deinit(&rig.difference);
    expect(&rig, true, 0, 0, 0);
    rig_deinit(&rig);
    (void)state;
}

/* Two sections of one size change some of their owners: each stays what it is by those who stay. */
static void test_owners(void **state)
{
    struct rig rig;

    rig_init(&rig);
    for (unsigned side = 0; side < 2; side++) {
        struct hand_scan *hand = &rig.hands[side];
        uint32_t left = hand_section(hand, 0), right = hand_section(hand, 0);

        /* The new scan has them the other way round. */
        for (uint32_t pid = 1; pid <= 6; pid++) {
            uint32_t process = hand_process(hand, 1000 + pid, 0);

            if (pid != 3 + side)
                hand_view(hand, process, side ? right : left, 0x10000 * pid, 0, 10, READ_WRITE);
            hand_view(hand, process, side ? left : right, 0x1000000 * pid, 0, 10, pid == 6 ? READ_ONLY + 3 * side : 4);
        }
    }
    rig_ready(&rig);
    expect(&rig, false, 0, 0, 2);
    assert_counts(&rig.difference.view_counts, 1, 1, 1);
    for (uint32_t i = 0; i < 2; i++) {
        const struct sic_section_change *change = section_change(&rig, i);

        assert_int_equal(change->old_index, !change->new_index);
        assert_int_equal(!!(change->what & SIC_SECTION_CHANGE_OWNERS), change->old_index == 0);
        assert_true(change->is_certain);
    }
    rig_deinit(&rig);
    (void)state;
}

/* An unnamed section of the same size, and nobody in common, is another one; a named one is the same. */
static void test_names(void **state)
{
    for (unsigned named = 0; named < 2; named++) {
        struct rig rig;

        rig_init(&rig);
        for (unsigned side = 0; side < 2; side++) {
            struct hand_scan *hand = &rig.hands[side];
            uint32_t section = hand_section(hand, 0);

            hand_name(hand, SIC_NONE, SIC_NAME_DIRECTORY, "", NULL, SIC_NONE);
            hand_name(hand, 0, SIC_NAME_DIRECTORY, "BaseNamedObjects", NULL, SIC_NONE);
            if (named)
                hand_name(hand, 1, SIC_NAME_SECTION, side ? "shared" : "Shared", NULL, section);
            hand_view(hand, hand_process(hand, 10 + side, 0), section, 0x10000, 0, 10, READ_WRITE);
        }
        rig_ready(&rig);
        expect(&rig, false, !named, !named, named);
        rig_deinit(&rig);
    }
    (void)state;
}

/* It got a name, and kept its owner. Where the old side could not read all names, that is not certain. */
static void test_new_name(void **state)
{
    for (unsigned is_whole = 0; is_whole < 2; is_whole++) {
        struct rig rig;

        rig_init(&rig);
        for (unsigned side = 0; side < 2; side++) {
            struct hand_scan *hand = &rig.hands[side];
            uint32_t section = hand_section(hand, 0);
            uint32_t root = hand_name(hand, SIC_NONE, SIC_NAME_DIRECTORY, "", NULL, SIC_NONE);

            if (side)
                hand_name(hand, root, SIC_NAME_SECTION, "it", NULL, section);
            else if (!is_whole)
                ((struct sic_name *)hand->scan.names.elements)[root].flags |= SIC_NAME_UNREAD;
            hand_view(hand, hand_process(hand, 10, 0), section, 0x10000, 0, 10, READ_WRITE);
        }
        rig_ready(&rig);
        expect(&rig, false, 0, 0, 1);
        assert_int_equal(section_change(&rig, 0)->what, SIC_SECTION_CHANGE_NAME);
        assert_int_equal(section_change(&rig, 0)->is_certain, is_whole);
        rig_deinit(&rig);
    }
    (void)state;
}

/* A view of the kernel's that the old side may hold as well, beside a view of a process that certainly came. */
static void test_kernel_views_in_doubt(void **state)
{
    for (unsigned is_known = 0; is_known < 2; is_known++) {
        struct rig rig;
        const struct sic_kernel_view_change *change;

        rig_init(&rig);
        for (unsigned side = 0; side < 2; side++) {
            struct hand_scan *hand = &rig.hands[side];
            uint32_t section = hand_section(hand, 0);

            for (uint32_t pid = 1; pid <= 2 + side; pid++)
                hand_view(hand, hand_process(hand, pid, 0), section, 0x10000, 0, 10, READ_WRITE);
            if (side)
                hand_kernel_view(hand, section, SIC_KERNEL_VIEW_SESSION, 1);
            else if (!is_known)
                sic_scan_section(&hand->scan, section)->mapped_views += 1;
            if (side || is_known)
                sic_scan_section(&hand->scan, section)->flags |= SIC_SECTION_RING_WALKED;
        }
        rig_ready(&rig);
        expect(&rig, false, 0, 0, 1);
        assert_true(section_change(&rig, 0)->is_certain);
        assert_int_equal(rig.difference.kernel_views.count, 1);
        change = rig.difference.kernel_views.elements;
        assert_int_equal(change->is_certain, is_known);
        rig_deinit(&rig);
    }
    (void)state;
}

/* What the kernel alone maps is found through names and handles: where not all of these were read it may be there. */
static void test_section_of_the_kernel_alone(void **state)
{
    enum { WHOLE, NAMES_CUT, HANDLES_CUT, CASES };

    for (unsigned what = WHOLE; what < CASES; what++) {
        struct rig rig;

        rig_init(&rig);
        for (unsigned side = 0; side < 2; side++) {
            struct hand_scan *hand = &rig.hands[side];
            uint32_t root = hand_name(hand, SIC_NONE, SIC_NAME_DIRECTORY, "", NULL, SIC_NONE);

            hand_process(hand, 10, SIC_PROCESS_HANDLES_READ);
            if (side) {
                uint32_t section = hand_section(hand, SIC_SECTION_RING_WALKED);

                hand_name(hand, root, SIC_NAME_SECTION, "it", NULL, section);
                hand_kernel_view(hand, section, SIC_KERNEL_VIEW_SESSION, 1);
            } else if (what == NAMES_CUT) {
                ((struct sic_name *)hand->scan.names.elements)[root].flags |= SIC_NAME_UNREAD;
            } else if (what == HANDLES_CUT) {
                sic_scan_process(&hand->scan, 0)->flags = SIC_PROCESS_HANDLES_INCOMPLETE;
            }
        }
        rig_ready(&rig);
        expect(&rig, false, 1, 0, 0);
        assert_int_equal(section_change(&rig, 0)->is_certain, what == WHOLE);
        rig_deinit(&rig);
    }
    (void)state;
}

/* Nothing tells these apart: the time must not grow with their square. One more is one that came. */
static void test_many(void **state)
{
    enum { COUNT = 60000 };

    for (unsigned by_path = 0; by_path < 2; by_path++) {
        struct rig rig;

        rig_init(&rig);
        for (unsigned side = 0; side < 2; side++) {
            struct hand_scan *hand = &rig.hands[side];
            uint32_t process = hand_process(hand, 10, 0);

            /* The views of the one side are elsewhere, so that they are not just the same. */
            for (uint32_t i = 0; i < COUNT + side; i++)
                hand_view(hand, process, hand_section(hand, 0), 0x100000ull * (i + 1) + 0x1000 * side, side, 10,
                          READ_WRITE);
        }
        rig_ready(&rig);
        expect(&rig, by_path, 1, 0, COUNT);
        rig_deinit(&rig);
    }
    (void)state;
}

/* Each allocation fails once: the answer is then that memory ran out, and nothing is left behind. */
static void test_memory(void **state)
{
    struct rig rig;
    int refused = 0;
    bool failed = true;

    rig_init(&rig);
    fill(&rig.hands[0], 0);
    fill(&rig.hands[1], 2);
    hand_view(&rig.hands[1], 1, 2, 0x900000, 5, 20, READ_WRITE);
    for (unsigned side = 0; side < 2; side++) {
        uint32_t root = hand_name(&rig.hands[side], SIC_NONE, SIC_NAME_DIRECTORY, "", NULL, SIC_NONE);

        hand_name(&rig.hands[side], root, SIC_NAME_SECTION, side ? "new" : "old", NULL, side ? 2 : 0);
    }
    rig_ready(&rig);
    for (unsigned by_path = 0; by_path < 2; by_path++) {
        failed = true;
        for (int allowed = 0; failed; allowed++) {
            bool found;

            failing_heap_start(allowed);
            found = rig_find(&rig, false, by_path);
            failed = failing_heap_stop();
            assert_int_equal(found, !failed);
            refused += failed;
            if (failed)
                sic_difference_deinit(&rig.difference);
        }
        assert_true(rig.difference.is_different);
        sic_difference_deinit(&rig.difference);
    }
    assert_true(refused > 100);
    rig_deinit(&rig);
    (void)state;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_records),
        cmocka_unit_test(test_texts),
        cmocka_unit_test(test_overlaps),
        cmocka_unit_test(test_addresses),
        cmocka_unit_test(test_owners),
        cmocka_unit_test(test_names),
        cmocka_unit_test(test_new_name),
        cmocka_unit_test(test_kernel_views_in_doubt),
        cmocka_unit_test(test_section_of_the_kernel_alone),
        cmocka_unit_test(test_many),
        cmocka_unit_test(test_memory),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
