#include "cli/csv.h"

#include "cli/by_process.h"
#include "cli/csv_cells.h"
#include "cli/csv_writer.h"
#include "meaning/page.h"
#include "meaning/rights.h"
#include "sharing/kernel_view.h"
#include "util/escape.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define UNKNOWN SIC_CSV_UNKNOWN

/*
 * The columns of a region, then those of an owner, then those of a view, then those that came later: a new one is added
 * at the end.
 */
static const char *const columns[] = {"prototype_pte",
                                      "control_area",
                                      "kind",
                                      "size",
                                      "large_pages",
                                      "path",
                                      "object_names",
                                      "memory",
                                      "writable_region",
                                      "processes",
                                      "handles",
                                      "owner",
                                      "process",
                                      "pid",
                                      "eprocess",
                                      "process_path",
                                      "parent_pid",
                                      "started",
                                      "session",
                                      "user_sid",
                                      "user",
                                      "integrity",
                                      "app_container",
                                      "low_privilege",
                                      "process_protection",
                                      "wow64",
                                      "exiting",
                                      "start",
                                      "end",
                                      "section_offset",
                                      "protection",
                                      "protection_modifier",
                                      "writes",
                                      "first_prototype_pte",
                                      "peb_fields",
                                      "physical",
                                      "first_bytes",
                                      "pte",
                                      "pool_tag",
                                      "control_area_flags",
                                      "mapped_views",
                                      "section_references",
                                      "views_found",
                                      "exited",
                                      "in_memory"};

/* What is the same in all rows of a region, or of a process, is made once for rows that follow each other. */
struct sheet {
    const struct sic_listing *listing;
    struct sic_csv csv;
    struct sic_summary *summaries;
    struct sic_output region_cells; /* of `region`; used again for the next one */
    uint32_t region;
    char **processes;
    bool failed;
};

static const char *process_cells(struct sheet *sheet, uint32_t process)
{
    struct sic_output made;
    struct sic_csv csv;

    if (!sheet->processes[process] && sic_output_init(&made, NULL)) {
        sic_csv_init(&csv, &made);
        sic_csv_put_process(&csv, sheet->listing, process);
        sic_output_bytes(&made, "", 1);
        sheet->processes[process] = made.failed ? NULL : strdup(made.buffer);
        sic_output_discard(&made);
    }
    sheet->failed = sheet->failed || !sheet->processes[process];
    return sheet->processes[process] ? sheet->processes[process] : "";
}

static void put_region_cells(struct sheet *sheet, uint32_t index)
{
    struct sic_csv csv;

    if (sheet->region != index) {
        sheet->region_cells.used = 0;
        sic_csv_init(&csv, &sheet->region_cells);
        sic_csv_put_region(&csv, sheet->listing, &sheet->listing->regions.regions[index], &sheet->summaries[index]);
        sheet->failed = sheet->failed || sheet->region_cells.failed;
        sheet->region = index;
    }
    sic_output_bytes(sheet->csv.output, sheet->region_cells.buffer, sheet->region_cells.used);
}

static void put_fields(struct sic_csv *csv, bool is_known, uint32_t fields)
{
    char text[SIC_PEB_FIELD_COUNT * 40] = "";
    int used = 0;

    for (unsigned i = 0; i < SIC_PEB_FIELD_COUNT; i++) {
        if (fields >> i & 1)
            used += snprintf(text + used, sizeof(text) - (size_t)used, used > 0 ? " %s" : "%s", sic_peb_field_name(i));
    }
    sic_csv_word(csv, used > 0 ? text : is_known ? NULL : UNKNOWN);
}

/* Empty cells where first pages were not asked for. */
static void put_page(struct sic_csv *csv, const struct sic_page *page, bool is_asked)
{
    const char *missing = is_asked ? UNKNOWN : NULL;
    uint32_t flags = is_asked && page ? page->flags : 0;
    char bytes[33] = "", tag[4 * SIC_ESCAPE_UNIT_SIZE + 1];

    if (flags & SIC_PAGE_HAS_PHYSICAL)
        sic_csv_address(csv, page->physical);
    else
        sic_csv_word(csv, missing);
    for (unsigned i = 0; flags & SIC_PAGE_HAS_BYTES && i < 16; i++)
        snprintf(bytes + 2 * i, 3, "%02x", page->bytes[i]);
    sic_csv_word(csv, flags & SIC_PAGE_HAS_BYTES ? bytes : missing);
    if (flags & SIC_PAGE_HAS_PTE)
        sic_csv_address(csv, page->pte);
    else
        sic_csv_word(csv, missing);
    if (flags & SIC_PAGE_HAS_TAG)
        sic_escape_bytes(page->pool_tag, sizeof(page->pool_tag), tag);
    sic_csv_text(csv, flags & SIC_PAGE_HAS_TAG ? tag : missing);
}

static void put_late_cells(struct sic_csv *csv, const struct sic_section *section, const char *exited,
                           const char *in_memory)
{
    sic_csv_put_counts(csv, section);
    sic_csv_word(csv, exited);
    sic_csv_word(csv, in_memory);
    sic_csv_end_row(csv);
}

static const struct sic_section *section_of(const struct sheet *sheet, uint32_t region)
{
    return sic_scan_section(&sheet->listing->scan, sheet->listing->regions.regions[region].section);
}

