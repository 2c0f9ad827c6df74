#include "cli/json.h"

#include "util/escape.h"
#include "cli/cross.h"
#include "cli/json_meaning.h"
#include "cli/json_writer.h"
#include "cli/notes.h"
#include "meaning/rights.h"
#include "meaning/unread.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The format of the document. Raised when a member changes its meaning; new members do not raise it. */
#define DOCUMENT_VERSION 1u

/* A path, in the bytes of the file system. */
static void put_origin(struct sic_json *json, const char *path)
{
    char text[SIC_LAYOUT_ORIGIN_SIZE * SIC_ESCAPE_UNIT_SIZE + 1];

    sic_escape_bytes((const uint8_t *)path, strlen(path), text);
    sic_json_string(json, "origin", path[0] ? text : NULL);
}

static void put_kernel(struct sic_json *json, const struct sic_listing *listing)
{
    const struct sic_wire_origin *origin = &listing->origin;

    sic_json_open_object(json, "kernel");
    sic_json_number(json, "build", origin->build);
    sic_json_string(json, "pdb", origin->pdb_name[0] ? origin->pdb_name : NULL);
    sic_json_string(json, "guid_age", origin->guid_age[0] ? origin->guid_age : NULL);
    sic_json_address_or_null(json, "base", origin->kernel_base);
    sic_json_address_or_null(json, "directory_table_base", origin->directory_table_base);
    sic_json_open_object(json, "layout");
    sic_json_string(json, "name", origin->layout_name);
    sic_json_string(json, "source", origin->layout_source);
    put_origin(json, origin->layout_origin);
    sic_json_bool(json, "partial", origin->flags & SIC_WIRE_ORIGIN_PARTIAL);
    sic_json_string(json, "confidence", origin->layout_confidence);
    sic_json_close_object(json);
    sic_json_close_object(json);
}

void sic_json_put_origin(struct sic_json *json, const struct sic_listing *listing)
{
    sic_json_open_object(json, "image");
    sic_json_string(json, "container", listing->origin.container);
    sic_json_number(json, "missing_pages", listing->origin.missing_pages);
    sic_json_close_object(json);
    put_kernel(json, listing);
}

/* What a document is made from. */
struct document {
    const struct sic_listing *listing;
    struct sic_by_process by_process;
    struct sic_parents parents;
    uint32_t *numbers; /* by region: which of the document's it is, if it is selected */
    bool with_pages;
    bool with_crossings;
};

static char *escaped_string(const struct sic_scan *scan, struct sic_string string)
{
    char *text = malloc((size_t)string.length * SIC_ESCAPE_UNIT_SIZE + 1);

    if (text)
        sic_escape_utf16((const uint16_t *)scan->strings.elements + string.offset, string.length, text);
    return text;
}

/* A view of a process, shared or not: the chain from its VAD to the section. */
static void put_mapping(struct sic_json *json, const struct sic_listing *listing, const struct sic_view *view)
{
    const struct sic_subsection *subsection = sic_scan_subsection(&listing->scan, view->subsection);
    const struct sic_section *section = sic_scan_section(&listing->scan, subsection->section);

    sic_json_open_object(json, NULL);
    sic_json_address(json, "start", sic_view_start_va(view));
    sic_json_address(json, "end", sic_view_last_va(view));
    sic_json_string(json, "protection", sic_protection_text(view->protection));
    sic_json_address(json, "subsection", subsection->va);
    sic_json_address_or_null(json, "control_area", section->control_area_va);
    sic_json_string(json, "kind", sic_section_kind_token(section));
    sic_json_address(json, "first_prototype_pte", view->first_prototype_pte);
    sic_json_address(json, "last_contiguous_pte", view->last_contiguous_pte);
    sic_json_close_object(json);
}

/* What it shares, as indexes of the document's regions. */
static void put_shared_regions(struct sic_json *json, const struct document *document, uint32_t process)
{
    const struct sic_by_process *by_process = &document->by_process;

    sic_json_open_array(json, "regions");
    for (uint32_t i = by_process->process_starts[process]; i < by_process->process_starts[process + 1]; i++)
        sic_json_number(json, NULL, document->numbers[by_process->owners[by_process->order[i]].region]);
    sic_json_close_array(json);
}

