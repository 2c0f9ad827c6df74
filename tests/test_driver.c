/*
 * The driver in front of the emulated kernel: its answers, and that it always gives back what it took. Built twice:
 * with the driver's sources, and with the shipped file under Unicorn.
 */
#include "driver_rig.h"

#include "symbols/profile.h"
#include "util/memory.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#define SMALL_WORLD "build " SCENARIOS "/three-processes.scenario"

static void check_answers(struct rig *rig)
{
    uint32_t exact = (uint32_t)rig->expected_size;
    struct sic_wire_need need;

    /* Too little room: the size, and nothing behind it. */
    assert_int_equal(rig_ask(rig, exact - 1), RIG_BUFFER_OVERFLOW);
    assert_int_equal(rig->answer_size, sizeof(need));
    memcpy(&need, rig->answer, sizeof(need));
    assert_int_equal(need.magic, SIC_WIRE_NEED_MAGIC);
    assert_int_equal(need.version, SIC_WIRE_VERSION);
    assert_int_equal(need.size, exact);
    for (size_t i = sizeof(need); i < exact - 1; i++)
        assert_int_equal(rig->answer[i], 0xa5);
    rig_require_clean(rig, "after a size");
    assert_int_equal(rig_ask(rig, exact), RIG_SUCCESS);
    rig_require_expected(rig);
    rig_require_clean(rig, "after an answer");
    assert_int_equal(rig_ask(rig, exact + 4096), RIG_SUCCESS);
    rig_require_expected(rig);
    for (size_t i = exact; i < exact + 4096; i++)
        assert_int_equal(rig->answer[i], 0xa5);
}

/* What was read in all worlds together: equal answers must not be equal because they are empty. */
struct found {
    uint32_t views, names, handles, devices, kernel_views, tokens, pages;
};

static void count_found(struct found *found, const struct sic_scan *scan)
{
    found->views += scan->views.count;
    found->names += scan->names.count;
    found->handles += scan->handles.count;
    found->devices += scan->devices.count;
    found->kernel_views += scan->kernel_views.count;
    found->tokens += scan->tokens.count;
    found->pages += scan->pages.count;
}

static void test_every_epoch(void **state)
{
    struct sic_profile profile;
    unsigned worlds = 0;
    struct found found = {0};
    size_t cursor = 0;

    (void)state;
    while (sic_profile_builtin_next(&cursor, &profile)) {
        for (unsigned seed = 1; seed <= (ek_port.is_native ? 3 : 1); seed++) {
            struct rig rig;
            char arguments[64];

            snprintf(arguments, sizeof(arguments), "random --seed %u", 900 + seed);
            rig_open(&rig, arguments, profile.name);
            rig.ek.lacks_pool2 = worlds % 2 == 1;
            rig_start(&rig);
            check_answers(&rig);
            rig_stop(&rig);
            count_found(&found, &rig.scan);
            worlds++;
            rig_close(&rig);
        }
    }
    print_message(
        "%s: %u worlds, %u views, %u names, %u handles, %u devices, %u kernel views, %u tokens, %u first pages\n",
        ek_port.name, worlds, found.views, found.names, found.handles, found.devices, found.kernel_views, found.tokens,
        found.pages);
    assert_true(worlds >= 19 && found.views > worlds * 20);
    assert_true(found.names > worlds * 20 && found.handles > worlds && found.devices >= worlds / 2);
    assert_true(found.tokens > worlds && found.pages > worlds);
}

static void test_what_is_wanted(void **state)
{
    struct rig rig;
    struct sic_scan scan;

    (void)state;
    rig_open(&rig, SMALL_WORLD, "19041.264");
    rig_start(&rig);
    rig.request.want = 0;
    assert_int_equal(rig_ask(&rig, 1 << 20), RIG_SUCCESS);
    rig_unpack(&rig, &scan);
    assert_int_equal(scan.strings.count, 0);
    assert_int_equal(scan.names.count + scan.handles.count + scan.devices.count, 0);
    assert_int_equal(scan.tokens.count + scan.pages.count, 0);
    assert_int_equal(scan.views.count, rig.scan.views.count);
    sic_scan_deinit(&scan);
    rig.request.want = SIC_WIRE_WANT_NAMES;
    rig.request.minimum_views = 1000;
    assert_int_equal(rig_ask(&rig, 1 << 20), RIG_SUCCESS);
    rig_unpack(&rig, &scan);
    assert_int_equal(scan.strings.count, 0);
    sic_scan_deinit(&scan);
    rig_stop(&rig);
    rig_close(&rig);
}

