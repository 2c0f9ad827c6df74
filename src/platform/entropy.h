/*
 * A number that nobody outside can foresee.
 */
#ifndef SIC_PLATFORM_ENTROPY_H
#define SIC_PLATFORM_ENTROPY_H

#include <stdint.h>

uint64_t sic_entropy(void);

#endif
