#include "cli/cross.h"
#include "cli/difference.h"
#include "cli/difference_words.h"
#include "cli/json.h"
#include "cli/json_meaning.h"
#include "cli/name_list.h"
#include "meaning/file_path.h"
#include "meaning/memory.h"
#include "meaning/time.h"
#include "util/escape.h"

#include <stdlib.h>
#include <string.h>

/* Raised when a member changes its meaning; new members do not raise it. */
#define DOCUMENT_VERSION 1u
/* Pids of a path that are listed. */
#define PIDS_LISTED 64u

struct document {
    const struct sic_comparison *comparison;
    const struct sic_listing *listings[2];
    struct sic_json *json;
    bool failed; /* memory ran out */
};

static const char *const side_keys[2] = {"old", "new"};

static void put_words(struct sic_json *json, uint32_t what, const char *const *words, unsigned count)
{
    sic_json_open_array(json, "changes");
    for (unsigned i = 0; i < count; i++) {
        if (what >> i & 1)
            sic_json_string(json, NULL, words[i]);
    }
    sic_json_close_array(json);
}

static void open_change(struct sic_json *json, enum sic_change change, bool is_certain)
{
    sic_json_open_object(json, NULL);
    sic_json_string(json, "change", sic_change_word(change));
    sic_json_bool(json, "certain", is_certain);
}

static void put_owned_string(struct sic_json *json, const char *key, char *text)
{
    sic_json_string(json, key, text);
    free(text);
}

static void put_number_or_null(struct sic_json *json, const char *key, bool is_known, uint64_t value)
{
    if (is_known)
        sic_json_number(json, key, value);
    else
        sic_json_string(json, key, NULL);
}

/* The name of the file, in the bytes of the file system. */
static void put_file(struct document *document, const char *name)
{
    char *text = name ? malloc(strlen(name) * SIC_ESCAPE_UNIT_SIZE + 1) : NULL;

    if (text)
        sic_escape_bytes((const uint8_t *)name, strlen(name), text);
    document->failed = document->failed || (name && !text);
    put_owned_string(document->json, "file", text);
}

static void put_side(struct document *document, unsigned side, const char *name)
{
    const struct sic_listing *listing = document->listings[side];

    sic_json_open_object(document->json, side_keys[side]);
    put_file(document, name);
    sic_json_bool(document->json, "complete", sic_listing_is_complete(listing));
    sic_json_number(document->json, "problems", listing->scan.problems.count);
    sic_json_put_unread(document->json, listing);
    sic_json_number(document->json, "skipped_processes", listing->scan.skipped_processes);
    sic_json_put_origin(document->json, listing);
    sic_json_close_object(document->json);
}

static void put_counts(struct sic_json *json, const char *key, const struct sic_difference_counts *counts)
{
    sic_json_open_object(json, key);
    for (unsigned i = 0; i < SIC_CHANGE_COUNT; i++)
        sic_json_number(json, sic_change_word(i), counts->by_change[i]);
    sic_json_close_object(json);
}

static void put_summary(const struct document *document)
{
    const struct sic_difference *difference = &document->comparison->difference;

    sic_json_open_object(document->json, "summary");
    put_counts(document->json, "processes", &difference->process_counts);
    put_counts(document->json, "sections", &difference->section_counts);
    put_counts(document->json, "regions", &difference->region_counts);
    put_counts(document->json, "views", &difference->view_counts);
    put_counts(document->json, "crossings", &difference->crossing_counts);
    sic_json_close_object(document->json);
}

/* What tells which process of its path it is. */
static void put_identity(struct sic_json *json, const struct sic_process *process, bool is_exact)
{
    char time[SIC_TIME_TEXT_SIZE];

    if (is_exact) {
        sic_json_id(json, "pid", process->id);
        sic_json_address(json, "eprocess", process->eprocess_va);
        sic_json_address_or_null(json, "create_time", process->create_time);
        sic_json_string(json, "started", sic_time_format(process->create_time, time) ? time : NULL);
        return;
    }
    sic_json_string(json, "pid", NULL);
    sic_json_string(json, "eprocess", NULL);
    sic_json_string(json, "create_time", NULL);
    sic_json_string(json, "started", NULL);
}

