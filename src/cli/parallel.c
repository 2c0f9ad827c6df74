#include "cli/parallel.h"

#include <pthread.h>

#define THREAD_LIMIT 64u
/* Lines in a piece: enough to make the hand-over cheap, little enough to stay in a cache. */
#define PIECE_LINES 512u

struct shared {
    const struct sic_parallel_job *job;
    struct sic_output *output;
    pthread_mutex_t lock;
    pthread_cond_t written_one;
    uint32_t next_item;
    uint32_t next_piece;
    uint32_t written; /* pieces */
    bool failed;
};

/* Takes the next piece; false when nothing is left. */
static bool take_piece(struct shared *shared, uint32_t *first, uint32_t *end, uint32_t *piece)
{
    const struct sic_parallel_job *job = shared->job;
    uint32_t lines = 0;

    pthread_mutex_lock(&shared->lock);
    *first = shared->next_item;
    while (shared->next_item < job->count && lines < PIECE_LINES)
        lines += job->weigh(job->context, shared->next_item++);
    *end = shared->next_item;
    *piece = shared->next_piece++;
    pthread_mutex_unlock(&shared->lock);
    return *first < *end;
}

static void write_piece(struct shared *shared, uint32_t piece, struct sic_output *made)
{
    pthread_mutex_lock(&shared->lock);
    while (shared->written != piece)
        pthread_cond_wait(&shared->written_one, &shared->lock);
    pthread_mutex_unlock(&shared->lock);
    /* Only the thread whose turn it is gets here. */
    if (made->failed)
        shared->failed = true;
    else
        sic_output_bytes(shared->output, made->buffer, made->used);
    made->used = 0;
    pthread_mutex_lock(&shared->lock);
    shared->written++;
    pthread_cond_broadcast(&shared->written_one);
    pthread_mutex_unlock(&shared->lock);
}

static void *run(void *argument)
{
    struct shared *shared = argument;
    struct sic_output made;
    uint32_t first, end, piece;
    /* Out of memory: the pieces are still taken and passed on, as failed ones, so that nobody waits for them. */
    bool usable = sic_output_init(&made, NULL);

    made.failed = !usable;
    while (take_piece(shared, &first, &end, &piece)) {
        if (usable)
            shared->job->print(shared->job->context, first, end, &made);
        write_piece(shared, piece, &made);
    }
    sic_output_discard(&made);
    return NULL;
}

bool sic_parallel_print(const struct sic_parallel_job *job, struct sic_output *output)
{
    struct shared shared = {
        .job = job, .output = output, .lock = PTHREAD_MUTEX_INITIALIZER, .written_one = PTHREAD_COND_INITIALIZER};
    pthread_t threads[THREAD_LIMIT];
    unsigned started = 0;

    while (started + 1 < job->threads && started < THREAD_LIMIT &&
           pthread_create(&threads[started], NULL, run, &shared) == 0)
        started++;
    run(&shared);
    while (started > 0)
        pthread_join(threads[--started], NULL);
    pthread_mutex_destroy(&shared.lock);
    pthread_cond_destroy(&shared.written_one);
    return !shared.failed;
}
