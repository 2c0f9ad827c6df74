/*
 * What a container's reader provides, and the state of an open image. Seen by src/image/ only.
 */
#ifndef SIC_IMAGE_BACKEND_H
#define SIC_IMAGE_BACKEND_H

#include "image/bytes.h"
#include "image/image.h"
#include "image/page_bitmap.h"
#include "image/page_ranges.h"
#include "image/page_runs.h"
#include "image/virtual_blocks.h"
#include "platform/file_map.h"

/* x64 has at most 52 bits of physical address; Windows uses at most 48. */
#define IMAGE_PFN_LIMIT (UINT64_C(1) << (48 - SIC_PAGE_SHIFT))

/* How an opened image answers; its arguments come unchecked from the library's caller. A member may be NULL: none. */
struct image_operations {
    const uint8_t *(*page)(const struct sic_image *image, uint64_t pfn);
    bool (*next_run)(const struct sic_image *image, uint64_t pfn, uint64_t *first, uint64_t *count);
    const uint8_t *(*virtual_bytes)(const struct sic_image *image, uint64_t va, size_t *size);
    void (*deinit)(struct sic_image *image);
};

struct sic_image {
    const struct image_operations *operations; /* NULL until a backend has taken the file */
    const char *container;
    const char *name; /* borrowed, valid only while the image is being opened */
    struct image_bytes file;
    struct sic_file_map map;      /* zeros when the bytes are the caller's */
    struct image_bytes companion; /* the .vmss or .vmsn that describes `file`, a .vmem; zeros when there is none */
    struct sic_file_map companion_map;
    struct sic_image_header header;
    uint64_t pfn_limit;
    uint64_t missing_pages;
    union {
        struct page_runs runs;
        struct page_bitmap bitmap;
        struct page_ranges ranges;
        struct virtual_blocks blocks;
    };
};

/*
 * One way to read a file. `open` looks at image->file and answers
 *   SIC_NOT_MINE  when the bytes are of another format (the error is then not set),
 *   SIC_OK        after filling operations, container, header, pfn_limit, missing_pages and its part of the union,
 *   another       when the bytes are of this format but broken or not read; nothing is then left allocated.
 */
struct image_backend {
    const char *name;
    enum sic_status (*open)(struct sic_image *image, struct sic_error *error);
};

extern const struct image_backend image_backend_dump;
extern const struct image_backend image_backend_elf_core;
extern const struct image_backend image_backend_lime;
extern const struct image_backend image_backend_vmware;  /* .vmss and .vmsn, and a .vmem that has one of them */
extern const struct image_backend image_backend_foreign; /* formats that are refused by name */
extern const struct image_backend image_backend_vmem;    /* a .vmem alone, known by its name only */
extern const struct image_backend image_backend_raw;     /* takes whatever the others left */

/* Operations that several backends share; `runs`, `bitmap` and `ranges` are those of the union. */
extern const struct image_operations image_operations_runs;
extern const struct image_operations image_operations_bitmap;
extern const struct image_operations image_operations_ranges;
extern const struct image_operations image_operations_blocks;

/*
 * The last step of a backend whose container lists ranges: puts them in order and fills all but `container` and
 * `header`. Frees the list in any case. `what` says in messages what the file is: "a LiME image".
 */
enum sic_status image_take_ranges(struct sic_image *image, struct range_list *list, const char *what,
                                  struct sic_error *error);

#endif
