/*
 * What the driver refuses, and what it does when the kernel refuses: wrong lengths, versions, layouts and codes, and
 * every call that it makes failing in turn.
 */
#include "driver_rig.h"

#include "symbols/profile.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define SMALL_WORLD "build " SCENARIOS "/three-processes.scenario"

static bool is_failure(uint32_t status)
{
    switch (status) {
    case RIG_INSUFFICIENT_RESOURCES:
    case RIG_DATA_ERROR:
    case RIG_NOT_FOUND:
        return true;
    default:
        return false;
    }
}

static bool is_view_expected(const struct sic_scan *expected, const struct sic_scan *scan, const struct sic_view *view)
{
    uint64_t eprocess_va = sic_scan_process(scan, view->process)->eprocess_va;

    for (uint32_t i = 0; i < expected->views.count; i++) {
        const struct sic_view *other = sic_scan_view(expected, i);

        if (sic_scan_process(expected, other->process)->eprocess_va == eprocess_va &&
            other->start_vpn == view->start_vpn && other->end_vpn == view->end_vpn &&
            other->first_prototype_pte == view->first_prototype_pte && other->protection == view->protection)
            return true;
    }
    return false;
}

/* Nothing made up; and what is missing is said. */
static void check_partial_answer(const struct rig *rig)
{
    struct sic_scan scan;

    rig_unpack(rig, &scan);
    for (uint32_t i = 0; i < scan.views.count; i++)
        assert_true(is_view_expected(&rig->scan, &scan, sic_scan_view(&scan, i)));
    if (scan.views.count != rig->scan.views.count)
        assert_true(scan.problems.count > 0 || scan.skipped_processes > 0);
    if (scan.processes.count != rig->scan.processes.count)
        assert_true(scan.problems.count > 0 || scan.skipped_processes > 0);
    sic_scan_deinit(&scan);
}

struct tally {
    unsigned not_loaded, refused, answered, whole;
};

static void run_with_failure(struct rig *rig, uint64_t n, struct tally *tally)
{
    uint32_t status;

    ek_reset(&rig->ek);
    rig->ek.fail_at = n;
    status = ek_port.enter(&rig->ek);
    if (status != RIG_SUCCESS) {
        assert_int_equal(status, RIG_INSUFFICIENT_RESOURCES);
        assert_int_equal(rig->ek.devices + rig->ek.links, 0);
        rig_require_clean(rig, "after a load that failed");
        tally->not_loaded++;
        return;
    }
    assert_int_equal(ek_port.open(&rig->ek, false, false), RIG_SUCCESS);
    status = rig_ask(rig, 1 << 16);
    if (status == RIG_SUCCESS) {
        check_partial_answer(rig);
        tally->answered++;
        tally->whole +=
            rig->answer_size == rig->expected_size && memcmp(rig->answer, rig->expected, rig->expected_size) == 0;
    } else {
        if (!is_failure(status))
            fail_msg("call %llu failed: status %08x", (unsigned long long)n, status);
        assert_int_equal(rig->answer_size, 0);
        tally->refused++;
    }
    rig_require_clean(rig, "after a failure");
    /* No state: the next request is answered as if nothing had been. */
    rig->ek.fail_at = 0;
    assert_int_equal(rig_ask(rig, 1 << 16), RIG_SUCCESS);
    rig_require_expected(rig);
    rig_stop(rig);
}

/* Loading, opening, the list of processes, and the first of what is read. */
#define FIRST_CALLS 60u

/* Every call of the first, then every `step`th. Returns how many calls there were. */
static uint64_t fail_calls(const char *layout, uint32_t want, unsigned step, struct tally *tally)
{
    struct rig rig;
    uint64_t calls;

    rig_open_wanting(&rig, SMALL_WORLD, layout, want);
    assert_int_equal(rig.scan.processes.count, 3);
    rig_start(&rig);
    assert_int_equal(rig_ask(&rig, 1 << 16), RIG_SUCCESS);
    rig_require_expected(&rig);
    rig_stop(&rig);
    calls = rig.ek.calls;
    for (uint64_t n = 1; n <= calls; n += n < FIRST_CALLS ? 1 : step)
        run_with_failure(&rig, n, tally);
    rig_close(&rig);
    return calls;
}

static void fail_calls_of(const char *layout, uint32_t want, unsigned step)
{
    struct tally tally = {0};
    uint64_t calls = fail_calls(layout, want, step, &tally);

    print_message("%s, %s: %llu calls; %u loads failed, %u requests refused, %u answered, %u of them in full\n",
                  ek_port.name, layout, (unsigned long long)calls, tally.not_loaded, tally.refused, tally.answered,
                  tally.whole);
    assert_int_equal(tally.not_loaded, 4);
    assert_true(tally.refused > 10 && tally.answered > 50 && tally.whole > 10);
}