static void put_row(struct sheet *sheet, uint32_t region, uint32_t index, bool with_page)
{
    const struct sic_listing *listing = sheet->listing;
    const struct sic_view *view = sic_scan_view(&listing->scan, index);
    const struct sic_process *process = sic_scan_process(&listing->scan, view->process);
    const struct sic_page *page = sic_meaning_page(&listing->meaning, index);
    struct sic_csv *csv = &sheet->csv;
    uint64_t offset;

    put_region_cells(sheet, region);
    sic_output_bytes(csv->output, ",", 1);
    sic_output_text(csv->output, process_cells(sheet, view->process));
    csv->needs_comma = true;
    sic_csv_address(csv, sic_view_start_va(view));
    sic_csv_address(csv, sic_view_last_va(view));
    if (sic_view_section_offset(&listing->scan, view, &offset))
        sic_csv_number(csv, offset);
    else
        sic_csv_word(csv, UNKNOWN);
    /* "---" and "--x" are this program's own and no formulas, but a spreadsheet cannot know. */
    sic_csv_text(csv, sic_protection_text(view->protection));
    sic_csv_word(csv, sic_protection_modifier(view->protection));
    sic_csv_word(csv, sic_writes_text(sic_view_writes(&listing->scan, view, sheet->summaries[region].is_writable)));
    sic_csv_address(csv, view->first_prototype_pte);
    put_fields(csv, process->flags & SIC_PROCESS_PEB_READ, sic_peb_evidence_fields(&listing->meaning.evidence, index));
    put_page(csv, page, with_page);
    put_late_cells(csv, section_of(sheet, region), process->flags & SIC_PROCESS_EXITED ? "yes" : "no",
                   with_page ? sic_csv_answer(sic_page_is_in_memory(page, view->protection)) : NULL);
}

static void put_kernel_row(struct sheet *sheet, uint32_t region, const struct sic_kernel_view *view)
{
    struct sic_csv *csv = &sheet->csv;
    bool has_extent = view->kind == SIC_KERNEL_VIEW_CACHE && view->page_count != 0;

    put_region_cells(sheet, region);
    csv->needs_comma = true;
    sic_csv_word(csv, view->kind == SIC_KERNEL_VIEW_CACHE ? "system cache" : "kernel");
    for (unsigned i = 0; i < 6; i++)
        sic_csv_word(csv, NULL);
    if (view->kind == SIC_KERNEL_VIEW_SESSION && view->session_id != SIC_NONE)
        sic_csv_number(csv, view->session_id);
    else
        sic_csv_word(csv, NULL);
    for (unsigned i = 0; i < 8; i++)
        sic_csv_word(csv, NULL);
    sic_csv_address(csv, view->va);
    if (has_extent) {
        sic_csv_address(csv, view->va + ((uint64_t)view->page_count << 12) - 1);
        sic_csv_number(csv, view->first_page << 12);
    } else {
        sic_csv_word(csv, UNKNOWN);
        sic_csv_word(csv, UNKNOWN);
    }
    for (unsigned i = 0; i < 9; i++)
        sic_csv_word(csv, NULL);
    put_late_cells(csv, section_of(sheet, region), NULL, NULL);
}

static void put_kernel_rows(struct sheet *sheet, uint32_t index)
{
    const struct sic_region *region = &sheet->listing->regions.regions[index];

    for (uint32_t i = 0; i < region->kernel_count && i < SIC_LISTED_LIMIT; i++)
        put_kernel_row(sheet, index, sic_scan_kernel_view(&sheet->listing->scan, region->first_kernel + i));
}

static void put_by_region(struct sheet *sheet, bool with_page)
{
    const struct sic_listing *listing = sheet->listing;

    for (uint32_t i = 0; i < listing->regions.count; i++) {
        const struct sic_region *region = &listing->regions.regions[i];

        if (!listing->selected[i])
            continue;
        for (uint32_t j = region->first; j < region->first + region->count; j++)
            put_row(sheet, i, listing->regions.views[j], with_page);
        put_kernel_rows(sheet, i);
    }
}

/* The kernel's views come last. */
static void put_by_process(struct sheet *sheet, const struct sic_by_process *by_process, bool with_page)
{
    const struct sic_listing *listing = sheet->listing;

    for (uint32_t i = 0; i < by_process->owner_count; i++) {
        const struct sic_owner *owner = &by_process->owners[by_process->order[i]];

        for (uint32_t j = owner->first; j < owner->first + owner->count; j++)
            put_row(sheet, owner->region, listing->regions.views[j], with_page);
    }
    for (uint32_t i = 0; i < listing->regions.count; i++) {
        if (listing->selected[i])
            put_kernel_rows(sheet, i);
    }
}

static void put_table(struct sheet *sheet, const struct sic_by_process *by_process, const struct sic_options *options)
{
    for (size_t i = 0; i < sizeof(columns) / sizeof(columns[0]); i++)
        sic_csv_word(&sheet->csv, columns[i]);
    sic_csv_end_row(&sheet->csv);
    if (options->by_process)
        put_by_process(sheet, by_process, options->explain);
    else
        put_by_region(sheet, options->explain);
}

static void release(struct sheet *sheet)
{
    for (uint32_t i = 0; sheet->processes && i < sheet->listing->scan.processes.count; i++)
        free(sheet->processes[i]);
    free(sheet->processes);
    free(sheet->summaries);
    sic_output_discard(&sheet->region_cells);
}

bool sic_csv_print(const struct sic_listing *listing, const struct sic_options *options, struct sic_output *output)
{
    struct sheet sheet = {
        .listing = listing,
        .region = SIC_NONE,
        .summaries = sic_summaries_make(listing),
        .processes = calloc((size_t)listing->scan.processes.count + 1, sizeof(*sheet.processes)),
    };
    struct sic_by_process by_process;
    bool is_ready = sic_output_init(&sheet.region_cells, NULL);

    is_ready = sic_by_process_init(listing, &by_process) && sheet.summaries && sheet.processes && is_ready;

    sic_csv_init(&sheet.csv, output);
    if (is_ready)
        put_table(&sheet, &by_process, options);
    release(&sheet);
    sic_by_process_deinit(&by_process);
    return is_ready && !sheet.failed;
}
