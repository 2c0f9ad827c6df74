/*
 * The walk over bytes of anybody's choice: process list, VAD trees, sections, names, tokens, PEBs, first pages,
 * regions, and the proof of a layout. The first byte chooses the layout; the rest is kernel memory
 * (tests/flat_memory.h), with the list's head at its start.
 */
#include "../tests/flat_memory.h"
#include "util/escape.h"
#include "core/accounts.h"
#include "core/device.h"
#include "core/directory.h"
#include "core/handle_table.h"
#include "core/chain.h"
#include "core/evidence.h"
#include "core/names.h"
#include "core/peb.h"
#include "core/process.h"
#include "core/section.h"
#include "core/soundness.h"
#include "core/token.h"
#include "core/vad.h"
#include "kernel/prove.h"
#include "sharing/region.h"
#include "symbols/profile.h"
#include "util/memory.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool holds)
{
    if (!holds)
        abort();
}

static void check_regions(const struct sic_scan *scan, enum sic_region_rule rule)
{
    struct sic_regions regions;
    struct sic_error error;
    uint32_t members = 0;
    bool *seen = calloc(scan->views.count + 1u, sizeof(*seen));

    require(seen && sic_regions_build(scan, rule, 1, &error, &regions) == SIC_OK);
    for (uint32_t i = 0; i < regions.count; i++) {
        const struct sic_region *region = &regions.regions[i];

        require(region->count >= 2 && region->first + region->count <= scan->views.count);
        for (uint32_t v = region->first; v < region->first + region->count; v++) {
            require(regions.views[v] < scan->views.count && !seen[regions.views[v]]);
            seen[regions.views[v]] = true;
            require(sic_scan_view(scan, regions.views[v])->first_prototype_pte >= region->prototype_pte);
        }
        members += region->count;
    }
    require(members <= scan->views.count);
    sic_regions_deinit(&regions);
    free(seen);
}

static void check_names(const struct sic_scan *scan)
{
    for (uint32_t i = 0; i < scan->processes.count; i++) {
        const struct sic_process *process = sic_scan_process(scan, i);
        size_t length;
        char *text;

        if (!(process->flags & SIC_PROCESS_HAS_PATH))
            continue;
        text = malloc(process->path.length * (size_t)SIC_ESCAPE_UNIT_SIZE + 1);
        require(text != NULL);
        length = sic_escape_utf16((const uint16_t *)scan->strings.elements + process->path.offset, process->path.length,
                                  text);
        require(strlen(text) == length);
        free(text);
    }
}

/* The same bytes are the user half of every process. */
static bool read_user(void *context, uint32_t process, uint64_t va, void *buffer, size_t size)
{
    const struct sic_reader *reader = context;

    (void)process;
    return reader->read(reader->context, FLAT_BASE + va, buffer, size);
}

static void check_sids(const struct sic_scan *scan, uint32_t first, uint32_t count)
{
    require(first <= scan->sids.count && count <= scan->sids.count - first);
    for (uint32_t i = first; i < first + count; i++) {
        struct sic_blob sid = ((const struct sic_sid *)scan->sids.elements)[i].sid;

        require(sid.length <= SIC_SID_SIZE_LIMIT);
        require(sid.length == 0 ? sid.offset == SIC_NONE
                                : sid.offset <= scan->bytes.count && sid.length <= scan->bytes.count - sid.offset);
    }
}

static void read_owners(struct sic_scan *scan, const struct sic_reader *reader, const struct sic_layout *layout)
{
    struct sic_user_reader user = {.read = read_user, .context = (void *)reader};
    struct sic_objects objects = {.layout = layout};

    require(sic_tokens_read(scan, reader, layout, &objects));
    for (uint32_t i = 0; i < scan->tokens.count; i++) {
        const struct sic_token *token = (const struct sic_token *)scan->tokens.elements + i;

        check_sids(scan, token->first_group, token->group_count);
        check_sids(scan, token->first_capability, token->capability_count);
        check_sids(scan, token->first_restricted, token->restricted_count);
    }
    require(sic_pebs_read(scan, &user, layout));
    require(sic_evidence_list(scan) && sic_evidence_read_kernel(scan, reader, 0, scan->pages.count));
    sic_evidence_read_user(scan, &user, 0, scan->pages.count);
    for (uint32_t i = 0; i < scan->views.count; i++) {
        const struct sic_view *view = sic_scan_view(scan, i);
        uint64_t steps = 1000;

        (void)sic_view_prototype_pte(scan, view, sic_view_page_count(view) - 1, &steps);
    }
}

