/*
 * What SiC does not read is refused by its name, and what is broken is said to be so: each sentence is checked for
 * the words that name the thing.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "image/image.h"
#include "image_builder.h"
#include "image_samples.h"

#include <string.h>

/* Refused with this status; the sentence holds each word, the file's name, no newline, and fits. */
static void expect_refusal(const struct built_file *file, enum sic_status status, const char *const words[])
{
    struct sic_image *image = NULL;
    struct sic_error error = {""};

    enum sic_status got = sic_image_open_bytes(file->bytes, file->size, "SOME.DMP", &error, &image);
    if (got != status) {
        fail_msg("status %d instead of %d for \"%s\": %s", got, status, words[0], error.message);
    }
    assert_null(image);
    assert_ptr_equal(strstr(error.message, "SOME.DMP: "), error.message);
    assert_null(strchr(error.message, '\n'));
    assert_true(strlen(error.message) < sizeof(error.message) - 1);
    for (size_t i = 0; words[i] != NULL; i++) {
        if (strstr(error.message, words[i]) == NULL) {
            fail_msg("\"%s\" is not in: %s", words[i], error.message);
        }
    }
}
#define WORDS(...) ((const char *const[]){__VA_ARGS__, NULL})

static void test_dump_types(void **state)
{
    static const struct {
        uint32_t type;
        const char *words[4];
    } cases[] = {
        {2, {"kernel summary dump", "type 2", "Windows 7"}},
        {3, {"header-only", "type 3"}},
        {0x4711, {"unknown type", "0x4711"}},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct built_file file = {0};
        built_dump_header(&file, cases[i].type);
        built_put(&file, 0x2fff, "", 1);
        expect_refusal(&file, SIC_UNSUPPORTED, cases[i].words);
        built_free(&file);
    }
}

static void test_machines(void **state)
{
    struct built_file file = {0};

    (void)state;
    built_dump_header(&file, 5);
    built_put_u32(&file, 0x30, 0xaa64);
    expect_refusal(&file, SIC_UNSUPPORTED, WORDS("ARM64", "x64"));
    built_put_u32(&file, 0x30, 0x200);
    expect_refusal(&file, SIC_UNSUPPORTED, WORDS("Itanium", "x64"));
    built_put_u32(&file, 0x30, 0x14c);
    expect_refusal(&file, SIC_BROKEN, WORDS("0x014c", "not x64"));
    built_put(&file, 0, "PAGEDUMP", 8);
    expect_refusal(&file, SIC_UNSUPPORTED, WORDS("32-bit", "PAGEDUMP"));
    built_free(&file);
}