static void put_process(struct sic_json *json, const struct document *document, uint32_t index)
{
    const struct sic_listing *listing = document->listing;
    const struct sic_process *process = sic_scan_process(&listing->scan, index);
    char *path = process->flags & SIC_PROCESS_HAS_PATH ? escaped_string(&listing->scan, process->path) : NULL;

    sic_json_open_object(json, NULL);
    sic_json_id(json, "pid", process->id);
    sic_json_string(json, "process", listing->names[index]);
    sic_json_string(json, "path", path);
    sic_json_address(json, "eprocess", process->eprocess_va);
    sic_json_id(json, "parent_pid", process->parent_id);
    sic_json_address_or_null(json, "create_time", process->create_time);
    sic_json_address_or_null(json, "exit_time", process->exit_time);
    sic_json_bool(json, "exited", process->flags & SIC_PROCESS_EXITED);
    sic_json_bool(json, "listed", !(process->flags & SIC_PROCESS_UNLISTED));
    sic_json_address(json, "directory_table_base", process->directory_table_base);
    sic_json_number(json, "vads", process->node_count);
    sic_json_number(json, "private_vads", process->private_count);
    sic_json_number(json, "deleting_vads", process->deleting_count);
    sic_json_number(json, "unshared_vads", process->unshared_count);
    sic_json_number(json, "vad_count", process->vad_count);
    sic_json_number(json, "views", process->view_count);
    sic_json_put_identity(json, listing, &document->parents, index);
    put_shared_regions(json, document, index);
    sic_json_open_array(json, "mappings");
    for (uint32_t i = process->first_view; i < process->first_view + process->view_count; i++)
        put_mapping(json, listing, sic_scan_view(&listing->scan, i));
    sic_json_close_array(json);
    sic_json_close_object(json);
    free(path);
}

static void put_shared_writable(struct sic_json *json, const struct sic_listing *listing,
                                const struct sic_region *region)
{
    uint32_t first, end;

    sic_shared_writable_find(&listing->scan, &listing->shared_writable, &listing->regions, region, &first, &end);
    sic_json_open_array(json, "shared_writable");
    for (uint32_t i = first; i < end; i++) {
        uint32_t part = (uint32_t)listing->shared_writable.keys[i].value;
        const struct sic_subsection *subsection = sic_scan_subsection(&listing->scan, part);

        sic_json_open_object(json, NULL);
        sic_json_number(json, "offset", sic_scan_first_page(&listing->scan, part) << 12);
        sic_json_number(json, "size", (uint64_t)subsection->pte_count << 12);
        sic_json_string(json, "protection", sic_protection_text(subsection->protection));
        sic_json_close_object(json);
    }
    sic_json_close_array(json);
}

static void put_known_section(struct sic_json *json, const struct sic_section *section)
{
    sic_json_number(json, "mapped_views", section->mapped_views);
    sic_json_number(json, "cache_views", section->cache_views);
    sic_json_number(json, "kernel_views", section->kernel_views);
    sic_json_number(json, "section_references", section->section_references);
    sic_json_number(json, "flags", section->control_area_flags);
    if (section->flags & SIC_SECTION_SIZE_UNKNOWN)
        return;
    sic_json_number(json, "size", section->size);
    sic_json_number(json, "prototype_ptes", section->pte_count);
}

static void put_section(struct sic_json *json, const struct sic_listing *listing, const struct sic_region *region)
{
    const struct sic_section *section = sic_scan_section(&listing->scan, region->section);
    char *name = sic_section_name(&listing->scan, section);
    bool is_known = !(section->flags & SIC_SECTION_UNREAD);

    sic_json_open_object(json, "section");
    sic_json_address_or_null(json, "control_area", section->control_area_va);
    sic_json_address_or_null(json, "segment", is_known ? section->segment_va : 0);
    sic_json_string(json, "kind", sic_section_kind_token(section));
    sic_json_string(json, "name", name);
    if (is_known)
        put_known_section(json, section);
    sic_json_number(json, "views_found", section->view_count);
    put_shared_writable(json, listing, region);
    sic_json_put_section_names(json, listing, region);
    sic_json_close_object(json);
    free(name);
}

static void put_view(struct sic_json *json, const struct document *document, uint32_t index, bool is_writable)
{
    const struct sic_listing *listing = document->listing;
    const struct sic_view *view = sic_scan_view(&listing->scan, index);
    const struct sic_process *process = sic_scan_process(&listing->scan, view->process);
    uint64_t offset;

    sic_json_open_object(json, NULL);
    sic_json_id(json, "pid", process->id);
    sic_json_string(json, "process", listing->names[view->process]);
    sic_json_address(json, "eprocess", process->eprocess_va);
    sic_json_address(json, "start", sic_view_start_va(view));
    sic_json_address(json, "end", sic_view_last_va(view));
    sic_json_address(json, "first_prototype_pte", view->first_prototype_pte);
    if (sic_view_section_offset(&listing->scan, view, &offset))
        sic_json_number(json, "section_offset", offset);
    else
        sic_json_string(json, "section_offset", NULL);
    sic_json_string(json, "protection", sic_protection_text(view->protection));
    sic_json_string(json, "protection_modifier", sic_protection_modifier(view->protection));
    sic_json_number(json, "protection_value", view->protection);
    sic_json_number(json, "vad_type", view->vad_type);
    sic_json_put_view_meaning(json, listing, index, is_writable, document->with_pages);
    sic_json_close_object(json);
}

