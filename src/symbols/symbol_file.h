/*
 * One PDB file, mapped and opened.
 */
#ifndef SIC_SYMBOLS_SYMBOL_FILE_H
#define SIC_SYMBOLS_SYMBOL_FILE_H

#include "platform/file_map.h"
#include "symbols/pdb.h"
#include "symbols/pdb_reference.h"

struct sic_symbol_file {
    struct sic_file_map map;
    struct sic_pdb *pdb;
    char *path; /* owned */
};

/*
 * Opens a PDB. With `wanted`, one of another GUID or age is refused (SIC_NOT_MINE), and the sentence names both.
 * `label` stands for the path in messages (NULL: the path itself). On success the owner calls sic_symbol_file_close.
 */
SIC_MUST_CHECK enum sic_status sic_symbol_file_open(const char *path, const char *label,
                                                    const struct sic_pdb_reference *wanted, struct sic_error *error,
                                                    struct sic_symbol_file *file);
/* A file of zeros is allowed and does nothing. */
void sic_symbol_file_close(struct sic_symbol_file *file);

#endif
