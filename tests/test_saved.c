/*
 * Packing and unpacking: what was packed comes back, of random worlds of every layout; what is damaged is refused, or
 * is as sound as a scan that was walked.
 */
#include "lab_world.h"
#include "scarce_heap.h"

#include "core/pack.h"
#include "core/request.h"
#include "core/unpack.h"
#include "kernel/collect.h"
#include "sharing/region.h"
#include "util/memory.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

struct packed {
    struct sic_scan scan; /* as it was walked */
    struct sic_layout layout;
    struct sic_wire_origin origin;
    uint8_t *bytes;
    size_t size;
};

static void collect_world(struct packed *packed, const char *arguments)
{
    struct sic_collect_options options = sic_collect_everything(1);
    struct sic_error error;
    struct sic_image *image;
    struct sic_kernel kernel;
    size_t size;
    uint8_t *bytes = lab_world_bytes(arguments, "bitmap", &size);

    assert_int_equal(sic_image_open_bytes(bytes, size, "world", &error, &image), SIC_OK);
    assert_int_equal(sic_kernel_open(image, &error, &kernel), SIC_OK);
    sic_scan_init(&packed->scan, sic_heap_allocator());
    assert_int_equal(sic_collect(&kernel, &options, &error, &packed->scan), SIC_OK);
    packed->layout = kernel.profile.layout;
    sic_image_close(image);
    free(bytes);
}

static void pack_world(struct packed *packed, const char *arguments)
{
    memset(packed, 0, sizeof(*packed));
    collect_world(packed, arguments);
    packed->origin = (struct sic_wire_origin){.flags = SIC_WIRE_ORIGIN_KNOWN, .build = 19041, .container = "a test"};
    packed->size = (size_t)sic_pack_size(&packed->scan, &packed->layout);
    packed->bytes = malloc(packed->size);
    assert_non_null(packed->bytes);
    assert_true(sic_pack(&packed->scan, &packed->origin, &packed->layout, packed->bytes, packed->size));
}

static void release(struct packed *packed)
{
    sic_scan_deinit(&packed->scan);
    free(packed->bytes);
}

static void assert_string_equals(const struct sic_scan *a, struct sic_string left, const struct sic_scan *b,
                                 struct sic_string right)
{
    assert_int_equal(left.length, right.length);
    assert_int_equal(left.offset, right.offset);
    if (left.length > 0)
        assert_memory_equal((uint16_t *)a->strings.elements + left.offset,
                            (uint16_t *)b->strings.elements + right.offset, left.length * sizeof(uint16_t));
}

static void assert_processes_equal(const struct sic_scan *a, const struct sic_scan *b)
{
    assert_int_equal(a->processes.count, b->processes.count);
    for (uint32_t i = 0; i < a->processes.count; i++) {
        assert_memory_equal(sic_scan_process(a, i), sic_scan_process(b, i), sizeof(struct sic_process));
        assert_string_equals(a, sic_scan_process(a, i)->path, b, sic_scan_process(b, i)->path);
    }
}

/* That a successor was looked up is of no use once all were; all other marks come back, and so do the chains' numbers.
 */
static void assert_subsections_equal(const struct sic_scan *a, const struct sic_scan *b)
{
    assert_int_equal(a->subsections.count, b->subsections.count);
    for (uint32_t i = 0; i < a->subsections.count; i++) {
        struct sic_subsection expected = *sic_scan_subsection(a, i);

        expected.flags &= ~SIC_SUBSECTION_CHASED;
        assert_memory_equal(&expected, sic_scan_subsection(b, i), sizeof(expected));
    }
}

static void assert_arrays_equal(const struct sic_array *a, const struct sic_array *b, size_t element_size)
{
    assert_int_equal(a->count, b->count);
    if (a->count > 0)
        assert_memory_equal(a->elements, b->elements, a->count * element_size);
}

