/*
 * Sections' own accounts of their views, live and in an image: the notes are the same, also where a process is missing
 * from the process list.
 */
#include "driver_rig.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* Worlds of no special size; test_every_epoch has random ones. */
static const char *const scenarios[] = {"edges",   "image",        "offsets",       "page-states",
                                        "private", "reserve",      "subsections",   "three-processes",
                                        "seed",    "two-accounts", "two-processes", "process-maps-twice"};

static void open_scenario(struct rig *rig, const char *name)
{
    char arguments[256];

    snprintf(arguments, sizeof(arguments), "build " SCENARIOS "/%s.scenario", name);
    rig_open(rig, arguments, "19041.264");
}

static void test_every_scenario(void **state)
{
    uint32_t notes = 0;
    struct rig rig;

    (void)state;
    for (size_t i = 0; i < sizeof(scenarios) / sizeof(scenarios[0]); i++) {
        open_scenario(&rig, scenarios[i]);
        rig_start(&rig);
        assert_int_equal(rig_ask(&rig, (uint32_t)rig.expected_size), RIG_SUCCESS);
        rig_require_expected(&rig);
        rig_stop(&rig);
        notes += rig.scan.notes.count;
        rig_close(&rig);
    }
    assert_true(notes > 0);
}

static void put_u64(const struct rig *rig, uint64_t va, uint64_t value)
{
    memcpy((uint8_t *)(uintptr_t)reader_page(&rig->ek.image, rig->ek.image.root, va, NULL) + va % 4096, &value, 8);
}

/* Out of the process list as rootkits do it, and out of what the kernel says. */
static void hide(struct rig *rig, size_t index)
{
    struct ek_process *process = &rig->ek.processes[index];
    uint64_t links = process->eprocess_va + reader_offset(&rig->ek.image, "_EPROCESS.ActiveProcessLinks");
    uint64_t after = reader_u64(&rig->ek.image, links), before = reader_u64(&rig->ek.image, links + 8);

    put_u64(rig, before, after);
    put_u64(rig, after + 8, before);
    rig->ek.process_count--;
    memmove(process, process + 1, (rig->ek.process_count - index) * sizeof(*process));
}

static bool has_note(const struct sic_scan *scan, const struct sic_note *wanted, uint64_t control_area_va)
{
    const struct sic_note *notes = scan->notes.elements;

    for (uint32_t i = 0; i < scan->notes.count; i++) {
        if (notes[i].kind == wanted->kind && notes[i].va == wanted->va &&
            (notes[i].section == SIC_NONE ? 0 : sic_scan_section(scan, notes[i].section)->control_area_va) ==
                control_area_va)
            return true;
    }
    return false;
}

static void require_notes_of(const struct sic_scan *scan, const struct sic_scan *other)
{
    const struct sic_note *notes = scan->notes.elements;

    for (uint32_t i = 0; i < scan->notes.count; i++) {
        uint64_t control_area_va =
            notes[i].section == SIC_NONE ? 0 : sic_scan_section(scan, notes[i].section)->control_area_va;

        if (!has_note(other, &notes[i], control_area_va))
            fail_msg("a note of kind %u at %016llx is on one side only", notes[i].kind,
                     (unsigned long long)notes[i].va);
    }
}

/* The image path walks such a process, the driver only names it: what is noted is the same. */
static void check_hidden(const char *scenario, uint64_t pid)
{
    struct sic_scan scan;
    uint64_t eprocess_va;
    size_t index = 0;
    struct rig rig;

    open_scenario(&rig, scenario);
    while (rig.ek.processes[index].pid != pid)
        assert_true(++index < rig.ek.process_count);
    eprocess_va = rig.ek.processes[index].eprocess_va;
    hide(&rig, index);
    rig_expect_anew(&rig);
    rig_start(&rig);
    assert_int_equal(rig_ask(&rig, 1 << 20), RIG_SUCCESS);
    rig_unpack(&rig, &scan);
    assert_int_equal(scan.processes.count, rig.scan.processes.count - 1);
    assert_int_equal(scan.notes.count, rig.scan.notes.count);
    require_notes_of(&scan, &rig.scan);
    require_notes_of(&rig.scan, &scan);
    assert_true(has_note(&scan, &(struct sic_note){.kind = SIC_NOTE_PROCESS_NOT_LISTED, .va = eprocess_va}, 0));
    sic_scan_deinit(&scan);
    rig_stop(&rig);
    rig_close(&rig);
}

static void test_hidden_process(void **state)
{
    (void)state;
    check_hidden("three-processes", 2000);
    check_hidden("three-processes", 2004);
    check_hidden("offsets", 2004);
    check_hidden("subsections", 2000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_scenario),
        cmocka_unit_test(test_hidden_process),
    };

    return cmocka_run_group_tests_name("driver accounts", tests, NULL, NULL);
}
