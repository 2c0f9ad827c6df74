/*
 * What the live path decides without Windows: the order in which layouts are tried, and what refusals say.
 */
#include "live/layout_choice.h"
#include "live/refusal.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define TRY_LIMIT 128u

/* A kernel that agrees with one layout, and remembers which ones it was asked with. */
struct machine {
    const struct sic_layout *agrees;
    enum sic_status otherwise;
    struct sic_layout tried[TRY_LIMIT];
    unsigned count;
};

static bool are_equal(const struct sic_layout *left, const struct sic_layout *right)
{
    for (unsigned i = 0; i < SIC_FIELD_COUNT; i++) {
        const struct sic_layout_field *a = &left->fields[i], *b = &right->fields[i];

        if (a->offset != b->offset || a->first_bit != b->first_bit || a->bit_count != b->bit_count)
            return false;
    }
    return true;
}

static enum sic_status run(void *context, const struct sic_layout *layout, struct sic_error *error)
{
    struct machine *machine = context;

    assert_true(machine->count < TRY_LIMIT);
    machine->tried[machine->count++] = *layout;
    if (machine->agrees && are_equal(machine->agrees, layout))
        return SIC_OK;
    return sic_error_set(error, machine->otherwise, "the kernel says no");
}

static enum sic_status choose(struct machine *machine, const struct sic_live_finder *finder, struct sic_kernel *kernel,
                              struct sic_error *error)
{
    struct sic_live_trial trial = {.context = machine, .run = run};

    return sic_live_choose_layout(kernel, finder, &trial, error);
}

/* A real kernel of the built-in table. */
#define KNOWN_KERNEL "5278AFF86C341677D7D7835C85B7B8441"

static void known_kernel(struct sic_kernel *kernel, struct sic_profile *profile)
{
    struct sic_known_kernel known;

    *kernel = (struct sic_kernel){.build = 1};
    assert_true(sic_known_kernel_find(KNOWN_KERNEL, &known));
    snprintf(kernel->pdb.guid_age, sizeof(kernel->pdb.guid_age), "%s", known.guid_age);
    assert_true(sic_profile_builtin_find(known.layout, profile));
}

static void test_exact_comes_first(void **state)
{
    struct sic_kernel kernel;
    struct sic_profile profile;
    struct sic_error error;
    struct machine machine = {.otherwise = SIC_BROKEN};

    (void)state;
    known_kernel(&kernel, &profile);
    machine.agrees = &profile.layout;
    assert_int_equal(choose(&machine, NULL, &kernel, &error), SIC_OK);
    assert_int_equal(machine.count, 1);
    assert_int_equal(kernel.layout_source, SIC_LAYOUT_EXACT);
    assert_int_equal(kernel.build, 19041);
    assert_string_equal(kernel.profile.name, profile.name);
}

static void test_nearest_by_build_each_once(void **state)
{
    struct sic_profile profile;
    size_t cursor = 0;
    unsigned profiles = 0;
    struct sic_kernel kernel = {.build = 18000};
    struct machine machine = {.otherwise = SIC_BROKEN};
    struct sic_error error;
    uint32_t distance = 0;

    (void)state;
    while (sic_profile_builtin_next(&cursor, &profile))
        profiles++;
    assert_int_equal(choose(&machine, NULL, &kernel, &error), SIC_UNSUPPORTED);
    assert_int_equal(machine.count, profiles);
    assert_non_null(strstr(error.message, "build 18000"));
    /* Each layout that was tried is that of a profile at least as far away as the one before. */
    for (unsigned i = 0; i < machine.count; i++) {
        uint32_t nearest = UINT32_MAX;

        for (cursor = 0; sic_profile_builtin_next(&cursor, &profile);) {
            uint32_t its = sic_profile_build_distance(&profile, kernel.build);

            if (are_equal(&profile.layout, &machine.tried[i]) && its >= distance && its < nearest)
                nearest = its;
        }
        assert_true(nearest != UINT32_MAX);
        distance = nearest;
    }
}

static void test_every_profile_is_found(void **state)
{
    struct sic_profile profile;
    size_t cursor = 0;

    (void)state;
    while (sic_profile_builtin_next(&cursor, &profile)) {
        struct sic_kernel kernel = {.build = profile.first.part[2]};
        struct machine machine = {.agrees = &profile.layout, .otherwise = SIC_BROKEN};
        struct sic_error error;

        assert_int_equal(choose(&machine, NULL, &kernel, &error), SIC_OK);
        assert_int_equal(kernel.layout_source, SIC_LAYOUT_NEAREST);
        assert_true(are_equal(&kernel.profile.layout, &profile.layout));
    }
}

static void test_other_failures_end_the_choice(void **state)
{
    struct sic_kernel kernel;
    struct sic_profile profile;
    struct sic_error error;
    struct machine machine = {.otherwise = SIC_IO};

    (void)state;
    known_kernel(&kernel, &profile);
    assert_int_equal(choose(&machine, NULL, &kernel, &error), SIC_IO);
    assert_int_equal(machine.count, 1);
    assert_string_equal(error.message, "the kernel says no");
}