static void put_process(const struct document *document, unsigned side, uint32_t index, bool is_exact)
{
    const struct sic_listing *listing = document->listings[side];
    const struct sic_process *process;

    if (index == SIC_NONE) {
        sic_json_string(document->json, side_keys[side], NULL);
        return;
    }
    process = sic_scan_process(&listing->scan, index);
    sic_json_open_object(document->json, side_keys[side]);
    sic_json_string(document->json, "process", listing->names[index]);
    put_owned_string(document->json, "full_path", sic_process_path(&listing->scan, &listing->meaning.drives, process));
    put_identity(document->json, process, is_exact);
    sic_json_bool(document->json, "exited", process->flags & SIC_PROCESS_EXITED);
    sic_json_bool(document->json, "listed", !(process->flags & SIC_PROCESS_UNLISTED));
    sic_json_number(document->json, "views", process->view_count);
    sic_json_put_trust(document->json, listing, index);
    sic_json_close_object(document->json);
}

static void put_pids(const struct document *document, unsigned side, uint32_t first, uint32_t count)
{
    const struct sic_difference *difference = &document->comparison->difference;
    const uint32_t *members = side == 0 ? difference->old_members.elements : difference->new_members.elements;

    sic_json_open_array(document->json, side == 0 ? "old_pids" : "new_pids");
    for (uint32_t i = first; i < first + count && i - first < PIDS_LISTED; i++)
        sic_json_id(document->json, NULL, sic_scan_process(&document->listings[side]->scan, members[i])->id);
    sic_json_close_array(document->json);
}

/* How many there are of the path. */
static void put_class(const struct document *document, uint32_t index)
{
    const struct sic_process_class *record =
        (const struct sic_process_class *)document->comparison->difference.classes.elements + index;

    sic_json_open_object(document->json, "path_count");
    sic_json_number(document->json, "old", record->old_count);
    sic_json_number(document->json, "new", record->new_count);
    sic_json_close_object(document->json);
    put_pids(document, 0, record->first_old, record->old_count);
    put_pids(document, 1, record->first_new, record->new_count);
}

static void put_processes(const struct document *document)
{
    const struct sic_difference *difference = &document->comparison->difference;
    const struct sic_process_change *changes = difference->processes.elements;

    sic_json_open_array(document->json, "processes");
    for (uint32_t i = 0; i < difference->processes.count; i++) {
        open_change(document->json, changes[i].change, changes[i].is_certain);
        put_process(document, 0, changes[i].old_index, changes[i].is_exact);
        put_process(document, 1, changes[i].new_index, changes[i].is_exact);
        put_words(document->json, changes[i].what, sic_process_change_words, SIC_PROCESS_CHANGE_COUNT);
        if (difference->basis == SIC_DIFFERENCE_BY_PATH)
            put_class(document, changes[i].class_index);
        sic_json_close_object(document->json);
    }
    sic_json_close_array(document->json);
}

static void put_section(const struct document *document, unsigned side, uint32_t index, uint32_t processes,
                        bool is_shared)
{
    const struct sic_listing *listing = document->listings[side];
    struct sic_json *json = document->json;
    const struct sic_section *section;
    struct sic_name_list names;
    bool is_sized;

    if (index == SIC_NONE) {
        sic_json_string(json, side_keys[side], NULL);
        return;
    }
    section = sic_scan_section(&listing->scan, index);
    is_sized = !(section->flags & (SIC_SECTION_UNREAD | SIC_SECTION_SIZE_UNKNOWN));
    sic_json_open_object(json, side_keys[side]);
    sic_json_address_or_null(json, "control_area", section->control_area_va);
    sic_json_string(json, "kind", sic_section_kind_token(section));
    put_owned_string(json, "name", sic_section_name(&listing->scan, section));
    put_owned_string(json, "full_path", sic_section_path(&listing->scan, &listing->meaning.drives, section));
    sic_name_list_begin(&names, &listing->meaning.names, index, SIC_NAMES_SIZE_LIMIT);
    sic_json_put_name_lists(json, &names, false);
    put_number_or_null(json, "size", is_sized, section->size);
    put_number_or_null(json, "prototype_ptes", is_sized, section->pte_count);
    sic_json_number(json, "processes", processes);
    sic_json_number(json, "views", section->view_count);
    sic_json_bool(json, "shared", is_shared);
    sic_json_close_object(json);
}

