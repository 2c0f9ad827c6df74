/*
 * The directories of named objects.
 */
#ifndef SIC_CORE_DIRECTORY_H
#define SIC_CORE_DIRECTORY_H

#include "core/object.h"

/* Directories in directories: a sound machine has six or so. What lies deeper is not looked at. */
#define SIC_DIRECTORY_DEPTH_LIMIT 32u
/* Entries of all directories together; a machine has some ten thousand. What is beyond is not looked at. */
#define SIC_DIRECTORY_ENTRY_LIMIT 0x100000u
/* Names that are kept, and their characters in UTF-16 units: any user can make as many as there is memory for. */
#define SIC_DIRECTORY_NAME_LIMIT   0x40000u
#define SIC_DIRECTORY_STRING_LIMIT 0x400000u

/*
 * Fills scan->names with the directories, the sections and the symbolic links, from the root on: each after its
 * directory. Sections are resolved already. What cannot be read or contradicts itself marks its directory. Nothing is
 * filled in when root or types are unknown. Then come the sections in directories outside the root that handles, which
 * are resolved already, lead to. A section that says it is in a directory which does not have it is taken at its word,
 * and marks the directory; one whose directory is not known to be outside marks the directory above that is known.
 * False when memory ran out or the reader is cancelled.
 */
bool sic_directories_read(struct sic_scan *scan, const struct sic_reader *reader, const struct sic_objects *objects);

#endif