/* Two layouts out of nowhere: the second is the kernel's. */
static struct sic_layout found_layouts[2];

static enum sic_status find(void *context, unsigned turn, struct sic_error *error, struct sic_kernel *kernel)
{
    unsigned *asked = context;

    (*asked)++;
    if (turn >= 2)
        return sic_error_set(error, SIC_NOT_FOUND, "no more");
    snprintf(kernel->profile.name, sizeof(kernel->profile.name), "found-%u", turn);
    kernel->profile.layout = found_layouts[turn];
    return SIC_OK;
}

static void test_finder_after_exact(void **state)
{
    unsigned asked = 0;
    struct sic_live_finder finder = {.context = &asked, .find = find};
    struct sic_kernel kernel;
    struct sic_profile profile;
    struct sic_error error;
    struct machine machine = {.agrees = &found_layouts[1], .otherwise = SIC_BROKEN};

    (void)state;
    known_kernel(&kernel, &profile);
    found_layouts[0] = found_layouts[1] = profile.layout;
    found_layouts[0].fields[0].offset += 8;
    found_layouts[1].fields[0].offset += 16;
    assert_int_equal(choose(&machine, &finder, &kernel, &error), SIC_OK);
    assert_int_equal(machine.count, 3);
    assert_true(are_equal(&machine.tried[0], &profile.layout));
    assert_string_equal(kernel.profile.name, "found-1");
    /* An exact layout that is true needs no PDB. */
    asked = 0;
    machine = (struct machine){.agrees = &profile.layout, .otherwise = SIC_BROKEN};
    known_kernel(&kernel, &profile);
    assert_int_equal(choose(&machine, &finder, &kernel, &error), SIC_OK);
    assert_int_equal(asked, 0);
}

static enum sic_status find_nothing(void *context, unsigned turn, struct sic_error *error, struct sic_kernel *kernel)
{
    (void)context;
    (void)turn;
    (void)kernel;
    return sic_error_set(error, SIC_NOT_FOUND, "its PDB is nowhere");
}

static void test_finders_sentence_is_passed_on(void **state)
{
    struct sic_live_finder finder = {.find = find_nothing};
    struct sic_kernel kernel = {.build = 99999};
    struct machine machine = {.otherwise = SIC_BROKEN};
    struct sic_error error;

    (void)state;
    assert_int_equal(choose(&machine, &finder, &kernel, &error), SIC_UNSUPPORTED);
    assert_non_null(strstr(error.message, "its PDB is nowhere"));
}

/* A finder as the listing makes one of an image's. */
static enum sic_status find_layout(void *context, const struct sic_pdb_reference *pdb, unsigned turn,
                                   struct sic_error *error, struct sic_found_layout *found)
{
    assert_string_equal(pdb->guid_age, KNOWN_KERNEL);
    if (turn > 0)
        return sic_error_set(error, SIC_NOT_FOUND, "there is one layout only");
    *found = (struct sic_found_layout){.profile.layout = *(const struct sic_layout *)context, .origin = "a/file"};
    return SIC_OK;
}

static void test_layouts_that_the_command_line_names(void **state)
{
    struct sic_layout layout;
    struct sic_layout_finder named = {.context = &layout, .find = find_layout};
    struct sic_layout_request own = {.own = &named}, pdb = {.pdb = &named};
    struct sic_live_finder finder = sic_live_finder_make(&own);
    struct machine machine = {.agrees = &layout, .otherwise = SIC_BROKEN};
    struct sic_profile profile;
    struct sic_kernel kernel;
    struct sic_error error;

    (void)state;
    known_kernel(&kernel, &profile);
    layout = profile.layout;
    layout.fields[0].offset += 8;
    /* The user's own file: nothing else, though the kernel is known. */
    assert_int_equal(choose(&machine, &finder, &kernel, &error), SIC_OK);
    assert_int_equal(machine.count, 1);
    assert_int_equal(kernel.layout_source, SIC_LAYOUT_FILE);
    assert_string_equal(kernel.layout_origin, "a/file");
    assert_int_equal(kernel.build, 19041);
    machine = (struct machine){.agrees = &profile.layout, .otherwise = SIC_BROKEN};
    known_kernel(&kernel, &profile);
    assert_int_equal(choose(&machine, &finder, &kernel, &error), SIC_UNSUPPORTED);
    assert_int_equal(machine.count, 1);
    assert_non_null(strstr(error.message, "--profile"));
    /* A PDB: after the exact profile. */
    finder = sic_live_finder_make(&pdb);
    machine = (struct machine){.agrees = &layout, .otherwise = SIC_BROKEN};
    known_kernel(&kernel, &profile);
    assert_int_equal(choose(&machine, &finder, &kernel, &error), SIC_OK);
    assert_int_equal(machine.count, 2);
    assert_int_equal(kernel.layout_source, SIC_LAYOUT_PDB);
}

/* One line, whole, with a way out. */
static void require_sentence(const struct sic_error *error)
{
    size_t length = strlen(error->message);

    assert_true(length > 20 && length < sizeof(error->message) - 1);
    assert_null(strchr(error->message, '\n'));
}

