/*
 * Triage minidumps: blocks of virtual memory against a byte-by-byte model, damage, and a real dump.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "image/image.h"
#include "image_builder.h"
#include "image_samples.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BASE_VA     UINT64_C(0xffff800000100000)
#define SPACE       2000u
#define DATA_OFFSET 0x4000u
#define DATA_SIZE   3000u

static struct sic_image *open_built(const struct built_file *file)
{
    struct sic_image *image = NULL;
    struct sic_error error = {""};

    if (sic_image_open_bytes(file->bytes, file->size, "built", &error, &image) != SIC_OK) {
        fail_msg("%s", error.message);
    }
    return image;
}

static void put_data(struct built_file *file, uint64_t *seed)
{
    for (uint32_t i = 0; i < DATA_SIZE; i++) {
        uint8_t byte = (uint8_t)random_next(seed);
        built_put(file, DATA_OFFSET + i, &byte, 1);
    }
}

/* For every byte of the space: the file offset that the first block in file order gives it, or 0. */
static void model(const struct built_block *blocks, uint32_t count, size_t file_size, uint32_t offset_of[SPACE],
                  uint64_t *dropped)
{
    memset(offset_of, 0, SPACE * sizeof(*offset_of));
    *dropped = 0;
    for (uint32_t i = 0; i < count; i++) {
        if (blocks[i].size == 0 || (uint64_t)blocks[i].offset + blocks[i].size > file_size) {
            ++*dropped;
            continue;
        }
        for (uint32_t k = 0; k < blocks[i].size; k++) {
            uint64_t at = blocks[i].va + k - BASE_VA;
            if (at < SPACE && offset_of[at] == 0) {
                offset_of[at] = blocks[i].offset + k;
            }
        }
    }
}

static void check_against_model(const struct sic_image *image, const uint32_t offset_of[SPACE])
{
    for (uint32_t at = 0; at < SPACE; at++) {
        size_t size = 0;
        const uint8_t *bytes = sic_image_virtual(image, BASE_VA + at, &size);
        assert_int_equal(bytes != NULL, offset_of[at] != 0);
        if (bytes == NULL) {
            continue;
        }
        assert_true(size >= 1 && at + size <= SPACE);
        assert_int_equal(sic_image_file_offset(image, bytes), offset_of[at]);
        for (size_t k = 1; k < size; k++) {
            assert_int_equal(offset_of[at + k], offset_of[at] + k);
        }
        /* the longest piece: what follows is another place in the file, or nothing */
        assert_true(at + size == SPACE || offset_of[at + size] != offset_of[at] + size);
    }
}

static void test_random_blocks(void **state)
{
    static uint32_t offset_of[SPACE];
    uint64_t seed = 42;

    (void)state;
    for (int world = 0; world < 400; world++) {
        struct built_block blocks[60];
        struct built_file file = {0};
        uint32_t count = (uint32_t)(random_next(&seed) % 60);
        uint32_t longest = (uint32_t)(random_next(&seed) % 200 + 2);
        for (uint32_t i = 0; i < count; i++) {
            blocks[i].size = (uint32_t)(random_next(&seed) % longest);
            blocks[i].va = BASE_VA + random_next(&seed) % (SPACE - blocks[i].size);
            /* some reach past the end of the file */
            blocks[i].offset = DATA_OFFSET + (uint32_t)(random_next(&seed) % (DATA_SIZE - 10));
        }
        built_triage(&file, blocks, count);
        put_data(&file, &seed);
        uint64_t dropped;
        model(blocks, count, file.size, offset_of, &dropped);
        struct sic_image *image = open_built(&file);
        assert_true(sic_image_is_virtual(image));
        assert_int_equal(sic_image_missing_pages(image), dropped);
        check_against_model(image, offset_of);
        sic_image_close(image);
        built_free(&file);
    }
}