/* Loads, but refuses, and says which routine it is. */
static void test_routines_that_are_missing(void **state)
{
    struct rig rig;

    (void)state;
    rig_open(&rig, SMALL_WORLD, "9600.16384");
    rig.ek.lacks_mm_copy = true;
    rig_start(&rig);
    assert_int_equal(rig_ask(&rig, 1 << 20), RIG_PROCEDURE_NOT_FOUND);
    assert_int_equal(rig.answer_size, 0);
    rig_stop(&rig);
    rig.ek.lacks_mm_copy = false;
    rig.ek.lacks_exit_synchronization = true;
    rig_start(&rig);
    assert_int_equal(rig_ask(&rig, 1 << 20), RIG_NOT_SUPPORTED);
    assert_int_equal(rig.answer_size, 0);
    rig_stop(&rig);
    rig_close(&rig);
}

static void test_openers(void **state)
{
    struct rig rig;

    (void)state;
    rig_open(&rig, SMALL_WORLD, "20348.288");
    assert_int_equal(ek_port.enter(&rig.ek), RIG_SUCCESS);
    assert_int_equal(ek_port.open(&rig.ek, true, false), RIG_OBJECT_NAME_INVALID);
    assert_int_equal(ek_port.open(&rig.ek, false, true), RIG_OBJECT_NAME_INVALID);
    assert_int_equal(ek_port.open(&rig.ek, true, true), RIG_OBJECT_NAME_INVALID);
    assert_int_equal(ek_port.open(&rig.ek, false, false), RIG_SUCCESS);
    for (unsigned i = 0; i < 3; i++)
        assert_int_equal(ek_port.open(&rig.ek, false, false), RIG_SHARING_VIOLATION);
    assert_int_equal(ek_port.open(&rig.ek, true, false), RIG_OBJECT_NAME_INVALID);
    assert_int_equal(ek_port.close(&rig.ek), RIG_SUCCESS);
    assert_int_equal(ek_port.open(&rig.ek, false, false), RIG_SUCCESS);
    assert_int_equal(rig_ask(&rig, (uint32_t)rig.expected_size), RIG_SUCCESS);
    rig_require_expected(&rig);
    rig_stop(&rig);
    rig_close(&rig);
}

static unsigned count_notes(const struct sic_scan *scan, enum sic_note_kind kind, uint64_t va)
{
    const struct sic_note *notes = scan->notes.elements;
    unsigned count = 0;

    for (uint32_t i = 0; i < scan->notes.count; i++)
        count += notes[i].kind == kind && (va == 0 || notes[i].va == va);
    return count;
}

static void test_processes_that_went(void **state)
{
    struct rig rig;
    struct sic_scan scan;

    (void)state;
    rig_open(&rig, SMALL_WORLD, "19041.264");
    rig_start(&rig);
    /* Gone between list and look-up. */
    rig.ek.processes[1].is_gone = true;
    assert_int_equal(rig_ask(&rig, 1 << 16), RIG_SUCCESS);
    rig_unpack(&rig, &scan);
    assert_int_equal(scan.processes.count, 2);
    assert_int_equal(scan.skipped_processes, 1);
    assert_int_equal(scan.problems.count, 0);
    /* Its three sections still list its views, which lead to it; it is not walked for that. */
    assert_int_equal(count_notes(&scan, SIC_NOTE_PROCESS_NOT_LISTED, rig.ek.processes[1].eprocess_va), 1);
    assert_int_equal(count_notes(&scan, SIC_NOTE_COUNT_DIFFERS, 0), 3);
    assert_int_equal(scan.notes.count, 4);
    sic_scan_deinit(&scan);
    /* Its pid is another process's by now: the list says another time than the process. */
    rig.ek.processes[1].is_gone = false;
    rig.ek.processes[1].create_time += 1;
    assert_int_equal(rig_ask(&rig, 1 << 16), RIG_SUCCESS);
    rig_unpack(&rig, &scan);
    assert_int_equal(scan.processes.count, 2);
    assert_int_equal(scan.skipped_processes, 1);
    sic_scan_deinit(&scan);
    rig.ek.processes[1].create_time -= 1;
    /* Being torn down: named, its tree left alone. */
    rig.ek.processes[2].is_ending = true;
    assert_int_equal(rig_ask(&rig, 1 << 16), RIG_SUCCESS);
    rig_unpack(&rig, &scan);
    assert_int_equal(scan.processes.count, 3);
    assert_int_equal(sic_scan_process(&scan, 2)->view_count, 0);
    assert_true(sic_scan_process(&scan, 2)->flags & SIC_PROCESS_NOT_WALKED);
    assert_int_equal(scan.problems.count, 1);
    assert_int_equal(((struct sic_problem *)scan.problems.elements)[0].kind, SIC_PROBLEM_PROCESS_ENDING);
    /* The views that its sections list are nothing to wonder at. */
    assert_int_equal(scan.notes.count, 0);
    sic_scan_deinit(&scan);
    rig.ek.processes[2].is_ending = false;
    assert_int_equal(rig_ask(&rig, 1 << 16), RIG_SUCCESS);
    rig_require_expected(&rig);
    rig_stop(&rig);
    rig_close(&rig);
}

