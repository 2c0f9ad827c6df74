/*
 * What only containers of ranges can do: ranges that overlap, stand in any order, begin and end within pages, name the
 * same bytes twice, or are more than 16 bits count; LiME files cut at any place; and the refusals of each. VMware's are
 * in test_image_vmware.c.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "built_image.h"

#include <stdlib.h>
#include <string.h>

#define FRAMES 220
#define WORLDS 400

/* --- random ranges against a model that looks at each frame by itself --- */

static uint64_t whole_file_offset(const struct built_range *ranges, uint32_t count, size_t size, uint64_t pfn)
{
    uint64_t best = UINT64_MAX;
    uint64_t lowest = UINT64_MAX;
    uint64_t address = pfn * BUILDER_PAGE;

    for (uint32_t i = 0; i < count; i++) {
        const struct built_range *range = &ranges[i];
        uint64_t offset = range->offset + (address - range->address);
        uint64_t edge = (BUILDER_PAGE - range->address % BUILDER_PAGE) % BUILDER_PAGE; /* to its first whole page */
        if (address >= range->address && address + BUILDER_PAGE <= range->address + range->size &&
            offset + BUILDER_PAGE <= size && range->offset + edge < lowest) {
            lowest = range->offset + edge;
            best = offset;
        }
    }
    return best;
}

static bool promised(const struct built_range *ranges, uint32_t count, uint64_t pfn)
{
    for (uint32_t i = 0; i < count; i++) {
        if (pfn * BUILDER_PAGE >= ranges[i].address && (pfn + 1) * BUILDER_PAGE <= ranges[i].address + ranges[i].size) {
            return true;
        }
    }
    return false;
}

static void check_model(const struct sic_image *image, const struct built_range *ranges, uint32_t count, size_t size)
{
    uint64_t missing = 0;
    uint64_t next_first = 0;
    uint64_t next_count = 0;

    for (uint64_t pfn = 0; pfn < FRAMES + 40; pfn++) {
        uint64_t offset = whole_file_offset(ranges, count, size, pfn);
        const uint8_t *page = sic_image_page(image, pfn);
        bool in_run = sic_image_next_run(image, pfn, &next_first, &next_count) && next_first == pfn;
        assert_int_equal(page != NULL, offset != UINT64_MAX);
        assert_int_equal(in_run, page != NULL);
        if (page != NULL) {
            assert_int_equal(sic_image_file_offset(image, page), offset);
        }
        missing += page == NULL && promised(ranges, count, pfn);
    }
    assert_int_equal(sic_image_missing_pages(image), missing);
}

/* A range anywhere: most whole pages, some with edges within pages, some small. */
static struct built_range random_range(uint64_t *seed)
{
    uint64_t first = random_next(seed) % FRAMES;
    uint64_t most = FRAMES - first < 60 ? FRAMES - first : 60;
    struct built_range range = {.address = first * BUILDER_PAGE, .size = (random_next(seed) % most + 1) * BUILDER_PAGE};

    if (random_next(seed) % 3 == 0) {
        range.address += random_next(seed) % BUILDER_PAGE;
        range.size -= random_next(seed) % BUILDER_PAGE;
    }
    return range;
}

static void test_random_lime(void **state)
{
    uint64_t seed = 61;

    (void)state;
    for (int world = 0; world < WORLDS; world++) {
        struct built_file file = {0};
        struct built_range ranges[12];
        uint32_t count = 1 + (uint32_t)(random_next(&seed) % 12);
        bool pages = false;
        for (uint32_t i = 0; i < count; i++) {
            ranges[i] = random_range(&seed);
            ranges[i].offset = built_lime_header(&file, ranges[i].address, ranges[i].address + ranges[i].size - 1);
            built_put(&file, file.size + ranges[i].size - 1, "", 1);
        }
        for (uint64_t pfn = 0; pfn < FRAMES; pfn++) {
            pages |= promised(ranges, count, pfn);
        }
        if (pages) {
            struct sic_image *image = built_image_open(&file);
            check_model(image, ranges, count, file.size);
            sic_image_close(image);
        } else {
            built_image_expect_refusal(&file, SIC_BROKEN, "no page of memory");
        }
        built_free(&file);
    }
}

