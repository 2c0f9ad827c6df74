/*
 * Containers of physical pages, held against an independent writer: of random page maps every page is found and no
 * other, and the runs cover the map exactly. Cut at any place, an image gives an error or counts what it lost.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "image/image.h"
#include "container_builder.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A format under test: writes a map, and says how the image must then call itself. */
struct format {
    const char *container;
    unsigned int most_runs;
    void (*build)(struct built_file *file, const struct page_map *map, uint64_t *seed);
    bool holes; /* absent frames are NULL; a raw image has zeros there */
};

static void build_raw(struct built_file *file, const struct page_map *map, uint64_t *seed)
{
    (void)seed;
    built_raw(file, map);
}

static void build_full(struct built_file *file, const struct page_map *map, uint64_t *seed)
{
    built_full(file, map, random_next(seed) % 2 == 0);
}

static void build_type_5(struct built_file *file, const struct page_map *map, uint64_t *seed)
{
    built_bitmap(file, map, 5, random_next(seed) % 2 ? "FDMP" : "SDMP", random_next(seed) % 5000);
}

static void build_type_6(struct built_file *file, const struct page_map *map, uint64_t *seed)
{
    built_bitmap(file, map, 6, "SDMP", random_next(seed) % 3 * 8);
}

static void build_type_7(struct built_file *file, const struct page_map *map, uint64_t *seed)
{
    (void)seed;
    built_bitmap(file, map, 7, "FDMP", 0);
}

static void build_type_8(struct built_file *file, const struct page_map *map, uint64_t *seed)
{
    (void)seed;
    built_ranges_dump(file, map, 8);
}

static void build_type_9(struct built_file *file, const struct page_map *map, uint64_t *seed)
{
    (void)seed;
    built_ranges_dump(file, map, 9);
}

static void build_type_a(struct built_file *file, const struct page_map *map, uint64_t *seed)
{
    (void)seed;
    built_ranges_dump(file, map, 10);
}

static void build_qemu(struct built_file *file, const struct page_map *map, uint64_t *seed)
{
    (void)seed;
    built_elf(file, map, "QEMU");
}

static void build_virtualbox(struct built_file *file, const struct page_map *map, uint64_t *seed)
{
    (void)seed;
    built_elf(file, map, "VBCORE");
}

static void build_lime(struct built_file *file, const struct page_map *map, uint64_t *seed)
{
    (void)seed;
    built_lime(file, map);
}

static void build_vmsn(struct built_file *file, const struct page_map *map, uint64_t *seed)
{
    (void)seed;
    built_vmsn(file, map);
}

static const struct format formats[] = {
    {"raw image", 400, build_raw, false},
    {"crash dump, type 1 (full)", 42, build_full, true},
    {"crash dump, type 5 (full bitmap)", 400, build_type_5, true},
    {"crash dump, type 6 (kernel bitmap)", 400, build_type_6, true},
    {"crash dump, type 7 (bitmap)", 400, build_type_7, true},
    {"crash dump, type 8 (.dump /k)", 400, build_type_8, true},
    {"crash dump, type 9 (.dump /ka)", 400, build_type_9, true},
    {"crash dump, type a (.dump /f)", 400, build_type_a, true},
    {"ELF core (QEMU)", 400, build_qemu, true},
    {"ELF core (VirtualBox)", 400, build_virtualbox, true},
    {"LiME image", 400, build_lime, true},
    {"VMware state (.vmss, .vmsn)", 64, build_vmsn, true},
};
#define BITMAP_END   5 /* behind the formats with a bitmap, which begin at 2 */
#define FORMAT_COUNT (sizeof(formats) / sizeof(formats[0]))
#define MAPS         300

/* Every frame of the map is there with its content, and no other. */
static void check_pages(const struct sic_image *image, const struct page_map *map, const struct format *format)
{
    uint8_t expected[BUILDER_PAGE];

    for (uint64_t pfn = 0; pfn < map->count + 130; pfn++) {
        const uint8_t *page = sic_image_page(image, pfn);
        bool present = pfn < map->count && map->present[pfn];
        bool zeros = pfn < map->count && !present && !format->holes;
        assert_int_equal(page != NULL, present || zeros);
        if (present) {
            built_page_content(pfn, expected);
            assert_memory_equal(page, expected, BUILDER_PAGE);
        }
    }
    assert_null(sic_image_page(image, UINT64_C(1) << 36));
    assert_null(sic_image_page(image, UINT64_MAX));
}

