#include "kernel/collect.h"

#include "core/accounts.h"
#include "core/device.h"
#include "core/directory.h"
#include "core/names.h"
#include "core/process.h"
#include "core/section.h"
#include "core/security.h"
#include "core/vad.h"
#include "kernel/handles.h"
#include "kernel/owners.h"
#include "platform/processors.h"
#include "util/memory.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>

#define THREAD_LIMIT 64u
/* Processes are handed out so many at a time. */
#define PROCESSES_PER_TURN 4u

/* One thread's share: a scan of its own over the processes it took. */
struct worker {
    struct collection *collection;
    struct sic_address_space *space;
    struct sic_scan scan;
    pthread_t thread;
    bool is_started;
    bool failed;
};

struct collection {
    const struct sic_kernel *kernel;
    const struct sic_collect_options *options;
    struct sic_address_space *space; /* the calling thread's */
    struct sic_scan *scan;           /* holds the processes; each belongs to the worker that took it */
    uint32_t *owners;                /* for each process, the worker that walked it */
    struct sic_handle_collection handles;
    struct worker workers[THREAD_LIMIT];
    unsigned worker_count;
    atomic_uint next;
};

static enum sic_status no_memory(struct sic_error *error)
{
    return sic_error_set(error, SIC_NO_MEMORY,
                         "out of memory while the image was read; close other programs or use a larger machine");
}

/* The worker's scan walks the shared process records: they are borrowed for the walk. */
static bool walk_process(struct worker *worker, struct sic_vad_walker *walker, uint32_t index)
{
    worker->collection->owners[index] = (uint32_t)(worker - worker->collection->workers);
    return sic_vad_walk(walker, &worker->scan, index) &&
           sic_handle_collection_read(&worker->collection->handles, &worker->scan, walker->reader, index);
}

static void report_progress(const struct worker *worker, uint32_t done)
{
    const struct sic_collect_options *options = worker->collection->options;

    if (options->progress && worker == worker->collection->workers)
        options->progress(options->progress_context, done, worker->collection->scan->processes.count);
}

static void *run_worker(void *argument)
{
    struct worker *worker = argument;
    struct collection *collection = worker->collection;
    struct sic_reader reader = sic_address_space_reader(worker->space);
    uint32_t count = collection->scan->processes.count;
    struct sic_vad_walker walker;

    sic_vad_walker_init(&walker, &reader, &collection->kernel->profile.layout);
    for (;;) {
        uint32_t first = atomic_fetch_add(&collection->next, PROCESSES_PER_TURN);

        if (first >= count || worker->failed)
            break;
        report_progress(worker, first);
        for (uint32_t i = first; i < count && i < first + PROCESSES_PER_TURN && !worker->failed; i++)
            worker->failed = !walk_process(worker, &walker, i);
    }
    sic_vad_walker_deinit(&walker, &worker->scan.allocator);
    return NULL;
}

static unsigned choose_thread_count(const struct collection *collection)
{
    unsigned threads = collection->options->threads ? collection->options->threads : sic_processor_count();
    uint32_t turns = collection->scan->processes.count / PROCESSES_PER_TURN + 1;

    if (threads > THREAD_LIMIT)
        threads = THREAD_LIMIT;
    return threads < turns ? threads : turns;
}

static enum sic_status prepare_workers(struct collection *collection, struct sic_error *error)
{
    unsigned count = choose_thread_count(collection);

    collection->owners = calloc(collection->scan->processes.count, sizeof(*collection->owners));
    if (!collection->owners && collection->scan->processes.count > 0)
        return no_memory(error);
    for (unsigned i = 0; i < count; i++) {
        struct worker *worker = &collection->workers[i];
        enum sic_status status = SIC_OK;

        /* The first works in the calling thread, with its address space. */
        if (i == 0)
            worker->space = collection->space;
        else
            status =
                sic_address_space_create(collection->kernel->image, &collection->kernel->paging, error, &worker->space);
        if (status != SIC_OK)
            return status;
        worker->collection = collection;
        sic_scan_init(&worker->scan, &collection->scan->allocator);
        worker->scan.processes = collection->scan->processes;
        collection->worker_count++;
    }
    return SIC_OK;
}

static bool run_workers(struct collection *collection)
{
    bool done = true;

    /* A thread that cannot be started is no failure: the others do its share. */
    for (unsigned i = 1; i < collection->worker_count; i++) {
        struct worker *worker = &collection->workers[i];

        worker->is_started = pthread_create(&worker->thread, NULL, run_worker, worker) == 0;
    }
    run_worker(&collection->workers[0]);
    for (unsigned i = 0; i < collection->worker_count; i++) {
        struct worker *worker = &collection->workers[i];

        if (worker->is_started)
            pthread_join(worker->thread, NULL);
        done = done && !worker->failed;
    }
    return done;
}

