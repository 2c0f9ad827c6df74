#include "kernel/owners.h"

#include "core/evidence.h"
#include "core/peb.h"
#include "core/token.h"
#include "kernel/user_memory.h"
#include "platform/processors.h"

#include <pthread.h>

#define THREAD_LIMIT 16u
/* Fewer first pages than this are read sooner than a thread starts. */
#define PAGES_PER_THREAD 2048u

static enum sic_status no_memory(struct sic_error *error)
{
    return sic_error_set(error, SIC_NO_MEMORY,
                         "out of memory while the image was read; close other programs or use a larger machine");
}

static enum sic_status read_tokens(const struct sic_kernel *kernel, const struct sic_objects *objects,
                                   struct sic_error *error, struct sic_scan *scan)
{
    struct sic_address_space *space;
    struct sic_reader reader;
    enum sic_status status = sic_address_space_create(kernel->image, &kernel->paging, error, &space);

    if (status != SIC_OK)
        return status;
    reader = sic_address_space_reader(space);
    if (!sic_tokens_read(scan, &reader, &kernel->profile.layout, objects))
        status = no_memory(error);
    sic_address_space_destroy(space);
    return status;
}

static enum sic_status read_pebs(const struct sic_kernel *kernel, struct sic_error *error, struct sic_scan *scan)
{
    struct sic_user_memory *memory;
    struct sic_user_reader user;
    enum sic_status status = sic_user_memory_create(kernel, scan, error, &memory);

    if (status != SIC_OK)
        return status;
    user = sic_user_memory_reader(memory);
    if (!sic_pebs_read(scan, &user, &kernel->profile.layout))
        status = no_memory(error);
    sic_user_memory_destroy(memory);
    return status;
}

/* One thread's share of the first pages: records [first, end), which nobody else writes. */
struct share {
    const struct sic_kernel *kernel;
    struct sic_scan *scan;
    uint32_t first;
    uint32_t end;
    pthread_t thread;
    bool is_started;
    enum sic_status status;
    struct sic_error error;
};

static void *read_share(void *argument)
{
    struct share *share = argument;
    struct sic_address_space *space = NULL;
    struct sic_user_memory *memory = NULL;

    share->status = sic_address_space_create(share->kernel->image, &share->kernel->paging, &share->error, &space);
    if (share->status == SIC_OK)
        share->status = sic_user_memory_create(share->kernel, share->scan, &share->error, &memory);
    if (share->status == SIC_OK) {
        struct sic_reader reader = sic_address_space_reader(space);
        struct sic_user_reader user = sic_user_memory_reader(memory);

        /* A reader of an image is never cancelled. */
        (void)sic_evidence_read_kernel(share->scan, &reader, share->first, share->end);
        sic_evidence_read_user(share->scan, &user, share->first, share->end);
    }
    sic_user_memory_destroy(memory);
    sic_address_space_destroy(space);
    return NULL;
}

static unsigned choose_thread_count(unsigned asked, uint32_t pages)
{
    unsigned threads = asked ? asked : sic_processor_count();
    uint32_t useful = pages / PAGES_PER_THREAD + 1;

    if (threads > THREAD_LIMIT)
        threads = THREAD_LIMIT;
    return threads < useful ? threads : useful;
}

static void run_shares(struct share *shares, unsigned count)
{
    for (unsigned i = 1; i < count; i++)
        shares[i].is_started = pthread_create(&shares[i].thread, NULL, read_share, &shares[i]) == 0;
    read_share(&shares[0]);
    for (unsigned i = 1; i < count; i++) {
        /* A thread that cannot be started is no failure: its share is done here. */
        if (shares[i].is_started)
            pthread_join(shares[i].thread, NULL);
        else
            read_share(&shares[i]);
    }
}

static enum sic_status read_first_pages(const struct sic_kernel *kernel, const struct sic_collect_options *options,
                                        struct sic_error *error, struct sic_scan *scan)
{
    struct share shares[THREAD_LIMIT];
    unsigned count;

    if (!sic_evidence_list(scan))
        return no_memory(error);
    count = choose_thread_count(options->threads, scan->pages.count);
    for (unsigned i = 0; i < count; i++)
        shares[i] = (struct share){.kernel = kernel,
                                   .scan = scan,
                                   .first = (uint32_t)((uint64_t)scan->pages.count * i / count),
                                   .end = (uint32_t)((uint64_t)scan->pages.count * (i + 1) / count)};
    run_shares(shares, count);
    for (unsigned i = 0; i < count; i++) {
        if (shares[i].status != SIC_OK) {
            *error = shares[i].error;
            return shares[i].status;
        }
    }
    return SIC_OK;
}

enum sic_status sic_owners_collect(const struct sic_kernel *kernel, const struct sic_collect_options *options,
                                   const struct sic_objects *objects, struct sic_error *error, struct sic_scan *scan)
{
    enum sic_status status = SIC_OK;

    if (options->with_tokens)
        status = read_tokens(kernel, objects, error, scan);
    if (status == SIC_OK && options->with_peb)
        status = read_pebs(kernel, error, scan);
    if (status == SIC_OK && options->with_first_pages)
        status = read_first_pages(kernel, options, error, scan);
    return status;
}
