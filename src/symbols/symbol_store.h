/*
 * Where in a folder the PDB of a kernel can stand: flat, or in a symbol store of two or three tiers.
 */
#ifndef SIC_SYMBOLS_SYMBOL_STORE_H
#define SIC_SYMBOLS_SYMBOL_STORE_H

#include "symbols/layout_finder.h"
#include "symbols/symbol_file.h"

/*
 * Looks for the PDB in one folder (or takes the file, if `place` is one): PLACE/NAME, PLACE/NAME/GUIDAGE/NAME, and
 * PLACE/NA/NAME/GUIDAGE/NAME; where the letters' case differs too. What stands there and is refused is a note; each
 * place that was looked at is a step. SIC_NOT_FOUND: not there; the sentence is not set.
 */
SIC_MUST_CHECK enum sic_status sic_symbol_store_find(const char *place, const struct sic_pdb_reference *wanted,
                                                     const struct sic_message_sink *messages, struct sic_error *error,
                                                     struct sic_symbol_file *file);

/*
 * The folder in which the store keeps this PDB, to be freed: STORE/NAME/GUIDAGE, or STORE/NA/NAME/GUIDAGE when the
 * store has three tiers (a file index2.txt says so). NULL when memory ran out.
 */
char *sic_symbol_store_folder(const char *store, const struct sic_pdb_reference *wanted);

/* "ntkrnlmp.pd_": how stores call a PDB that is compressed. */
void sic_symbol_compressed_name(const char *name, char text[SIC_PDB_REFERENCE_NAME_SIZE]);

#endif