/* Blocks side by side in memory and in the file read as one piece. */
static void test_neighbours_join(void **state)
{
    const struct built_block blocks[] = {
        {BASE_VA + 64, DATA_OFFSET + 64, 64}, {BASE_VA, DATA_OFFSET, 64}, {BASE_VA + 128, DATA_OFFSET, 64}};
    struct built_file file = {0};
    uint64_t seed = 1;
    size_t size = 0;

    (void)state;
    built_triage(&file, blocks, 3);
    put_data(&file, &seed);
    struct sic_image *image = open_built(&file);
    assert_non_null(sic_image_virtual(image, BASE_VA + 8, &size));
    assert_int_equal(size, 120);
    assert_null(sic_image_virtual(image, BASE_VA - 1, &size));
    assert_null(sic_image_virtual(image, BASE_VA + 192, &size));
    assert_null(sic_image_virtual(image, 0, &size));
    assert_null(sic_image_virtual(image, UINT64_MAX, &size));
    assert_null(sic_image_page(image, 0));
    assert_false(sic_image_next_run(image, 0, &(uint64_t){0}, &(uint64_t){0}));
    assert_int_equal(sic_image_pfn_limit(image), 0);
    sic_image_close(image);
    built_free(&file);
}

/* Blocks that wrap round the address space, lie outside the file or are empty are dropped and counted. */
static void test_bad_blocks(void **state)
{
    const struct built_block blocks[] = {{UINT64_MAX - 3, DATA_OFFSET, 8},   {BASE_VA, 0xffffffff, 8},
                                         {BASE_VA, DATA_OFFSET, 0xffffffff}, {BASE_VA, DATA_OFFSET + DATA_SIZE, 1},
                                         {BASE_VA, DATA_OFFSET, 0},          {BASE_VA, DATA_OFFSET, 1}};
    struct built_file file = {0};
    uint64_t seed = 1;
    size_t size = 0;

    (void)state;
    built_triage(&file, blocks, 6);
    put_data(&file, &seed);
    struct sic_image *image = open_built(&file);
    assert_int_equal(sic_image_missing_pages(image), 5);
    assert_non_null(sic_image_virtual(image, BASE_VA, &size));
    assert_int_equal(size, 1);
    sic_image_close(image);
    built_free(&file);
}

static void test_cut_anywhere(void **state)
{
    struct built_block blocks[40];
    struct built_file file = {0};
    uint64_t seed = 3;

    (void)state;
    for (uint32_t i = 0; i < 40; i++) {
        blocks[i] = (struct built_block){BASE_VA + 50 * i, DATA_OFFSET + 70 * i, 50};
    }
    built_triage(&file, blocks, 40);
    put_data(&file, &seed);
    for (size_t size = 0x1f80; size <= file.size; size++) {
        uint8_t *bytes = malloc(size);
        struct sic_image *image = NULL;
        struct sic_error error = {""};
        memcpy(bytes, file.bytes, size);
        bool opened = sic_image_open_bytes(bytes, size, "cut", &error, &image) == SIC_OK;
        assert_int_equal(opened, size >= 0x2080);
        uint64_t held = 0;
        for (uint32_t i = 0; opened && i < 40; i++) {
            size_t piece;
            held += sic_image_virtual(image, blocks[i].va, &piece) != NULL;
            assert_int_equal(sic_image_virtual(image, blocks[i].va, &piece) != NULL,
                             blocks[i].offset + blocks[i].size <= size);
        }
        if (opened) {
            assert_int_equal(sic_image_missing_pages(image), 40 - held);
        }
        sic_image_close(image);
        free(bytes);
    }
    built_free(&file);
}

/* The address of the EPROCESS copy follows from list heads that point to themselves. */
static uint64_t process_va_of(uint8_t type, uint64_t wait, uint64_t profile)
{
    struct built_file file = {0};
    uint64_t seed = 1;

    built_triage(&file, NULL, 0);
    put_data(&file, &seed);
    built_put_u32(&file, 0x2020, DATA_OFFSET);
    built_put_u32(&file, 0x2024, DATA_OFFSET + 0xa40);
    built_put(&file, DATA_OFFSET, &type, 1);
    built_put_u64(&file, DATA_OFFSET + 0x08, wait);
    built_put_u64(&file, DATA_OFFSET + 0x10, wait);
    built_put_u64(&file, DATA_OFFSET + 0x18, profile);
    built_put_u64(&file, DATA_OFFSET + 0x20, profile);
    struct sic_image *image = open_built(&file);
    uint64_t va = sic_image_header(image)->triage_process_va;
    size_t size = 0;
    if (va != 0) {
        assert_int_equal(sic_image_file_offset(image, sic_image_virtual(image, va, &size)), DATA_OFFSET);
        assert_int_equal(size, 0xa40);
    }
    sic_image_close(image);
    built_free(&file);
    return va;
}

