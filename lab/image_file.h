/*
 * What the writers of images share. Files are sparse: pages of zeros are skipped by seeking.
 */
#ifndef LAB_IMAGE_FILE_H
#define LAB_IMAGE_FILE_H

#include "world.h"

#include <stdio.h>

#define LAB_RUNS_MAXIMUM 42u /* what fits into DUMP_HEADER64's physical memory block */

/* The machine's RAM. */
struct lab_runs {
    struct {
        uint64_t first, count;
    } items[LAB_RUNS_MAXIMUM];
    uint32_t count;
    uint64_t pages;
};

void lab_image_find_runs(const struct lab_memory *memory, struct lab_runs *runs);

/* Whether anything is in the frame. */
bool lab_image_holds(const struct lab_memory *memory, uint64_t frame);

FILE *lab_image_create(const char *prefix, const char *suffix);

/* Appends or skips one page at `offset`, so that neighbouring pages need no seek. */
void lab_image_write_page(FILE *file, uint64_t offset, uint64_t *position, const uint8_t *page);

/* Gives the file its whole size, closes it, and fails when anything could not be written. */
void lab_image_finish(FILE *file, uint64_t size);

/* The 8 KiB that every crash dump begins with. */
void lab_image_write_dump_header(FILE *file, const struct lab_world *world, const struct lab_runs *runs, uint32_t type,
                                 uint64_t file_size);

/* containers.c: the formats from LAB_FORMAT_DUMP_K on. */
void lab_write_containers(const struct lab_world *world, const char *prefix, unsigned formats);

#endif
