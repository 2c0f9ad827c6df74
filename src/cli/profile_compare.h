/*
 * Rows of a PDB against rows of the built-in layouts.
 */
#ifndef SIC_CLI_PROFILE_COMPARE_H
#define SIC_CLI_PROFILE_COMPARE_H

#include "symbols/profile_tables.h"

/* "0x48", "0x0 15:1" or "absent". */
#define SIC_PLACE_TEXT_SIZE 32u
void sic_profile_format_place(const struct sic_layout_field *field, char text[SIC_PLACE_TEXT_SIZE]);

/*
 * Every row that `builtin` has is the same in `pdb`, and `builtin` has every row that the walk can use and `pdb` has.
 * With `heading`, what differs is printed, a line each that begins with it. Returns the number of differences.
 */
size_t sic_profile_compare(const struct sic_profile_rows *builtin, const struct sic_profile_rows *pdb,
                           const char *heading);

/* The built-in layout that these rows equal. False: none. */
bool sic_profile_find_equal(const struct sic_profile_rows *rows, char name[SIC_LAYOUT_NAME_SIZE]);

#endif
