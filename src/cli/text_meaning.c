#include "cli/text_meaning.h"

#include "cli/name_list.h"
#include "meaning/file_path.h"
#include "meaning/memory.h"
#include "meaning/page.h"
#include "meaning/rights.h"
#include "sharing/kernel_view.h"
#include "util/escape.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

/* More lines of a kind than this are for --details. */
#define NAME_LINES  4u
#define CACHE_LINES 4u

/* "PEB.A, B of 11 of 12 owners (of 1 it lies elsewhere)", for the claims from *next on that say the same. */
static void put_claim(const struct sic_memory *memory, uint32_t *next, struct sic_output *output)
{
    const struct sic_memory_proof *first = &memory->proofs[*next], *proof = first;
    const char *separator = "PEB.";

    for (; *next < memory->proof_count; ++*next, separator = ", ") {
        proof = &memory->proofs[*next];
        if (proof->here != first->here || proof->elsewhere != first->elsewhere ||
            sic_peb_field_meaning(proof->field) != sic_peb_field_meaning(first->field))
            break;
        sic_output_format(output, "%s%s", separator, sic_peb_field_name(proof->field));
    }
    if (first->here == memory->owners)
        sic_output_format(output, memory->owners == 1 ? " of its only process" : " of all %u owners", memory->owners);
    else
        sic_output_format(output, " of %u of %u owners", first->here, memory->owners);
    if (first->elsewhere > 0)
        sic_output_format(output, ", of %u elsewhere", first->elsewhere);
}

static void put_unknown_owners(const struct sic_listing *listing, const struct sic_memory *memory,
                               struct sic_output *output)
{
    if (memory->owners_unknown > 0)
        sic_output_format(output, ", the PEB of %u %s", memory->owners_unknown, sic_listing_missing(listing));
}

/* The claims that do not say `known`. */
static void put_contradictions(const struct sic_memory *memory, enum sic_known_memory known,
                               const char *first_separator, struct sic_output *output)
{
    const char *separator = first_separator;

    for (uint32_t i = 0; i < memory->proof_count;) {
        enum sic_known_memory meaning = sic_peb_field_meaning(memory->proofs[i].field);

        if (meaning == known) {
            i++;
            continue;
        }
        sic_output_text(output, separator);
        put_claim(memory, &i, output);
        sic_output_format(output, " says %s", sic_known_memory_name(meaning));
        separator = "; ";
    }
    if (memory->source == SIC_MEMORY_BY_PEB && memory->system_name != SIC_KNOWN_NOTHING && memory->system_name != known)
        sic_output_format(output, "%sits object's name says %s", separator, sic_known_memory_name(memory->system_name));
}

static void put_known(const struct sic_listing *listing, const struct sic_memory *memory, struct sic_output *output)
{
    const char *separator = " (";

    sic_output_format(output, "  Memory: %s", sic_known_memory_name(memory->known));
    if (memory->source == SIC_MEMORY_BY_SYSTEM_NAME) {
        sic_output_text(output, " (by its object's name");
        separator = "; ";
    }
    for (uint32_t i = 0; i < memory->proof_count;) {
        if (sic_peb_field_meaning(memory->proofs[i].field) != memory->known) {
            i++;
            continue;
        }
        sic_output_text(output, separator);
        put_claim(memory, &i, output);
        separator = "; ";
    }
    put_unknown_owners(listing, memory, output);
    put_contradictions(memory, memory->known, "; but ", output);
    sic_output_text(output, ")\n");
}

static void put_memory(const struct sic_listing *listing, const struct sic_region *region,
                       const struct sic_memory *memory, struct sic_output *output)
{
    bool is_image = sic_scan_section(&listing->scan, region->section)->flags & SIC_SECTION_IMAGE;

    if (memory->known != SIC_KNOWN_NOTHING) {
        put_known(listing, memory, output);
    } else if (memory->proof_count > 0) {
        sic_output_text(output, is_image ? "  Memory: an image, though " : "  Memory: contradictory: ");
        put_contradictions(memory, SIC_KNOWN_NOTHING, "", output);
        put_unknown_owners(listing, memory, output);
        sic_output_text(output, "\n");
    }
}

/* The name stands in the section's line. */
static void put_unknown_folder(const struct sic_listing *listing, const struct sic_section *section,
                               struct sic_output *output)
{
    char *device = sic_section_device(&listing->scan, section);

    sic_output_text(output, "  Path: its folder is unknown, on ");
    sic_output_text(output, device ? device : "an unknown device");
    sic_output_text(output, "\n");
    free(device);
}

