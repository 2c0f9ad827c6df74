/*
 * Sections: rings with the kernel's views, counts, files with their devices, first pages; held against the truth.
 */
#include "test_facts.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void kernel_view(const struct facts *facts, uint64_t link, uint64_t owner, const char *truth)
{
    char text[256];
    const struct reader *reader = &facts->seen.reader;
    unsigned long long va = owner & ~7ull;
    if ((owner & 7) == 2) {
        uint32_t session = reader_u32(reader, link + 0x18);
        if (session == UINT32_MAX)
            snprintf(text, sizeof text, "{\"kind\": \"system\", \"session\": null, \"va\": \"0x%llx\"}", va);
        else
            snprintf(text, sizeof text, "{\"kind\": \"session\", \"session\": %u, \"va\": \"0x%llx\"}", session, va);
    } else {
        uint64_t attributes = reader_u64(reader, link + 0x20);
        assert_int_equal(owner & 7, 3);
        snprintf(text, sizeof text,
                 "{\"kind\": \"cache\", \"session\": null, \"va\": \"0x%llx\", \"firstPage\": %llu, \"pages\": %u}", va,
                 (unsigned long long)attributes >> 16, (unsigned)attributes & 0x3f);
    }
    if (!strstr(truth, text))
        fail_msg("the truth has no %s: %s", text, truth);
}

/* The head of the ring of views; 0: the kernel has none. */
static uint64_t ring_of(const struct facts *facts, uint64_t area)
{
    const struct reader *reader = &facts->seen.reader;
    if (!reader_has(reader, "_MMVAD.ViewLinks"))
        return 0;
    return area + reader_offset(reader, reader_has(reader, "_CONTROL_AREA.ListHead") ? "_CONTROL_AREA.ListHead"
                                                                                     : "_CONTROL_AREA.ViewList");
}

/* Rings with all their entries, and the counts beside them. */
static void section_is_the_truths(const struct facts *facts, uint64_t area)
{
    const struct reader *reader = &facts->seen.reader;
    static char text[1 << 16];
    char piece[128];
    uint64_t views = 0, cached = 0, kernel = 0, head = ring_of(facts, area);
    facts_section_text(facts, area, text, sizeof text);
    for (uint64_t link = head ? reader_u64(reader, head) : 0; link != head; link = reader_u64(reader, link), views++) {
        uint64_t owner = reader_u64(reader, link + 0x10);
        assert_int_equal(reader_u64(reader, reader_u64(reader, link) + 8), link);
        assert_true(views < 10000);
        if ((owner & 7) == 1)
            continue;
        kernel_view(facts, link, owner, text);
        kernel++;
        cached += (owner & 7) == 3;
    }
    assert_int_equal(kernel, facts_count(text, text + strlen(text), "\"va\""));
    assert_true(seen_count(&facts->seen, area, "_CONTROL_AREA.NumberOfMappedViews") >= views);
    assert_true(facts_field32(facts, area, "_CONTROL_AREA.u2") >= cached);
    snprintf(piece, sizeof piece, "\"references\": %llu, \"mappedViews\": %llu, \"cacheViews\": %u",
             (unsigned long long)seen_count(&facts->seen, area, "_CONTROL_AREA.NumberOfSectionReferences"),
             (unsigned long long)seen_count(&facts->seen, area, "_CONTROL_AREA.NumberOfMappedViews"),
             facts_field32(facts, area, "_CONTROL_AREA.u2"));
    assert_non_null(strstr(text, piece));
    uint64_t objects = 0;
    for (size_t i = 0; i < facts->found_count; i++)
        objects += facts_area(facts, facts->found[i]) == area;
    assert_int_equal(seen_count(&facts->seen, area, "_CONTROL_AREA.NumberOfSectionReferences"), objects);
    uint64_t segment = facts_field(facts, area, "_CONTROL_AREA.Segment");
    uint32_t flags = facts_field32(facts, segment, "_SEGMENT.SegmentFlags");
    assert_non_null(strstr(text, reader_bits(reader, "_SEGMENT_FLAGS.LargePages", flags) ? "\"largePages\": true"
                                                                                         : "\"largePages\": false"));
    assert_int_equal(facts_field(facts, segment, "_SEGMENT.ControlArea"), area);
}

/* The file's device, by the name of its object. */
static void file_is_the_truths(const struct facts *facts, uint64_t area)
{
    const struct reader *reader = &facts->seen.reader;
    static char text[1 << 16];
    uint64_t file = facts_field(facts, area, "_CONTROL_AREA.FilePointer") & ~0xfull;
    char device[128] = "null", type[32], name[128], piece[1024];
    facts_section_text(facts, area, text, sizeof text);
    if (!file) {
        assert_non_null(strstr(text, "\"device\": null"));
        return;
    }
    facts_type(facts, file, type, sizeof type);
    assert_string_equal(type, "File");
    uint64_t object = facts_field(facts, file, "_FILE_OBJECT.DeviceObject");
    facts_type(facts, object, type, sizeof type);
    assert_string_equal(type, "Device");
    uint64_t header = object - 0x30;
    uint64_t info = facts_name_part(facts, header);
    if (info) {
        facts_name(facts, object, facts_field(facts, info, "_OBJECT_HEADER_NAME_INFO.Directory"), name, sizeof name);
        snprintf(device, sizeof device, "\"\\\\Device\\\\%.100s\"", name);
    }
    snprintf(piece, sizeof piece, "\"device\": %s", device);
    assert_non_null(strstr(text, piece));
    uint64_t buffer = reader_u64(reader, file + reader_offset(reader, "_FILE_OBJECT.FileName") + 8);
    bool readable = reader_page(reader, reader->root, buffer, NULL) != NULL;
    assert_non_null(strstr(text, readable ? "\"nameReadable\": true" : "\"nameReadable\": false"));
}

void facts_check_sections(struct facts *facts)
{
    const char *at = strstr(facts->truth, "\"sections\": [");
    unsigned long long area;
    unsigned count = 0;
    while ((at = strstr(at + 1, "{\"control_area\": \"")) != NULL) {
        assert_int_equal(sscanf(at, "{\"control_area\": \"0x%llx\"", &area), 1);
        section_is_the_truths(facts, area);
        file_is_the_truths(facts, area);
        count++;
    }
    assert_true(count > 0);
}

void facts_check_first_pages(struct facts *facts)
{
    const struct reader *reader = &facts->seen.reader;
    const char *at = strstr(facts->truth, "\n \"views\": [");
    unsigned physical = 0;
    while ((at = strstr(at + 1, "\"first_prototype_pte\": \"0x")) != NULL) {
        unsigned long long va, pte = 0, address;
        char text[64], *end;
        sscanf(at, "\"first_prototype_pte\": \"0x%llx\"", &va);
        const char *said = strstr(at, "\"firstPte\": \"");
        assert_non_null(said);
        sscanf(said, "\"firstPte\": \"0x%llx\"", &pte);
        assert_int_equal(reader_u64(reader, va), pte);
        said = strstr(said, "\"firstPhysical\": ");
        if (!strncmp(said + 17, "null", 4)) {
            assert_int_equal(pte & 1, 0);
            continue;
        }
        address = strtoull(said + 18, &end, 16);
        assert_true(address + 4096 <= reader->size);
        for (unsigned i = 0; i < 16; i++)
            snprintf(text + i * 2, 3, "%02x", reader->bytes[address + i]);
        said = strstr(said, "\"firstBytes\": \"");
        assert_memory_equal(said + 15, text, 32);
        physical++;
    }
    assert_true(physical > 0);
}