/* May be called again. The processes belong to the collection. */
static void release_worker(struct worker *worker)
{
    worker->scan.processes = (struct sic_array){0};
    sic_scan_deinit(&worker->scan);
    sic_scan_init(&worker->scan, sic_heap_allocator());
    if (worker->space != worker->collection->space)
        sic_address_space_destroy(worker->space);
    worker->space = NULL;
}

/* In the order of the processes, whoever read them. */
static bool merge_handles(struct collection *collection)
{
    uint32_t cursors[THREAD_LIMIT] = {0};

    for (uint32_t i = 0; i < collection->scan->processes.count; i++) {
        uint32_t owner = collection->owners[i];

        if (!sic_handle_collection_take(collection->scan, &collection->workers[owner].scan, &cursors[owner], i))
            return false;
    }
    return true;
}

static bool merge_workers(struct collection *collection)
{
    struct sic_scan *scan = collection->scan;
    uint32_t bases[THREAD_LIMIT];

    if (!merge_handles(collection))
        return false;
    for (unsigned i = 0; i < collection->worker_count; i++) {
        bases[i] = scan->views.count;
        if (!sic_scan_merge(scan, &collection->workers[i].scan))
            return false;
        release_worker(&collection->workers[i]);
    }
    for (uint32_t i = 0; i < scan->processes.count; i++)
        sic_scan_process(scan, i)->first_view += bases[collection->owners[i]];
    return collection->worker_count == 1 || sic_scan_order_subsections(scan);
}

static void release_workers(struct collection *collection)
{
    for (unsigned i = 0; i < collection->worker_count; i++)
        release_worker(&collection->workers[i]);
    free(collection->owners);
}

static enum sic_status walk_all(struct collection *collection, struct sic_error *error)
{
    enum sic_status status = prepare_workers(collection, error);

    if (status == SIC_OK && (!run_workers(collection) || !merge_workers(collection)))
        status = no_memory(error);
    release_workers(collection);
    return status;
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
static bool is_process(const struct sic_process *process)
{
    return process->id % 4 == 0 && process->id <= UINT32_MAX && process->id != 0 &&
           sic_is_kernel_pointer(process->vad_root_va, 16);
}

/* Processes that the list lacks, at the list's end: where in it they stood is not known. */
static bool append_strangers(struct sic_scan *scan, const struct sic_reader *reader, const struct sic_layout *layout,
                             const struct sic_array *strangers)
{
    for (uint32_t i = 0; i < strangers->count; i++) {
        uint64_t eprocess_va = ((const uint64_t *)strangers->elements)[i];
        struct sic_process read, *process;

        if (!sic_process_read(reader, layout, eprocess_va, &read) || !is_process(&read))
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

    return (!options->with_objects && !options->with_handles) ||
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
    enum sic_status status;

    if (!sic_process_list_read(scan, reader, layout, &collection->kernel->processes, SIC_NONE) ||
        !append_strangers(scan, reader, layout, known_strangers) || !sic_processes_part_trees(scan) ||
        !begin_objects(collection, reader))
        return no_memory(error);
    status = walk_all(collection, error);
    if (status == SIC_OK &&
        (!sic_sections_resolve(scan, reader, layout) ||
         !sic_accounts_compare(scan, reader, layout, collection->options->with_objects, strangers) ||
         !sic_handles_resolve(scan, reader, layout)))
        status = no_memory(error);
    return status;
}

static void restart(struct collection *collection)
{
    struct sic_allocator allocator = collection->scan->allocator;

    sic_handle_collection_deinit(&collection->handles, &allocator);
    sic_scan_deinit(collection->scan);
    sic_scan_init(collection->scan, &allocator);
    collection->owners = NULL;
    collection->worker_count = 0;
    atomic_store(&collection->next, 0);
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

enum sic_status sic_collect(const struct sic_kernel *kernel, const struct sic_collect_options *options,
                            struct sic_error *error, struct sic_scan *scan)
{
    struct collection collection = {.kernel = kernel, .options = options, .scan = scan};
    struct sic_reader reader;
    enum sic_status status = sic_address_space_create(kernel->image, &kernel->paging, error, &collection.space);

    if (status != SIC_OK)
        return status;
    reader = sic_address_space_reader(collection.space);
    status = collect_all(&collection, &reader, error);
    if (status == SIC_OK && !read_decoration(&collection, &reader))
        status = no_memory(error);
    if (status == SIC_OK)
        status = sic_owners_collect(kernel, options, error, scan);
    /* After the SIDs of tokens: the driver reads those while it walks, and its answer is to be the same. */
    if (status == SIC_OK && options->with_objects && options->with_security &&
        !sic_securities_read(scan, &reader, &collection.handles.objects))
        status = no_memory(error);
    if (status == SIC_OK)
        sic_scan_sort_problems(scan);
    sic_handle_collection_deinit(&collection.handles, &scan->allocator);
    sic_address_space_destroy(collection.space);
    return status;
}