static void put_path(const struct sic_listing *listing, const struct sic_section *section, struct sic_output *output)
{
    char *path = sic_section_path(&listing->scan, &listing->meaning.drives, section);

    if (path) {
        sic_output_text(output, "  Path: ");
        sic_output_text(output, path);
        sic_output_text(output, "\n");
    }
    free(path);
    if (sic_section_path_state(&listing->scan, &listing->meaning.drives, section) == SIC_PATH_UNKNOWN_FOLDER)
        put_unknown_folder(listing, section, output);
}

static void put_names(const struct sic_listing *listing, uint32_t section, bool with_details, struct sic_output *output)
{
    uint32_t limit = with_details ? SIC_LISTED_LIMIT : NAME_LINES;
    struct sic_name_list list;
    char *path;

    sic_name_list_begin(&list, &listing->meaning.names, section, SIC_NAMES_SIZE_LIMIT);
    while (list.next < limit && sic_name_list_next(&list, &path)) {
        sic_output_text(output, list.is_outside ? "  Object: " SIC_OUTSIDE_LABEL : "  Object: ");
        sic_output_text(output, path ? path : "a name whose path is unknown");
        sic_output_text(output, "\n");
        free(path);
    }
    if (list.next < list.count)
        sic_output_format(output, "  Object: and %u more names\n", list.count - list.next);
    if (!listing->meaning.names.complete)
        sic_output_text(output, list.count > 0 ? "  Object: there may be more names\n" : "  Object: unknown\n");
}

static const struct sic_handle *handle_at(const struct sic_listing *listing, const struct sic_key *key)
{
    return (const struct sic_handle *)listing->scan.handles.elements + key->value;
}

static void put_handle_lines(const struct sic_listing *listing, const struct sic_key *keys, uint32_t count,
                             struct sic_output *output)
{
    char access[SIC_ACCESS_TEXT_SIZE];

    for (uint32_t i = 0; i < count && i < SIC_LISTED_LIMIT; i++) {
        const struct sic_handle *handle = handle_at(listing, &keys[i]);

        sic_access_format(handle->access, access);
        sic_output_text(output, "  Handle: ");
        sic_output_text(output, listing->names[handle->process]);
        sic_output_format(output, " (PID: %" PRIu64 ") 0x%x: %s\n",
                          sic_scan_process(&listing->scan, handle->process)->id, (unsigned)handle->value, access);
    }
    if (count > SIC_LISTED_LIMIT)
        sic_output_format(output, "  Handle: and %u more\n", count - SIC_LISTED_LIMIT);
}

/*
 * Handles stand by processes. The access is not said of images: their views have the rights of the image's parts,
 * whatever the handle.
 */
static void put_handle_sum(const struct sic_listing *listing, const struct sic_region *region,
                           const struct sic_key *keys, uint32_t count, struct sic_output *output)
{
    bool is_image = sic_scan_section(&listing->scan, region->section)->flags & SIC_SECTION_IMAGE;
    uint32_t processes = 0, writable = 0, last = SIC_NONE;

    sic_output_format(output, "  Handles: %s%u", listing->meaning.handles.complete ? "" : "at least ", count);
    for (uint32_t i = 0; i < count && count <= SIC_LISTED_LIMIT; i++) {
        const struct sic_handle *handle = handle_at(listing, &keys[i]);

        processes += handle->process != last;
        last = handle->process;
        writable += sic_access_has_map_write(handle->access);
    }
    if (count <= SIC_LISTED_LIMIT)
        sic_output_format(output, " in %u process%s", processes, processes == 1 ? "" : "es");
    if (count <= SIC_LISTED_LIMIT && !is_image)
        sic_output_format(output, ", %u with map-write access", writable);
    sic_output_text(output, "\n");
}

static void put_handles(const struct sic_listing *listing, const struct sic_region *region, bool with_details,
                        struct sic_output *output)
{
    uint32_t count;
    const struct sic_key *keys = sic_handles_find(&listing->meaning.handles, region->section, &count);

    if (count > 0)
        put_handle_sum(listing, region, keys, count, output);
    else if (!listing->meaning.handles.complete)
        sic_output_text(output, "  Handles: unknown\n");
    if (with_details)
        put_handle_lines(listing, keys, count, output);
}

