/*
 * Packed scans of anybody's making: refused, or as sound as one that was walked; packed again they are the same bytes.
 * Each input is tried as it is, and with a header that fits its length, so that mutations get past the first checks.
 */
#include "core/pack.h"
#include "core/security.h"
#include "core/unpack.h"
#include "crossing/crossing.h"
#include "crossing/sentence.h"
#include "meaning/file_path.h"
#include "meaning/identity.h"
#include "meaning/meaning.h"
#include "meaning/memory.h"
#include "meaning/page.h"
#include "meaning/parent.h"
#include "meaning/rights.h"
#include "meaning/sid.h"
#include "meaning/unread.h"
#include "sharing/kernel_view.h"
#include "sharing/region.h"
#include "sharing/span.h"
#include "util/escape.h"
#include "util/memory.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool holds)
{
    if (!holds)
        abort();
}

static void check_names(const struct sic_scan *scan)
{
    const uint16_t *units = scan->strings.elements;

    for (uint32_t i = 0; i < scan->sections.count; i++) {
        const struct sic_section *section = sic_scan_section(scan, i);
        size_t room = section->name.length * (size_t)SIC_ESCAPE_UNIT_SIZE + 1;
        char *text;

        if (!(section->flags & SIC_SECTION_HAS_NAME) || room > 1 << 20)
            continue;
        text = malloc(room);
        require(text && sic_escape_utf16(units + section->name.offset, section->name.length, text) < room);
        free(text);
    }
}

static void check_regions(const struct sic_scan *scan, enum sic_region_rule rule)
{
    struct sic_regions regions;
    struct sic_error error;
    uint64_t offset;

    require(sic_regions_build(scan, rule, 1, &error, &regions) == SIC_OK);
    for (uint32_t i = 0; i < regions.count; i++) {
        require(regions.regions[i].section < scan->sections.count);
        require(regions.regions[i].count >= 2 ||
                (regions.regions[i].count == 1 && sic_kernel_views_share(scan, regions.regions[i].section)));
    }
    sic_regions_deinit(&regions);
    for (uint32_t i = 0; i < scan->views.count; i++)
        (void)sic_view_section_offset(scan, sic_scan_view(scan, i), &offset);
}

/* From its head each chain ends, or comes back to the head, and each subsection is in one. */
static void check_chains(const struct sic_scan *scan)
{
    uint32_t visited = 0;

    for (uint32_t head = 0; head < scan->subsections.count; head++) {
        if (sic_scan_subsection(scan, head)->head != head)
            continue;
        for (uint32_t i = head; i != SIC_NONE;) {
            require(i < scan->subsections.count && visited < scan->subsections.count);
            require(sic_scan_subsection(scan, i)->head == head);
            visited++;
            i = sic_scan_subsection(scan, i)->next == head ? SIC_NONE : sic_scan_subsection(scan, i)->next;
        }
    }
    require(visited == scan->subsections.count);
}

/* No text that is shown holds a control character. */
static void check_text(char *text)
{
    for (const char *c = text; c && *c; c++)
        require((unsigned char)*c >= 0x20 && *c != 0x7f);
    free(text);
}

static void check_processes(const struct sic_scan *scan, const struct sic_meaning *meaning)
{
    char text[SIC_SID_TEXT_SIZE], name[SIC_SID_NAME_SIZE], words[SIC_PROTECTED_TEXT_SIZE];
    struct sic_parents parents;

    require(sic_parents_init(scan, &parents));
    for (uint32_t i = 0; i < scan->processes.count; i++) {
        const struct sic_process *process = sic_scan_process(scan, i);
        const struct sic_token *token = sic_process_token(scan, process);
        const struct sic_sid *user = sic_token_user(scan, token);
        uint32_t parent = sic_parents_find(&parents, i);

        require((parent != SIC_NONE) == (sic_parents_state(&parents, i) == SIC_PARENT_FOUND));

        check_text(sic_process_path(scan, &meaning->drives, process));
        require(sic_protected_text(process, words) && (parent == SIC_NONE || parent < scan->processes.count));
        if (user && sic_sid_format(scan, user->sid, text))
            (void)sic_sid_name(text, name);
    }
    sic_parents_deinit(&parents);
}

static void check_unread(const struct sic_scan *scan, const struct sic_meaning *meaning)
{
    struct sic_unread unread;

    sic_unread_count(meaning, &unread);
    require(unread.handle_tables <= scan->processes.count && unread.tokens <= scan->processes.count);
    require(meaning->handles.known || !meaning->handles.complete);
    for (uint32_t i = 0; i < scan->views.count; i++)
        (void)sic_page_is_in_memory(sic_meaning_page(meaning, i), sic_scan_view(scan, i)->protection);
}

