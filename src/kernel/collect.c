#include "kernel/collect.h"

#include "core/accounts.h"
#include "core/device.h"
#include "core/directory.h"
#include "core/names.h"
#include "core/process.h"
#include "core/security.h"
#include "core/vad.h"
#include "kernel/handles.h"
#include "kernel/merge.h"
#include "kernel/owners.h"
#include "kernel/sections.h"
#include "platform/processors.h"
#include "util/memory.h"
#include "util/ranges.h"

#include <stdlib.h>

/* Processes are handed out so many at a time. */
#define PROCESSES_PER_TURN 4u

/* One thread's share, besides its part: a walk over the processes that it took. */
struct worker {
    struct sic_vad_walker walker;
    bool failed;
};

struct collection {
    const struct sic_kernel *kernel;
    const struct sic_collect_options *options;
    struct sic_scan *scan; /* holds the processes; each belongs to the thread that took it */
    struct sic_handle_collection handles;
    unsigned thread_count;
    /* Each thread's; the calling one is the first. */
    struct sic_address_space *spaces[SIC_RANGES_THREAD_LIMIT];
    struct sic_reader readers[SIC_RANGES_THREAD_LIMIT];
    struct sic_part parts[SIC_RANGES_THREAD_LIMIT];
    struct worker workers[SIC_RANGES_THREAD_LIMIT];
    struct sic_walked *walked; /* by process */
};

static enum sic_status no_memory(struct sic_error *error)
{
    return sic_error_set(error, SIC_NO_MEMORY,
                         "out of memory while the image was read; close other programs or use a larger machine");
}

/* The part's scan walks the shared process records: they are borrowed for the walk. */
static bool walk_process(struct collection *collection, unsigned thread, uint32_t index)
{
    struct sic_scan *scan = &collection->parts[thread].scan;

    if (!sic_vad_walk(&collection->workers[thread].walker, scan, index))
        return false;
    collection->walked[index] = (struct sic_walked){.part = thread, .subsection_end = scan->subsections.count};
    return sic_handle_collection_read(&collection->handles, scan, &collection->readers[thread], index);
}

static void report_progress(const struct collection *collection, unsigned thread, uint32_t done)
{
    const struct sic_collect_options *options = collection->options;

    if (options->progress && thread == 0)
        options->progress(options->progress_context, done, collection->scan->processes.count);
}

static void walk_range(void *context, unsigned thread, uint32_t first, uint32_t end)
{
    struct collection *collection = context;
    struct worker *worker = &collection->workers[thread];

    report_progress(collection, thread, first);
    for (uint32_t i = first; i < end && !worker->failed; i++)
        worker->failed = !walk_process(collection, thread, i);
}

static bool prepare_walk(struct collection *collection)
{
    uint32_t count = collection->scan->processes.count;

    collection->walked = calloc((size_t)count + 1, sizeof(*collection->walked));
    for (unsigned i = 0; i < collection->thread_count; i++) {
        collection->workers[i].failed = false;
        sic_vad_walker_init(&collection->workers[i].walker, &collection->readers[i],
                            &collection->kernel->profile.layout);
        sic_scan_init(&collection->parts[i].scan, &collection->scan->allocator);
        collection->parts[i].scan.processes = collection->scan->processes;
    }
    return collection->walked != NULL;
}

static bool walk(struct collection *collection)
{
    bool failed = false;

    sic_ranges_run(collection->thread_count, collection->scan->processes.count, PROCESSES_PER_TURN, walk_range,
                   collection);
    for (unsigned i = 0; i < collection->thread_count; i++)
        failed = failed || collection->workers[i].failed;
    return !failed;
}

/* The processes belong to the collection. */
static void release_walk(struct collection *collection)
{
    for (unsigned i = 0; i < collection->thread_count; i++) {
        collection->parts[i].scan.processes = (struct sic_array){0};
        sic_scan_deinit(&collection->parts[i].scan);
        sic_vad_walker_deinit(&collection->workers[i].walker, &collection->scan->allocator);
    }
    free(collection->walked);
}

/* In the order of the processes, whoever read them. */
static bool merge_handles(struct collection *collection)
{
    uint32_t cursors[SIC_RANGES_THREAD_LIMIT] = {0};

    for (uint32_t i = 0; i < collection->scan->processes.count; i++) {
        uint32_t part = collection->walked[i].part;

        if (!sic_handle_collection_take(collection->scan, &collection->parts[part].scan, &cursors[part], i))
            return false;
    }
    return true;
}

