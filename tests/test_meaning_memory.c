/*
 * What memory is, by the PEBs of those who map it: what is concluded, and what is not.
 */
#include "hand_scan.h"

#include "meaning/memory.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static void test_peb_of_all(void **state)
{
    struct hand_scan *hand = *state;
    struct sic_memory memory;

    hand_owners(hand, hand_section(hand, 0), 3);
    for (uint32_t i = 0; i < 3; i++)
        hand_pointer(hand, i, SIC_PEB_API_SET_MAP, 0x10000);
    memory = hand_judge(hand, 0);
    assert_int_equal(memory.source, SIC_MEMORY_BY_PEB);
    assert_string_equal(sic_known_memory_name(memory.known), "API set map");
    assert_int_equal(memory.proof_count, 1);
    assert_int_equal(memory.proofs[0].here, 3);
    assert_int_equal(memory.proofs[0].elsewhere, 0);
    assert_int_equal(memory.owners, 3);
    assert_int_equal(memory.owners_unknown, 0);
    assert_false(memory.is_contradictory);
}

/* The last byte of a view is in it, the one behind it and the one before the view are not. */
static void test_pointers_at_the_edges(void **state)
{
    static const struct {
        uint64_t value;
        bool is_in;
    } cases[] = {{0x10000, true}, {0x19fff, true}, {0xffff, false}, {0x1a000, false}, {0, false}, {~0ull, false}};

    for (unsigned i = 0; i < 6; i++) {
        struct hand_scan hand;

        hand_init(&hand);
        hand_owners(&hand, hand_section(&hand, 0), 2);
        hand_pointer(&hand, 0, SIC_PEB_GDI_SHARED_HANDLE_TABLE, cases[i].value);
        assert_int_equal(hand_judge(&hand, 0).known, cases[i].is_in ? SIC_KNOWN_GDI_HANDLE_TABLE : SIC_KNOWN_NOTHING);
        hand_deinit(&hand);
    }
    (void)state;
}

static void test_some_owners_unknown(void **state)
{
    struct hand_scan *hand = *state;
    struct sic_memory memory;

    hand_owners(hand, hand_section(hand, 0), 4);
    sic_scan_process(&hand->scan, 3)->flags = 0;
    hand_pointer(hand, 0, SIC_PEB_API_SET_MAP, 0x10000);
    hand_pointer(hand, 1, SIC_PEB_API_SET_MAP, 0x10000);
    hand_pointer(hand, 2, SIC_PEB_API_SET_MAP, 0x900000);
    memory = hand_judge(hand, 0);
    assert_int_equal(memory.known, SIC_KNOWN_API_SET_MAP);
    assert_int_equal(memory.proofs[0].here, 2);
    assert_int_equal(memory.proofs[0].elsewhere, 1);
    assert_int_equal(memory.owners_unknown, 1);
}

/* A process can write what it likes to its own PEB. */
static void test_one_against_most(void **state)
{
    struct hand_scan *hand = *state;
    struct sic_memory memory;

    hand_owners(hand, hand_section(hand, 0), 3);
    hand_pointer(hand, 0, SIC_PEB_API_SET_MAP, 0x10000);
    hand_pointer(hand, 1, SIC_PEB_API_SET_MAP, 0x900000);
    hand_pointer(hand, 2, SIC_PEB_API_SET_MAP, 0x900000);
    memory = hand_judge(hand, 0);
    assert_int_equal(memory.known, SIC_KNOWN_NOTHING);
    assert_int_equal(memory.source, SIC_MEMORY_UNKNOWN);
    assert_true(memory.is_contradictory);
    assert_int_equal(memory.proof_count, 1);
}

/* One says so, one denies it: that is no conclusion. */
static void test_one_against_one(void **state)
{
    struct hand_scan *hand = *state;

    hand_owners(hand, hand_section(hand, 0), 2);
    hand_pointer(hand, 0, SIC_PEB_API_SET_MAP, 0x10000);
    hand_pointer(hand, 1, SIC_PEB_API_SET_MAP, 0x900000);
    assert_int_equal(hand_judge(hand, 0).known, SIC_KNOWN_NOTHING);
}

/* Processes that agree on memory of their own are outvoted by the rest of the machine. */
static void test_agreeing_liars(void **state)
{
    struct hand_scan *hand = *state;
    uint32_t real = hand_section(hand, 0), own = hand_section(hand, 0), liar;

    for (uint32_t i = 0; i < 3; i++) {
        hand_owners(hand, real, 1);
        hand_pointer(hand, i, SIC_PEB_API_SET_MAP, 0x10000);
    }
    for (uint32_t i = 0; i < 2; i++) {
        liar = hand_process(hand, 100 + 4 * i, SIC_PROCESS_PEB_READ);
        hand_view(hand, liar, own, 0x10000, 0, 10, 1);
        hand_pointer(hand, liar, SIC_PEB_API_SET_MAP, 0x10000);
    }
    hand_regions(hand, 2);
    assert_int_equal(hand_judge(hand, 0).known, SIC_KNOWN_API_SET_MAP);
    assert_int_equal(hand_judge(hand, 1).known, SIC_KNOWN_NOTHING);
    assert_true(hand_judge(hand, 1).is_contradictory);
}

