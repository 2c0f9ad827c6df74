/*
 * Which layout a kernel is read with.
 */
#ifndef SIC_KERNEL_LAYOUT_CHOICE_H
#define SIC_KERNEL_LAYOUT_CHOICE_H

#include "kernel/kernel.h"

/*
 * Chooses the layout of an identified kernel and proves it: the user's own when there is one; else the built-in profile
 * of exactly this kernel, its PDB, the nearest built-in profile. Fills profile, layout_source, layout_origin and proof,
 * and whatever the layout's globals tell of processes and paging. SIC_UNSUPPORTED or SIC_NOT_FOUND with a sentence that
 * says what was tried.
 */
SIC_MUST_CHECK enum sic_status sic_layout_choose(struct sic_kernel *kernel, const struct sic_layout_request *request,
                                                 struct sic_address_space *space, struct sic_error *error);

#endif