static bool walk_all(struct collection *collection)
{
    bool done = prepare_walk(collection) && walk(collection) && merge_handles(collection) &&
                sic_parts_merge(collection->scan, collection->parts, collection->thread_count, collection->walked);

    release_walk(collection);
    return done;
}

static bool read_paths(struct sic_scan *scan, const struct sic_reader *reader, const struct sic_layout *layout)
{
    for (uint32_t i = 0; i < scan->processes.count; i++) {
        if (!sic_process_read_path(scan, reader, layout, i))
            return false;
    }
    return true;
}

static bool read_objects(const struct collection *collection, const struct sic_reader *reader)
{
    const struct sic_collect_options *options = collection->options;
    const struct sic_objects *objects = &collection->handles.objects;

    if (!options->with_objects)
        return true;
    return sic_directories_read(collection->scan, reader, objects) &&
           sic_devices_read(collection->scan, reader, objects, options->minimum_views);
}

/* Paths and names: decoration, whose absence changes no answer. */
static bool read_decoration(const struct collection *collection, const struct sic_reader *reader)
{
    const struct sic_layout *layout = &collection->kernel->profile.layout;
    const struct sic_collect_options *options = collection->options;
    struct sic_scan *scan = collection->scan;

    if (options->with_paths && !read_paths(scan, reader, layout))
        return false;
    if (options->with_names && sic_layout_has(layout, SIC_FIELD_FILE_OBJECT_FILE_NAME) &&
        !sic_section_names_read(scan, reader, sic_layout_offset(layout, SIC_FIELD_FILE_OBJECT_FILE_NAME),
                                options->minimum_views))
        return false;
    return read_objects(collection, reader);
}

/* Process ids are multiples of 4 below 2^32. */
static bool is_process(const struct sic_reader *reader, const struct sic_process *process)
{
    return process->id % 4 == 0 && process->id <= UINT32_MAX && process->id != 0 &&
           sic_is_kernel_pointer(reader, process->vad_root_va, 16);
}

/* Processes that the list lacks, at the list's end: where in it they stood is not known. */
static bool append_strangers(struct sic_scan *scan, const struct sic_reader *reader, const struct sic_layout *layout,
                             const struct sic_array *strangers)
{
    for (uint32_t i = 0; i < strangers->count; i++) {
        uint64_t eprocess_va = ((const uint64_t *)strangers->elements)[i];
        struct sic_process read, *process;

        if (!sic_process_read(reader, layout, eprocess_va, &read) || !is_process(reader, &read))
            continue;
        process = sic_array_append(&scan->allocator, &scan->processes, sizeof(*process));
        if (!process)
            return false;
        *process = read;
        process->flags |= SIC_PROCESS_UNLISTED;
    }
    return true;
}

/* Types of objects, and where the handle tables are: nothing when nobody asks. */
static bool begin_objects(struct collection *collection, const struct sic_reader *reader)
{
    const struct sic_collect_options *options = collection->options;
    const struct sic_kernel *kernel = collection->kernel;

    return (!options->with_objects && !options->with_handles && !options->with_tokens) ||
           sic_handle_collection_begin(&collection->handles, collection->scan, reader, &kernel->profile.layout,
                                       &kernel->object_roots, options->with_handles);
}

/* One whole collection, over the listed processes and those that an earlier one found besides. */
static enum sic_status collect_with(struct collection *collection, const struct sic_reader *reader,
                                    const struct sic_array *known_strangers, struct sic_array *strangers,
                                    struct sic_error *error)
{
    const struct sic_layout *layout = &collection->kernel->profile.layout;
    struct sic_scan *scan = collection->scan;

    scan->paging_levels = reader->levels;
    if (!sic_process_list_read(scan, reader, layout, &collection->kernel->processes, SIC_NONE) ||
        !append_strangers(scan, reader, layout, known_strangers) || !sic_processes_part_trees(scan, reader, layout) ||
        !begin_objects(collection, reader) || !walk_all(collection) ||
        !sic_sections_resolve_on_threads(scan, collection->readers, collection->thread_count, layout) ||
        !sic_accounts_compare(scan, reader, layout, collection->options->with_objects, strangers) ||
        !sic_handles_resolve(scan, reader, layout))
        return no_memory(error);
    return SIC_OK;
}