/* Cores whose segments name any place of the file, past its end too. */
static void test_random_cores(void **state)
{
    uint64_t seed = 62;
    unsigned int opened = 0;

    (void)state;
    for (int world = 0; world < WORLDS; world++) {
        struct built_file file = {0};
        struct built_range ranges[20];
        uint32_t count = 1 + (uint32_t)(random_next(&seed) % 20);
        size_t memory = built_elf_memory(count);
        for (uint32_t i = 0; i < count; i++) {
            ranges[i] = random_range(&seed);
            ranges[i].offset = memory + random_next(&seed) % (250 * BUILDER_PAGE);
        }
        built_elf_headers(&file, ranges, count, "QEMU", false);
        built_put(&file, memory + 260 * BUILDER_PAGE, "", 1);
        struct sic_image *image = NULL;
        struct sic_error error = {""};
        if (sic_image_open_bytes(file.bytes, file.size, "built", &error, &image) == SIC_OK) {
            check_model(image, ranges, count, file.size);
            opened++;
        }
        sic_image_close(image);
        built_free(&file);
    }
    assert_in_range(opened, WORLDS * 9 / 10, WORLDS); /* else only refusals were tested */
}

/* --- ELF cores --- */

/* More segments than e_phnum counts, each page named three times, as a core with paging=on names what is mapped often.
 */
static void test_many_segments(void **state)
{
    const uint32_t count = 70000;
    struct built_range *ranges = calloc(count, sizeof(*ranges));
    struct page_map map = {.present = calloc(count / 3 + 1, 1), .count = 300};
    struct built_file file = {0};
    uint64_t seed = 63;
    uint8_t page[BUILDER_PAGE];

    (void)state;
    assert_non_null(ranges);
    for (uint32_t i = 0; i < count; i++) {
        uint64_t pfn = random_next(&seed) % map.count;
        map.present[pfn] = 1;
        ranges[i] =
            (struct built_range){pfn * BUILDER_PAGE, BUILDER_PAGE, built_elf_memory(count) + pfn * BUILDER_PAGE};
    }
    built_elf_headers(&file, ranges, count, "QEMU", true);
    for (uint64_t pfn = 0; pfn < map.count; pfn++) {
        built_page_content(pfn, page);
        built_put(&file, file.size, page, sizeof(page));
    }
    struct sic_image *image = built_image_open(&file);
    for (uint64_t pfn = 0; pfn < map.count; pfn++) {
        const uint8_t *got = sic_image_page(image, pfn);
        assert_non_null(got);
        built_page_content(pfn, page);
        assert_memory_equal(got, page, sizeof(page));
    }
    assert_int_equal(sic_image_missing_pages(image), 0);
    sic_image_close(image);
    built_put_u64(&file, 40, UINT64_MAX - 10); /* e_shoff */
    built_image_expect_refusal(&file, SIC_BROKEN, "section header");
    built_free(&file);
    page_map_free(&map);
    free(ranges);
}

/* Each frame its own page of the file, and one page for two frames: the second is no memory image. */
static void test_aliases(void **state)
{
    struct built_range ranges[] = {{0, 40 * BUILDER_PAGE, 4096}, {1 << 20, 40 * BUILDER_PAGE, 4096}};
    struct built_file file = {0};

    (void)state;
    built_elf_headers(&file, ranges, 2, "QEMU", false);
    built_put(&file, 4096 + 41 * BUILDER_PAGE, "", 1);
    built_image_expect_refusal(&file, SIC_BROKEN, "same bytes");
    built_free(&file);
}

