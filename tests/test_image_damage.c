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
#include "container_builder.h"

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

/* The damaged bytes are the image, or describe `memory` where there is one. */
static enum sic_status open_damaged(const uint8_t *bytes, size_t size, const struct built_file *memory,
                                    struct sic_error *error, struct sic_image **image)
{
    return memory == NULL ? sic_image_open_bytes(bytes, size, "damaged", error, image)
                          : sic_image_open_pair(memory->bytes, memory->size, bytes, size, "damaged", error, image);
}

static unsigned int damage(const struct built_file *file, const struct region *regions, size_t region_count,
                           const struct built_file *memory)
{
    size_t lent_size = memory == NULL ? file->size : memory->size;
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
        if (open_damaged(bytes, file->size, memory, &error, &image) == SIC_OK) {
            assert_true(lent_bytes(image, lent_size) <= lent_size);
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
    assert_in_range(damage(&full, runs, 3, NULL), 50, ROUNDS - 50);
    assert_in_range(damage(&bitmap, bits, 4, NULL), 50, ROUNDS - 50);
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
    assert_in_range(damage(&file, regions, 5, NULL), 50, ROUNDS);
    built_free(&file);
}

/* Regions where each container of ranges keeps them; bytes of the memory behind them change nothing. */
static void test_range_containers(void **state)
{
    uint64_t seed = 9;
    struct page_map map = page_map_random(200, 12, &seed);
    struct built_file dump = {0};
    struct built_file core = {0};
    struct built_file lime = {0};
    struct built_file snapshot = {0};
    struct built_file memory = {0};
    struct built_file companion = {0};
    struct built_range ranges[12];
    uint32_t count = built_regions(&map, ranges, 12);
    const struct region of_dump[] = {{0x2000, 16}, {0x2010, 32}, {0x2030, 16 * count}, {0xf98, 4}};
    const struct region of_core[] = {{16, 4}, {32, 16}, {54, 4}, {64, 56}, {120, 56 * count}};
    const struct region of_lime[] = {{0, 32}, {32 + ranges[0].size * BUILDER_PAGE, 32}};

    (void)state;
    built_ranges_dump(&dump, &map, 10);
    built_elf(&core, &map, "QEMU");
    built_lime(&lime, &map);
    built_vmsn(&snapshot, &map);
    built_vmem(&memory, &map);
    built_vmss(&companion, ranges, count, 0);
    const struct region of_state[] = {{0, 92}, {92, companion.size - 92}};
    assert_in_range(damage(&dump, of_dump, 4, NULL), 50, ROUNDS - 50);
    assert_in_range(damage(&core, of_core, 5, NULL), 50, ROUNDS - 50);
    assert_in_range(damage(&lime, of_lime, 2, NULL), 50, ROUNDS - 50);
    assert_in_range(damage(&snapshot, of_state, 2, NULL), 50, ROUNDS - 50);
    assert_in_range(damage(&companion, of_state, 2, &memory), 50, ROUNDS - 50);
    built_free(&dump);
    built_free(&core);
    built_free(&lime);
    built_free(&snapshot);
    built_free(&memory);
    built_free(&companion);
    page_map_free(&map);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_page_containers),
        cmocka_unit_test(test_range_containers),
        cmocka_unit_test(test_triage),
    };

    return cmocka_run_group_tests_name("image_damage", tests, NULL, NULL);
}
