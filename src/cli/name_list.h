/*
 * The names of a section as the listings have them: the first ones, for an image can give one section as many as it has
 * room for, and each of its regions shows them.
 */
#ifndef SIC_CLI_NAME_LIST_H
#define SIC_CLI_NAME_LIST_H

#include "cli/listing.h"

/* Text of a section's names that JSON and the text have with each region, in bytes. */
#define SIC_NAMES_SIZE_LIMIT (64u * 1024u)

/* What stands before a name outside the root, where all names stand together. */
#define SIC_OUTSIDE_LABEL "outside the root: "

struct sic_name_list {
    const struct sic_object_names *names;
    const struct sic_key *keys;
    uint32_t count;  /* of all names */
    uint32_t next;   /* names that were told */
    size_t room;     /* bytes left for the others */
    bool is_outside; /* the last that was told: see sic_object_name_is_outside. Such names come last */
};

/* Names are told as long as they have room in `room` bytes, their ends included; and SIC_LISTED_LIMIT of them. */
void sic_name_list_begin(struct sic_name_list *list, const struct sic_object_names *names, uint32_t section,
                         size_t room);
/* The next name, to be freed, or NULL: a name whose path is unknown. False: there is no other, or no room for it. */
bool sic_name_list_next(struct sic_name_list *list, char **path);

#endif