static void walk_all(struct sic_scan *scan, const struct sic_reader *reader, const struct sic_layout *layout,
                     const struct sic_process_list *list)
{
    struct sic_array strangers = {0};
    struct sic_vad_walker walker;

    require(sic_process_list_read(scan, reader, layout, list, SIC_NONE));
    require(sic_processes_part_trees(scan, reader, layout));
    sic_vad_walker_init(&walker, reader, layout);
    for (uint32_t i = 0; i < scan->processes.count; i++) {
        require(sic_vad_walk(&walker, scan, i) && sic_process_read_path(scan, reader, layout, i));
        /* Ascending and disjoint, whatever the bytes. */
        for (uint32_t v = 1; v < sic_scan_process(scan, i)->view_count; v++)
            require(sic_scan_view(scan, sic_scan_process(scan, i)->first_view + v)->start_vpn >
                    sic_scan_view(scan, sic_scan_process(scan, i)->first_view + v - 1)->end_vpn);
    }
    sic_vad_walker_deinit(&walker, &scan->allocator);
    require(sic_sections_resolve(scan, reader, layout));
    require(sic_accounts_compare(scan, reader, layout, true, &strangers));
    sic_array_free(&scan->allocator, &strangers, sizeof(uint64_t));
    require(sic_section_names_read(scan, reader, sic_layout_offset(layout, SIC_FIELD_FILE_OBJECT_FILE_NAME), 1));
    read_owners(scan, reader, layout);
    require(sic_regions_report_claims(scan));
}

static void read_handles(struct sic_scan *scan, const struct sic_reader *reader, const struct sic_objects *objects)
{
    struct sic_handle_tables tables = {0};

    for (uint32_t i = 0; i < scan->processes.count; i++) {
        struct sic_handle_range range;

        require(sic_handle_table_find(&tables, scan, reader, objects->layout, i, &range));
        require(sic_handle_table_read(&tables, range, scan, reader, objects, i));
    }
    sic_handle_tables_deinit(&tables, &scan->allocator);
    require(sic_handles_resolve(scan, reader, objects->layout));
}

/*
 * Directories and handle tables. Where the bytes hold no directory of types, one is claimed, so that the rest is tried
 * all the same: the second byte is the index of sections.
 */
static void read_objects(struct sic_scan *scan, const struct sic_reader *reader, const struct sic_layout *layout,
                         uint8_t index)
{
    struct sic_object_roots roots = {.process_type_va = FLAT_BASE + 0x100, .root_directory_va = FLAT_BASE + 0x200};
    struct sic_objects objects;

    require(sic_objects_find(&objects, scan, reader, layout, &roots));
    if (!objects.are_types_known) {
        objects.root_va = FLAT_BASE + 0x200;
        objects.are_types_known = true;
        objects.indexes[SIC_OBJECT_DIRECTORY] = index & 3;
        objects.indexes[SIC_OBJECT_SYMBOLIC_LINK] = (index + 1) & 3;
        objects.indexes[SIC_OBJECT_SECTION] = (index + 2) & 3;
        objects.indexes[SIC_OBJECT_DEVICE] = (index + 3) & 3;
    }
    if (sic_handles_can_be_read(&objects))
        read_handles(scan, reader, &objects);
    if (sic_objects_can_be_read(layout))
        require(sic_directories_read(scan, reader, &objects) && sic_devices_read(scan, reader, &objects, 1));
    /* Once more, their types being known. */
    objects.indexes[SIC_OBJECT_TOKEN] = index & 3;
    require(sic_tokens_read(scan, reader, layout, &objects));
    require(sic_facts_check(scan) == NULL);
}

#define PROFILE_LIMIT 64u

/* Parsed once: the text is not what is tested here. */
static const struct sic_profile *choose_profile(uint8_t choice)
{
    static struct sic_profile profiles[PROFILE_LIMIT];
    static unsigned count;
    size_t cursor = 0;

    while (count == 0 || cursor != 0) {
        if (count == PROFILE_LIMIT || !sic_profile_builtin_next(&cursor, &profiles[count]))
            break;
        count++;
    }
    require(count > 0);
    return &profiles[choice % count];
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct sic_process_list list = {.head_va = FLAT_BASE};
    const struct sic_profile *profile;
    struct flat_memory memory;
    struct sic_reader reader;
    struct sic_scan scan;
    struct sic_proof proof;

    if (size < 2)
        return 0;
    profile = choose_profile(data[0]);
    memory = (struct flat_memory){.bytes = data + 1, .size = size - 1};
    reader = flat_memory_reader(&memory);
    reader.levels = sic_layout_paging_levels(&profile->layout);
    sic_scan_init(&scan, sic_heap_allocator());
    walk_all(&scan, &reader, &profile->layout, &list);
    read_objects(&scan, &reader, &profile->layout, data[1]);
    check_regions(&scan, SIC_REGION_JOINED);
    check_regions(&scan, SIC_REGION_SAME_START);
    check_names(&scan);
    sic_scan_deinit(&scan);
    (void)sic_layout_prove(&reader, &profile->layout, &list, SIC_PROOF_OF_GUESS, sic_heap_allocator(), &proof);
    return 0;
}
