/*
 * Damaged images: one byte in a hundred of the headers is changed, a thousand times for each container. Whatever is
 * opened then must answer within the file; the sanitizers watch the rest.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "image/image.h"
#include "image_builder.h"

#include <stdlib.h>
#include <string.h>

#define ROUNDS 1000

/* Where a container keeps what decides: damage elsewhere in the 8 KiB header changes nothing. */
struct region {
    size_t start;
    size_t size;
};

static uint64_t lent_bytes(const struct sic_image *image, size_t file_size)
{
    uint64_t first;
    uint64_t count;
    uint64_t total = 0;

    for (uint64_t pfn = 0; sic_image_next_run(image, pfn, &first, &count); pfn = first + count) {
        for (uint64_t i = 0; i < count; i++) {
            const uint8_t *page = sic_image_page(image, first + i);
            assert_non_null(page);
            assert_true(sic_image_file_offset(image, page) + SIC_PAGE_SIZE <= file_size);
            total += SIC_PAGE_SIZE;
        }
    }
    return total;
}

static void lent_virtual(const struct sic_image *image, const uint8_t *bytes, size_t size)
{
    for (size_t at = 0x2000; at + 8 <= size; at += 8) {
        uint64_t va;
        size_t length = 0;
        memcpy(&va, bytes + at, 8);
        const uint8_t *lent = sic_image_virtual(image, va, &length);
        if (lent != NULL) {
            assert_true(length > 0 && sic_image_file_offset(image, lent) + length <= size);
        }
    }
}

static unsigned int damage(const struct built_file *file, const struct region *regions, size_t region_count)
{
    uint64_t seed = 11;
    unsigned int opened = 0;
    uint8_t *bytes = malloc(file->size);

    for (int round = 0; round < ROUNDS; round++) {
        memcpy(bytes, file->bytes, file->size);
        const struct region *region = &regions[random_next(&seed) % region_count];
        for (size_t changes = region->size / 100 + 1; changes > 0; changes--) {
            uint64_t number = random_next(&seed);
            bytes[region->start + number % region->size] = (uint8_t)(number >> 56);
        }
        struct sic_image *image = NULL;
        struct sic_error error = {""};
        if (sic_image_open_bytes(bytes, file->size, "damaged", &error, &image) == SIC_OK) {
            assert_true(lent_bytes(image, file->size) <= file->size);
            lent_virtual(image, bytes, file->size);
            opened++;
        } else {
            assert_null(image);
            assert_true(strlen(error.message) > 20);
        }
        sic_image_close(image);
    }
    free(bytes);
    return opened;
}

/* Some rounds must still open: else only refusals were tested. */
static void test_page_containers(void **state)
{
    uint64_t seed = 6;
    struct page_map map = page_map_random(200, 12, &seed);
    struct built_file full = {0};
    struct built_file bitmap = {0};
    const struct region runs[] = {{0x88, 16}, {0x98, 12 * 16}, {0xf98, 4}};
    const struct region bits[] = {{0x2000, 8}, {0x2020, 24}, {0x2038, 25}, {0xf98, 4}};

    (void)state;
    built_full(&full, &map, false);
    built_bitmap(&bitmap, &map, 5, "FDMP", 0);
    assert_in_range(damage(&full, runs, 3), 50, ROUNDS - 50);
    assert_in_range(damage(&bitmap, bits, 4), 50, ROUNDS - 50);
    built_free(&full);
    built_free(&bitmap);
    page_map_free(&map);
}

static void test_triage(void **state)
{
    struct built_block blocks[50];
    struct built_file file = {0};
    uint64_t seed = 8;
    const struct region regions[] = {{0x2020, 12}, {0x2048, 8}, {0x2070, 16}, {0x2080, sizeof(blocks)}, {0x3000, 64}};

    (void)state;
    for (size_t i = 0; i < 50; i++) {
        blocks[i] = (struct built_block){UINT64_C(0xffff800000000000) + random_next(&seed) % 4096,
                                         0x3000 + 40 * (uint32_t)i, (uint32_t)(random_next(&seed) % 300)};
    }
    built_triage(&file, blocks, 50);
    built_put_u64(&file, 0x2020, UINT64_C(0x0000310000003000));
    built_put_u64(&file, 0x2048, UINT64_C(0xffff800000000800));
    built_put_u64(&file, 0x2070, UINT64_C(0x0000038000003000));
    built_put(&file, 0x3000, "\3", 1);
    for (unsigned int i = 0; i < 4; i++) {
        built_put_u64(&file, 0x3008 + 8 * i, UINT64_C(0xffff800000000108) + i / 2 * 16);
    }
    built_put(&file, 0x4000, "", 1);
    assert_in_range(damage(&file, regions, 5), 50, ROUNDS);
    built_free(&file);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_page_containers),
        cmocka_unit_test(test_triage),
    };

    return cmocka_run_group_tests_name("image_damage", tests, NULL, NULL);
}