/*
 * Every single call of a listing, and of all facts together: with the shipped file, which takes longer, of the latter
 * now and then; with the sources now and then in every other epoch too.
 */
static void test_every_call_fails_in_turn(void **state)
{
    struct sic_profile profile;
    size_t cursor = 0;

    (void)state;
    fail_calls_of("19041.264", SIC_WIRE_WANT_PATHS | SIC_WIRE_WANT_NAMES, 1);
    fail_calls_of("19041.264", SIC_WIRE_WANT_MASK, ek_port.is_native ? 1 : 8);
    while (ek_port.is_native && sic_profile_builtin_next(&cursor, &profile)) {
        if (strcmp(profile.name, "19041.264") != 0)
            fail_calls_of(profile.name, SIC_WIRE_WANT_MASK, 16);
    }
}

static uint32_t send(struct rig *rig, uint32_t code, const uint8_t *input, uint32_t input_size, uint32_t output_size)
{
    uint8_t *output = malloc(output_size + 1u);
    uint64_t information;
    uint32_t status;

    assert_non_null(output);
    memset(output, 0xa5, output_size);
    status = ek_port.control(&rig->ek, code, input, input_size, output, output_size, &information);
    if (status != RIG_SUCCESS && status != RIG_BUFFER_OVERFLOW) {
        assert_int_equal(information, 0);
        for (uint32_t i = 0; i < output_size; i++)
            assert_int_equal(output[i], 0xa5);
    }
    free(output);
    rig_require_clean(rig, "after a request");
    return status;
}

static void test_wrong_lengths_and_codes(void **state)
{
    uint8_t input[SIC_REQUEST_SIZE + 64] = {0};
    struct rig rig;

    (void)state;
    rig_open(&rig, SMALL_WORLD, "19041.264");
    rig_start(&rig);
    sic_request_encode(&rig.request, input);
    for (uint32_t size = 0; size < sizeof(input); size++) {
        if (size != SIC_REQUEST_SIZE)
            assert_int_equal(send(&rig, SIC_WIRE_IOCTL_SCAN, input, size, 4096), RIG_INFO_LENGTH_MISMATCH);
    }
    for (uint32_t size = 0; size < 16; size++)
        assert_int_equal(send(&rig, SIC_WIRE_IOCTL_SCAN, input, SIC_REQUEST_SIZE, size), RIG_BUFFER_TOO_SMALL);
    assert_int_equal(send(&rig, SIC_WIRE_IOCTL_SCAN, input, SIC_REQUEST_SIZE, 16), RIG_BUFFER_OVERFLOW);
    /* Another function, method, access or device type. */
    for (unsigned bit = 0; bit < 32; bit++)
        assert_int_equal(send(&rig, SIC_WIRE_IOCTL_SCAN ^ 1u << bit, input, SIC_REQUEST_SIZE, 4096),
                         RIG_INVALID_DEVICE_REQUEST);
    rig_stop(&rig);
    rig_close(&rig);
}

static uint32_t send_patched(struct rig *rig, size_t offset, uint32_t value)
{
    uint8_t input[SIC_REQUEST_SIZE];

    sic_request_encode(&rig->request, input);
    memcpy(input + offset, &value, sizeof(value));
    return send(rig, SIC_WIRE_IOCTL_SCAN, input, sizeof(input), 4096);
}

static size_t field_offset(enum sic_field field)
{
    return sizeof(struct sic_wire_request) + field * sizeof(struct sic_wire_field);
}

/* Beyond its structure, or where no number of its size can stand. */
static void test_offsets_out_of_bounds(void **state)
{
    static const struct {
        enum sic_field field;
        uint32_t offset;
    } cases[] = {{SIC_FIELD_EPROCESS_VAD_ROOT, 0xa40 - 7},
                 {SIC_FIELD_EPROCESS_VAD_ROOT, 0x7d9},
                 {SIC_FIELD_EPROCESS_SIZE, 0x4001},
                 {SIC_FIELD_MMVAD_SUBSECTION, 0x84},
                 {SIC_FIELD_MMVAD_SUBSECTION, 0x88},
                 {SIC_FIELD_MMVAD_SIZE, 0x101},
                 {SIC_FIELD_MMVAD_VIEW_LINKS, 0x64},
                 {SIC_FIELD_CONTROL_AREA_LIST_HEAD, 0x9},
                 {SIC_FIELD_CONTROL_AREA_SIZE, 0x10000},
                 {SIC_FIELD_SUBSECTION_PTE_COUNT, 0x2d},
                 {SIC_FIELD_SUBSECTION_CONTROL_AREA, 0x38},
                 {SIC_FIELD_SEGMENT_CONTROL_AREA, 0x3c},
                 {SIC_FIELD_SEGMENT_CONTROL_AREA, 0x1000},
                 {SIC_FIELD_FILE_OBJECT_FILE_NAME, 0x59},
                 {SIC_FIELD_FILE_OBJECT_FILE_NAME, 0xf8},
                 {SIC_FIELD_FILE_OBJECT_FILE_NAME, 0x3ff8},
                 {SIC_FIELD_KPROCESS_DIRECTORY_TABLE_BASE, 0x29}};
    struct rig rig;

    (void)state;
    rig_open(&rig, SMALL_WORLD, "19041.264");
    rig_start(&rig);
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        if (send_patched(&rig, field_offset(cases[i].field), cases[i].offset) != RIG_INVALID_PARAMETER)
            fail_msg("%s at %x is taken", sic_layout_field_name(cases[i].field), cases[i].offset);
    }
    rig_stop(&rig);
    rig_close(&rig);
}

