/*
 * Kernel virtual memory of an image: page tables, or, in a triage dump, its blocks of virtual memory.
 *
 * An address space keeps a cache of translations and belongs to one thread; any number of them may share an image.
 */
#ifndef SIC_KERNEL_ADDRESS_SPACE_H
#define SIC_KERNEL_ADDRESS_SPACE_H

#include "core/reader.h"
#include "image/image.h"
#include "kernel/page_walk.h"
#include "util/status.h"

struct sic_address_space;

SIC_MUST_CHECK enum sic_status sic_address_space_create(const struct sic_image *image, const struct sic_paging *paging,
                                                        struct sic_error *error, struct sic_address_space **space);
/* Takes NULL. */
void sic_address_space_destroy(struct sic_address_space *space);

/* Reads through this address space. Valid as long as the space. */
struct sic_reader sic_address_space_reader(struct sic_address_space *space);

/* The bytes of the page that holds `va`, or NULL. Physical images only. */
const uint8_t *sic_address_space_page(struct sic_address_space *space, uint64_t va);

/* A mapped range [va, va + size): one page table entry of 4 KiB, 2 MiB or 1 GiB. */
struct sic_mapping {
    uint64_t va;
    uint64_t size;
};

/*
 * The first mapped range that ends above `va`, below `limit`; addresses are canonical kernel addresses. False when
 * there is none, or when *budget, which counts down by one for each table entry looked at, is used up.
 */
bool sic_address_space_next_mapping(struct sic_address_space *space, uint64_t va, uint64_t limit, uint64_t *budget,
                                    struct sic_mapping *mapping);

#endif