static void check_crossings(const struct sic_scan *scan, const struct sic_meaning *meaning,
                            const struct sic_regions *regions, const struct sic_shared_writable *parts)
{
    struct sic_crossing_request request = {.scan = scan, .meaning = meaning, .regions = regions, .parts = parts};
    struct sic_crossings crossings;

    char **names = malloc(((size_t)scan->processes.count + 1) * sizeof(*names)), name[] = "name";

    require(names && sic_crossings_find(&request, &crossings));
    for (uint32_t i = 0; i < scan->processes.count; i++)
        names[i] = name;
    for (uint32_t i = 0; i < crossings.count; i++) {
        require(crossings.crossings[i].region < regions->count);
        check_text(sic_crossing_sentence(&request, &crossings, &crossings.crossings[i], names));
    }
    sic_crossings_deinit(&crossings);
    free(names);
}

static void check_meaning(const struct sic_scan *scan)
{
    struct sic_shared_writable parts;
    struct sic_regions regions;
    struct sic_meaning meaning;
    struct sic_memory memory;
    struct sic_error error;

    require(sic_meaning_init(scan, &meaning) && sic_shared_writable_build(scan, &parts));
    require(sic_regions_build(scan, SIC_REGION_ALONE_TOO, 1, &error, &regions) == SIC_OK);
    for (uint32_t i = 0; i < regions.count; i++) {
        const struct sic_region *region = &regions.regions[i];

        sic_memory_judge(&meaning, &regions, region, &memory);
        require(memory.known < SIC_KNOWN_MEMORY_COUNT && memory.owners_unknown <= memory.owners);
        for (uint32_t j = 0; j < memory.proof_count; j++)
            require(memory.proofs[j].here > 0 && memory.proofs[j].here + memory.proofs[j].elsewhere <= memory.owners);
        (void)sic_region_is_writable(scan, &regions, region, &parts);
        check_text(sic_section_path(scan, &meaning.drives, sic_scan_section(scan, region->section)));
    }
    for (uint32_t i = 0; i < scan->names.count; i++)
        check_text(sic_object_path(&meaning.names, i));
    check_processes(scan, &meaning);
    check_unread(scan, &meaning);
    check_crossings(scan, &meaning, &regions, &parts);
    sic_regions_deinit(&regions);
    sic_shared_writable_deinit(scan, &parts);
    sic_meaning_deinit(&meaning);
}

static void check_securities(const struct sic_scan *scan)
{
    const struct sic_name *names = scan->names.elements;

    for (uint32_t i = 0; i < scan->names.count; i++) {
        struct sic_blob blob = names[i].security;

        require(blob.offset == SIC_NONE
                    ? blob.length == 0
                    : sic_security_is_sound((const uint8_t *)scan->bytes.elements + blob.offset, blob.length));
    }
}

static void try_bytes(const uint8_t *bytes, size_t size)
{
    struct sic_unpacked unpacked;
    struct sic_scan scan;

    sic_scan_init(&scan, sic_heap_allocator());
    if (!sic_unpack(bytes, size, &scan, &unpacked)) {
        uint8_t *again = malloc(size);

        require(again && sic_pack(&scan, &unpacked.origin, unpacked.has_layout ? &unpacked.layout : NULL, again, size));
        require(memcmp(again, bytes, size) == 0);
        free(again);
        check_regions(&scan, SIC_REGION_JOINED);
        check_regions(&scan, SIC_REGION_SAME_START);
        check_chains(&scan);
        check_names(&scan);
        check_securities(&scan);
        check_meaning(&scan);
        require(sic_regions_report_claims(&scan));
    }
    sic_scan_deinit(&scan);
}

/* Places the tables where their counts put them, as long as they fit, and cuts what is left. Returns the new size. */
static size_t repair(uint8_t *bytes, size_t size)
{
    struct sic_wire_scan header;
    uint64_t offset = sizeof(header);

    memcpy(&header, bytes, sizeof(header));
    memcpy(header.magic, SIC_WIRE_SCAN_MAGIC, SIC_WIRE_SCAN_MAGIC_SIZE);
    header.version = SIC_WIRE_VERSION;
    header.header_size = sizeof(header);
    header.flags = 0;
    for (unsigned i = 0; i < SIC_WIRE_TABLE_COUNT; i++) {
        struct sic_wire_table *table = &header.tables[i];
        uint64_t room = ((size - offset) & ~7ull) / sic_pack_element_size(i);

        table->offset = offset;
        table->element_size = sic_pack_element_size(i);
        if (table->count > room)
            table->count = (uint32_t)room;
        offset = (offset + (uint64_t)table->count * table->element_size + 7) & ~7ull;
    }
    header.size = offset;
    memcpy(bytes, &header, sizeof(header));
    return (size_t)offset;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    uint8_t *copy;

    try_bytes(data, size);
    if (size < sizeof(struct sic_wire_scan))
        return 0;
    copy = malloc(size);
    require(copy != NULL);
    memcpy(copy, data, size);
    try_bytes(copy, repair(copy, size));
    free(copy);
    return 0;
}
