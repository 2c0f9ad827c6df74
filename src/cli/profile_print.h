/*
 * The rows of kernel PDBs, in the format of data/.
 */
#ifndef SIC_CLI_PROFILE_PRINT_H
#define SIC_CLI_PROFILE_PRINT_H

#include "symbols/profile.h"
#include "util/status.h"

#include <stddef.h>

/* What a PDB does not say of itself. */
struct sic_profile_naming {
    bool has_version;
    struct sic_version version;
    const char *name; /* of the layout; NULL: made of the version */
};

/* Prints the layout of each PDB, then the table of kernels. Layouts that are equal are printed once. */
SIC_MUST_CHECK enum sic_status sic_profile_print(const char *const *paths, size_t count,
                                                 const struct sic_profile_naming *naming, struct sic_error *error);

#endif
