#include "kernel/collect.h"

#include "core/names.h"
#include "core/process.h"
#include "core/section.h"
#include "core/vad.h"
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
    struct sic_scan *scan; /* holds the processes; each belongs to the worker that took it */
    uint32_t *owners;      /* for each process, the worker that walked it */
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
    return sic_vad_walk(walker, &worker->scan, index);
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
        enum sic_status status =
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

static bool merge_workers(struct collection *collection)
{
    struct sic_scan *scan = collection->scan;
    uint32_t bases[THREAD_LIMIT];

    for (unsigned i = 0; i < collection->worker_count; i++) {
        bases[i] = scan->views.count;
        if (!sic_scan_merge(scan, &collection->workers[i].scan))
            return false;
    }
    for (uint32_t i = 0; i < scan->processes.count; i++)
        sic_scan_process(scan, i)->first_view += bases[collection->owners[i]];
    return true;
}

static void release_workers(struct collection *collection)
{
    for (unsigned i = 0; i < collection->worker_count; i++) {
        struct worker *worker = &collection->workers[i];

        worker->scan.processes = (struct sic_array){0};
        sic_scan_deinit(&worker->scan);
        sic_address_space_destroy(worker->space);
    }
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

static bool read_rest(const struct collection *collection, const struct sic_reader *reader)
{
    const struct sic_layout *layout = &collection->kernel->profile.layout;
    const struct sic_collect_options *options = collection->options;
    struct sic_scan *scan = collection->scan;

    if (!sic_sections_resolve(scan, reader, layout))
        return false;
    if (options->with_paths && !read_paths(scan, reader, layout))
        return false;
    return !options->with_names || !sic_layout_has(layout, SIC_FIELD_FILE_OBJECT_FILE_NAME) ||
           sic_section_names_read(scan, reader, sic_layout_offset(layout, SIC_FIELD_FILE_OBJECT_FILE_NAME),
                                  options->minimum_views);
}

enum sic_status sic_collect(const struct sic_kernel *kernel, const struct sic_collect_options *options,
                            struct sic_error *error, struct sic_scan *scan)
{
    struct collection collection = {.kernel = kernel, .options = options, .scan = scan};
    struct sic_address_space *space;
    struct sic_reader reader;
    enum sic_status status = sic_address_space_create(kernel->image, &kernel->paging, error, &space);

    if (status != SIC_OK)
        return status;
    reader = sic_address_space_reader(space);
    if (!sic_process_list_read(scan, &reader, &kernel->profile.layout, &kernel->processes, SIC_NONE))
        status = no_memory(error);
    if (status == SIC_OK)
        status = walk_all(&collection, error);
    if (status == SIC_OK && !read_rest(&collection, &reader))
        status = no_memory(error);
    if (status == SIC_OK)
        sic_scan_sort_problems(scan);
    sic_address_space_destroy(space);
    return status;
}