/* Windows maps these read-only: what a process can write to is its own, whatever its PEB says. */
static void test_writable_memory_is_not_the_systems(void **state)
{
    struct hand_scan *hand = *state;
    uint32_t section = hand_section(hand, 0);

    for (uint32_t i = 0; i < 2; i++) {
        hand_view(hand, hand_process(hand, 4 * (i + 1), SIC_PROCESS_PEB_READ), section, 0x10000, 0, 10, 4);
        hand_pointer(hand, i, SIC_PEB_LEAP_SECOND_DATA, 0x10000);
    }
    assert_int_equal(hand_judge(hand, 0).known, SIC_KNOWN_NOTHING);
}

/* Of this memory only NLS tables are files. */
static void test_files_of_other_kinds(void **state)
{
    struct hand_scan *hand = *state;

    hand_owners(hand, hand_section(hand, SIC_SECTION_FILE), 2);
    for (uint32_t i = 0; i < 2; i++)
        hand_pointer(hand, i, SIC_PEB_LEAP_SECOND_DATA, 0x10000);
    assert_int_equal(hand_judge(hand, 0).known, SIC_KNOWN_NOTHING);
}

static void test_nls_files_are_named_so(void **state)
{
    static const struct {
        const char *name;
        bool is_one;
    } cases[] = {{"\\Windows\\System32\\C_1252.NLS", true}, {"\\evil.bin", false}, {"nls", false}};

    for (unsigned i = 0; i < 3; i++) {
        struct hand_scan hand;
        uint32_t section;

        hand_init(&hand);
        section = hand_section(&hand, SIC_SECTION_FILE | SIC_SECTION_HAS_NAME);
        sic_scan_section(&hand.scan, section)->name = hand_string(&hand, cases[i].name);
        hand_owners(&hand, section, 2);
        for (uint32_t j = 0; j < 2; j++)
            hand_pointer(&hand, j, SIC_PEB_ANSI_CODE_PAGE_DATA, 0x10000);
        assert_int_equal(hand_judge(&hand, 0).known, cases[i].is_one ? SIC_KNOWN_NLS_TABLES : SIC_KNOWN_NOTHING);
        hand_deinit(&hand);
    }
    (void)state;
}

/* An address in csrss.exe, whatever lies there in the process itself. */
static void test_address_of_the_server(void **state)
{
    struct hand_scan *hand = *state;

    hand_owners(hand, hand_section(hand, 0), 2);
    for (uint32_t i = 0; i < 2; i++)
        hand_pointer(hand, i, SIC_PEB_CSR_SERVER_READ_ONLY_SHARED_MEMORY_BASE, 0x10000);
    assert_int_equal(hand_judge(hand, 0).known, SIC_KNOWN_NOTHING);
    assert_int_equal(hand_judge(hand, 0).proof_count, 0);
}

/* Each process may have its own: that others' lie elsewhere says nothing, but one of many is not enough. */
static void test_private_kinds(void **state)
{
    struct hand_scan *hand = *state;
    uint32_t section = hand_section(hand, 0);

    hand_owners(hand, hand_section(hand, 0), 2);
    hand_pointer(hand, 0, SIC_PEB_ACTIVATION_CONTEXT_DATA, 0x10000);
    hand_pointer(hand, 1, SIC_PEB_ACTIVATION_CONTEXT_DATA, 0x900000);
    for (uint32_t i = 2; i < 5; i++)
        hand_view(hand, hand_process(hand, 4 * (i + 1), SIC_PROCESS_PEB_READ), section, 0x10000, 0, 10, 1);
    hand_pointer(hand, 2, SIC_PEB_ACTIVATION_CONTEXT_DATA, 0x10000);
    hand_regions(hand, 2);
    assert_int_equal(hand_judge(hand, 0).known + hand_judge(hand, 1).known, SIC_KNOWN_ACTIVATION_CONTEXTS);
}

static void test_two_meanings(void **state)
{
    struct hand_scan *hand = *state;
    struct sic_memory memory;

    hand_owners(hand, hand_section(hand, 0), 3);
    hand_pointer(hand, 0, SIC_PEB_GDI_SHARED_HANDLE_TABLE, 0x10000);
    hand_pointer(hand, 1, SIC_PEB_API_SET_MAP, 0x10000);
    hand_pointer(hand, 2, SIC_PEB_API_SET_MAP, 0x10000);
    memory = hand_judge(hand, 0);
    assert_int_equal(memory.known, SIC_KNOWN_API_SET_MAP);
    assert_true(memory.is_contradictory);
    assert_int_equal(memory.proof_count, 2);
}