/* Records whose bytes are all members. */
static void assert_facts_equal(const struct sic_scan *a, const struct sic_scan *b)
{
    assert_arrays_equal(&a->tokens, &b->tokens, sizeof(struct sic_token));
    assert_arrays_equal(&a->sids, &b->sids, sizeof(struct sic_sid));
    assert_arrays_equal(&a->names, &b->names, sizeof(struct sic_name));
    assert_arrays_equal(&a->handles, &b->handles, sizeof(struct sic_handle));
    assert_arrays_equal(&a->devices, &b->devices, sizeof(struct sic_device));
    assert_arrays_equal(&a->kernel_views, &b->kernel_views, sizeof(struct sic_kernel_view));
    assert_arrays_equal(&a->peb_pointers, &b->peb_pointers, sizeof(struct sic_peb_pointer));
    assert_arrays_equal(&a->pages, &b->pages, sizeof(struct sic_page));
    assert_arrays_equal(&a->strings, &b->strings, sizeof(uint16_t));
    assert_arrays_equal(&a->bytes, &b->bytes, sizeof(uint8_t));
}

static void assert_scans_equal(const struct sic_scan *a, const struct sic_scan *b)
{
    assert_facts_equal(a, b);
    assert_processes_equal(a, b);
    assert_subsections_equal(a, b);
    assert_int_equal(a->views.count, b->views.count);
    for (uint32_t i = 0; i < a->views.count; i++)
        assert_memory_equal(sic_scan_view(a, i), sic_scan_view(b, i), sizeof(struct sic_view));
    assert_int_equal(a->sections.count, b->sections.count);
    for (uint32_t i = 0; i < a->sections.count; i++) {
        assert_memory_equal(sic_scan_section(a, i), sic_scan_section(b, i), sizeof(struct sic_section));
        assert_string_equals(a, sic_scan_section(a, i)->name, b, sic_scan_section(b, i)->name);
    }
    assert_int_equal(a->problems.count, b->problems.count);
    if (a->problems.count > 0)
        assert_memory_equal(a->problems.elements, b->problems.elements, a->problems.count * sizeof(struct sic_problem));
    assert_int_equal(a->notes.count, b->notes.count);
    if (a->notes.count > 0)
        assert_memory_equal(a->notes.elements, b->notes.elements, a->notes.count * sizeof(struct sic_note));
}

static void check_round_trip(const char *arguments, uint32_t *views)
{
    struct packed packed;
    struct sic_unpacked unpacked;
    struct sic_scan scan;
    uint8_t *again;

    pack_world(&packed, arguments);
    sic_scan_init(&scan, sic_heap_allocator());
    assert_null(sic_unpack(packed.bytes, packed.size, &scan, &unpacked));
    assert_scans_equal(&packed.scan, &scan);
    assert_memory_equal(&unpacked.origin, &packed.origin, sizeof(packed.origin));
    assert_true(unpacked.has_layout);
    for (unsigned i = 0; i < SIC_FIELD_COUNT; i++) {
        assert_int_equal(unpacked.layout.fields[i].offset, packed.layout.fields[i].offset);
        assert_int_equal(unpacked.layout.fields[i].first_bit, packed.layout.fields[i].first_bit);
        assert_int_equal(unpacked.layout.fields[i].bit_count, packed.layout.fields[i].bit_count);
    }
    *views += scan.views.count;
    again = malloc(packed.size);
    assert_non_null(again);
    assert_true(sic_pack(&scan, &unpacked.origin, &unpacked.layout, again, packed.size));
    assert_memory_equal(again, packed.bytes, packed.size);
    free(again);
    sic_scan_deinit(&scan);
    release(&packed);
}

static void test_round_trip_of_every_layout(void **state)
{
    struct sic_profile profile;
    uint32_t views = 0, worlds = 0;
    size_t cursor = 0;

    (void)state;
    while (sic_profile_builtin_next(&cursor, &profile)) {
        for (unsigned seed = 1; seed <= 3; seed++) {
            char arguments[96];

            snprintf(arguments, sizeof(arguments), "--seed %u --layout %s", 500 + seed, profile.name);
            check_round_trip(arguments, &views);
            worlds++;
        }
    }
    print_message("%u worlds, %u views\n", worlds, views);
    assert_true(worlds >= 50 && views >= worlds * 20);
}

