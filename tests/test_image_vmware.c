/* VMware's files: random .vmem with their state files, state files that hold the memory, a .vmem alone, refusals. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "built_image.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define WORLDS 400

static enum sic_status open_pair(const struct built_file *memory, const struct built_file *companion,
                                 struct sic_error *error, struct sic_image **image)
{
    return sic_image_open_pair(memory->bytes, memory->size, companion->bytes, companion->size, "SOME.vmem", error,
                               image);
}

static void check_map(const struct sic_image *image, const struct page_map *map)
{
    uint8_t expected[BUILDER_PAGE];

    for (uint64_t pfn = 0; pfn < map->count + 10; pfn++) {
        const uint8_t *page = sic_image_page(image, pfn);
        assert_int_equal(page != NULL, pfn < map->count && map->present[pfn]);
        if (page != NULL) {
            built_page_content(pfn, expected);
            assert_memory_equal(page, expected, BUILDER_PAGE);
        }
    }
}

static void test_random_vmem(void **state)
{
    uint64_t seed = 65;

    (void)state;
    for (int world = 0; world < WORLDS; world++) {
        struct page_map map = page_map_random(1 + random_next(&seed) % 500, 64, &seed);
        struct built_file memory = {0};
        struct built_file companion = {0};
        struct built_range regions[64];
        struct sic_image *image = NULL;
        struct sic_error error = {""};
        map.present[random_next(&seed) % map.count] = 1;
        uint32_t count = built_regions(&map, regions, 64);
        if (count == 64) { /* the page set above may have made one run too many */
            memset(map.present + regions[63].address + regions[63].size, 0,
                   map.count - regions[63].address - regions[63].size);
        }
        built_vmem(&memory, &map);
        built_vmss(&companion, regions, count, 0);
        if (open_pair(&memory, &companion, &error, &image) != SIC_OK) {
            fail_msg("%s", error.message);
        }
        assert_string_equal(sic_image_container(image), "VMware memory (.vmem with its state)");
        check_map(image, &map);
        sic_image_close(image);
        built_free(&memory);
        built_free(&companion);
        page_map_free(&map);
    }
}

static void expect_pair_refusal(const struct built_file *memory, const struct built_file *companion, const char *word)
{
    struct sic_image *image = NULL;
    struct sic_error error = {""};

    assert_int_equal(open_pair(memory, companion, &error, &image), SIC_BROKEN);
    assert_null(image);
    if (strstr(error.message, word) == NULL) {
        fail_msg("\"%s\" is not in: %s", word, error.message);
    }
}

static void test_state_refusals(void **state)
{
    struct built_range regions[65] = {{0, 2, 0}, {10, 2, 2}};
    struct built_file memory = {0};
    struct built_file companion = {0};

    (void)state;
    built_put(&memory, 4 * BUILDER_PAGE - 1, "", 1);
    built_vmss(&companion, regions, 2, 0);
    built_put_u32(&companion, 92 + 14, 3); /* regionsCount */
    expect_pair_refusal(&memory, &companion, "region 2");
    built_put_u32(&companion, 92 + 14, 65);
    expect_pair_refusal(&memory, &companion, "more memory regions");
    built_put_u32(&companion, 92 + 14, 2);
    built_put(&companion, 12, "nemory", 6);
    expect_pair_refusal(&memory, &companion, "no group named");
    built_put(&companion, 12, "memory", 6);
    companion.size -= 2;
    expect_pair_refusal(&memory, &companion, "cut short or damaged");
    companion.size += 2;
    built_put_u64(&companion, 12 + 64, UINT64_MAX);
    expect_pair_refusal(&memory, &companion, "cut short or damaged");
    built_free(&companion);
    regions[1].address = UINT64_C(1) << 36;
    built_vmss(&companion, regions, 2, 0);
    expect_pair_refusal(&memory, &companion, "region 1");
    built_free(&companion);
    built_free(&memory);
}

static void test_state_files(void **state)
{
    const struct built_range region = {0, 2, 0};
    struct built_file file = {0};

    (void)state;
    built_vmss(&file, &region, 1, 0);
    built_image_expect_refusal(&file, SIC_UNSUPPORTED, "in a .vmem file of the same name");
    built_free(&file);
    built_vmss(&file, &region, 1, 2 * BUILDER_PAGE);
    uint8_t *tag = memmem(file.bytes, file.size, "Memory", 6);
    assert_non_null(tag);
    tag[-2] = 62;
    built_image_expect_refusal(&file, SIC_UNSUPPORTED, "compressed");
    tag[-2] = 63;
    struct sic_image *image = built_image_open(&file); /* cut before the first page */
    assert_int_equal(sic_image_missing_pages(image), 2);
    sic_image_close(image);
    built_free(&file);
}

/* A .vmem alone: without a hole up to 3 GiB, refused above. Sparse files on disk; paths in both cases of letters. */
static void test_vmem_alone(void **state)
{
    char path[] = "/tmp/sic-test-XXXXXX.VMEM";
    int descriptor = mkstemps(path, 5);
    struct sic_image *image = NULL;
    struct sic_error error = {""};

    (void)state;
    assert_true(descriptor >= 0);
    assert_int_equal(ftruncate(descriptor, (off_t)3 << 30), 0);
    assert_int_equal(sic_image_open(path, &error, &image), SIC_OK);
    assert_string_equal(sic_image_container(image), "VMware memory (.vmem alone: no hole)");
    assert_int_equal(sic_image_pfn_limit(image), 0xc0000);
    sic_image_close(image);
    image = NULL;
    assert_int_equal(ftruncate(descriptor, ((off_t)3 << 30) + 4096), 0);
    assert_int_equal(sic_image_open(path, &error, &image), SIC_UNSUPPORTED);
    assert_null(image);
    assert_non_null(strstr(error.message, ".vmss or .vmsn"));
    close(descriptor);
    unlink(path);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_random_vmem),
        cmocka_unit_test(test_state_refusals),
        cmocka_unit_test(test_state_files),
        cmocka_unit_test(test_vmem_alone),
    };

    return cmocka_run_group_tests_name("image_vmware", tests, NULL, NULL);
}