static void test_two_meanings_with_equal_strength(void **state)
{
    struct hand_scan *hand = *state;
    struct sic_memory memory;

    hand_owners(hand, hand_section(hand, 0), 2);
    hand_pointer(hand, 0, SIC_PEB_GDI_SHARED_HANDLE_TABLE, 0x10000);
    hand_pointer(hand, 1, SIC_PEB_API_SET_MAP, 0x10000);
    memory = hand_judge(hand, 0);
    assert_int_equal(memory.known, SIC_KNOWN_NOTHING);
    assert_true(memory.is_contradictory);
}

/* Several pointers of one meaning agree. */
static void test_nls_tables(void **state)
{
    struct hand_scan *hand = *state;
    struct sic_memory memory;

    hand_owners(hand, hand_section(hand, SIC_SECTION_FILE), 2);
    for (uint32_t i = 0; i < 2; i++) {
        hand_pointer(hand, i, SIC_PEB_ANSI_CODE_PAGE_DATA, 0x10000);
        hand_pointer(hand, i, SIC_PEB_OEM_CODE_PAGE_DATA, 0x14000);
        hand_pointer(hand, i, SIC_PEB_UNICODE_CASE_TABLE_DATA, 0x18000);
    }
    memory = hand_judge(hand, 0);
    assert_int_equal(memory.known, SIC_KNOWN_NLS_TABLES);
    assert_int_equal(memory.proof_count, 3);
    assert_false(memory.is_contradictory);
}

static void test_image_stays_an_image(void **state)
{
    struct hand_scan *hand = *state;
    struct sic_memory memory;

    hand_owners(hand, hand_section(hand, SIC_SECTION_IMAGE), 2);
    hand_pointer(hand, 0, SIC_PEB_API_SET_MAP, 0x10000);
    hand_pointer(hand, 1, SIC_PEB_API_SET_MAP, 0x10000);
    memory = hand_judge(hand, 0);
    assert_int_equal(memory.known, SIC_KNOWN_NOTHING);
    assert_int_equal(memory.source, SIC_MEMORY_BY_FILE);
    assert_int_equal(memory.proof_count, 1);
}

/* Pointers of a section's other region say nothing of this one. */
static void test_regions_of_one_section(void **state)
{
    struct hand_scan *hand = *state;
    uint32_t section = hand_section(hand, 0), first = hand_process(hand, 4, SIC_PROCESS_PEB_READ), second;

    hand_view(hand, first, section, 0x10000, 0, 10, 1);
    hand_view(hand, first, section, 0x20000, 50, 10, 1);
    second = hand_process(hand, 8, SIC_PROCESS_PEB_READ);
    hand_view(hand, second, section, 0x10000, 0, 10, 1);
    hand_view(hand, second, section, 0x20000, 50, 10, 1);
    hand_pointer(hand, first, SIC_PEB_SHIM_DATA, 0x20000);
    hand_regions(hand, 2);
    assert_int_equal(hand_judge(hand, 0).known, SIC_KNOWN_NOTHING);
    assert_int_equal(hand_judge(hand, 1).known, SIC_KNOWN_SHIM_DATA);
}

/* Pointers in any order, of processes and fields that there are not, and private memory. */
static void test_pointers_of_nobody(void **state)
{
    struct hand_scan *hand = *state;
    struct sic_memory memory;

    hand_owners(hand, hand_section(hand, 0), 2);
    hand_pointer(hand, 1, SIC_PEB_LEAP_SECOND_DATA, 0x10000);
    hand_pointer(hand, 7, SIC_PEB_API_SET_MAP, 0x10000);
    hand_pointer(hand, 0, SIC_PEB_FIELD_COUNT, 0x10000);
    hand_pointer(hand, 0, SIC_PEB_SHARED_DATA, 0x5000000);
    hand_pointer(hand, 0, SIC_PEB_LEAP_SECOND_DATA, 0x10008);
    memory = hand_judge(hand, 0);
    assert_int_equal(memory.known, SIC_KNOWN_LEAP_SECONDS);
    assert_int_equal(memory.proofs[0].here, 2);
    assert_int_equal(memory.proof_count, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        HAND_TEST(test_peb_of_all),
        HAND_TEST(test_pointers_at_the_edges),
        HAND_TEST(test_some_owners_unknown),
        HAND_TEST(test_one_against_most),
        HAND_TEST(test_one_against_one),
        HAND_TEST(test_agreeing_liars),
        HAND_TEST(test_writable_memory_is_not_the_systems),
        HAND_TEST(test_files_of_other_kinds),
        HAND_TEST(test_nls_files_are_named_so),
        HAND_TEST(test_address_of_the_server),
        HAND_TEST(test_private_kinds),
        HAND_TEST(test_two_meanings),
        HAND_TEST(test_two_meanings_with_equal_strength),
        HAND_TEST(test_nls_tables),
        HAND_TEST(test_image_stays_an_image),
        HAND_TEST(test_regions_of_one_section),
        HAND_TEST(test_pointers_of_nobody),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
