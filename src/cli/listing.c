#include "cli/listing.h"

#include "util/escape.h"
#include "cli/cross.h"
#include "cli/live_setup.h"
#include "cli/origin.h"
#include "cli/progress.h"
#include "cli/report.h"
#include "cli/select.h"
#include "kernel/collect.h"
#include "platform/processors.h"
#include "saved/saved.h"
#include "util/memory.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static enum sic_status no_memory(struct sic_error *error)
{
    return sic_error_set(error, SIC_NO_MEMORY, "out of memory; close other programs and try again");
}

/* The last part of the full path, else the kernel's short name. */
static char *process_name(const struct sic_scan *scan, const struct sic_process *process)
{
    const uint16_t *path = (const uint16_t *)scan->strings.elements + process->path.offset;
    size_t start = process->path.length, length = 0;
    char *name;

    if (process->flags & SIC_PROCESS_HAS_PATH) {
        while (start > 0 && path[start - 1] != '\\')
            start--;
        length = process->path.length - start;
    }
    /* A file name has at most 255 units; what is longer is none. */
    if (process->flags & SIC_PROCESS_HAS_PATH && length <= 255) {
        name = malloc(length * SIC_ESCAPE_UNIT_SIZE + 1);
        if (name && sic_escape_utf16(path + start, length, name) > 0)
            return name;
        free(name);
    }
    name = malloc(sizeof(process->image_file_name) * SIC_ESCAPE_UNIT_SIZE + 1);
    if (name)
        sic_escape_bytes(process->image_file_name, strnlen((const char *)process->image_file_name, 15), name);
    return name;
}

static enum sic_status name_processes(struct sic_listing *listing, struct sic_error *error)
{
    uint32_t count = listing->scan.processes.count;

    listing->names = calloc((size_t)count + 1, sizeof(*listing->names));
    for (uint32_t i = 0; listing->names && i < count; i++) {
        listing->names[i] = process_name(&listing->scan, sic_scan_process(&listing->scan, i));
        if (!listing->names[i])
            return no_memory(error);
    }
    return listing->names ? SIC_OK : no_memory(error);
}

/* All but the first SiC's listing show names; it, too, can be selected by them. */
static bool needs_meaning(const struct sic_options *options)
{
    return options->form != SIC_FORM_PLAIN || options->compare || options->selection.named ||
           options->selection.names.count > 0;
}

/* What memory is for, which PEBs tell. Differences show it nowhere, but can be selected by it. */
static bool needs_memory(const struct sic_options *options)
{
    return options->compare ? options->selection.names.count > 0 : needs_meaning(options);
}

struct sic_collect_options sic_listing_needs(const struct sic_options *options)
{
    bool is_saved = options->save, is_whole = is_saved || options->compare;

    return (struct sic_collect_options){
        /* What is saved is the same file each time: one thread finds records in one order. */
        .threads = is_saved ? 1 : options->threads,
        .with_paths = true,
        /* What is saved can be listed in any form later. */
        .with_names = needs_meaning(options) || is_whole,
        .with_objects = needs_meaning(options) || is_whole,
        .with_handles = needs_meaning(options) || is_whole,
        .with_peb = is_saved || needs_memory(options),
        .with_tokens = sic_options_show_tokens(options) || is_whole,
        .with_security = options->cross || is_whole,
        .with_first_pages = options->explain || is_saved,
        .minimum_views = options->form == SIC_FORM_JSON || options->cross || is_whole ? 1 : 2,
    };
}

static enum sic_status scan_image(const struct sic_options *options, struct sic_error *error,
                                  struct sic_listing *listing)
{
    struct sic_collect_options collect = sic_listing_needs(options);
    struct sic_progress progress;
    enum sic_status status;

    collect.progress = sic_progress_report;
    collect.progress_context = &progress;
    sic_progress_init(&progress, options->quiet);
    status = sic_collect(&listing->kernel, &collect, error, &listing->scan);
    sic_progress_clear(&progress);
    return status;
}

/* Finds the kernel of the image and a layout for it, from where the options say. */
static enum sic_status open_kernel(const struct sic_options *options, const char *path, const struct sic_image *image,
                                   struct sic_error *error, struct sic_kernel *kernel)
{
    struct sic_symbol_setup setup;
    enum sic_status status = sic_symbol_setup_init(&setup, &options->symbols, path,
                                                   sic_message_printer(options->quiet, options->verbose), error);