static void put_view(const struct document *document, unsigned side, uint32_t index)
{
    const struct sic_listing *listing = document->listings[side];
    struct sic_json *json = document->json;
    const struct sic_process *process;
    const struct sic_view *view;
    uint64_t offset = 0;
    bool is_placed;

    if (index == SIC_NONE) {
        sic_json_string(json, side_keys[side], NULL);
        return;
    }
    view = sic_scan_view(&listing->scan, index);
    process = sic_scan_process(&listing->scan, view->process);
    is_placed = sic_view_section_offset(&listing->scan, view, &offset);
    sic_json_open_object(json, side_keys[side]);
    sic_json_id(json, "pid", process->id);
    sic_json_string(json, "process", listing->names[view->process]);
    sic_json_address(json, "eprocess", process->eprocess_va);
    sic_json_address(json, "start", sic_view_start_va(view));
    sic_json_address(json, "end", sic_view_last_va(view));
    put_number_or_null(json, "section_offset", is_placed, offset);
    sic_json_string(json, "protection", sic_protection_text(view->protection));
    sic_json_string(json, "protection_modifier", sic_protection_modifier(view->protection));
    sic_json_close_object(json);
}

static void put_views(const struct document *document, const struct sic_section_change *section)
{
    const struct sic_view_change *changes =
        (const struct sic_view_change *)document->comparison->difference.views.elements + section->first_view;

    sic_json_open_array(document->json, "views");
    for (uint32_t i = 0; i < section->view_count; i++) {
        open_change(document->json, changes[i].change, changes[i].is_certain);
        put_view(document, 0, changes[i].old_index);
        put_view(document, 1, changes[i].new_index);
        sic_json_close_object(document->json);
    }
    sic_json_close_array(document->json);
}

static void put_region_processes(const struct document *document, unsigned side, const char *key, uint32_t index)
{
    const struct sic_listing *listing = document->listings[side];

    if (index == SIC_NONE)
        sic_json_string(document->json, key, NULL);
    else
        sic_json_number(document->json, key,
                        sic_region_processes(&listing->scan, &listing->regions, &listing->regions.regions[index]));
}

static void put_regions(const struct document *document, const struct sic_section_change *section)
{
    const struct sic_region_change *changes =
        (const struct sic_region_change *)document->comparison->difference.regions.elements + section->first_region;

    sic_json_open_array(document->json, "regions");
    for (uint32_t i = 0; i < section->region_count; i++) {
        open_change(document->json, changes[i].change, changes[i].is_certain);
        put_number_or_null(document->json, "first_page", changes[i].is_placed, changes[i].first_page);
        sic_json_number(document->json, "page_count", changes[i].page_count);
        put_region_processes(document, 0, "old_processes", changes[i].old_index);
        put_region_processes(document, 1, "new_processes", changes[i].new_index);
        sic_json_close_object(document->json);
    }
    sic_json_close_array(document->json);
}

static void put_kernel_views(const struct document *document, const struct sic_section_change *section)
{
    const struct sic_kernel_view_change *changes =
        (const struct sic_kernel_view_change *)document->comparison->difference.kernel_views.elements +
        section->first_kernel_view;

    sic_json_open_array(document->json, "kernel_views");
    for (uint32_t i = 0; i < section->kernel_view_count; i++) {
        open_change(document->json, changes[i].change, changes[i].is_certain);
        sic_json_string(document->json, "kind", changes[i].session_id == SIC_NONE ? "system" : "session");
        put_number_or_null(document->json, "session", changes[i].session_id != SIC_NONE, changes[i].session_id);
        sic_json_number(document->json, "old_count", changes[i].old_count);
        sic_json_number(document->json, "new_count", changes[i].new_count);
        sic_json_close_object(document->json);
    }
    sic_json_close_array(document->json);
}