static void test_machines(void **state)
{
    static const struct {
        struct sic_machine machine;
        const char *text; /* NULL: nothing to refuse */
    } cases[] = {
        {{0x8664, 6, 3, true}, NULL},
        {{0x8664, 10, 0, true}, NULL},
        {{0x8664, 6, 2, true}, "Windows 6.2"},
        {{0x8664, 5, 2, true}, "Windows 5.2"},
        {{0x8664, 10, 0, false}, "Run as administrator"},
        {{0xaa64, 10, 0, true}, "Windows for ARM64"},
        {{0x14c, 6, 3, true}, "32-bit Windows"},
        /* What cannot be helped first. */
        {{0xaa64, 10, 0, false}, "Windows for ARM64"},
    };
    struct sic_error error;

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        enum sic_status status = sic_refusal_of_machine(&cases[i].machine, &error);

        assert_int_equal(status == SIC_OK, cases[i].text == NULL);
        if (!cases[i].text)
            continue;
        require_sentence(&error);
        assert_non_null(strstr(error.message, cases[i].text));
        assert_non_null(strstr(error.message, "image"));
    }
}

static void test_start_refusals(void **state)
{
    static const uint32_t codes[] = {2, 3, 5, 31, 127, 193, 577, 1055, 1058, 1275, 4551, 0xffffffff};
    struct sic_code_integrity plain = {0};
    struct sic_error error;

    (void)state;
    for (size_t i = 0; i < sizeof(codes) / sizeof(codes[0]); i++) {
        assert_int_equal(sic_refusal_of_start(codes[i], "Something", &plain, &error), SIC_IO);
        require_sentence(&error);
        assert_non_null(strstr(error.message, "sic-drv.sys"));
    }
}

/* Who is refused for the signature learns what this Windows is set to. */
static void test_signature_refusals(void **state)
{
    struct sic_code_integrity test_signing = {.is_known = true, .allows_test_signing = true};
    struct sic_code_integrity hvci = {.is_known = true, .has_memory_integrity = true};
    struct sic_code_integrity plain = {.is_known = true};
    struct sic_error error;

    (void)state;
    (void)sic_refusal_of_start(577, "", &plain, &error);
    assert_non_null(strstr(error.message, "bcdedit /set testsigning on"));
    assert_non_null(strstr(error.message, "kernel debugger"));
    assert_non_null(strstr(error.message, "--live-dump"));
    assert_null(strstr(error.message, "memory integrity"));
    (void)sic_refusal_of_start(577, "", &hvci, &error);
    assert_non_null(strstr(error.message, "memory integrity is on"));
    require_sentence(&error);
    (void)sic_refusal_of_start(577, "", &test_signing, &error);
    assert_null(strstr(error.message, "testsigning on"));
    assert_non_null(strstr(error.message, "though test signing is on"));
}

/* The statuses of docs/protocol.md, and one of nobody's. */
static void test_request_refusals(void **state)
{
    static const uint32_t statuses[] = {0x80000011, 0xc0000004, 0xc000000d, 0xc0000010, 0xc0000023, 0xc0000044,
                                        0xc0000059, 0xc000007a, 0xc000009a, 0xc00000bb, 0xc0000225, 0xdeadbeef};
    struct sic_error error;

    (void)state;
    for (size_t i = 0; i < sizeof(statuses) / sizeof(statuses[0]); i++) {
        assert_true(sic_refusal_of_request(statuses[i], &error) > SIC_NOT_MINE);
        assert_int_not_equal(sic_refusal_of_request(statuses[i], &error), SIC_BROKEN);
        require_sentence(&error);
    }
    assert_int_equal(sic_refusal_of_request(0xc000003e, &error), SIC_BROKEN);
    (void)sic_refusal_of_request(0xc000007a, &error);
    assert_non_null(strstr(error.message, "MmCopyMemory"));
    (void)sic_refusal_of_request(0xc00000bb, &error);
    assert_non_null(strstr(error.message, "PsAcquireProcessExitSynchronization"));
}

static void test_dump_refusals(void **state)
{
    static const uint32_t statuses[] = {0xc0000002, 0xc0000003, 0xc0000022, 0xc0000061,
                                        0xc000007f, 0xc0000120, 0xc0000354, 0xdeadbeef};
    struct sic_error error;

    (void)state;
    for (size_t i = 0; i < sizeof(statuses) / sizeof(statuses[0]); i++) {
        assert_int_equal(sic_refusal_of_dump(statuses[i], &error), SIC_IO);
        require_sentence(&error);
    }
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_exact_comes_first),
        cmocka_unit_test(test_nearest_by_build_each_once),
        cmocka_unit_test(test_every_profile_is_found),
        cmocka_unit_test(test_other_failures_end_the_choice),
        cmocka_unit_test(test_layouts_that_the_command_line_names),
        cmocka_unit_test(test_finder_after_exact),
        cmocka_unit_test(test_finders_sentence_is_passed_on),
        cmocka_unit_test(test_machines),
        cmocka_unit_test(test_start_refusals),
        cmocka_unit_test(test_signature_refusals),
        cmocka_unit_test(test_request_refusals),
        cmocka_unit_test(test_dump_refusals),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
