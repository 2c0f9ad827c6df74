/*
 * Whether two scans are of one boot of one machine.
 */
#ifndef SIC_DIFFERENCE_BASIS_H
#define SIC_DIFFERENCE_BASIS_H

#include "difference/difference.h"

struct sic_basis {
    enum sic_difference_basis basis;
    const char *reason; /* constant text */
    bool is_same_boot;
};

struct sic_basis sic_basis_find(const struct sic_difference_request *request);

#endif
