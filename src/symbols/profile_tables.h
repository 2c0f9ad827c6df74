/*
 * data/ as tables: all rows that its layouts have, and all globals of its table of kernels, more than the walk needs.
 * What the data holds says what is asked of a PDB: nothing is listed twice.
 */
#ifndef SIC_SYMBOLS_PROFILE_TABLES_H
#define SIC_SYMBOLS_PROFILE_TABLES_H

#include "symbols/pdb_rows.h"

#define SIC_ROW_NAME_SIZE    96u
#define SIC_COLUMN_LIMIT     64u
#define SIC_LAYOUT_NAME_SIZE 32u

/* One value for each row that any built-in layout has, grouped by structure. */
struct sic_profile_rows {
    struct sic_pdb_row *rows; /* owned; their names too */
    char (*names)[SIC_ROW_NAME_SIZE];
    size_t count;
};

/* All rows, absent. The owner calls sic_profile_rows_deinit, after a failure too. */
SIC_MUST_CHECK enum sic_status sic_profile_rows_init(struct sic_profile_rows *rows, struct sic_error *error);
void sic_profile_rows_deinit(struct sic_profile_rows *rows);

/* The values of the built-in layout of this name. False when there is none. */
bool sic_profile_rows_read_builtin(struct sic_profile_rows *rows, const char *layout);

/* The name of the built-in layout after the one at *cursor (starts at 0); false at the end. */
bool sic_profile_next_name(size_t *cursor, char name[SIC_LAYOUT_NAME_SIZE]);

/* The columns of globals in the table of kernels. */
struct sic_kernel_columns {
    char names[SIC_COLUMN_LIMIT][SIC_ROW_NAME_SIZE];
    uint32_t rvas[SIC_COLUMN_LIMIT]; /* 0: the kernel has no such global */
    size_t count;
};

void sic_kernel_columns_init(struct sic_kernel_columns *columns);
/* The RVAs of the built-in kernel of this PDB. False when it is not known. */
bool sic_kernel_columns_read_builtin(struct sic_kernel_columns *columns, const char *guid_age);
SIC_MUST_CHECK enum sic_status sic_kernel_columns_read_pdb(struct sic_kernel_columns *columns, struct sic_pdb *pdb,
                                                           struct sic_error *error);

#endif