/* Pointers that lead nowhere, found in the machine's own structures: never given to the kernel unless it can bear it.
 */
static void test_wild_pointers(void **state)
{
    static const uint64_t pointers[] = {0xffe1235affe12340,
                                        0x00007ff000000000,
                                        0xfffffffffffffff8,
                                        0xffff800000000001,
                                        0xffff900000000000,
                                        0xff00000000000000,
                                        8};
    uint64_t eprocess_va, root_va, kept;
    struct sic_scan scan;
    struct rig rig;
    uint8_t *left;

    (void)state;
    rig_open(&rig, SMALL_WORLD, "19041.264");
    rig_start(&rig);
    eprocess_va = rig.ek.processes[1].eprocess_va;
    root_va = reader_u64(&rig.ek.image, eprocess_va + reader_offset(&rig.ek.image, "_EPROCESS.VadRoot"));
    root_va += reader_offset(&rig.ek.image, "_MMVAD_SHORT.Left");
    left = (uint8_t *)(uintptr_t)reader_page(&rig.ek.image, rig.ek.image.root, root_va, NULL) + root_va % 4096;
    memcpy(&kept, left, 8);
    for (size_t i = 0; i < sizeof(pointers) / sizeof(pointers[0]); i++) {
        memcpy(left, &pointers[i], 8);
        assert_int_equal(rig_ask(&rig, 1 << 16), RIG_SUCCESS);
        rig_require_clean(&rig, "after a wild pointer");
        rig_unpack(&rig, &scan);
        assert_int_equal(scan.problems.count, 1);
        assert_int_equal(((struct sic_problem *)scan.problems.elements)[0].process, 1);
        sic_scan_deinit(&scan);
    }
    memcpy(left, &kept, 8);
    rig_stop(&rig);
    rig_close(&rig);
}

/* A node takes at most two copies; 1024 nodes are what the driver may still look at. */
static void check_cancelled(struct rig *rig, uint64_t at, bool by_thread)
{
    uint32_t status;

    ek_reset(&rig->ek);
    *(by_thread ? &rig->ek.terminate_at_copy : &rig->ek.cancel_at_copy) = at;
    status = rig_ask(rig, 1 << 22);
    if (status != RIG_CANCELLED)
        fail_msg("cancelled at copy %llu of %llu: status %08x", (unsigned long long)at,
                 (unsigned long long)rig->ek.copies, status);
    assert_int_equal(rig->answer_size, 0);
    assert_true(rig->ek.copies - at < 1024);
    rig_require_clean(rig, "after cancelling");
}

static void test_cancelling(void **state)
{
    struct rig rig;
    uint64_t copies, step;

    (void)state;
    rig_open(&rig, "bench --processes 14 --vads 6000", "19041.264");
    rig_start(&rig);
    ek_reset(&rig.ek);
    assert_int_equal(rig_ask(&rig, 1 << 22), RIG_SUCCESS);
    rig_require_expected(&rig);
    copies = rig.ek.copies;
    step = copies / (ek_port.is_native ? 60 : 12);
    for (uint64_t at = 1; at < copies; at += step)
        check_cancelled(&rig, at, at / step % 2 == 1);
    check_cancelled(&rig, copies, false);
    print_message("%s: %llu copies in a scan of %u views\n", ek_port.name, (unsigned long long)copies,
                  rig.scan.views.count);
    ek_reset(&rig.ek);
    rig_stop(&rig);
    rig_close(&rig);
}

#define NAMES_WANT (SIC_WIRE_WANT_PATHS | SIC_WIRE_WANT_NAMES)
/* All but first pages, which cost as much as a view each. */
#define LISTING_WANT (SIC_WIRE_WANT_MASK & ~SIC_WIRE_WANT_FIRST_PAGES)