static void test_foreign_files(void **state)
{
    static const struct {
        size_t offset;
        const char *bytes;
        size_t size;
        const char *word;
    } cases[] = {
        {0, "MDMP\x93\xa7", 6, "user-mode minidump"},
        {0, "AVML\2\0\0\0", 8, "AVML"},
        {0, "hibr", 4, "hibernation"},
        {0, "HIBR", 4, "hibernation"},
        {0, "wake", 4, "hibernation"},
        {0, "RSTR", 4, "hibernation"},
        {0, "KDUMP   ", 8, "kdump"},
        {0, "DISKDUMP", 8, "kdump"},
        {0, "makedumpfile", 13, "kdump"},
        {0,
         "\x7f"
         "ELF\2\1\1\0\0\0\0\0\0\0\0\0\2\0",
         18, "ELF file"},
        {0, "PK\3\4", 4, "zip"},
        {0, "\x1f\x8b\x08", 3, "gzip"},
        {0,
         "\xfd"
         "7zXZ\0",
         6, "xz"},
        {0, "7z\xbc\xaf\x27\x1c", 6, "7z"},
        {0, "\x28\xb5\x2f\xfd", 4, "zstd"},
        {0, "BZh91AY&SY", 10, "bzip2"},
        {0,
         "Microsoft C/C++ MSF 7.00\r\n\x1a"
         "DS\0\0\0",
         32, "PDB"},
        {0, "QFI\xfb", 4, "QCOW"},
        {0, "vhdxfile", 8, "VHDX"},
        {0, "KDMV", 4, "VMDK"},
        {64, "\x7f\x10\xda\xbe", 4, "VirtualBox"},
        {0, "\x7fVirtualBox SavedState V2.0\n", 28, "VirtualBox saved state"},
        {257, "ustar", 5, "tar"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        for (size_t size = 512; size <= 2u << 20; size += (2u << 20) - 512) { /* whatever its size */
            struct built_file file = {0};
            built_put(&file, size - 1, "", 1);
            built_put(&file, cases[i].offset, cases[i].bytes, cases[i].size);
            expect_refusal(&file, SIC_UNSUPPORTED, WORDS(cases[i].word, ";"));
            built_free(&file);
        }
    }
}

/* A program is told from memory whose first page happens to begin with "MZ". */
static void test_programs(void **state)
{
    struct built_file file = {0};
    struct sic_image *image = NULL;
    struct sic_error error;

    (void)state;
    built_put(&file, (2u << 20) - 1, "", 1);
    built_put(&file, 0, "MZ", 2);
    built_put_u32(&file, 60, 0x100);
    built_put(&file, 0x100, "PE\0\0", 4);
    expect_refusal(&file, SIC_UNSUPPORTED, WORDS("PE file"));
    built_put(&file, 0x100, "NE", 2);
    assert_int_equal(sic_image_open_bytes(file.bytes, file.size, "x", &error, &image), SIC_OK);
    sic_image_close(image);
    built_put(&file, 0x100, "PE", 2);
    built_put(&file, (64u << 20) - 1, "", 1); /* too large for a program */
    assert_int_equal(sic_image_open_bytes(file.bytes, file.size, "x", &error, &image), SIC_OK);
    sic_image_close(image);
    built_put_u32(&file, 60, 0xfffffffe);
    assert_int_equal(sic_image_open_bytes(file.bytes, file.size, "x", &error, &image), SIC_OK);
    sic_image_close(image);
    built_free(&file);
}

static void test_small_and_empty(void **state)
{
    struct built_file file = {0};

    (void)state;
    expect_refusal(&file, SIC_BROKEN, WORDS("empty"));
    built_put(&file, 0, "x", 1);
    expect_refusal(&file, SIC_UNSUPPORTED, WORDS("too small to be a raw image"));
    built_put(&file, (1u << 20) - 2, "x", 1);
    expect_refusal(&file, SIC_UNSUPPORTED, WORDS("too small to be a raw image"));
    built_free(&file);
}

static void test_run_blocks(void **state)
{
    struct built_file file = {0};

    (void)state;
    built_dump_header(&file, 1);
    built_put(&file, 0x9fff, "", 1);
    expect_refusal(&file, SIC_BROKEN, WORDS("never filled in", "0x88"));
    built_put_u32(&file, 0x88, 43);
    expect_refusal(&file, SIC_BROKEN, WORDS("43 memory runs", "1 to 42"));
    built_put_u32(&file, 0x88, 0);
    expect_refusal(&file, SIC_BROKEN, WORDS("0 memory runs"));
    built_put_u32(&file, 0x88, 2);
    for (int i = 0; i < 2; i++) {
        built_put_u64(&file, 0x98 + 16 * i, 2 * i);
        built_put_u64(&file, 0xa0 + 16 * i, 3);
    }
    expect_refusal(&file, SIC_BROKEN, WORDS("run 1", "overlaps"));
    built_put_u64(&file, 0xa8, UINT64_MAX - 1);
    expect_refusal(&file, SIC_BROKEN, WORDS("run 1", "48 bits"));
    built_put_u64(&file, 0xa8, (UINT64_C(1) << 36) - 2);
    expect_refusal(&file, SIC_BROKEN, WORDS("run 1", "48 bits"));
    built_put_u64(&file, 0xa0, 0);
    built_put_u64(&file, 0xb0, 0);
    expect_refusal(&file, SIC_BROKEN, WORDS("no page"));
    built_put_u64(&file, 0xa0, 3);
    built_put(&file, 0x2000, "FDMPDUMP", 8);
    expect_refusal(&file, SIC_BROKEN, WORDS("type 1", "bitmap follows"));
    built_free(&file);
}

static void test_bitmaps(void **state)
{
    struct page_map map = {.present = (uint8_t[]){1, 0, 1}, .count = 3};
    struct built_file file = {0};

    (void)state;
    built_bitmap(&file, &map, 5, "FDMP", 7);
    built_put(&file, 0x2000, "DUMPDUMP", 8);
    expect_refusal(&file, SIC_BROKEN, WORDS("type 5", "without its bitmap"));
    built_put(&file, 0x2000, "FDMPDUMP", 8);
    built_put_u64(&file, 0x2030, 0);
    expect_refusal(&file, SIC_BROKEN, WORDS("0x0 bits"));
    built_put_u64(&file, 0x2030, (UINT64_C(1) << 36) + 1);
    expect_refusal(&file, SIC_BROKEN, WORDS("0x1000000001 bits"));
    built_put_u64(&file, 0x2030, UINT64_C(1) << 36);
    expect_refusal(&file, SIC_BROKEN, WORDS("cut short in its bitmap"));
    built_put_u64(&file, 0x2030, 3);
    built_put_u64(&file, 0x2020, 0x2038);
    expect_refusal(&file, SIC_BROKEN, WORDS("first page", "0x2038"));
    built_free(&file);
}

static void test_triage(void **state)
{
    struct built_file file = {0};

    (void)state;
    built_triage(&file, NULL, 0);
    built_put_u32(&file, 0x207c, 0x7fffffff);
    expect_refusal(&file, SIC_BROKEN, WORDS("triage", "2147483647 blocks"));
    built_put_u32(&file, 0x207c, 1);
    built_put_u32(&file, 0x2078, 0x207f);
    expect_refusal(&file, SIC_BROKEN, WORDS("triage", "inside its header"));
    built_put(&file, 0x2000, "SDMPDUMP", 8);
    expect_refusal(&file, SIC_BROKEN, WORDS("type 4", "bitmap follows"));
    built_free(&file);
}

static void expect_path_refusal(const char *path, enum sic_status status, const char *word)
{
    struct sic_image *image = NULL;
    struct sic_error error = {""};

    assert_int_equal(sic_image_open(path, &error, &image), status);
    assert_null(image);
    if (strstr(error.message, word) == NULL) {
        fail_msg("\"%s\" is not in: %s", word, error.message);
    }
}

static void test_paths(void **state)
{
    char empty[] = "/tmp/sic-test-XXXXXX";
    int descriptor = mkstemp(empty);

    (void)state;
    assert_true(descriptor >= 0);
    close(descriptor);
    expect_path_refusal(empty, SIC_BROKEN, "empty");
    unlink(empty);
    expect_path_refusal(empty, SIC_IO, "cannot be opened");
    expect_path_refusal("/tmp", SIC_IO, "folder");
    expect_path_refusal("/dev/null", SIC_IO, "no regular file");
}

static void test_samples(void **state)
{
    char path[1024];

    (void)state;
    if (!sample_path("triage_arm64.dmp", path, sizeof(path))) {
        skip();
    }
    expect_path_refusal(path, SIC_UNSUPPORTED, "ARM64");
    assert_true(sample_path("ntdll.pdb", path, sizeof(path)));
    expect_path_refusal(path, SIC_UNSUPPORTED, "PDB");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_dump_types), cmocka_unit_test(test_machines),        cmocka_unit_test(test_foreign_files),
        cmocka_unit_test(test_programs),   cmocka_unit_test(test_small_and_empty), cmocka_unit_test(test_run_blocks),
        cmocka_unit_test(test_bitmaps),    cmocka_unit_test(test_triage),          cmocka_unit_test(test_paths),
        cmocka_unit_test(test_samples),
    };

    return cmocka_run_group_tests_name("image_refusals", tests, NULL, NULL);
}
