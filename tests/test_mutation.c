/*
 * Images damaged at random, hundreds of times for each of five kernels: whatever the bytes, the scan ends, and what it
 * says is consistent.
 */
#include "lab_world.h"

#include "kernel/collect.h"
#include "sharing/kernel_view.h"
#include "sharing/region.h"
#include "util/memory.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

static uint64_t next_random(uint64_t *state)
{
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    return *state;
}

/* Some bytes anywhere, or whole words that look like pointers into the image's own kernel. */
static void damage(uint8_t *bytes, size_t size, uint64_t *random, unsigned round)
{
    size_t hits = round % 4 == 0 ? size / 100 : 1 + next_random(random) % 400;

    for (size_t i = 0; i < hits; i++) {
        size_t at = next_random(random) % (size - 8);

        if (round % 2 == 0) {
            bytes[at] = (uint8_t)next_random(random);
        } else {
            /* Another word of the image: links that lead somewhere else, counts that are wrong. */
            at &= ~(size_t)7;
            memcpy(bytes + at, bytes + ((next_random(random) % (size - 8)) & ~(size_t)7), 8);
        }
    }
}

static void check_scan(const struct sic_scan *scan)
{
    struct sic_regions regions;
    struct sic_error error;
    uint32_t views = 0;

    for (uint32_t i = 0; i < scan->processes.count; i++) {
        const struct sic_process *process = sic_scan_process(scan, i);

        assert_true(process->first_view + process->view_count <= scan->views.count);
        views += process->view_count;
    }
    assert_int_equal(views, scan->views.count);
    assert_int_equal(sic_regions_build(scan, SIC_REGION_JOINED, 1, &error, &regions), SIC_OK);
    for (uint32_t i = 0; i < regions.count; i++)
        assert_true(regions.regions[i].count >= 2 ||
                    (regions.regions[i].count == 1 && sic_kernel_views_share(scan, regions.regions[i].section)));
    sic_regions_deinit(&regions);
}

/* Returns whether the damaged image was still answered. */
static bool scan_image(const uint8_t *bytes, size_t size)
{
    struct sic_collect_options options = sic_collect_everything(2);
    struct sic_error error = {.message = ""};
    struct sic_image *image;
    struct sic_kernel kernel;
    struct sic_scan scan;
    bool answered = false;

    if (sic_image_open_bytes(bytes, size, "damaged", &error, &image) != SIC_OK) {
        assert_true(error.message[0] != '\0');
        return false;
    }
    if (sic_kernel_open(image, &error, &kernel) == SIC_OK) {
        sic_scan_init(&scan, sic_heap_allocator());
        assert_int_equal(sic_collect(&kernel, &options, &error, &scan), SIC_OK);
        assert_true(sic_regions_report_claims(&scan));
        check_scan(&scan);
        sic_scan_deinit(&scan);
        answered = true;
    } else {
        assert_true(error.message[0] != '\0');
    }
    sic_image_close(image);
    return answered;
}

static void mutate(const char *arguments, uint64_t random, unsigned rounds)
{
    size_t size;
    uint8_t *original = lab_world_bytes(arguments, "kernel", &size), *damaged = malloc(size);
    unsigned answered = 0;
    double slowest = 0;

    assert_non_null(damaged);
    assert_true(scan_image(original, size));
    for (unsigned round = 0; round < rounds; round++) {
        clock_t start = clock();
        double seconds;

        memcpy(damaged, original, size);
        damage(damaged, size, &random, round);
        answered += scan_image(damaged, size);
        seconds = (double)(clock() - start) / CLOCKS_PER_SEC;
        if (seconds > slowest)
            slowest = seconds;
    }
    print_message("%s: %u of %u damaged images answered; the slowest took %.2f s\n", arguments, answered, rounds,
                  slowest);
    /* Most damage hits what regions do not depend on. */
    assert_true(answered > rounds / 10 && answered < rounds);
    /* An endless loop would be far longer, sanitizers and a busy machine included. */
    assert_true(slowest < 20);
    free(damaged);
    free(original);
}

static void test_known_kernel(void **state)
{
    (void)state;
    mutate("--seed 21 --layout 19041.264", 1, 500);
}

static void test_unknown_kernel(void **state)
{
    (void)state;
    mutate("--seed 22 --layout 26100", 2, 500);
}

static void test_old_kernels(void **state)
{
    (void)state;
    mutate("--seed 23 --layout 3790.3959", 3, 200);
    mutate("--seed 24 --layout 7601.24540", 4, 200);
}

static void test_five_levels(void **state)
{
    (void)state;
    mutate("--seed 25 --layout 26100-la57", 5, 200);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_known_kernel),
        cmocka_unit_test(test_unknown_kernel),
        cmocka_unit_test(test_old_kernels),
        cmocka_unit_test(test_five_levels),
    };

    return cmocka_run_group_tests_name("mutation", tests, NULL, NULL);
}