    if (status == SIC_OK)
        status = sic_kernel_open_with(image, &setup.request, error, kernel);
    /* The likeliest reason why a kernel is not found whole. */
    if (status != SIC_OK && sic_image_missing_pages(image) > 0) {
        struct sic_error reason = *error;

        sic_error_set(error, status, "the file is cut short (pages missing: %" PRIu64 "): take or copy it anew; %.800s",
                      sic_image_missing_pages(image), reason.message);
    }
    sic_symbol_setup_deinit(&setup);
    return status;
}

static enum sic_status open_image(const struct sic_options *options, const char *path, struct sic_error *error,
                                  struct sic_listing *listing)
{
    enum sic_status status = sic_image_open(path, error, &listing->image);

    if (status == SIC_OK)
        status = open_kernel(options, path, listing->image, error, &listing->kernel);
    if (status != SIC_OK)
        return status;
    sic_origin_describe(listing->image, &listing->kernel, &listing->origin);
    listing->layout = listing->kernel.profile.layout;
    return SIC_OK;
}

static void describe_live(struct sic_listing *listing)
{
    listing->is_live = true;
    sic_origin_describe(NULL, &listing->kernel, &listing->origin);
    listing->layout = listing->kernel.profile.layout;
}

static enum sic_status open_live(const struct sic_options *options, struct sic_error *error,
                                 struct sic_listing *listing)
{
    struct sic_collect_options collect = sic_listing_needs(options);
    struct sic_live_setup setup;
    enum sic_status status = sic_live_setup_init(&setup, options, &collect, error);

    if (status == SIC_OK)
        status = sic_live_scan(&setup.live, error, &listing->kernel, &listing->scan);
    sic_live_setup_deinit(&setup);
    if (status == SIC_OK)
        describe_live(listing);
    return status;
}

static enum sic_status open_live_dump(const struct sic_options *options, struct sic_error *error,
                                      struct sic_listing *listing)
{
    enum sic_status status = sic_live_dump_make(options->keep, error, &listing->dump);

    return status == SIC_OK ? open_image(options, listing->dump.path, error, listing) : status;
}

static enum sic_status open_saved(const struct sic_options *options, struct sic_error *error,
                                  struct sic_listing *listing)
{
    struct sic_unpacked unpacked;
    enum sic_status status = sic_saved_read(options->image, error, &listing->scan, &unpacked);

    if (status != SIC_OK)
        return status;
    /* Of two that are compared it is for the one that is an image. */
    if (options->symbols.profile && !options->compare)
        return sic_error_set(error, SIC_UNSUPPORTED,
                             "%s: a saved scan was read with the layout of its time; --profile is for images",
                             options->image);
    if (!(unpacked.origin.flags & SIC_WIRE_ORIGIN_KNOWN) || !unpacked.has_layout)
        return sic_error_set(error, SIC_BROKEN, "%s: this saved scan does not say where it comes from; save it anew",
                             options->image);
    listing->origin = unpacked.origin;
    listing->layout = unpacked.layout;
    return SIC_OK;
}

static void init(const struct sic_options *options, struct sic_listing *listing)
{
    *listing = (struct sic_listing){.form = options->form};
    sic_scan_init(&listing->scan, sic_heap_allocator());
}

enum sic_status sic_listing_identify(const struct sic_options *options, struct sic_error *error,
                                     struct sic_listing *listing)
{
    enum sic_status status;

    init(options, listing);
    if (options->live_dump)
        return open_live_dump(options, error, listing);
    if (!options->image)
        return open_live(options, error, listing);
    status = open_saved(options, error, listing);
    return status == SIC_NOT_MINE ? open_image(options, options->image, error, listing) : status;
}

/* From a scan to what is shown of it. */
static enum sic_status prepare(const struct sic_options *options, struct sic_error *error, struct sic_listing *listing)
{
    /* What one process maps alone others may hold a handle to, or open by its name. */
    enum sic_region_rule rule = options->form == SIC_FORM_PLAIN      ? SIC_REGION_SAME_START
                                : options->cross || options->compare ? SIC_REGION_ALONE_TOO
                                                                     : SIC_REGION_JOINED;
    unsigned threads = options->threads ? options->threads : sic_processor_count();
    enum sic_status status = sic_regions_report_claims(&listing->scan) ? SIC_OK : no_memory(error);

