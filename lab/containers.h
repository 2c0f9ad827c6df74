/* The writers behind lab_write_containers. Each makes one file of the world's RAM, or two. */
#ifndef LAB_CONTAINERS_H
#define LAB_CONTAINERS_H

#include "image_file.h"

/* Appends bytes and counts them; fails when the disk is full. */
void lab_put(FILE *file, const void *bytes, size_t size);

/* Appends the pages of all runs from `offset` on, which becomes the offset behind them. Pages nobody uses are zeros. */
void lab_put_runs(FILE *file, const struct lab_memory *memory, const struct lab_runs *runs, uint64_t *offset);

/* container_elf.c */
void lab_write_qemu(const struct lab_world *world, const char *prefix);
void lab_write_virtualbox(const struct lab_world *world, const char *prefix);

/* container_vmware.c */
void lab_write_vmem(const struct lab_world *world, const char *prefix);
void lab_write_vmsn(const struct lab_world *world, const char *prefix);

#endif
