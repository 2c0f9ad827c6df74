/*
 * Memory that runs out while an image is opened: for each container, each allocation fails once. The answer is then an
 * error or, where SiC can do without, the same image; the sanitizers see what is left behind.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "container_builder.h"
#include "failing_heap.h"
#include "image/image.h"

#include <stdlib.h>
#include <string.h>

static uint64_t count_pages(const struct sic_image *image)
{
    uint64_t total = 0;
    uint64_t first;
    uint64_t count;

    for (uint64_t pfn = 0; sic_image_next_run(image, pfn, &first, &count); pfn = first + count) {
        total += count;
    }
    return total;
}

/* Opens the file with one allocation less each time, until nothing fails; returns how many allocations failed. */
static int fail_each(struct built_file *file, uint64_t pages)
{
    int refused = 0;

    for (int allowed = 0; allowed < 1000; allowed++) {
        struct sic_image *image = NULL;
        struct sic_error error = {""};
        failing_heap_start(allowed);
        enum sic_status status = sic_image_open_bytes(file->bytes, file->size, "built", &error, &image);
        bool failed = failing_heap_stop();
        if (status == SIC_OK) {
            assert_int_equal(count_pages(image), pages);
        } else {
            assert_true(failed);
            assert_null(image);
            assert_true(strlen(error.message) > 20);
            refused++;
        }
        sic_image_close(image);
        if (!failed) {
            built_free(file);
            return refused;
        }
    }
    fail_msg("no end of allocations");
    return 0;
}

/* 60 runs: the list grows twice beyond its first 16 ranges. */
static void test_each_container(void **state)
{
    struct page_map map = {.present = calloc(180, 1), .count = 180};
    struct built_file file = {0};

    (void)state;
    for (uint64_t pfn = 0; pfn < map.count; pfn += 3) {
        map.present[pfn] = 1;
    }
    built_bitmap(&file, &map, 6, "SDMP", 0);
    assert_true(fail_each(&file, 60) >= 2);
    built_ranges_dump(&file, &map, 8);
    assert_true(fail_each(&file, 60) >= 7);
    built_ranges_dump(&file, &map, 10);
    assert_true(fail_each(&file, 60) >= 7);
    built_elf(&file, &map, "QEMU");
    assert_true(fail_each(&file, 60) >= 7);
    built_lime(&file, &map);
    assert_true(fail_each(&file, 60) >= 7);
    built_vmsn(&file, &map);
    assert_true(fail_each(&file, 60) >= 7);
    page_map_free(&map);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_each_container)};

    return cmocka_run_group_tests_name("image_memory", tests, NULL, NULL);
}