/* The runs, walked from the start, are maximal, ascending and cover exactly the map. */
static void check_runs(const struct sic_image *image, const struct page_map *map, const struct format *format)
{
    uint8_t *covered = calloc(map->count + 1, 1);
    uint64_t pfn = 0;
    uint64_t first;
    uint64_t count;

    while (sic_image_next_run(image, pfn, &first, &count)) {
        assert_true(first >= pfn && count > 0 && first + count <= map->count);
        assert_true(pfn == 0 || first > pfn); /* else the run before was not maximal */
        memset(covered + first, 1, count);
        pfn = first + count;
    }
    for (uint64_t i = 0; i < map->count; i++) {
        assert_int_equal(covered[i], format->holes ? map->present[i] : 1);
    }
    assert_true(sic_image_pfn_limit(image) >= pfn);
    free(covered);
}

/* From any frame, the next run is the rest of its own or the first one after it. */
static void check_runs_from_anywhere(const struct sic_image *image, const struct page_map *map, uint64_t *seed)
{
    for (int i = 0; i < 20 && map->count > 0; i++) {
        uint64_t from = random_next(seed) % map->count;
        uint64_t expected = from;
        uint64_t first;
        uint64_t count;
        while (expected < map->count && !map->present[expected]) {
            expected++;
        }
        bool found = sic_image_next_run(image, from, &first, &count);
        assert_int_equal(found, expected < map->count);
        if (found) {
            assert_int_equal(first, expected);
            assert_true(first + count == map->count || !map->present[first + count]);
        }
    }
}

static void check_world(const struct format *format, const struct page_map *map, uint64_t *seed)
{
    struct built_file file = {0};
    struct sic_image *image = NULL;
    struct sic_error error = {""};

    format->build(&file, map, seed);
    enum sic_status status = sic_image_open_bytes(file.bytes, file.size, "built", &error, &image);
    if (status != SIC_OK) {
        print_error("%s: %s\n", format->container, error.message);
    }
    assert_int_equal(status, SIC_OK);
    assert_string_equal(sic_image_container(image), format->container);
    assert_int_equal(sic_image_missing_pages(image), 0);
    assert_false(sic_image_is_virtual(image));
    check_pages(image, map, format);
    check_runs(image, map, format);
    if (format->holes) {
        check_runs_from_anywhere(image, map, seed);
    }
    sic_image_close(image);
    built_free(&file);
}

static void test_random_maps(void **state)
{
    uint64_t seed = 20260101;

    (void)state;
    for (size_t i = 0; i < FORMAT_COUNT; i++) {
        uint64_t least = formats[i].holes ? 1 : 256; /* a raw image has at least a mebibyte */
        for (int world = 0; world < MAPS; world++) {
            struct page_map map = page_map_random(least + random_next(&seed) % 700, formats[i].most_runs, &seed);
            if (page_map_present(&map) == 0) {
                map.present[random_next(&seed) % map.count] = 1;
            }
            check_world(&formats[i], &map, &seed);
            page_map_free(&map);
        }
    }
}

/* Dense, sparse and empty words around every boundary of the bitmap's count table. */
static void test_bitmap_edges(void **state)
{
    static const uint64_t counts[] = {1, 7, 8, 63, 64, 65, 127, 128, 191, 192, 255, 256, 257, 511, 512, 513, 1023};
    uint64_t seed = 7;

    (void)state;
    for (size_t i = 0; i < sizeof(counts) / sizeof(counts[0]); i++) {
        struct page_map map = {.present = calloc(counts[i], 1), .count = counts[i]};
        check_world(&formats[2], &map, &seed); /* no page at all */
        map.present[counts[i] - 1] = 1;
        check_world(&formats[2], &map, &seed);
        memset(map.present, 1, counts[i]);
        check_world(&formats[2], &map, &seed);
        page_map_free(&map);
    }
}

/* Bits past the count, in the last byte of the bitmap, are nobody's. */
static void test_bits_past_the_end(void **state)
{
    struct page_map map = {.present = (uint8_t[]){1, 0, 1}, .count = 3};
    struct built_file file = {0};
    struct sic_image *image = NULL;
    struct sic_error error;

    (void)state;
    built_bitmap(&file, &map, 5, "FDMP", 0);
    built_put(&file, 0x2038, "\xfd", 1);
    assert_int_equal(sic_image_open_bytes(file.bytes, file.size, "built", &error, &image), SIC_OK);
    assert_int_equal(sic_image_missing_pages(image), 0);
    assert_int_equal(sic_image_pfn_limit(image), 3);
    check_pages(image, &map, &formats[2]);
    check_runs(image, &map, &formats[2]);
    sic_image_close(image);
    built_free(&file);
}

