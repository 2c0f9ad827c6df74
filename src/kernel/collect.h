/*
 * The scan of an image: every process, every view, every section, on as many threads as asked for.
 */
#ifndef SIC_KERNEL_COLLECT_H
#define SIC_KERNEL_COLLECT_H

#include "core/scan.h"
#include "kernel/kernel.h"

struct sic_collect_options {
    unsigned threads;       /* 0: as many as there are processors */
    bool with_paths;        /* read the processes' full paths */
    bool with_names;        /* read the names of sections */
    bool with_objects;      /* read object directories and devices, and find all views of the kernel's own */
    bool with_handles;      /* read handles to sections */
    bool with_security;     /* with objects: read the security descriptors of directories and named sections */
    bool with_tokens;       /* read the processes' tokens */
    bool with_peb;          /* read the processes' PEBs */
    bool with_first_pages;  /* read what views begin with, of sections that have at least two */
    uint32_t minimum_views; /* of sections mapped at least so often */
    /* Called now and then from one thread, with the processes walked so far; may be NULL. */
    void (*progress)(void *context, uint32_t done, uint32_t count);
    void *progress_context;
};

/* All that there is to read, of all sections. */
struct sic_collect_options sic_collect_everything(unsigned threads);

/*
 * Fills `scan` (initialised, empty). The result does not depend on the number of threads. What could not be read is in
 * scan->problems; the status is about what keeps a scan from being made at all.
 */
SIC_MUST_CHECK enum sic_status sic_collect(const struct sic_kernel *kernel, const struct sic_collect_options *options,
                                           struct sic_error *error, struct sic_scan *scan);

#endif
