/*
 * Profiles of the user's own: a file in the format of data/layouts.txt, which may end in a table as data/kernels.txt
 * has.
 */
#ifndef SIC_SYMBOLS_PROFILE_FILE_H
#define SIC_SYMBOLS_PROFILE_FILE_H

#include "platform/file_map.h"
#include "symbols/layout_finder.h"

struct sic_profile_file {
    struct sic_file_map map;
    char *path; /* owned */
};

/* Maps the file and reads it once, so that a mistake in it is said at once. On success: sic_profile_file_close. */
SIC_MUST_CHECK enum sic_status sic_profile_file_open(const char *path, struct sic_error *error,
                                                     struct sic_profile_file *file);
/* A file of zeros is allowed and does nothing. */
void sic_profile_file_close(struct sic_profile_file *file);

/*
 * The file's layouts as what the kernel layer asks: the one that the table of kernels gives to exactly this PDB first,
 * then all in their order. `file` is borrowed.
 */
struct sic_layout_finder sic_profile_file_finder(struct sic_profile_file *file);

#endif