static void put_region(struct sic_json *json, const struct document *document, const struct sic_region *region)
{
    const struct sic_listing *listing = document->listing;
    bool is_writable = sic_region_is_writable(&listing->scan, &listing->regions, region, &listing->shared_writable);

    sic_json_open_object(json, NULL);
    sic_json_address(json, "prototype_pte", region->prototype_pte);
    put_section(json, listing, region);
    sic_json_put_memory(json, listing, region);
    sic_json_open_array(json, "views");
    for (uint32_t i = region->first; i < region->first + region->count; i++)
        put_view(json, document, listing->regions.views[i], is_writable);
    sic_json_close_array(json);
    sic_json_close_object(json);
}

static void put_problems(struct sic_json *json, const struct sic_listing *listing)
{
    const struct sic_problem *problems = listing->scan.problems.elements;

    sic_json_open_array(json, "problems");
    for (uint32_t i = 0; i < listing->scan.problems.count; i++) {
        sic_json_open_object(json, NULL);
        sic_json_string(json, "kind", sic_problem_token(problems[i].kind));
        sic_json_address(json, "address", problems[i].va);
        if (problems[i].process != SIC_NONE) {
            sic_json_id(json, "pid", sic_scan_process(&listing->scan, problems[i].process)->id);
            sic_json_address(json, "eprocess", sic_scan_process(&listing->scan, problems[i].process)->eprocess_va);
        }
        sic_json_string(json, "text", sic_problem_text(problems[i].kind));
        sic_json_close_object(json);
    }
    sic_json_close_array(json);
}

static void put_notes(struct sic_json *json, const struct sic_listing *listing)
{
    const struct sic_note *notes = listing->scan.notes.elements;

    sic_json_open_array(json, "notes");
    for (uint32_t i = 0; i < listing->scan.notes.count; i++) {
        sic_json_open_object(json, NULL);
        sic_json_string(json, "kind", sic_note_token(notes[i].kind));
        sic_json_address(json, "address", notes[i].va);
        if (notes[i].process != SIC_NONE)
            sic_json_id(json, "pid", sic_scan_process(&listing->scan, notes[i].process)->id);
        if (notes[i].section != SIC_NONE)
            sic_json_address(json, "control_area", sic_scan_section(&listing->scan, notes[i].section)->control_area_va);
        sic_json_string(json, "text", sic_note_text(notes[i].kind));
        sic_json_close_object(json);
    }
    sic_json_close_array(json);
}

void sic_json_put_unread(struct sic_json *json, const struct sic_listing *listing)
{
    struct sic_unread unread;

    sic_unread_count(&listing->meaning, &unread);
    sic_json_open_object(json, "unread");
    sic_json_bool(json, "object_directories", unread.object_directories);
    sic_json_number(json, "handle_tables", unread.handle_tables);
    sic_json_number(json, "tokens", unread.tokens);
    sic_json_close_object(json);
}

static bool prepare(const struct sic_listing *listing, const struct sic_options *options, struct document *document)
{
    uint32_t number = 0;

    *document = (struct document){.listing = listing, .with_pages = options->explain, .with_crossings = options->cross};
    document->numbers = calloc((size_t)listing->regions.count + 1, sizeof(*document->numbers));
    for (uint32_t i = 0; document->numbers && i < listing->regions.count; i++)
        document->numbers[i] = listing->selected[i] ? number++ : 0;
    return sic_by_process_init(listing, &document->by_process) &&
           sic_parents_init(&listing->scan, &document->parents) && document->numbers;
}

static void release(struct document *document)
{
    sic_by_process_deinit(&document->by_process);
    sic_parents_deinit(&document->parents);
    free(document->numbers);
}

static void put_document(const struct document *document, struct sic_json *json)
{
    const struct sic_listing *listing = document->listing;

    sic_json_open_object(json, NULL);
    sic_json_number(json, "version", DOCUMENT_VERSION);
    sic_json_bool(json, "complete", sic_listing_is_complete(listing));
    sic_json_put_origin(json, listing);
    sic_json_number(json, "skipped_processes", listing->scan.skipped_processes);
    sic_json_open_array(json, "processes");
    for (uint32_t i = 0; i < listing->scan.processes.count; i++)
        put_process(json, document, i);
    sic_json_close_array(json);
    sic_json_open_array(json, "regions");
    for (uint32_t i = 0; i < listing->regions.count; i++) {
        if (listing->selected[i])
            put_region(json, document, &listing->regions.regions[i]);
    }
    sic_json_close_array(json);
    if (document->with_crossings)
        sic_cross_put_json(json, listing, document->numbers);
    put_problems(json, listing);
    put_notes(json, listing);
    sic_json_put_unread(json, listing);
    sic_json_close_object(json);
    sic_json_finish(json);
}

bool sic_json_print(const struct sic_listing *listing, const struct sic_options *options, struct sic_output *output)
{
    struct document document;
    struct sic_json json;
    bool is_ready = prepare(listing, options, &document);

    sic_json_init(&json, output);
    if (is_ready)
        put_document(&document, &json);
    release(&document);
    return is_ready;
}
