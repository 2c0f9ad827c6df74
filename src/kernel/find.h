/*
 * Where in an image the kernel is: its page tables and its own image, ntoskrnl.exe.
 */
#ifndef SIC_KERNEL_FIND_H
#define SIC_KERNEL_FIND_H

#include "kernel/address_space.h"
#include "kernel/pe.h"

/*
 * Finds ntoskrnl.exe in an image whose container names the page tables: backwards from the kernel addresses that the
 * container knows, else among all mappings of the kernel's range. False when it is not in the image.
 */
bool sic_find_kernel_image(struct sic_address_space *space, const struct sic_image_header *header,
                           struct sic_pe *kernel);

/*
 * Finds page tables and kernel in a raw image: through the processor start block in the first MiB, else through page
 * frames that refer to themselves as a PML4 or PML5 does. SIC_NOT_FOUND says what was looked for.
 */
SIC_MUST_CHECK enum sic_status sic_find_page_tables(const struct sic_image *image, struct sic_error *error,
                                                    struct sic_paging *paging, struct sic_pe *kernel);

/*
 * How many levels the page tables at paging->root_pa have, which a dump's header names: no container tells, so both
 * numbers are tried until the kernel is found by the addresses that the header has, or its list of processes closes.
 * 4 where neither does. `kernel` is set where it was found.
 */
void sic_find_paging_levels(const struct sic_image *image, const struct sic_image_header *header,
                            struct sic_paging *paging, struct sic_pe *kernel);

#endif
