/*
 * Times the stages of one listing, and the floor they stand on: one pass, by one thread, over every range of the file
 * that the walk read, in the order in which it read them, through a mapping as fresh as the walk's.
 *   measure IMAGE [RUNS]
 */
#include "cli/listing.h"
#include "cli/text.h"
#include "core/section.h"
#include "core/vad.h"
#include "kernel/collect.h"
#include "platform/processors.h"
#include "sharing/region.h"
#include "util/memory.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define RUN_LIMIT 99u

struct range {
    uint64_t offset;
    uint64_t size;
};

struct counts {
    uint32_t views, nodes, regions;
};

static struct {
    struct range *ranges;
    size_t count, capacity;
    uint64_t bytes;
} record;

static double now(void)
{
    struct timespec time;

    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + (double)time.tv_nsec * 1e-9;
}

static void fail(const char *message)
{
    fprintf(stderr, "measure: %s\n", message);
    exit(1);
}

/* --- the recording reader: a walk's reader that notes what it lends --- */

struct recorder {
    const struct sic_image *image;
    struct sic_reader reader;
};

static void note(const struct recorder *recorder, const void *lent, size_t size)
{
    if (record.count == record.capacity) {
        record.capacity = record.capacity ? record.capacity * 2 : 65536;
        record.ranges = realloc(record.ranges, record.capacity * sizeof(*record.ranges));
        if (!record.ranges)
            fail("out of memory");
    }
    record.ranges[record.count++] =
        (struct range){.offset = sic_image_file_offset(recorder->image, lent), .size = size};
    record.bytes += size;
}

static const void *record_lend(void *context, uint64_t va, size_t size)
{
    struct recorder *recorder = context;
    const void *lent = recorder->reader.lend(recorder->reader.context, va, size);

    if (lent)
        note(recorder, lent, size);
    return lent;
}

static bool record_read(void *context, uint64_t va, void *buffer, size_t size)
{
    struct recorder *recorder = context;

    for (size_t done = 0; done < size;) {
        size_t piece = 4096 - ((va + done) & 4095);
        const void *lent;

        piece = piece < size - done ? piece : size - done;
        lent = recorder->reader.lend(recorder->reader.context, va + done, piece);
        if (!lent)
            return false;
        note(recorder, lent, piece);
        memcpy((uint8_t *)buffer + done, lent, piece);
        done += piece;
    }
    return true;
}

/* One walk of everything on one thread, through the recorder. */
static void record_walk(const struct sic_kernel *kernel)
{
    struct recorder recorder = {.image = kernel->image};
    struct sic_reader reader = {.read = record_read, .lend = record_lend, .context = &recorder};
    struct sic_address_space *space;
    struct sic_vad_walker walker;
    struct sic_error error;
    struct sic_scan scan;

    if (sic_address_space_create(kernel->image, &kernel->paging, &error, &space) != SIC_OK)
        fail(error.message);
    recorder.reader = sic_address_space_reader(space);
    sic_scan_init(&scan, sic_heap_allocator());
    sic_vad_walker_init(&walker, &reader, &kernel->profile.layout);
    if (!sic_process_list_read(&scan, &reader, &kernel->profile.layout, &kernel->processes, SIC_NONE))
        fail("out of memory");
    for (uint32_t i = 0; i < scan.processes.count; i++) {
        if (!sic_vad_walk(&walker, &scan, i))
            fail("out of memory");
    }
    if (!sic_sections_resolve(&scan, &reader, &kernel->profile.layout))
        fail("out of memory");
    sic_vad_walker_deinit(&walker, &scan.allocator);
    sic_scan_deinit(&scan);
    sic_address_space_destroy(space);
}

/* The floor: maps the file anew and reads every recorded range once. */
static double time_floor(const char *path)
{
    double start = now();
    int file = open(path, O_RDONLY);
    struct stat status;
    volatile uint64_t sink;
    uint64_t sum = 0;
    const uint8_t *bytes;

    if (file < 0 || fstat(file, &status) != 0)
        fail("the image went away");
    bytes = mmap(NULL, (size_t)status.st_size, PROT_READ, MAP_SHARED, file, 0);
    if (bytes == MAP_FAILED)
        fail("the image cannot be mapped");
    for (size_t i = 0; i < record.count; i++) {
        const uint8_t *range = bytes + record.ranges[i].offset;

        for (uint64_t at = 0; at + 8 <= record.ranges[i].size; at += 8) {
            uint64_t word;

            memcpy(&word, range + at, 8);
            sum += word;
        }
    }
    sink = sum;
    (void)sink;
    munmap((void *)(uintptr_t)bytes, (size_t)status.st_size);
    close(file);
    return now() - start;
}

struct times {
    double open, kernel, collect, facts, regions, text;
};

