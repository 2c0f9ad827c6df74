/*
 * PE files read as if they were mapped: one of known bytes, and any damage to it.
 */
#include "kernel/pe.h"
#include "kernel/pe_file.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* Two sections: [1000, 1000 + 0x300) of which the file holds 0x200 bytes, and [2000, 2080). */
#define FILE_SIZE 0x800u

static void put16(uint8_t *bytes, uint16_t value)
{
    memcpy(bytes, &value, sizeof(value));
}

static void put32(uint8_t *bytes, uint32_t value)
{
    memcpy(bytes, &value, sizeof(value));
}

static void put_section(uint8_t *header, uint32_t rva, uint32_t virtual_size, uint32_t offset, uint32_t size)
{
    put32(header + 8, virtual_size);
    put32(header + 12, rva);
    put32(header + 16, size);
    put32(header + 20, offset);
}

static void build(uint8_t *file)
{
    uint8_t *nt = file + 0x80, *record = file + 0x640;

    memset(file, 0, FILE_SIZE);
    memcpy(file, "MZ", 2);
    put32(file + 0x3c, 0x80);
    memcpy(nt, "PE\0\0", 4);
    put16(nt + 4, 0x8664);
    put16(nt + 6, 2);
    put16(nt + 0x14, 0xf0);
    put16(nt + 0x18, 0x20b);
    put32(nt + 0x18 + 0x38, 0x3000);
    put32(nt + 0x18 + 0x3c, 0x400);
    put32(nt + 0x18 + 0x70 + 6 * 8, 0x2000);
    put32(nt + 0x18 + 0x74 + 6 * 8, 0x1c);
    put_section(nt + 0x108, 0x1000, 0x300, 0x400, 0x200);
    put_section(nt + 0x130, 0x2000, 0x80, 0x600, 0x200);
    memset(file + 0x400, 0x5a, 0x200);
    put32(file + 0x600 + 0xc, 2);
    put32(file + 0x600 + 0x10, 0x30);
    put32(file + 0x600 + 0x14, 0x2040);
    memcpy(record, "RSDS", 4);
    for (uint8_t i = 0; i < 16; i++)
        record[4 + i] = (uint8_t)(0x10 + i);
    put32(record + 20, 0x2a);
    strcpy((char *)record + 24, "ntkrnlmp.pdb");
}

static bool identify(const uint8_t *bytes, size_t size, struct sic_pdb_reference *identity)
{
    struct sic_pe_file file;
    struct sic_reader reader;
    struct sic_pe pe;

    if (!sic_pe_file_open(bytes, size, &file))
        return false;
    reader = sic_pe_file_reader(&file);
    return sic_pe_read(&reader, 0, &pe) && sic_pe_read_pdb_reference(&reader, &pe, identity);
}

static void test_identity(void **state)
{
    uint8_t bytes[FILE_SIZE];
    struct sic_pdb_reference identity;

    (void)state;
    build(bytes);
    assert_true(identify(bytes, sizeof(bytes), &identity));
    assert_string_equal(identity.guid_age, "131211101514171618191A1B1C1D1E1F2A");
    assert_string_equal(identity.name, "ntkrnlmp.pdb");
}

static void test_sections(void **state)
{
    uint8_t bytes[FILE_SIZE], read[0x10], zeros[0x10] = {0};
    struct sic_pe_file file;
    struct sic_reader reader;

    (void)state;
    build(bytes);
    assert_true(sic_pe_file_open(bytes, sizeof(bytes), &file));
    reader = sic_pe_file_reader(&file);
    assert_true(reader.read(reader.context, 0x11f8, read, 0x10));
    assert_memory_equal(read, bytes + 0x5f8, 8);
    assert_memory_equal(read + 8, zeros, 8);
    assert_true(reader.read(reader.context, 0x12f0, read, 0x10));
    assert_memory_equal(read, zeros, 0x10);
    /* Behind a section, between sections, before the first one and behind the image. */
    assert_false(reader.read(reader.context, 0x12f8, read, 0x10));
    assert_false(reader.read(reader.context, 0x1800, read, 1));
    assert_false(reader.read(reader.context, 0x3f8, read, 0x10));
    assert_false(reader.read(reader.context, 0x3000, read, 1));
    assert_false(reader.read(reader.context, UINT64_MAX, read, 2));
}

/* Exactly sized copies, so that a read beyond the end is seen. */
static void test_cut_short(void **state)
{
    uint8_t whole[FILE_SIZE];
    struct sic_pdb_reference identity;

    (void)state;
    build(whole);
    for (size_t size = 0; size < FILE_SIZE; size++) {
        uint8_t *cut = malloc(size > 0 ? size : 1);

        assert_non_null(cut);
        memcpy(cut, whole, size);
        assert_int_equal(identify(cut, size, &identity), size >= 0x640 + 24 + sizeof("ntkrnlmp.pdb"));
        free(cut);
    }
}

static void test_damage(void **state)
{
    uint32_t seed = 1;
    unsigned refused = 0;

    (void)state;
    for (unsigned round = 0; round < 20000; round++) {
        uint8_t *bytes = malloc(FILE_SIZE);
        struct sic_pdb_reference identity;

        assert_non_null(bytes);
        build(bytes);
        for (unsigned i = 0; i < 8; i++) {
            seed = seed * 1664525 + 1013904223;
            bytes[(seed >> 8) % 0x200 + (i % 2 ? 0 : 0x600)] = (uint8_t)(seed >> 24);
        }
        refused += !identify(bytes, FILE_SIZE, &identity);
        free(bytes);
    }
    assert_in_range(refused, 1, 19999);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_identity),
        cmocka_unit_test(test_sections),
        cmocka_unit_test(test_cut_short),
        cmocka_unit_test(test_damage),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
