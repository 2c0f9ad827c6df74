/*
 * What a reader should know besides the listing: which kernel, which layout and how sure it is, and all that keeps the
 * answer from being whole.
 */
#ifndef SIC_CLI_NOTES_H
#define SIC_CLI_NOTES_H

#include "cli/listing.h"

/* On standard error: a line about the kernel, one for each problem up to a limit, one that sums up. */
void sic_notes_print(const struct sic_listing *listing, const struct sic_options *options);

/* "exact by PDB GUID, …", "nearest by build, …", …, into `buffer`. */
void sic_layout_confidence(const struct sic_kernel *kernel, char *buffer, size_t size);
/* "exact", "pdb", "file" or "nearest": constant text for --json. */
const char *sic_layout_source_token(const struct sic_kernel *kernel);

/* The same of a note: where a section's own account and the VAD trees differ. */
const char *sic_note_text(unsigned kind);
const char *sic_note_token(unsigned kind);

/* What went wrong there, without a name and an address: constant text, and a short token for --json. */
const char *sic_problem_text(unsigned kind);
const char *sic_problem_token(unsigned kind);

#endif