/* Refused, or the same bytes come out when it is packed again: nothing was made up and nothing overlooked. */
static bool check_damaged(const uint8_t *bytes, size_t size)
{
    struct sic_unpacked unpacked;
    struct sic_regions regions;
    struct sic_error error;
    struct sic_scan scan;
    const char *refusal;
    uint8_t *again;

    sic_scan_init(&scan, sic_heap_allocator());
    refusal = sic_unpack(bytes, size, &scan, &unpacked);
    if (refusal) {
        assert_true(refusal[0] != '\0');
    } else {
        again = malloc(size);
        assert_non_null(again);
        assert_true(sic_pack(&scan, &unpacked.origin, unpacked.has_layout ? &unpacked.layout : NULL, again, size));
        assert_memory_equal(again, bytes, size);
        free(again);
        assert_int_equal(sic_regions_build(&scan, SIC_REGION_JOINED, 1, &error, &regions), SIC_OK);
        sic_regions_deinit(&regions);
        assert_true(sic_regions_report_claims(&scan));
    }
    sic_scan_deinit(&scan);
    return !refusal;
}

static uint64_t next_random(uint64_t *state)
{
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    return *state;
}

static void test_every_truncation(void **state)
{
    struct packed packed;
    uint8_t *copy;

    (void)state;
    pack_world(&packed, "--seed 31 --processes 12 --views 8 --privates 4 --sections 3");
    for (size_t size = 0; size < packed.size; size += size < 1200 ? 1 : 61) {
        /* A block of its own, so that the sanitizer sees a read past the end. */
        copy = malloc(size + 1);
        assert_non_null(copy);
        memcpy(copy, packed.bytes, size);
        assert_false(check_damaged(copy, size));
        free(copy);
    }
    copy = malloc(packed.size + 8);
    assert_non_null(copy);
    memcpy(copy, packed.bytes, packed.size);
    memset(copy + packed.size, 0, 8);
    assert_false(check_damaged(copy, packed.size + 8));
    free(copy);
    release(&packed);
}

static void test_every_byte_damaged(void **state)
{
    struct packed packed;
    uint64_t random = 7;
    unsigned sound = 0, rounds = 0;

    (void)state;
    pack_world(&packed, "--seed 32 --processes 12 --views 20 --privates 4 --sections 6");
    for (size_t i = 0; i < packed.size; i += i < 2000 ? 1 : 1 + next_random(&random) % 8) {
        uint8_t kept = packed.bytes[i];

        packed.bytes[i] ^= (uint8_t)(1 + next_random(&random) % 255);
        sound += check_damaged(packed.bytes, packed.size);
        packed.bytes[i] = kept;
        rounds++;
    }
    print_message("%u of %u damaged scans are still scans\n", sound, rounds);
    /* Times and names may be anything; counts, indexes and places may not. */
    assert_true(sound > 0 && sound < rounds);
    assert_true(check_damaged(packed.bytes, packed.size));
    release(&packed);
}

static const char *refusal_of(const struct packed *packed)
{
    struct sic_unpacked unpacked;
    struct sic_scan scan;
    const char *refusal;

    sic_scan_init(&scan, sic_heap_allocator());
    refusal = sic_unpack(packed->bytes, packed->size, &scan, &unpacked);
    sic_scan_deinit(&scan);
    return refusal;
}

/* One field of one record gets a value that cannot be; all else stays. */
static void check_refused(struct packed *packed, enum sic_wire_table_id table, size_t offset, uint32_t value)
{
    struct sic_wire_scan header;
    uint8_t *place, kept[4];

    memcpy(&header, packed->bytes, sizeof(header));
    assert_true(header.tables[table].count > 0);
    place = packed->bytes + header.tables[table].offset + offset;
    memcpy(kept, place, sizeof(kept));
    memcpy(place, &value, sizeof(value));
    if (!refusal_of(packed))
        fail_msg("table %d, offset %zu, value %x was not refused", table, offset, value);
    memcpy(place, kept, sizeof(kept));
}

/* System, the first process, may have no path; the fourth has. */
#define PATH (3 * sizeof(struct sic_wire_process) + offsetof(struct sic_wire_process, path))

