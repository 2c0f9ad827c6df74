/*
 * Which kernel runs: its file, its PDB, its build. Windows only.
 */
#ifndef SIC_LIVE_RUNNING_KERNEL_H
#define SIC_LIVE_RUNNING_KERNEL_H

#include "kernel/kernel.h"
#include "util/status.h"

/*
 * Fills in pe.base_va (0: Windows does not tell), pdb (empty strings: its file cannot be read or names none) and build.
 * `note` hears one line where something of it stays unknown.
 */
void sic_running_kernel_identify(struct sic_kernel *kernel, void (*note)(void *context, const char *text),
                                 void *context);

#endif
