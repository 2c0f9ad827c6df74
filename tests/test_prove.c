/*
 * Every built-in layout against an image of every epoch: those that differ in a field on which regions depend are
 * turned down, the image's own is accepted.
 */
#include "lab_world.h"

#include "kernel/find.h"
#include "kernel/kernel.h"
#include "util/memory.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

struct world {
    uint8_t *bytes;
    struct sic_image *image;
    struct sic_kernel kernel;
    struct sic_address_space *space;
};

static void open_world(struct world *world, const char *layout)
{
    char arguments[96];
    struct sic_error error;
    size_t size;

    snprintf(arguments, sizeof(arguments), "--seed 11 --layout %s", layout);
    world->bytes = lab_world_bytes(arguments, "kernel", &size);
    assert_int_equal(sic_image_open_bytes(world->bytes, size, layout, &error, &world->image), SIC_OK);
    if (sic_kernel_open(world->image, &error, &world->kernel) != SIC_OK)
        fail_msg("%s: %s", layout, error.message);
    assert_int_equal(sic_address_space_create(world->image, &world->kernel.paging, &error, &world->space), SIC_OK);
}

static void close_world(struct world *world)
{
    sic_address_space_destroy(world->space);
    sic_image_close(world->image);
    free(world->bytes);
}

/* Required of some releases. */
static bool is_of_epoch(enum sic_field field)
{
    static const enum sic_field fields[] = {
        SIC_FIELD_AVL_TABLE_BALANCED_ROOT,      SIC_FIELD_MMVAD_SHORT_STARTING_VPN_HIGH,
        SIC_FIELD_MMVAD_SHORT_ENDING_VPN_HIGH,  SIC_FIELD_MMVAD_SUBSECTION,
        SIC_FIELD_MMVAD_CONTROL_AREA,           SIC_FIELD_MMVAD_VADS_PROCESS,
        SIC_FIELD_MMVAD_SHORT_ENDING_VPN_HIGHER};

    for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++) {
        if (fields[i] == field)
            return true;
    }
    return false;
}

/* Equal in all that the walk cannot do without, and in what makes it pass a node over. */
static bool decide_the_same(const struct sic_layout *a, const struct sic_layout *b)
{
    if (sic_layout_vpn_format(a) != sic_layout_vpn_format(b))
        return false;
    for (unsigned field = 0; field < SIC_FIELD_COUNT; field++) {
        if ((sic_layout_field_is_required(field) || is_of_epoch(field) ||
             field == SIC_FIELD_VAD_FLAGS_DELETE_IN_PROGRESS) &&
            memcmp(&a->fields[field], &b->fields[field], sizeof(a->fields[field])) != 0)
            return false;
    }
    return true;
}

/* Regions are decided alike, but a structure's size may differ: that alone changes no answer. */
static void check_pair(const struct world *world, const struct sic_profile *own, const struct sic_profile *other,
                       unsigned *refused)
{
    struct sic_reader reader = sic_address_space_reader(world->space);
    struct sic_proof proof;
    bool accepted = sic_layout_prove(&reader, &other->layout, &world->kernel.processes, SIC_PROOF_OF_GUESS,
                                     sic_heap_allocator(), &proof);

    if (decide_the_same(&own->layout, &other->layout)) {
        if (!accepted)
            fail_msg("%s refused on an image of %s, though they agree: %s", other->name, own->name,
                     proof.refusal ? proof.refusal : "contradictions");
        return;
    }
    if (accepted)
        fail_msg("%s accepted on an image of %s: %u agreements, %u contradictions", other->name, own->name,
                 proof.agreements, proof.contradictions);
    ++*refused;
}

static void test_wrong_layouts_are_turned_down(void **state)
{
    struct sic_profile own, other;
    size_t cursor = 0, other_cursor;
    unsigned refused = 0, worlds = 0;

    (void)state;
    while (sic_profile_builtin_next(&cursor, &own)) {
        struct world world;

        open_world(&world, own.name);
        worlds++;
        for (other_cursor = 0; sic_profile_builtin_next(&other_cursor, &other);)
            check_pair(&world, &own, &other, &refused);
        close_world(&world);
    }
    print_message("%u images, %u wrong layouts turned down\n", worlds, refused);
    assert_true(worlds >= 29 && refused >= 700);
}

static void test_exact_layout_is_named_so(void **state)
{
    struct world world;

    (void)state;
    open_world(&world, "19041.264");
    assert_int_equal(world.kernel.layout_source, SIC_LAYOUT_EXACT);
    assert_string_equal(world.kernel.profile.name, "19041.264");
    assert_int_equal(world.kernel.build, 19041);
    close_world(&world);
    open_world(&world, "26100");
    assert_int_equal(world.kernel.layout_source, SIC_LAYOUT_NEAREST);
    assert_true(world.kernel.profile.is_partial);
    close_world(&world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_wrong_layouts_are_turned_down),
        cmocka_unit_test(test_exact_layout_is_named_so),
    };

    return cmocka_run_group_tests_name("prove", tests, NULL, NULL);
}
