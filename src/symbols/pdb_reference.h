/*
 * The PDB that an image names in its debug directory: how a kernel says which symbols are its own.
 */
#ifndef SIC_SYMBOLS_PDB_REFERENCE_H
#define SIC_SYMBOLS_PDB_REFERENCE_H

#include <stdbool.h>
#include <stdint.h>

#define SIC_PDB_REFERENCE_NAME_SIZE 64u

struct sic_pdb_reference {
    char guid_age[48]; /* 32 hexadecimal digits and the age in hexadecimal, upper case, as symbol servers spell it */
    char name[SIC_PDB_REFERENCE_NAME_SIZE]; /* ntkrnlmp.pdb */
};

/* Splits guid_age into the bytes of the GUID, as a PDB stores them, and the age. False when it is no such text. */
bool sic_pdb_reference_parse(const struct sic_pdb_reference *reference, uint8_t guid[16], uint32_t *age);

/*
 * True when the name can stand in a path and a URL: letters, digits, '.', '_' and '-', no dot in front. An image's
 * bytes are not to be trusted with anything else.
 */
bool sic_pdb_reference_is_usable(const struct sic_pdb_reference *reference);

/* "{5278AFF8-6C34-1677-D7D7-835C85B7B844}", as other tools spell the GUID. */
#define SIC_PDB_GUID_TEXT_SIZE 39u
void sic_pdb_reference_format_guid(const struct sic_pdb_reference *reference, char text[SIC_PDB_GUID_TEXT_SIZE]);

#endif
