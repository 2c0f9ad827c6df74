#include "util/ranges.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>

struct work {
    sic_ranges_function *function;
    void *context;
    uint32_t count;
    uint32_t turn;
    atomic_uint_fast64_t next; /* 64 bits: threads that find nothing left count it up as well */
};

struct worker {
    struct work *work;
    pthread_t thread;
    unsigned number;
    bool is_started;
};

static void *run(void *argument)
{
    const struct worker *worker = argument;
    struct work *work = worker->work;

    for (;;) {
        uint64_t first = atomic_fetch_add(&work->next, work->turn);

        if (first >= work->count)
            return NULL;
        work->function(work->context, worker->number, (uint32_t)first,
                       work->count - first < work->turn ? work->count : (uint32_t)first + work->turn);
    }
}

void sic_ranges_run(unsigned threads, uint32_t count, uint32_t turn, sic_ranges_function *function, void *context)
{
    struct work work = {.function = function, .context = context, .count = count, .turn = turn};
    struct worker workers[SIC_RANGES_THREAD_LIMIT];
    uint32_t turns = count / turn + (count % turn != 0);

    threads = threads < SIC_RANGES_THREAD_LIMIT ? threads : SIC_RANGES_THREAD_LIMIT;
    threads = threads < turns ? threads : turns;
    for (unsigned i = 0; i < threads; i++) {
        workers[i] = (struct worker){.work = &work, .number = i};
        workers[i].is_started = i > 0 && pthread_create(&workers[i].thread, NULL, run, &workers[i]) == 0;
    }
    if (threads > 0)
        run(&workers[0]);
    for (unsigned i = 1; i < threads; i++) {
        if (workers[i].is_started)
            pthread_join(workers[i].thread, NULL);
    }
}