static void test_core_refusals(void **state)
{
    const struct built_range range = {0x1000, 2 * BUILDER_PAGE, 4096};
    struct built_file file = {0};

    (void)state;
    built_elf_headers(&file, &range, 1, "QEMU", false);
    built_put(&file, 20000, "", 1);
    sic_image_close(built_image_open(&file));
    built_put(&file, 18, "\3\0", 2);
    built_image_expect_refusal(&file, SIC_UNSUPPORTED, "32-bit x86");
    built_put(&file, 18, "\xb7\0", 2);
    built_image_expect_refusal(&file, SIC_UNSUPPORTED, "ARM64");
    built_put(&file, 18, "\x3e\0", 2);
    built_put(&file, 54, "\x20\0", 2);
    built_image_expect_refusal(&file, SIC_BROKEN, "32 bytes (offset 0x36)");
    built_put(&file, 54, "\x38\0", 2);
    built_put(&file, 56, "\0\0", 2);
    built_image_expect_refusal(&file, SIC_BROKEN, "0 segments");
    built_put(&file, 56, "\xff\xff", 2);
    built_image_expect_refusal(&file, SIC_BROKEN, "cut short in its 65535 program headers");
    built_put(&file, 56, "\1\0", 2);
    built_image_expect_refusal(&file, SIC_BROKEN, "no page of memory"); /* the note only */
    built_put(&file, 56, "\2\0", 2);
    built_put_u64(&file, 64 + 56 + 24, (UINT64_C(1) << 48) - 4096);
    built_image_expect_refusal(&file, SIC_BROKEN, "segment 1");
    built_put_u64(&file, 64 + 56 + 24, UINT64_MAX - 4096);
    built_image_expect_refusal(&file, SIC_BROKEN, "48 bits");
    file.size = 60;
    built_image_expect_refusal(&file, SIC_BROKEN, "cut short in its header");
    built_free(&file);
}

/* The core of a process has virtual addresses only. */
static void test_core_of_a_process(void **state)
{
    const struct built_range range = {0x400000, 2 * BUILDER_PAGE, 4096};
    struct built_file file = {0};

    (void)state;
    built_elf_headers(&file, &range, 1, "CORE", false);
    built_put(&file, 20000, "", 1);
    struct sic_image *image = built_image_open(&file);
    assert_string_equal(sic_image_container(image), "ELF core");
    sic_image_close(image);
    built_put_u64(&file, 64 + 56 + 24, 0);
    built_image_expect_refusal(&file, SIC_UNSUPPORTED, "one process");
    built_free(&file);
}

/* --- LiME --- */

static void test_lime_cut(void **state)
{
    uint64_t seed = 64;
    struct page_map map = page_map_random(200, 12, &seed);
    struct built_file file = {0};
    struct built_range regions[12];

    (void)state;
    built_lime(&file, &map);
    uint32_t count = built_regions(&map, regions, 12);
    for (uint32_t i = 0; i < count; i++) {
        regions[i].offset = regions[i].offset * BUILDER_PAGE + 32 * (i + 1);
        regions[i].address *= BUILDER_PAGE;
        regions[i].size *= BUILDER_PAGE;
    }
    for (size_t size = 32; size < file.size; size += size < 70 ? 1 : 1361) {
        uint8_t *bytes = malloc(size);
        struct sic_image *image = NULL;
        struct sic_error error = {""};
        uint32_t known = 0;
        memcpy(bytes, file.bytes, size);
        while (known < count && regions[known].offset <= size) {
            known++;
        }
        bool in_header = known < count && regions[known - 1].offset + regions[known - 1].size < size;
        assert_int_equal(sic_image_open_bytes(bytes, size, "cut", &error, &image), SIC_OK);
        for (uint64_t pfn = 0; pfn < map.count; pfn++) {
            const uint8_t *page = sic_image_page(image, pfn);
            uint64_t offset = whole_file_offset(regions, known, size, pfn);
            assert_int_equal(page != NULL, offset != UINT64_MAX);
        }
        if (in_header || size < regions[known - 1].offset + regions[known - 1].size) {
            assert_true(sic_image_missing_pages(image) > 0);
        } else {
            assert_int_equal(sic_image_missing_pages(image), 0); /* a cut between two ranges cannot be seen */
        }
        sic_image_close(image);
        free(bytes);
    }
    built_free(&file);
    page_map_free(&map);
}

static void test_lime_refusals(void **state)
{
    struct built_file file = {0};

    (void)state;
    built_lime_header(&file, 0x1000, 0x1fff);
    built_put(&file, 32 + 4096 - 1, "", 1);
    sic_image_close(built_image_open(&file));
    built_put_u32(&file, 4, 2);
    built_image_expect_refusal(&file, SIC_UNSUPPORTED, "version 2");
    built_put_u32(&file, 4, 1);
    built_put_u64(&file, 16, 0xfff);
    built_image_expect_refusal(&file, SIC_BROKEN, "before it begins");
    built_put_u64(&file, 16, UINT64_C(1) << 48);
    built_image_expect_refusal(&file, SIC_BROKEN, "48 bits");
    built_put_u64(&file, 8, 0);
    built_put_u64(&file, 16, UINT64_MAX);
    built_image_expect_refusal(&file, SIC_BROKEN, "48 bits");
    built_put_u64(&file, 8, 0x1000);
    built_put_u64(&file, 16, 0x1fff);
    size_t second = file.size;
    built_lime_header(&file, 0x3000, 0x3fff);
    built_put(&file, second, "AVML", 4);
    built_image_expect_refusal(&file, SIC_UNSUPPORTED, "avml-convert");
    built_put(&file, second, "else", 4);
    built_image_expect_refusal(&file, SIC_BROKEN, "offset 0x1020");
    file.size = 20;
    built_image_expect_refusal(&file, SIC_BROKEN, "cut short in its first header");
    built_free(&file);
}