static void put_sections(const struct document *document)
{
    const struct sic_difference *difference = &document->comparison->difference;
    const struct sic_section_change *changes = difference->sections.elements;

    sic_json_open_array(document->json, "sections");
    for (uint32_t i = 0; i < difference->sections.count; i++) {
        open_change(document->json, changes[i].change, changes[i].is_certain);
        put_section(document, 0, changes[i].old_index, changes[i].old_processes, changes[i].old_shared);
        put_section(document, 1, changes[i].new_index, changes[i].new_processes, changes[i].new_shared);
        put_words(document->json, changes[i].what, sic_section_change_words, SIC_SECTION_CHANGE_COUNT);
        put_regions(document, &changes[i]);
        put_views(document, &changes[i]);
        put_kernel_views(document, &changes[i]);
        sic_json_close_object(document->json);
    }
    sic_json_close_array(document->json);
}

static void put_crossing(const struct document *document, unsigned side, uint32_t index)
{
    const struct sic_listing *listing = document->listings[side];
    struct sic_json *json = document->json;
    const struct sic_crossing *crossing;
    const struct sic_region *region;

    if (index == SIC_NONE) {
        sic_json_string(json, side_keys[side], NULL);
        return;
    }
    crossing = &listing->crossings.crossings[index];
    region = &listing->regions.regions[crossing->region];
    sic_json_open_object(json, side_keys[side]);
    sic_cross_put_judgement(json, listing, crossing);
    put_owned_string(json, "section", sic_section_title(listing, region->section));
    sic_json_address_or_null(json, "control_area", sic_scan_section(&listing->scan, region->section)->control_area_va);
    sic_json_address(json, "prototype_pte", region->prototype_pte);
    put_number_or_null(json, "pages", crossing->pages.pages > 0, crossing->pages.pages);
    sic_cross_put_sides(json, listing, crossing);
    sic_json_close_object(json);
}

static void put_crossings(const struct document *document)
{
    const struct sic_difference *difference = &document->comparison->difference;
    const struct sic_crossing_change *changes = difference->crossings.elements;

    sic_json_open_array(document->json, "crossings");
    for (uint32_t i = 0; i < difference->crossings.count; i++) {
        open_change(document->json, changes[i].change, changes[i].is_certain);
        put_crossing(document, 0, changes[i].old_index);
        put_crossing(document, 1, changes[i].new_index);
        put_words(document->json, changes[i].what, sic_crossing_change_words, SIC_CROSSING_CHANGE_COUNT);
        sic_json_close_object(document->json);
    }
    sic_json_close_array(document->json);
}

bool sic_comparison_put_json(struct sic_json *json, const char *key, const struct sic_comparison *comparison)
{
    const struct sic_difference *difference = &comparison->difference;
    struct document document = {
        .comparison = comparison, .listings = {comparison->old_listing, comparison->new_listing}, .json = json};

    sic_json_open_object(json, key);
    sic_json_string(json, "format", "sic-diff");
    sic_json_number(json, "version", DOCUMENT_VERSION);
    put_side(&document, 0, comparison->old_name);
    put_side(&document, 1, comparison->new_name);
    sic_json_string(json, "basis", difference->basis == SIC_DIFFERENCE_BY_START ? "pid-and-start-time" : "path");
    sic_json_string(json, "basis_reason", difference->basis_reason);
    sic_json_bool(json, "same_boot", difference->is_same_boot);
    sic_json_bool(json, "complete", sic_comparison_is_complete(comparison));
    sic_json_bool(json, "different", difference->is_different);
    put_summary(&document);
    put_processes(&document);
    put_sections(&document);
    put_crossings(&document);
    sic_json_close_object(json);
    return !document.failed;
}

bool sic_comparison_print_json(const struct sic_comparison *comparison, struct sic_output *output)
{
    struct sic_json json;
    bool is_whole;

    sic_json_init(&json, output);
    is_whole = sic_comparison_put_json(&json, NULL, comparison);
    sic_json_finish(&json);
    return is_whole;
}