/* The most that was held at any time, beside the caller's own buffer for the answer. */
static void check_memory(const char *arguments, uint32_t want, uint32_t least_views, uint32_t bytes_a_view)
{
    uint32_t views;
    struct rig rig;

    rig_open_wanting(&rig, arguments, "19041.264", want);
    views = rig.scan.views.count;
    rig_start(&rig);
    ek_reset(&rig.ek);
    assert_int_equal(rig_ask(&rig, (uint32_t)rig.expected_size), RIG_SUCCESS);
    rig_require_expected(&rig);
    print_message("%s: %u processes, %u views: %.1f MiB of pool at most, %.1f bytes a view; the answer has %.1f\n",
                  ek_port.name, rig.scan.processes.count, views, (double)rig.ek.pool_peak / (1 << 20),
                  (double)rig.ek.pool_peak / views, (double)rig.expected_size / views);
    assert_true(views >= least_views);
    assert_true(rig.ek.pool_peak <= 64u << 20 || bytes_a_view > 100);
    assert_true(rig.ek.pool_peak / views < bytes_a_view);
    assert_true(rig.expected_size / views < bytes_a_view);
    rig_stop(&rig);
    rig_close(&rig);
}

static void test_memory(void **state)
{
    (void)state;
    check_memory("bench --processes 1000 --vads " VADS_OF_500000_VIEWS, LISTING_WANT, 500000, 100);
    check_memory("bench --processes 1000 --vads " VADS_OF_500000_VIEWS, SIC_WIRE_WANT_MASK, 500000, 150);
    /* Sizes between which the tables grow several times. */
    check_memory("bench --processes 300 --vads 150000", NAMES_WANT, 75000, 100);
    check_memory("bench --processes 300 --vads 160000", NAMES_WANT, 80000, 100);
    check_memory("bench --processes 300 --vads 170000", NAMES_WANT, 85000, 100);
    check_memory("bench --processes 300 --vads 180000", NAMES_WANT, 90000, 100);
}

static void test_breaches_are_seen(void **state)
{
    uint64_t process;
    struct rig rig;

    (void)state;
    rig_open(&rig, SMALL_WORLD, "19041.264");
    rig_start(&rig);
    rig.ek.irql = EK_DISPATCH_LEVEL;
    (void)rig_ask(&rig, 1 << 16);
    assert_non_null(strstr(rig.ek.violation, "IRQL"));
    rig.ek.irql = EK_PASSIVE_LEVEL;
    rig.ek.violation[0] = '\0';
    assert_true(ek_is_clean(&rig.ek));
    assert_int_equal(ek_lookup_process(&rig.ek, 2000, &process), EK_SUCCESS);
    assert_false(ek_is_clean(&rig.ek));
    ek_dereference(&rig.ek, process);
    assert_true(ek_is_clean(&rig.ek));
    ek_dereference(&rig.ek, process);
    assert_false(ek_is_clean(&rig.ek));
    rig.ek.violation[0] = '\0';
    if (ek_port.touch) {
        /* The machine's memory is out of reach, whether it is there or not; the driver's own is not. */
        ek_port.touch(&rig.ek, rig.ek.processes[0].eprocess_va);
        assert_non_null(strstr(rig.ek.violation, "an access"));
        rig.ek.violation[0] = '\0';
        ek_port.touch(&rig.ek, 0x10000);
        assert_non_null(strstr(rig.ek.violation, "an access"));
        rig.ek.violation[0] = '\0';
        ek_port.touch(&rig.ek, rig.ek.device_address);
        assert_int_equal(rig.ek.violation[0], '\0');
    }
    rig_stop(&rig);
    rig_close(&rig);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_epoch),
        cmocka_unit_test(test_what_is_wanted),
        cmocka_unit_test(test_routines_that_are_missing),
        cmocka_unit_test(test_openers),
        cmocka_unit_test(test_processes_that_went),
        cmocka_unit_test(test_wild_pointers),
        cmocka_unit_test(test_cancelling),
        cmocka_unit_test(test_breaches_are_seen),
    };
    const struct CMUnitTest memory_tests[] = {cmocka_unit_test(test_memory)};
    int failed = cmocka_run_group_tests_name("driver", tests, NULL, NULL);

    /* The figures are those of the code, whoever runs it; the emulator would take minutes. */
    return ek_port.is_native ? failed + cmocka_run_group_tests_name("driver memory", memory_tests, NULL, NULL) : failed;
}
