/*
 * A PE image as it stands mapped in kernel memory.
 */
#ifndef SIC_KERNEL_PE_H
#define SIC_KERNEL_PE_H

#include "core/reader.h"
#include "symbols/pdb_reference.h"

struct sic_pe {
    uint64_t base_va;
    uint32_t size; /* SizeOfImage */
    uint32_t export_rva;
    uint32_t export_size;
    uint32_t debug_rva;
    uint32_t debug_size;
};

/* True when an x64 PE header stands at `base_va` (page-aligned). */
bool sic_pe_read(const struct sic_reader *reader, uint64_t base_va, struct sic_pe *pe);

/* True when the export directory gives the image this name. */
bool sic_pe_is_named(const struct sic_reader *reader, const struct sic_pe *pe, const char *name);

/*
 * Looks `count` names up among the exports; rvas[i] is 0 for one that is not there or not readable.
 */
void sic_pe_find_exports(const struct sic_reader *reader, const struct sic_pe *pe, const char *const *names,
                         unsigned count, uint32_t *rvas);

/* Reads the CodeView "RSDS" record. Of a name with folders the last part is kept; unprintable characters become '?'. */
bool sic_pe_read_pdb_reference(const struct sic_reader *reader, const struct sic_pe *pe,
                               struct sic_pdb_reference *reference);

/* "ntkrnlmp.pdb 5278AFF8…1", or "PDB unknown", into `text`. */
#define SIC_PDB_REFERENCE_TEXT_SIZE 128u
void sic_pdb_reference_format(const struct sic_pdb_reference *reference, char text[SIC_PDB_REFERENCE_TEXT_SIZE]);

#endif
