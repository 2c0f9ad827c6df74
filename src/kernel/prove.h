/*
 * Whether a layout is true of the kernel of an image.
 */
#ifndef SIC_KERNEL_PROVE_H
#define SIC_KERNEL_PROVE_H

#include "core/prove.h"
#include "kernel/process_list.h"

/*
 * Holds a layout against the System process and the first processes of the list, as sic_prove_processes does; the
 * links of the list must close too.
 */
bool sic_layout_prove(const struct sic_reader *reader, const struct sic_layout *layout,
                      const struct sic_process_list *list, enum sic_proof_standard standard,
                      const struct sic_allocator *allocator, struct sic_proof *proof);

#endif