static void test_each_check_refuses(void **state)
{
    static const struct {
        enum sic_wire_table_id table;
        size_t offset;
        uint32_t value;
    } cases[] = {
        {SIC_WIRE_PROCESSES, PATH, 0x7fffffff},
        {SIC_WIRE_PROCESSES, PATH + 4, 0x7fffffff},
        {SIC_WIRE_PROCESSES, PATH + 4, 0},
        {SIC_WIRE_PROCESSES, offsetof(struct sic_wire_process, flags), 0x80000002},
        {SIC_WIRE_PROCESSES, offsetof(struct sic_wire_process, first_view), 0xffffffff},
        {SIC_WIRE_PROCESSES, offsetof(struct sic_wire_process, view_count), 0xffffffff},
        {SIC_WIRE_PROCESSES, offsetof(struct sic_wire_process, reserved) + 3, 1},
        {SIC_WIRE_PROCESSES, offsetof(struct sic_wire_process, image_file_name) + 12, 0x41414141},
        {SIC_WIRE_VIEWS, offsetof(struct sic_wire_view, first_prototype_pte) + 4, 0x7fff},
        {SIC_WIRE_VIEWS, offsetof(struct sic_wire_view, start_vpn) + 4, 0x100000},
        {SIC_WIRE_VIEWS, offsetof(struct sic_wire_view, end_vpn) + 4, 0x100000},
        {SIC_WIRE_VIEWS, offsetof(struct sic_wire_view, subsection), 0x00ffffff},
        {SIC_WIRE_VIEWS, offsetof(struct sic_wire_view, process), 0x00ffffff},
        {SIC_WIRE_VIEWS, offsetof(struct sic_wire_view, process), 1},
        {SIC_WIRE_VIEWS, offsetof(struct sic_wire_view, protection), 0x00000020},
        {SIC_WIRE_VIEWS, offsetof(struct sic_wire_view, protection), 0x00000800},
        {SIC_WIRE_VIEWS, offsetof(struct sic_wire_view, protection), 0x00020000},
        {SIC_WIRE_VIEWS, offsetof(struct sic_wire_view, reserved) + 1, 0x01000000},
        {SIC_WIRE_SUBSECTIONS, offsetof(struct sic_wire_subsection, section), 0x00ffffff},
        {SIC_WIRE_SUBSECTIONS, offsetof(struct sic_wire_subsection, section), SIC_WIRE_NONE},
        {SIC_WIRE_SUBSECTIONS, offsetof(struct sic_wire_subsection, next), 0x00ffffff},
        {SIC_WIRE_SUBSECTIONS, offsetof(struct sic_wire_subsection, flags), 0x40},
        {SIC_WIRE_SUBSECTIONS, offsetof(struct sic_wire_subsection, flags), SIC_SUBSECTION_VIEWED},
        {SIC_WIRE_SUBSECTIONS, offsetof(struct sic_wire_subsection, flags), SIC_SUBSECTION_UNREAD},
        {SIC_WIRE_SUBSECTIONS, offsetof(struct sic_wire_subsection, flags), 0x00200000},
        {SIC_WIRE_SUBSECTIONS, offsetof(struct sic_wire_subsection, flags), 0x01000000},
        {SIC_WIRE_SECTIONS, offsetof(struct sic_wire_section, flags), 0x100},
        {SIC_WIRE_SECTIONS, offsetof(struct sic_wire_section, device), 0x00ffffff},
        {SIC_WIRE_SECTIONS, offsetof(struct sic_wire_section, reserved), 1},
        {SIC_WIRE_SECTIONS, offsetof(struct sic_wire_section, flags), SIC_SECTION_UNREAD | SIC_SECTION_FILE},
        {SIC_WIRE_SECTIONS, offsetof(struct sic_wire_section, view_count), 0},
        {SIC_WIRE_SECTIONS, offsetof(struct sic_wire_section, view_count), 0xffffffff},
        {SIC_WIRE_PROCESSES, offsetof(struct sic_wire_process, token), 0x00ffffff},
        {SIC_WIRE_TOKENS, offsetof(struct sic_wire_token, flags), 0x100},
        {SIC_WIRE_TOKENS, offsetof(struct sic_wire_token, reserved), 1},
        {SIC_WIRE_TOKENS, offsetof(struct sic_wire_token, group_count), 0x00ffffff},
        {SIC_WIRE_TOKENS, offsetof(struct sic_wire_token, first_capability), 0x00ffffff},
        {SIC_WIRE_TOKENS, offsetof(struct sic_wire_token, first_restricted), 0x00ffffff},
        {SIC_WIRE_TOKENS, offsetof(struct sic_wire_token, package), 0x00ffffff},
        {SIC_WIRE_SIDS, offsetof(struct sic_wire_sid, sid), 0x00ffffff},
        {SIC_WIRE_SIDS, offsetof(struct sic_wire_sid, sid) + 4, 7},
        {SIC_WIRE_SIDS, offsetof(struct sic_wire_sid, reserved), 1},
        {SIC_WIRE_NAMES, offsetof(struct sic_wire_name, parent), 0},
        {SIC_WIRE_NAMES, offsetof(struct sic_wire_name, kind), SIC_NAME_SECTION},
        {SIC_WIRE_NAMES, offsetof(struct sic_wire_name, name), 1},
        {SIC_WIRE_NAMES, offsetof(struct sic_wire_name, section), 0},
        {SIC_WIRE_NAMES, offsetof(struct sic_wire_name, flags), 8 | SIC_NAME_SECURITY_READ},
        {SIC_WIRE_NAMES, offsetof(struct sic_wire_name, flags), SIC_NAME_OUTSIDE_ROOT | SIC_NAME_SECURITY_READ},
        {SIC_WIRE_NAMES, offsetof(struct sic_wire_name, flags), 0}, /* has bytes that nobody read */
        {SIC_WIRE_NAMES, offsetof(struct sic_wire_name, security), 0},
        {SIC_WIRE_NAMES, offsetof(struct sic_wire_name, security), 0x00ffffff},
        {SIC_WIRE_NAMES, offsetof(struct sic_wire_name, security) + 4, 0},
        {SIC_WIRE_NAMES, offsetof(struct sic_wire_name, security) + 4, 20},
        {SIC_WIRE_NAMES, offsetof(struct sic_wire_name, security) + 4, 0x00ffffff},
        {SIC_WIRE_NAMES, sizeof(struct sic_wire_name) + offsetof(struct sic_wire_name, parent), 1},
        {SIC_WIRE_NAMES, sizeof(struct sic_wire_name) + offsetof(struct sic_wire_name, parent), SIC_WIRE_NONE},
        {SIC_WIRE_NAMES, sizeof(struct sic_wire_name) + offsetof(struct sic_wire_name, kind), SIC_NAME_KIND_COUNT},
        {SIC_WIRE_NAMES, sizeof(struct sic_wire_name) + offsetof(struct sic_wire_name, name) + 4, 0x1001},
        {SIC_WIRE_HANDLES, offsetof(struct sic_wire_handle, process), 0x00ffffff},
        {SIC_WIRE_HANDLES, offsetof(struct sic_wire_handle, section), 0x00ffffff},
        {SIC_WIRE_HANDLES, offsetof(struct sic_wire_handle, value), 0xffffffff},
        {SIC_WIRE_DEVICES, offsetof(struct sic_wire_device, path), 0x00ffffff},
        {SIC_WIRE_KERNEL_VIEWS, offsetof(struct sic_wire_kernel_view, section), 0x00ffffff},
        {SIC_WIRE_KERNEL_VIEWS, offsetof(struct sic_wire_kernel_view, kind), 1},
        {SIC_WIRE_PEB_POINTERS, offsetof(struct sic_wire_peb_pointer, process), 0x00ffffff},
        {SIC_WIRE_PEB_POINTERS, offsetof(struct sic_wire_peb_pointer, field), SIC_PEB_FIELD_COUNT},
        {SIC_WIRE_PAGES, offsetof(struct sic_wire_page, view), 0x00ffffff},
        {SIC_WIRE_PAGES, offsetof(struct sic_wire_page, flags), 0x10},
        {SIC_WIRE_PAGES, offsetof(struct sic_wire_page, reserved), 1},
        {SIC_WIRE_FIELDS, 0, 0x00010000},
        {SIC_WIRE_FIELDS, 4, 0x00010000},
    };
    struct packed packed;

    (void)state;
    pack_world(&packed, "--seed 33");
    assert_null(refusal_of(&packed));
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
        check_refused(&packed, cases[i].table, cases[i].offset, cases[i].value);
    assert_null(refusal_of(&packed));
    release(&packed);
}