static void put_details(const struct sic_section *section, struct sic_output *output)
{
    if (section->flags & SIC_SECTION_UNREAD)
        return;
    sic_output_format(
        output, "  Details: control area %016" PRIx64 ", segment %016" PRIx64 ", flags 0x%x, %" PRIu64 " references, ",
        section->control_area_va, section->segment_va, (unsigned)section->control_area_flags,
        section->section_references);
    sic_output_format(output, "%" PRIu64 " views counted: %u in trees, %u of the system cache", section->mapped_views,
                      section->view_count, section->cache_views);
    if (section->flags & SIC_SECTION_RING_WALKED)
        sic_output_format(output, ", %u of session or system space", section->kernel_views);
    sic_output_text(output, "\n");
}

void sic_text_put_meaning(const struct sic_listing *listing, const struct sic_region *region, bool with_details,
                          struct sic_output *output)
{
    const struct sic_section *section = sic_scan_section(&listing->scan, region->section);
    const struct sic_meaning *meaning = &listing->meaning;
    struct sic_memory memory;

    sic_memory_judge(meaning, &listing->regions, region, &memory);
    put_path(listing, section, output);
    put_memory(listing, region, &memory, output);
    put_names(listing, region->section, with_details, output);
    put_handles(listing, region, with_details, output);
    if (with_details)
        put_details(section, output);
}

void sic_text_put_summary(const struct sic_listing *listing, const struct sic_region *region,
                          enum sic_known_memory known, struct sic_output *output)
{
    const struct sic_section *section = sic_scan_section(&listing->scan, region->section);
    struct sic_name_list list;
    char *text;

    if (known != SIC_KNOWN_NOTHING) {
        sic_output_text(output, sic_known_memory_name(known));
        return;
    }
    sic_name_list_begin(&list, &listing->meaning.names, region->section, SIC_NAMES_SIZE_LIMIT);
    if (sic_name_list_next(&list, &text) && list.is_outside)
        sic_output_text(output, SIC_OUTSIDE_LABEL);
    if (!text)
        text = sic_section_path(&listing->scan, &listing->meaning.drives, section);
    if (!text)
        text = sic_section_name(&listing->scan, section);
    sic_output_text(output, text ? text : sic_section_kind(section));
    free(text);
}

static void put_pointers(const struct sic_listing *listing, uint32_t index, struct sic_output *output)
{
    const struct sic_peb_pointer *pointers = listing->scan.peb_pointers.elements;
    const struct sic_view *view = sic_scan_view(&listing->scan, index);
    uint32_t count;
    const struct sic_key *keys = sic_peb_evidence_find(&listing->meaning.evidence, index, &count);

    for (uint32_t i = 0; i < count; i++) {
        const struct sic_peb_pointer *pointer = &pointers[keys[i].value];

        sic_output_format(output, "    PEB: %s is %016" PRIx64 ", %s: byte 0x%" PRIx64 " of this view\n",
                          sic_peb_field_name(pointer->field), pointer->value,
                          sic_known_memory_name(sic_peb_field_meaning(pointer->field)),
                          pointer->value - sic_view_start_va(view));
    }
    if (!(sic_scan_process(&listing->scan, view->process)->flags & SIC_PROCESS_PEB_READ))
        sic_output_format(output, "    PEB: %s\n", sic_listing_missing(listing));
}

static void put_rights(const struct sic_listing *listing, const struct sic_region *region, const struct sic_view *view,
                       bool is_writable, struct sic_output *output)
{
    bool is_image = sic_scan_section(&listing->scan, region->section)->flags & SIC_SECTION_IMAGE;
    enum sic_writes writes = sic_view_writes(&listing->scan, view, is_writable);
    static const char *const texts[] = {"nothing can be written", "writes are copied, nobody else sees them",
                                        "all see what is written",
                                        "all see what is written to the shared parts, the rest is copied"};

    sic_output_text(output, "    Rights: ");
    sic_output_text(output, is_image ? "those of the image's parts" : sic_protection_words(view->protection));
    sic_output_text(output, "; ");
    sic_output_text(output, texts[writes]);
    sic_output_text(output, "\n");
}

/* In hexadecimal, then as ASCII. */
static void put_bytes(const struct sic_page *page, struct sic_output *output)
{
    static const char digits[] = "0123456789abcdef";
    char text[3 * 16 + 2 + 16 + 1];

    for (unsigned i = 0; i < 16; i++) {
        text[3 * i] = ' ';
        text[3 * i + 1] = digits[page->bytes[i] >> 4];
        text[3 * i + 2] = digits[page->bytes[i] & 0xf];
        text[3 * 16 + 2 + i] = page->bytes[i] >= 0x20 && page->bytes[i] < 0x7f ? (char)page->bytes[i] : '.';
    }
    text[3 * 16] = text[3 * 16 + 1] = ' ';
    text[sizeof(text) - 1] = '\n';
    sic_output_text(output, "    Bytes:");
    sic_output_bytes(output, text, sizeof(text));
}