/* Runs of a full dump that touch are walked as one; an empty run among them changes nothing. */
static void test_touching_runs(void **state)
{
    static const uint64_t runs[][2] = {{20, 3}, {10, 5}, {17, 0}, {15, 5}, {30, 1}};
    struct page_map map = {.present = calloc(40, 1), .count = 40};
    struct built_file file = {0};
    struct sic_image *image = NULL;
    struct sic_error error;
    uint8_t page[BUILDER_PAGE];

    (void)state;
    built_dump_header(&file, 1);
    built_put_u32(&file, 0x88, 5);
    for (size_t i = 0; i < 5; i++) {
        built_put_u64(&file, 0x98 + 16 * i, runs[i][0]);
        built_put_u64(&file, 0xa0 + 16 * i, runs[i][1]);
        for (uint64_t k = 0; k < runs[i][1]; k++) {
            map.present[runs[i][0] + k] = 1;
            built_page_content(runs[i][0] + k, page);
            built_put(&file, file.size, page, sizeof(page));
        }
    }
    assert_int_equal(sic_image_open_bytes(file.bytes, file.size, "built", &error, &image), SIC_OK);
    check_pages(image, &map, &formats[1]);
    check_runs(image, &map, &formats[1]);
    sic_image_close(image);
    built_free(&file);
    page_map_free(&map);
}

static uint64_t pages_found(const struct sic_image *image, const struct page_map *map)
{
    uint64_t found = 0;
    uint8_t expected[BUILDER_PAGE];

    for (uint64_t pfn = 0; pfn < map->count; pfn++) {
        const uint8_t *page = sic_image_page(image, pfn);
        if (page != NULL) {
            built_page_content(pfn, expected);
            assert_memory_equal(page, expected, BUILDER_PAGE);
            found++;
        }
    }
    return found;
}

static uint64_t pages_in_runs(const struct sic_image *image)
{
    uint64_t total = 0;
    uint64_t first;
    uint64_t count;

    for (uint64_t pfn = 0; sic_image_next_run(image, pfn, &first, &count); pfn = first + count) {
        total += count;
    }
    return total;
}

/* Cut to `size` bytes in a buffer of its own, so that a read past the end is seen by the address sanitizer. */
static bool check_cut(const struct built_file *file, size_t size, const struct page_map *map, uint64_t expected)
{
    uint8_t *bytes = malloc(size > 0 ? size : 1);
    struct sic_image *image = NULL;
    struct sic_error error = {""};

    memcpy(bytes, file->bytes, size);
    bool opened = sic_image_open_bytes(bytes, size, "cut", &error, &image) == SIC_OK;
    if (opened) {
        assert_int_equal(pages_found(image, map), expected);
        assert_int_equal(pages_in_runs(image), expected);
        assert_int_equal(sic_image_missing_pages(image), page_map_present(map) - expected);
    } else {
        assert_true(strlen(error.message) > 20);
        assert_null(strchr(error.message, '\n'));
        assert_null(image);
    }
    sic_image_close(image);
    free(bytes);
    return opened;
}

static void check_cuts(const struct format *format, size_t data_start, size_t step)
{
    uint64_t seed = 99;
    struct page_map map = page_map_random(300, 30, &seed);
    struct built_file file = {0};

    format->build(&file, &map, &seed);
    size_t pages_at = file.size - page_map_present(&map) * BUILDER_PAGE;
    for (size_t size = 0; size < data_start; size += size < 0x2040 && size > 0x1ff0 ? 1 : 13) {
        assert_false(check_cut(&file, size, &map, 0));
    }
    for (size_t size = data_start; size <= file.size; size += step) {
        uint64_t held = size < pages_at ? 0 : (size - pages_at) / BUILDER_PAGE;
        assert_true(check_cut(&file, size, &map, held));
    }
    assert_true(check_cut(&file, file.size, &map, page_map_present(&map)));
    page_map_free(&map);
    built_free(&file);
}

static void test_cut_full(void **state)
{
    (void)state;
    check_cuts(&formats[1], 0x2000, 1361);
}

static void test_cut_bitmap(void **state)
{
    (void)state;
    for (size_t i = 2; i < BITMAP_END; i++) {
        check_cuts(&formats[i], 0x2038 + (300 + 7) / 8, 1361);
    }
}