/* The listing as the program makes it, to a file. */
static double time_text(const char *path)
{
    struct sic_options options = {.image = path};
    struct sic_listing listing;
    struct sic_output output;
    struct sic_error error;
    FILE *file = tmpfile();
    double start;

    if (sic_listing_open(&options, &error, &listing) != SIC_OK)
        fail(error.message);
    if (!file || !sic_output_init(&output, file))
        fail("no room for the listing");
    start = now();
    if (!sic_text_print(&listing, &options, false, sic_processor_count(), &output) || !sic_output_finish(&output))
        fail("the listing could not be written");
    start = now() - start;
    fclose(file);
    sic_listing_close(&listing);
    return start;
}

static void count(const struct sic_scan *scan, struct counts *counts)
{
    *counts = (struct counts){.views = scan->views.count};
    for (uint32_t i = 0; i < scan->processes.count; i++)
        counts->nodes += sic_scan_process(scan, i)->node_count;
}

static double time_collect(const struct sic_kernel *kernel, const struct sic_collect_options *options,
                           struct sic_scan *scan)
{
    struct sic_error error;
    double start = now();

    sic_scan_init(scan, sic_heap_allocator());
    if (sic_collect(kernel, options, &error, scan) != SIC_OK)
        fail(error.message);
    return now() - start;
}

static struct times time_stages(const char *path, struct counts *counts)
{
    const struct sic_collect_options plain = {.with_paths = true, .minimum_views = 2};
    const struct sic_collect_options facts = {.with_paths = true,
                                              .with_names = true,
                                              .with_objects = true,
                                              .with_handles = true,
                                              .with_tokens = true,
                                              .with_peb = true,
                                              .minimum_views = 2};
    struct sic_regions regions;
    struct sic_image *image;
    struct sic_kernel kernel;
    struct sic_error error;
    struct sic_scan scan;
    struct times times;
    double start = now();

    if (sic_image_open(path, &error, &image) != SIC_OK)
        fail(error.message);
    times.open = now() - start;
    start = now();
    if (sic_kernel_open(image, &error, &kernel) != SIC_OK)
        fail(error.message);
    times.kernel = now() - start;
    if (record.count == 0)
        record_walk(&kernel);
    times.collect = time_collect(&kernel, &plain, &scan);
    sic_scan_deinit(&scan);
    times.facts = time_collect(&kernel, &facts, &scan);
    start = now();
    if (sic_regions_build(&scan, SIC_REGION_JOINED, sic_processor_count(), &error, &regions) != SIC_OK)
        fail(error.message);
    times.regions = now() - start;
    count(&scan, counts);
    counts->regions = regions.count;
    sic_regions_deinit(&regions);
    sic_scan_deinit(&scan);
    sic_image_close(image);
    times.text = time_text(path);
    return times;
}

static int compare(const void *left, const void *right)
{
    double a = *(const double *)left, b = *(const double *)right;

    return a < b ? -1 : a > b;
}

/* Of the lowest of the runs, which says most where others use the machine too; and their median. */
static void print_stage(const char *name, double *values, unsigned runs, uint32_t views, double floor_time)
{
    qsort(values, runs, sizeof(*values), compare);
    printf("%-26s %10.5f %10.5f %14.0f %12.2f\n", name, values[0], values[runs / 2], views / values[0],
           values[0] / floor_time);
}

int main(int argc, char **argv)
{
    double open_time[RUN_LIMIT], kernel[RUN_LIMIT], collect[RUN_LIMIT], regions[RUN_LIMIT], text[RUN_LIMIT];
    double facts[RUN_LIMIT];
    double floor_time[RUN_LIMIT], lowest;
    unsigned runs = argc > 2 ? (unsigned)atoi(argv[2]) : 9;
    struct counts counts;

    if (argc < 2 || runs == 0 || runs > RUN_LIMIT)
        fail("usage: measure IMAGE [RUNS]");
    (void)time_stages(argv[1], &counts);
    for (unsigned i = 0; i < runs; i++) {
        struct times times = time_stages(argv[1], &counts);

        open_time[i] = times.open;
        kernel[i] = times.kernel;
        collect[i] = times.collect;
        facts[i] = times.facts;
        regions[i] = times.regions;
        text[i] = times.text;
        floor_time[i] = time_floor(argv[1]);
    }
    qsort(floor_time, runs, sizeof(floor_time[0]), compare);
    lowest = floor_time[0];
    printf("nodes %u, views %u, regions %u, reads %zu of %llu bytes\n", counts.nodes, counts.views, counts.regions,
           record.count, (unsigned long long)record.bytes);
    printf("%-26s %10s %10s %14s %12s\n", "stage", "lowest, s", "median, s", "views/second", "of the floor");
    print_stage("open", open_time, runs, counts.views, lowest);
    print_stage("find kernel, prove layout", kernel, runs, counts.views, lowest);
    print_stage("walk, sections", collect, runs, counts.views, lowest);
    print_stage("the same with all facts", facts, runs, counts.views, lowest);
    print_stage("regions", regions, runs, counts.views, lowest);
    print_stage("text", text, runs, counts.views, lowest);
    print_stage("floor", floor_time, runs, counts.views, lowest);
    free(record.ranges);
    return 0;
}