static struct sic_wire_subsection *subsection_at(const struct packed *packed, uint32_t index)
{
    struct sic_wire_scan header;

    memcpy(&header, packed->bytes, sizeof(header));
    assert_true(index < header.tables[SIC_WIRE_SUBSECTIONS].count);
    return (struct sic_wire_subsection *)(packed->bytes + header.tables[SIC_WIRE_SUBSECTIONS].offset) + index;
}

/* The first subsection that has a successor. */
static uint32_t find_linked(const struct packed *packed)
{
    for (uint32_t i = 0; i < packed->scan.subsections.count; i++) {
        if (subsection_at(packed, i)->next != SIC_WIRE_NONE)
            return i;
    }
    fail_msg("no subsection of the world has a successor");
    return SIC_NONE;
}

static void link_to(const struct packed *packed, uint32_t from, uint32_t to)
{
    subsection_at(packed, from)->next = to;
    subsection_at(packed, from)->next_va = subsection_at(packed, to)->va;
}

/* Rings are sound, and have an end for who follows them from their head; what forks or goes astray is refused. */
static void test_chains_are_numbered_anew(void **state)
{
    struct sic_unpacked unpacked;
    struct sic_wire_subsection kept;
    struct packed packed;
    struct sic_scan scan;
    uint32_t first, second, head;

    (void)state;
    pack_world(&packed, "--seed 33");
    first = find_linked(&packed);
    second = subsection_at(&packed, first)->next;
    while (subsection_at(&packed, second)->next != SIC_WIRE_NONE)
        second = subsection_at(&packed, second)->next;
    kept = *subsection_at(&packed, second);
    link_to(&packed, second, first);
    sic_scan_init(&scan, sic_heap_allocator());
    assert_null(sic_unpack(packed.bytes, packed.size, &scan, &unpacked));
    head = sic_scan_subsection(&scan, first)->head;
    assert_int_equal(sic_scan_subsection(&scan, second)->head, head);
    assert_int_equal(sic_scan_first_page(&scan, head), 0);
    assert_true(sic_scan_chain_pages(&scan, head) >=
                sic_scan_subsection(&scan, first)->pte_count + (uint64_t)sic_scan_subsection(&scan, second)->pte_count);
    sic_scan_deinit(&scan);
    /* One that leads to itself. */
    link_to(&packed, second, second);
    assert_non_null(refusal_of(&packed));
    *subsection_at(&packed, second) = kept;
    link_to(&packed, first, first);
    assert_null(refusal_of(&packed));
    /* To another address than it says, and to another section's. */
    subsection_at(&packed, first)->next_va += 8;
    assert_non_null(refusal_of(&packed));
    for (uint32_t i = 0; i < packed.scan.subsections.count; i++) {
        if (subsection_at(&packed, i)->section == subsection_at(&packed, first)->section)
            continue;
        link_to(&packed, first, i);
        assert_non_null(refusal_of(&packed));
    }
    release(&packed);
}