static void test_process_address(void **state)
{
    const uint64_t va = UINT64_C(0xffffc08bdce94180);

    (void)state;
    assert_int_equal(process_va_of(3, va + 8, va + 0x18), va);
    assert_int_equal(process_va_of(3, 0x1234, va + 0x18), va);   /* someone waits for it */
    assert_int_equal(process_va_of(3, va + 8, 0x1234), va);      /* a profiler runs */
    assert_int_equal(process_va_of(3, va + 8, va + 0x28), 0);    /* they disagree */
    assert_int_equal(process_va_of(6, va + 8, va + 0x18), 0);    /* a thread */
    assert_int_equal(process_va_of(3, 0x7ff000000008, 0x18), 0); /* not in the kernel half */
    assert_int_equal(process_va_of(3, va + 9, va + 0x19), 0);    /* not aligned */
}

static uint64_t read_u64(const struct sic_image *image, uint64_t va)
{
    size_t size = 0;
    uint64_t value = 0;
    const uint8_t *bytes = sic_image_virtual(image, va, &size);

    if (bytes == NULL || size < sizeof(value)) {
        fail_msg("%016llx is not in the dump", (unsigned long long)va);
    }
    memcpy(&value, bytes, sizeof(value));
    return value;
}

/* What is known of this dump from outside: its header, and one chain from System's VAD tree to a prototype PTE. */
static void test_real_dump(void **state)
{
    struct sic_image *image = NULL;
    struct sic_error error = {""};
    char path[1024];
    size_t size = 0;

    (void)state;
    if (!sample_path("triage_x64.dmp", path, sizeof(path))) {
        skip();
    }
    assert_int_equal(sic_image_open(path, &error, &image), SIC_OK);
    const struct sic_image_header *header = sic_image_header(image);
    assert_string_equal(sic_image_container(image), "crash dump, type 4 (triage)");
    assert_int_equal(header->machine, 0x8664);
    assert_int_equal(header->build, 19041);
    assert_int_equal(header->processors, 16);
    assert_int_equal(header->dump_type, 4);
    assert_int_equal(header->directory_table_base, 0x1ad000);
    assert_int_equal(header->kd_debugger_data_block_va, UINT64_C(0xfffff8047c600b20));
    assert_int_equal(header->ps_active_process_head_va, UINT64_C(0xfffff8047c61e200));
    assert_int_equal(sic_image_missing_pages(image), 0);

    const uint64_t process = header->triage_process_va; /* offsets of build 19041 */
    assert_int_equal(process, UINT64_C(0xffffc08bdce94180));
    assert_int_equal(read_u64(image, process + 0x440), 4);
    assert_memory_equal(sic_image_virtual(image, process + 0x5a8, &size), "System", 7);
    assert_int_equal(read_u64(image, process + 0x7d8), UINT64_C(0xffffc08bdf3ff960));
    const uint64_t node = read_u64(image, process + 0x7d8);
    assert_int_equal(read_u64(image, node + 0x48), UINT64_C(0xffffc08be3db02b0));
    assert_int_equal(read_u64(image, node + 0x50), UINT64_C(0xffffad0ec1204a40));
    assert_int_equal(read_u64(image, UINT64_C(0xffffad0ec1204a40)), UINT64_C(0x8a000000068fa921));
    /* the debugger block is a copy apart from the blocks: "KDBG", and KernBase behind its size */
    assert_memory_equal(sic_image_virtual(image, header->kd_debugger_data_block_va + 0x10, &size), "KDBG", 4);
    assert_int_equal(read_u64(image, header->kd_debugger_data_block_va + 0x18), UINT64_C(0xfffff8047ba00000));
    sic_image_close(image);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_random_blocks), cmocka_unit_test(test_neighbours_join), cmocka_unit_test(test_bad_blocks),
        cmocka_unit_test(test_cut_anywhere),  cmocka_unit_test(test_process_address), cmocka_unit_test(test_real_dump),
    };

    return cmocka_run_group_tests_name("image_triage", tests, NULL, NULL);
}