/* --- the debugger's dumps --- */

static void test_ranges_dump_refusals(void **state)
{
    struct page_map map = {.present = (uint8_t[]){0, 1, 1, 0, 1}, .count = 5};
    struct built_file file = {0};

    (void)state;
    built_ranges_dump(&file, &map, 10);
    sic_image_close(built_image_open(&file));
    built_put(&file, 0x2000, "\x41", 1);
    built_image_expect_refusal(&file, SIC_BROKEN, "type 0xa without its list of ranges");
    built_put(&file, 0x2000, "\x40", 1);
    built_put_u64(&file, 0x2028, 2);
    struct sic_image *image = built_image_open(&file); /* the count ends the list */
    assert_null(sic_image_page(image, 4));
    sic_image_close(image);
    built_put_u64(&file, 0x2028, 1);
    built_image_expect_refusal(&file, SIC_BROKEN, "beyond the number of pages");
    built_put_u64(&file, 0x2028, 3);
    built_put_u64(&file, 0x2010, 0x1000);
    built_image_expect_refusal(&file, SIC_BROKEN, "reaches beyond its first page");
    built_put_u64(&file, 0x2018, 0x2010);
    built_image_expect_refusal(&file, SIC_BROKEN, "0x2010");
    built_put_u64(&file, 0x2018, UINT64_MAX);
    built_put_u64(&file, 0x2010, UINT64_MAX - 0x3000);
    built_image_expect_refusal(&file, SIC_BROKEN, "cut short in its list");
    built_put_u64(&file, 0x2010, 48);
    built_put_u64(&file, 0x2018, 0x2050);
    built_put_u64(&file, 0x2030, UINT64_C(1) << 36);
    built_image_expect_refusal(&file, SIC_BROKEN, "48 bits");
    built_put_u32(&file, 0xf98, 1);
    built_put_u32(&file, 0x88, 1);
    built_image_expect_refusal(&file, SIC_BROKEN, "list of ranges follows");
    built_free(&file);
}

/* A dump of types 8 and 9 ends its list with a range of no pages; what stands behind is no range. */
static void test_end_of_list(void **state)
{
    struct page_map map = {.present = (uint8_t[]){1, 0, 1, 1}, .count = 4};
    struct built_file file = {0};

    (void)state;
    built_ranges_dump(&file, &map, 9);
    struct sic_image *image = built_image_open(&file);
    assert_non_null(sic_image_page(image, 0)); /* frame 0 in the first range */
    assert_int_equal(sic_image_missing_pages(image), 0);
    sic_image_close(image);
    built_put_u64(&file, 0x2030 + 16 + 8, 0);
    image = built_image_open(&file);
    assert_null(sic_image_page(image, 2));
    sic_image_close(image);
    built_put_u64(&file, 0x2030 + 16, 0);
    built_put_u64(&file, 0x2030 + 16 + 8, 2);
    image = built_image_open(&file);
    assert_int_equal(sic_image_pfn_limit(image), 1);
    sic_image_close(image);
    built_free(&file);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_random_lime),   cmocka_unit_test(test_random_cores),
        cmocka_unit_test(test_many_segments), cmocka_unit_test(test_aliases),
        cmocka_unit_test(test_core_refusals), cmocka_unit_test(test_core_of_a_process),
        cmocka_unit_test(test_lime_cut),      cmocka_unit_test(test_lime_refusals),
        cmocka_unit_test(test_end_of_list),   cmocka_unit_test(test_ranges_dump_refusals),
    };

    return cmocka_run_group_tests_name("image_containers", tests, NULL, NULL);
}
