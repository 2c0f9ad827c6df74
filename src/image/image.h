/*
 * A memory image: a file that holds the physical pages of a machine, or, in a triage dump, blocks of its
 * kernel's virtual memory. The file is mapped read-only and never written to.
 *
 * An image is immutable once opened; every function that takes a const image may be called from several threads.
 */
#ifndef SIC_IMAGE_IMAGE_H
#define SIC_IMAGE_IMAGE_H

#include "util/status.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SIC_PAGE_SIZE  4096u
#define SIC_PAGE_SHIFT 12u

struct sic_image;

/* What the container's own header says of the machine. Zero where it says nothing (always so in a raw image). */
struct sic_image_header {
    uint32_t machine; /* IMAGE_FILE_MACHINE_*: 0x8664 */
    uint32_t build;   /* 19041 */
    uint32_t processors;
    uint32_t dump_type;            /* DUMP_HEADER64.DumpType */
    uint64_t directory_table_base; /* physical address of the PML4, low 12 bits cleared */
    uint64_t kd_debugger_data_block_va;
    uint64_t ps_active_process_head_va;
    uint64_t ps_loaded_module_list_va;
    uint64_t system_time;       /* 100 ns since 1601-01-01 UTC */
    uint64_t triage_process_va; /* triage dumps: the current EPROCESS, readable with sic_image_virtual; 0 if unknown */
};

/*
 * Opens a file of any container SiC reads, with the file beside it that VMware's containers need. On success the caller
 * owns *image (sic_image_close).
 */
SIC_MUST_CHECK enum sic_status sic_image_open(const char *path, struct sic_error *error, struct sic_image **image);

/*
 * The same from bytes that the caller keeps alive until sic_image_close; `name` stands in messages, and its end tells a
 * .vmem.
 */
SIC_MUST_CHECK enum sic_status sic_image_open_bytes(const void *bytes, size_t size, const char *name,
                                                    struct sic_error *error, struct sic_image **image);

/* The same from a .vmem and the .vmss or .vmsn that describes it; a companion of no bytes: none. */
SIC_MUST_CHECK enum sic_status sic_image_open_pair(const void *bytes, size_t size, const void *companion,
                                                   size_t companion_size, const char *name, struct sic_error *error,
                                                   struct sic_image **image);

/* Takes NULL. */
void sic_image_close(struct sic_image *image);

/* "crash dump, type 5 (full bitmap)", "raw image", …: constant text. */
const char *sic_image_container(const struct sic_image *image);

const struct sic_image_header *sic_image_header(const struct sic_image *image);

/* True for a triage dump: it holds blocks of kernel virtual memory and no physical pages. */
bool sic_image_is_virtual(const struct sic_image *image);

/* The SIC_PAGE_SIZE bytes of page frame `pfn`, or NULL when the image does not hold the whole page. Borrowed from the
 * image. */
const uint8_t *sic_image_page(const struct sic_image *image, uint64_t pfn);

/* One past the highest page frame number that the image could hold. */
uint64_t sic_image_pfn_limit(const struct sic_image *image);

/*
 * The first run of present frames at or after `pfn`: [*first, *first + *count), as long as it goes. Returns false when
 * there is none.
 * A caller that walks all runs with it does work bounded by the size of the file, whatever the header claims.
 */
bool sic_image_next_run(const struct sic_image *image, uint64_t pfn, uint64_t *first, uint64_t *count);

/*
 * Pages that the header promises and the file, cut short, does not hold. In a triage dump: blocks of memory that the
 * file does not hold whole.
 */
uint64_t sic_image_missing_pages(const struct sic_image *image);

/*
 * Virtual images only: the longest readable piece at `va`. Returns a borrowed pointer and its size in bytes (at least
 * 1), or NULL when the image does not hold that byte.
 */
const uint8_t *sic_image_virtual(const struct sic_image *image, uint64_t va, size_t *size);

/* Offset in the file of a pointer that the image lent. */
uint64_t sic_image_file_offset(const struct sic_image *image, const void *lent);

#endif