/* Tables with something in them, but for the layout's, which needs no memory: at least processes, views, subsections,
 * sections, strings. */
static unsigned count_tables(const struct packed *packed)
{
    struct sic_wire_scan header;
    unsigned count = 0;

    memcpy(&header, packed->bytes, sizeof(header));
    for (unsigned i = 0; i < SIC_WIRE_TABLE_COUNT; i++)
        count += i != SIC_WIRE_FIELDS && header.tables[i].count > 0;
    assert_true(count >= 5);
    return count;
}

static void test_memory_runs_out(void **state)
{
    struct packed packed;
    unsigned refused = 0;

    (void)state;
    pack_world(&packed, "--seed 34");
    for (unsigned n = 0; n < 40; n++) {
        struct scarce_heap heap;
        struct sic_unpacked unpacked;
        struct sic_scan scan;

        scarce_heap_init(&heap, n);
        sic_scan_init(&scan, &heap.allocator);
        refused += sic_unpack(packed.bytes, packed.size, &scan, &unpacked) != NULL;
        sic_scan_deinit(&scan);
    }
    /* One for each table that is not empty, one for the depths of names, two for the places of security descriptors. */
    assert_in_range(refused, count_tables(&packed), count_tables(&packed) + 3);
    release(&packed);
}

static void test_request_round_trip(void **state)
{
    struct sic_request request = {.want = SIC_WIRE_WANT_NAMES, .minimum_views = 2}, decoded;
    uint8_t bytes[SIC_REQUEST_SIZE];
    struct sic_profile profile;
    size_t cursor = 0;

    (void)state;
    while (sic_profile_builtin_next(&cursor, &profile)) {
        request.layout = profile.layout;
        sic_request_encode(&request, bytes);
        assert_int_equal(sic_request_decode(bytes, sizeof(bytes), &decoded), SIC_REQUEST_SOUND);
        assert_int_equal(decoded.want, request.want);
        assert_int_equal(decoded.minimum_views, 2);
        for (unsigned i = 0; i < SIC_FIELD_COUNT; i++)
            assert_memory_equal(&decoded.layout.fields[i], &request.layout.fields[i], 6);
    }
}