static void put_address(const char *label, bool is_known, uint64_t value, const char *missing,
                        struct sic_output *output)
{
    sic_output_text(output, label);
    if (is_known)
        sic_output_address(output, value);
    else
        sic_output_text(output, missing);
}

static void put_page(const struct sic_listing *listing, uint32_t view, struct sic_output *output)
{
    static const struct sic_page none;
    const struct sic_page *page = sic_meaning_page(&listing->meaning, view);
    const char *missing = sic_listing_missing(listing), *no_page = missing;
    char tag[4 * SIC_ESCAPE_UNIT_SIZE + 1];

    if (!page)
        page = &none;
    if (sic_page_is_in_memory(page, sic_scan_view(&listing->scan, view)->protection) == SIC_ANSWER_NO)
        no_page = "none: the page is not in memory";
    put_address("    First page: physical address ", page->flags & SIC_PAGE_HAS_PHYSICAL, page->physical, no_page,
                output);
    put_address(", PTE ", page->flags & SIC_PAGE_HAS_PTE, page->pte, missing, output);
    if (page->flags & SIC_PAGE_HAS_TAG)
        sic_escape_bytes(page->pool_tag, sizeof(page->pool_tag), tag);
    sic_output_text(output, ", pool tag ");
    sic_output_text(output, page->flags & SIC_PAGE_HAS_TAG ? tag : missing);
    sic_output_text(output, "\n");
    if (page->flags & SIC_PAGE_HAS_BYTES) {
        put_bytes(page, output);
    } else {
        sic_output_text(output, "    Bytes: ");
        sic_output_text(output, no_page);
        sic_output_text(output, "\n");
    }
}

void sic_text_put_evidence(const struct sic_listing *listing, const struct sic_region *region, uint32_t view,
                           bool is_writable, struct sic_output *output)
{
    const struct sic_view *record = sic_scan_view(&listing->scan, view);
    uint64_t offset;

    put_pointers(listing, view, output);
    put_rights(listing, region, record, is_writable, output);
    put_address("    Begins: at prototype PTE ", true, record->first_prototype_pte, "", output);
    sic_output_text(output, ", section offset ");
    if (sic_view_section_offset(&listing->scan, record, &offset)) {
        sic_output_text(output, "0x");
        sic_output_hex(output, offset);
    } else {
        sic_output_text(output, sic_listing_missing(listing));
    }
    sic_output_text(output, "\n");
    put_page(listing, view, output);
}

const char *sic_kernel_view_token(const struct sic_kernel_view *view)
{
    if (view->kind == SIC_KERNEL_VIEW_CACHE)
        return "cache";
    return view->session_id == SIC_NONE ? "system" : "session";
}

static void put_kernel_owner(const struct sic_kernel_view *view, struct sic_output *output)
{
    if (view->kind == SIC_KERNEL_VIEW_SESSION && view->session_id != SIC_NONE)
        sic_output_format(output, "  Name: kernel (session %u) at %016" PRIx64 "\n", (unsigned)view->session_id,
                          view->va);
    else if (view->kind == SIC_KERNEL_VIEW_SESSION)
        sic_output_format(output, "  Name: kernel (system space) at %016" PRIx64 "\n", view->va);
    else if (view->page_count == 0)
        sic_output_format(output, "  Name: kernel (system cache) at %016" PRIx64 "\n", view->va);
    else
        sic_output_format(
            output, "  Name: kernel (system cache) at %016" PRIx64 "-%016" PRIx64 " (section offset 0x%" PRIx64 ")\n",
            view->va, view->va + ((uint64_t)view->page_count << 12) - 1, view->first_page << 12);
}

void sic_text_put_kernel_owners(const struct sic_listing *listing, const struct sic_region *region, bool with_details,
                                struct sic_output *output)
{
    uint32_t shown = region->kernel_count < SIC_LISTED_LIMIT ? region->kernel_count : SIC_LISTED_LIMIT;
    uint32_t cached = 0, left_out = region->kernel_count - shown;

    for (uint32_t i = region->first_kernel; i < region->first_kernel + shown; i++) {
        const struct sic_kernel_view *view = sic_scan_kernel_view(&listing->scan, i);

        cached += view->kind == SIC_KERNEL_VIEW_CACHE;
        if (view->kind != SIC_KERNEL_VIEW_CACHE || cached <= CACHE_LINES || with_details)
            put_kernel_owner(view, output);
        else
            left_out++;
    }
    if (left_out > 0)
        sic_output_format(output, "  Name: kernel, %u more views\n", left_out);
}
