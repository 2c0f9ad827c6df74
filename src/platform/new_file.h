/*
 * A file that appears whole or not at all. Not built for Windows, where nothing is downloaded by SiC itself.
 */
#ifndef SIC_PLATFORM_NEW_FILE_H
#define SIC_PLATFORM_NEW_FILE_H

#include "util/status.h"

#include <stddef.h>

struct sic_new_file {
    char *folder; /* owned */
    char *path;   /* owned: where it will appear */
    char *now;    /* owned: where its bytes can be read until then */
    int descriptor;
    int is_named; /* `now` is a name in the folder, which a program that is killed would leave behind */
};

/* Makes the folder, with those above it, and a file in it that has no name yet where the system can do that. */
SIC_MUST_CHECK enum sic_status sic_new_file_create(const char *folder, const char *name, struct sic_error *error,
                                                   struct sic_new_file *file);
/* Appends. */
SIC_MUST_CHECK enum sic_status sic_new_file_write(struct sic_new_file *file, const void *bytes, size_t size,
                                                  struct sic_error *error);
/* Gives the file its name, after its bytes were written to the disk, and replaces what stood there. */
SIC_MUST_CHECK enum sic_status sic_new_file_place(struct sic_new_file *file, struct sic_error *error);
/* Ends the work on the file; one that was not placed is gone. A file of zeros with descriptor -1 is allowed. */
void sic_new_file_close(struct sic_new_file *file);

#endif