static void restart(struct collection *collection)
{
    struct sic_allocator allocator = collection->scan->allocator;

    sic_handle_collection_deinit(&collection->handles, &allocator);
    sic_scan_deinit(collection->scan);
    sic_scan_init(collection->scan, &allocator);
}

/*
 * Sections list views of processes that the process list lacks: it is broken, or somebody took them out. A second pass
 * has them in; what even that leads to is noted, not walked, so that no list decides how long the work takes.
 */
static enum sic_status collect_all(struct collection *collection, const struct sic_reader *reader,
                                   struct sic_error *error)
{
    struct sic_array none = {0}, strangers = {0}, more = {0};
    const struct sic_allocator allocator = collection->scan->allocator;
    enum sic_status status = collect_with(collection, reader, &none, &strangers, error);

    if (status == SIC_OK && strangers.count > 0) {
        restart(collection);
        status = collect_with(collection, reader, &strangers, &more, error);
        if (status == SIC_OK && (!sic_accounts_note_strangers(collection->scan, &strangers, &none) ||
                                 !sic_accounts_note_strangers(collection->scan, &more, &strangers)))
            status = no_memory(error);
    }
    sic_array_free(&allocator, &strangers, sizeof(uint64_t));
    sic_array_free(&allocator, &more, sizeof(uint64_t));
    return status;
}

static enum sic_status open_spaces(struct collection *collection, struct sic_error *error)
{
    unsigned count = collection->options->threads ? collection->options->threads : sic_processor_count();
    enum sic_status status = SIC_OK;

    count = count < SIC_RANGES_THREAD_LIMIT ? count : SIC_RANGES_THREAD_LIMIT;
    for (unsigned i = 0; i < count && status == SIC_OK; i++) {
        status = sic_address_space_create(collection->kernel->image, &collection->kernel->paging, error,
                                          &collection->spaces[i]);
        if (status != SIC_OK)
            break;
        collection->readers[i] = sic_address_space_reader(collection->spaces[i]);
        collection->thread_count++;
    }
    return status;
}

static void close_spaces(struct collection *collection)
{
    for (unsigned i = 0; i < collection->thread_count; i++)
        sic_address_space_destroy(collection->spaces[i]);
}

static enum sic_status collect(struct collection *collection, struct sic_error *error)
{
    const struct sic_reader *reader = &collection->readers[0];
    enum sic_status status = collect_all(collection, reader, error);

    if (status == SIC_OK && !read_decoration(collection, reader))
        status = no_memory(error);
    return status;
}

struct sic_collect_options sic_collect_everything(unsigned threads)
{
    return (struct sic_collect_options){.threads = threads,
                                        .with_paths = true,
                                        .with_names = true,
                                        .with_objects = true,
                                        .with_handles = true,
                                        .with_security = true,
                                        .with_tokens = true,
                                        .with_peb = true,
                                        .with_first_pages = true,
                                        .minimum_views = 1};
}

enum sic_status sic_collect(const struct sic_kernel *kernel, const struct sic_collect_options *options,
                            struct sic_error *error, struct sic_scan *scan)
{
    struct collection *collection = calloc(1, sizeof(*collection));
    enum sic_status status;

    if (!collection)
        return no_memory(error);
    collection->kernel = kernel;
    collection->options = options;
    collection->scan = scan;
    status = open_spaces(collection, error);
    if (status == SIC_OK)
        status = collect(collection, error);
    if (status == SIC_OK)
        status = sic_owners_collect(kernel, options, &collection->handles.objects, error, scan);
    /* After the SIDs of tokens: the driver reads those while it walks, and its answer is to be the same. */
    if (status == SIC_OK && options->with_objects && options->with_security &&
        !sic_securities_read(scan, &collection->readers[0], &collection->handles.objects))
        status = no_memory(error);
    sic_handle_collection_deinit(&collection->handles, &scan->allocator);
    close_spaces(collection);
    free(collection);
    /* Everything is found: nobody looks addresses up any more. */
    sic_index_free(&scan->allocator, &scan->subsection_index);
    sic_index_free(&scan->allocator, &scan->control_area_index);
    if (status == SIC_OK)
        sic_scan_sort_problems(scan);
    return status;
}