static void test_wrong_requests(void **state)
{
    const size_t root = field_offset(SIC_FIELD_EPROCESS_VAD_ROOT);
    struct rig rig;

    (void)state;
    rig_open(&rig, SMALL_WORLD, "19041.264");
    rig_start(&rig);
    assert_int_equal(send_patched(&rig, offsetof(struct sic_wire_request, magic), 0), RIG_INVALID_PARAMETER);
    assert_int_equal(send_patched(&rig, offsetof(struct sic_wire_request, version), 0), RIG_REVISION_MISMATCH);
    assert_int_equal(send_patched(&rig, offsetof(struct sic_wire_request, version), SIC_WIRE_VERSION + 1),
                     RIG_REVISION_MISMATCH);
    assert_int_equal(send_patched(&rig, offsetof(struct sic_wire_request, size), 0), RIG_INFO_LENGTH_MISMATCH);
    assert_int_equal(send_patched(&rig, offsetof(struct sic_wire_request, field_count), 1), RIG_REVISION_MISMATCH);
    assert_int_equal(send_patched(&rig, offsetof(struct sic_wire_request, fields_hash), 1), RIG_REVISION_MISMATCH);
    assert_int_equal(send_patched(&rig, offsetof(struct sic_wire_request, want), SIC_WIRE_WANT_MASK + 1),
                     RIG_INVALID_PARAMETER);
    assert_int_equal(send_patched(&rig, offsetof(struct sic_wire_request, reserved), 1), RIG_INVALID_PARAMETER);
    assert_int_equal(send_patched(&rig, root, SIC_WIRE_FIELD_ABSENT), RIG_INVALID_PARAMETER);
    assert_int_equal(send_patched(&rig, root, 0x7d9), RIG_INVALID_PARAMETER);
    assert_int_equal(send_patched(&rig, root, 0xfffffff8), RIG_INVALID_PARAMETER);
    /* In bounds, and wrong: only the proof can tell. */
    assert_int_equal(send_patched(&rig, root, 0x440), RIG_DATA_ERROR);
    assert_int_equal(send_patched(&rig, root, 0x7e0), RIG_DATA_ERROR);
    rig_stop(&rig);
    rig_close(&rig);
}

/* The layouts of other kernels: refused by the proof, or they read System right and cannot harm the rest. */
static void test_layouts_of_other_kernels(void **state)
{
    unsigned refused = 0, asked = 0;
    struct sic_profile profile;
    size_t cursor = 0;
    struct rig rig;

    (void)state;
    rig_open(&rig, "random --seed 904", "19041.264");
    rig_start(&rig);
    while (sic_profile_builtin_next(&cursor, &profile)) {
        uint32_t status;

        if (strcmp(profile.name, "19041.264") == 0)
            continue;
        rig.request.layout = profile.layout;
        status = rig_ask(&rig, 1 << 20);
        assert_true(status == RIG_SUCCESS || status == RIG_DATA_ERROR);
        rig_require_clean(&rig, profile.name);
        refused += status == RIG_DATA_ERROR;
        asked++;
    }
    print_message("%s: %u of %u layouts refused\n", ek_port.name, refused, asked);
    assert_true(refused * 10 >= asked * 9);
    rig_stop(&rig);
    rig_close(&rig);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_call_fails_in_turn), cmocka_unit_test(test_wrong_lengths_and_codes),
        cmocka_unit_test(test_wrong_requests),           cmocka_unit_test(test_offsets_out_of_bounds),
        cmocka_unit_test(test_layouts_of_other_kernels),
    };

    return cmocka_run_group_tests_name("driver refusals", tests, NULL, NULL);
}
