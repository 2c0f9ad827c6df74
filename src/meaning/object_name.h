/*
 * Names of objects: the object directories as a tree, which a path can be followed through.
 */
#ifndef SIC_MEANING_OBJECT_NAME_H
#define SIC_MEANING_OBJECT_NAME_H

#include "core/scan.h"
#include "core/sort.h"

/* Paths longer than this, in UTF-16 units, are taken for damage. */
#define SIC_OBJECT_PATH_LIMIT 4096u

struct sic_object_names {
    const struct sic_scan *scan;
    struct sic_key *nodes; /* directories and links; key: directory << 32 | hash of the folded name */
    uint32_t node_count;
    struct sic_key *sections; /* key: section; value: its name, in the scan's order */
    uint32_t section_count;
    bool known;    /* the directories were read */
    bool complete; /* all of them, to their end */
};

/* The owner calls sic_object_names_deinit, after a failure too. False when memory ran out. */
bool sic_object_names_init(const struct sic_scan *scan, struct sic_object_names *names);
void sic_object_names_deinit(struct sic_object_names *names);

/* The names of a section: keys of names->sections, whose values are indexes into sic_scan.names. */
const struct sic_key *sic_object_names_find(const struct sic_object_names *names, uint32_t section, uint32_t *count);

/* Whether the name stands in a directory that is not below the root, as of a private namespace: it has no path. */
bool sic_object_name_is_outside(const struct sic_object_names *names, uint32_t name);

/* The name's full path, "\BaseNamedObjects\x", escaped, to be freed. NULL: memory ran out, its directories do not lead
 * to the root, or it is longer than a path can be. Of a name outside the root it is the name alone. */
char *sic_object_path(const struct sic_object_names *names, uint32_t name);

struct sic_object_path {
    uint16_t units[SIC_OBJECT_PATH_LIMIT];
    uint32_t length;
};

/*
 * Follows the symbolic links in the path until there are none. False when that takes too many, the path grows too
 * long, or a link's target is unknown or no path. What is no directory or link ends the way and stays as it is.
 */
bool sic_object_path_resolve(const struct sic_object_names *names, struct sic_object_path *path);

#endif
