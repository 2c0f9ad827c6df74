/*
 * Whether this machine and this process can do what the live paths need. Windows only.
 */
#ifndef SIC_LIVE_MACHINE_H
#define SIC_LIVE_MACHINE_H

#include "live/refusal.h"
#include "util/status.h"

#include <stdint.h>

/* x64 Windows 8.1 or later, and an elevated process; else SIC_UNSUPPORTED or SIC_IO with the way out. */
SIC_MUST_CHECK enum sic_status sic_machine_check(struct sic_error *error);

/* The build number of the running Windows. */
uint32_t sic_machine_build(void);

struct sic_code_integrity sic_machine_code_integrity(void);

#endif
