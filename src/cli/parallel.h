/*
 * Printing on several threads: pieces of the output are made side by side and written in their order.
 */
#ifndef SIC_CLI_PARALLEL_H
#define SIC_CLI_PARALLEL_H

#include "cli/output.h"

struct sic_parallel_job {
    unsigned threads;
    uint32_t count; /* of items */
    /* How much output an item makes, in lines; pieces are cut by it. */
    uint32_t (*weigh)(const void *context, uint32_t item);
    /* Prints items [first, end). Called from several threads, each with an output of its own. */
    void (*print)(const void *context, uint32_t first, uint32_t end, struct sic_output *output);
    const void *context;
};

/* Prints all items to `output`, in order, whatever the number of threads. False when memory ran out. */
bool sic_parallel_print(const struct sic_parallel_job *job, struct sic_output *output);

#endif