static void test_requests_that_are_refused(void **state)
{
    static const struct {
        size_t offset;
        uint32_t value;
        enum sic_request_fault fault;
    } cases[] = {
        {offsetof(struct sic_wire_request, magic), 0, SIC_REQUEST_MALFORMED},
        {offsetof(struct sic_wire_request, version), SIC_WIRE_VERSION + 1, SIC_REQUEST_VERSION_WRONG},
        {offsetof(struct sic_wire_request, size), SIC_REQUEST_SIZE + 8, SIC_REQUEST_SIZE_WRONG},
        {offsetof(struct sic_wire_request, field_count), SIC_FIELD_COUNT - 1, SIC_REQUEST_VERSION_WRONG},
        {offsetof(struct sic_wire_request, field_count), UINT32_MAX, SIC_REQUEST_VERSION_WRONG},
        {offsetof(struct sic_wire_request, fields_hash), 0, SIC_REQUEST_VERSION_WRONG},
        {offsetof(struct sic_wire_request, want), SIC_WIRE_WANT_MASK + 1, SIC_REQUEST_MALFORMED},
        {offsetof(struct sic_wire_request, reserved), 1, SIC_REQUEST_MALFORMED},
        {sizeof(struct sic_wire_request) + 4, 0x00010000, SIC_REQUEST_MALFORMED},
        {sizeof(struct sic_wire_request) + 8 * SIC_FIELD_EPROCESS_VAD_ROOT, SIC_FIELD_ABSENT, SIC_REQUEST_LAYOUT_WRONG},
        {sizeof(struct sic_wire_request) + 8 * SIC_FIELD_EPROCESS_VAD_ROOT, 0x4, SIC_REQUEST_LAYOUT_WRONG},
        {sizeof(struct sic_wire_request) + 8 * SIC_FIELD_EPROCESS_VAD_ROOT, 0x100000, SIC_REQUEST_LAYOUT_WRONG},
        {sizeof(struct sic_wire_request) + 8 * SIC_FIELD_MMVAD_SIZE, 0x8000, SIC_REQUEST_LAYOUT_WRONG},
        {sizeof(struct sic_wire_request) + 8 * SIC_FIELD_VAD_FLAGS_TYPE, 64, SIC_REQUEST_LAYOUT_WRONG},
        {sizeof(struct sic_wire_request) + 8 * SIC_FIELD_VAD_FLAGS_TYPE + 4, 0xffff, SIC_REQUEST_LAYOUT_WRONG},
    };
    uint8_t bytes[SIC_REQUEST_SIZE];
    struct sic_request request = {0}, decoded;
    struct sic_profile profile;

    (void)state;
    assert_true(sic_profile_builtin_find("19041.264", &profile));
    request.layout = profile.layout;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        sic_request_encode(&request, bytes);
        memcpy(bytes + cases[i].offset, &cases[i].value, sizeof(cases[i].value));
        if (sic_request_decode(bytes, sizeof(bytes), &decoded) != cases[i].fault)
            fail_msg("case %zu: not the fault that was expected", i);
    }
    for (size_t size = 0; size < sizeof(bytes); size++) {
        sic_request_encode(&request, bytes);
        assert_int_equal(sic_request_decode(bytes, size, &decoded), SIC_REQUEST_SIZE_WRONG);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_round_trip_of_every_layout), cmocka_unit_test(test_every_truncation),
        cmocka_unit_test(test_every_byte_damaged),         cmocka_unit_test(test_each_check_refuses),
        cmocka_unit_test(test_chains_are_numbered_anew),   cmocka_unit_test(test_memory_runs_out),
        cmocka_unit_test(test_request_round_trip),         cmocka_unit_test(test_requests_that_are_refused),
    };

    return cmocka_run_group_tests_name("saved", tests, NULL, NULL);
}