    if (status == SIC_OK)
        status = sic_regions_build(&listing->scan, rule, threads, error, &listing->regions);
    if (status == SIC_OK && !sic_shared_writable_build(&listing->scan, &listing->shared_writable))
        status = no_memory(error);
    if (status == SIC_OK)
        status = name_processes(listing, error);
    if (status == SIC_OK && needs_meaning(options) && !sic_meaning_init(&listing->scan, &listing->meaning))
        status = no_memory(error);
    if (status == SIC_OK)
        status = sic_listing_select(listing, options, error);
    if (status == SIC_OK && options->cross && !sic_cross_select(listing))
        status = no_memory(error);
    if (status == SIC_OK && options->compare && !sic_cross_find_all(listing))
        status = no_memory(error);
    return status;
}

enum sic_status sic_listing_open(const struct sic_options *options, struct sic_error *error,
                                 struct sic_listing *listing)
{
    enum sic_status status = sic_listing_identify(options, error, listing);

    if (status == SIC_OK && listing->image)
        status = scan_image(options, error, listing);
    if (status == SIC_OK && options->save)
        status = sic_saved_write(options->save, &listing->scan, &listing->origin, &listing->layout, error);
    return status == SIC_OK ? prepare(options, error, listing) : status;
}

enum sic_status sic_listing_open_live(const struct sic_options *options, struct sic_live_session *session,
                                      struct sic_error *error, struct sic_listing *listing)
{
    enum sic_status status;

    init(options, listing);
    status = sic_live_session_scan(session, error, &listing->kernel, &listing->scan);
    if (status != SIC_OK)
        return status;
    describe_live(listing);
    return prepare(options, error, listing);
}

void sic_listing_close(struct sic_listing *listing)
{
    for (uint32_t i = 0; listing->names && i < listing->scan.processes.count; i++)
        free(listing->names[i]);
    free(listing->names);
    free(listing->selected);
    sic_crossings_deinit(&listing->crossings);
    sic_meaning_deinit(&listing->meaning);
    sic_shared_writable_deinit(&listing->scan, &listing->shared_writable);
    sic_regions_deinit(&listing->regions);
    sic_scan_deinit(&listing->scan);
    sic_image_close(listing->image);
    sic_live_dump_close(&listing->dump);
}

bool sic_listing_is_complete(const struct sic_listing *listing)
{
    return listing->scan.problems.count == 0 && !listing->is_selection_short && !listing->is_crossing_short &&
           listing->crossings.names_unjudged == 0 && listing->crossings.left_out == 0;
}

const char *sic_protection_text(unsigned protection)
{
    static const char *const texts[] = {"---", "r--", "--x", "r-x", "rw-", "rc-", "rwx", "rcx"};

    return texts[protection & 7];
}

const char *sic_protection_modifier(unsigned protection)
{
    switch (protection >> 3) {
    case 1:
        return "no cache";
    case 2:
        return (protection & 7) == 0 ? "decommitted" : "guard";
    case 3:
        return (protection & 7) == 0 ? "no access" : "write combine";
    default:
        return NULL;
    }
}

const char *sic_section_kind(const struct sic_section *section)
{
    if (section->flags & SIC_SECTION_UNREAD)
        return "unknown";
    if (section->flags & SIC_SECTION_IMAGE)
        return "image";
    if (section->flags & SIC_SECTION_FILE)
        return "file";
    return section->flags & SIC_SECTION_PHYSICAL ? "physical memory" : "paging file";
}

const char *sic_section_kind_token(const struct sic_section *section)
{
    if (section->flags & (SIC_SECTION_UNREAD | SIC_SECTION_IMAGE | SIC_SECTION_FILE))
        return sic_section_kind(section);
    return section->flags & SIC_SECTION_PHYSICAL ? "physical" : "paging-file";
}

const char *sic_listing_missing(const struct sic_listing *listing)
{
    return sic_origin_is_live(&listing->origin) ? "unknown" : "not in this image";
}

char *sic_section_name(const struct sic_scan *scan, const struct sic_section *section)
{
    char *name;

    if (!(section->flags & SIC_SECTION_HAS_NAME))
        return NULL;
    name = malloc((size_t)section->name.length * SIC_ESCAPE_UNIT_SIZE + 1);
    if (name)
        sic_escape_utf16((const uint16_t *)scan->strings.elements + section->name.offset, section->name.length, name);
    return name;
}