/* Behind their lists, dumps of ranges and cores are read as far as they go. */
static void test_cut_ranges(void **state)
{
    uint64_t seed = 99;
    struct page_map map = page_map_random(300, 30, &seed); /* the map of check_cuts */
    uint32_t runs = 0;

    (void)state;
    for (uint64_t pfn = 0; pfn < map.count; pfn++) {
        runs += map.present[pfn] && (pfn == 0 || !map.present[pfn - 1]);
    }
    page_map_free(&map);
    check_cuts(&formats[5], 0x2030 + 16 * (runs + 1), 1361);
    check_cuts(&formats[6], 0x2030 + 16 * (runs + 1), 1361);
    check_cuts(&formats[7], 0x2030 + 16 * (runs + 1), 1361);
    check_cuts(&formats[8], 64 + 56 * (runs + 2), 1361);
    check_cuts(&formats[9], 64 + 56 * (runs + 2), 1361);
}

static void test_cut_raw(void **state)
{
    uint64_t seed = 4;
    struct page_map map = {.present = calloc(300, 1), .count = 300};
    struct built_file file = {0};
    struct sic_image *image = NULL;
    struct sic_error error;

    (void)state;
    memset(map.present, 1, 300);
    build_raw(&file, &map, &seed);
    assert_int_equal(sic_image_open_bytes(file.bytes, file.size - 1, "cut", &error, &image), SIC_OK);
    assert_int_equal(sic_image_missing_pages(image), 1);
    assert_int_equal(pages_found(image, &map), 299);
    assert_int_equal(sic_image_pfn_limit(image), 299);
    assert_null(sic_image_page(image, 299));
    sic_image_close(image);
    page_map_free(&map);
    built_free(&file);
}

static void test_header_fields(void **state)
{
    uint64_t seed = 5;
    struct page_map map = page_map_random(100, 5, &seed);
    struct built_file file = {0};
    struct sic_image *image = NULL;
    struct sic_error error;

    (void)state;
    built_bitmap(&file, &map, 6, "SDMP", 0);
    built_put_u64(&file, 0x10, 0x1ad002); /* the low bits are no part of the address */
    built_put(&file, 0x80, "PAGEPAGE", 8);
    assert_int_equal(sic_image_open_bytes(file.bytes, file.size, "built", &error, &image), SIC_OK);
    const struct sic_image_header *header = sic_image_header(image);
    assert_int_equal(header->machine, 0x8664);
    assert_int_equal(header->build, 19041);
    assert_int_equal(header->processors, 4);
    assert_int_equal(header->dump_type, 6);
    assert_int_equal(header->directory_table_base, 0x1ad000);
    assert_int_equal(header->ps_loaded_module_list_va, UINT64_C(0xfffff80412345a00));
    assert_int_equal(header->ps_active_process_head_va, UINT64_C(0xfffff80412345b00));
    assert_int_equal(header->kd_debugger_data_block_va, 0);
    assert_int_equal(header->system_time, UINT64_C(0x01d707f23dbb3399));
    assert_int_equal(header->triage_process_va, 0);
    sic_image_close(image);
    page_map_free(&map);
    built_free(&file);
}

static void test_file_offset(void **state)
{
    struct page_map map = {.present = (uint8_t[]){0, 1, 0, 1}, .count = 4};
    struct built_file file = {0};
    struct sic_image *image = NULL;
    struct sic_error error;

    (void)state;
    built_full(&file, &map, false);
    assert_int_equal(sic_image_open_bytes(file.bytes, file.size, "built", &error, &image), SIC_OK);
    assert_int_equal(sic_image_file_offset(image, sic_image_page(image, 3)), 0x3000);
    assert_int_equal(sic_image_file_offset(image, sic_image_page(image, 1) + 5), 0x2005);
    sic_image_close(image);
    built_free(&file);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_random_maps),       cmocka_unit_test(test_bitmap_edges),
        cmocka_unit_test(test_bits_past_the_end), cmocka_unit_test(test_touching_runs),
        cmocka_unit_test(test_cut_full),          cmocka_unit_test(test_cut_bitmap),
        cmocka_unit_test(test_cut_raw),           cmocka_unit_test(test_header_fields),
        cmocka_unit_test(test_file_offset),       cmocka_unit_test(test_cut_ranges),
    };

    return cmocka_run_group_tests_name("image_pages", tests, NULL, NULL);
}
