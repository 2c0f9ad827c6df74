/*
 * Whose memory it is, and what proves what it is: tokens, PEBs and first pages of an image's processes.
 */
#ifndef SIC_KERNEL_OWNERS_H
#define SIC_KERNEL_OWNERS_H

#include "core/object.h"
#include "kernel/collect.h"

/*
 * Adds to a resolved scan what the options ask for. `objects`: the types of objects, as far as they are known. What
 * cannot be read stays unknown. What is said of a process or a view does not depend on the number of threads.
 */
SIC_MUST_CHECK enum sic_status sic_owners_collect(const struct sic_kernel *kernel,
                                                  const struct sic_collect_options *options,
                                                  const struct sic_objects *objects, struct sic_error *error,
                                                  struct sic_scan *scan);

#endif
