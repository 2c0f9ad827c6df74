/*
 * Profile rows out of a PDB. The one place that knows how a row's name in data/layouts.txt is asked of a PDB.
 */
#ifndef SIC_SYMBOLS_PDB_ROWS_H
#define SIC_SYMBOLS_PDB_ROWS_H

#include "symbols/pdb.h"
#include "symbols/profile.h"

/* One row: a name as in data/layouts.txt, and where the PDB has it (SIC_FIELD_ABSENT: it has not). */
struct sic_pdb_row {
    const char *name;
    struct sic_layout_field field; /* filled in */
};

/* Answers all rows. Fails when the types of the PDB cannot be read. */
SIC_MUST_CHECK enum sic_status sic_pdb_read_rows(struct sic_pdb *pdb, struct sic_pdb_row *rows, size_t count,
                                                 struct sic_error *error);

/*
 * The layout and the globals (RVAs) that the walk uses. SIC_UNSUPPORTED when the PDB lacks a field that the walk needs;
 * the sentence names it. Globals that the PDB lacks are 0. Name, builds and is_partial of the profile are left alone.
 */
SIC_MUST_CHECK enum sic_status sic_pdb_read_profile(struct sic_pdb *pdb, struct sic_error *error,
                                                    struct sic_profile *profile);

#endif
