/*
 * Facts that a listing shows and that could not be read: where there are some, "none" is not said.
 */
#ifndef SIC_MEANING_UNREAD_H
#define SIC_MEANING_UNREAD_H

#include "meaning/meaning.h"

struct sic_unread {
    bool object_directories; /* not all were read to their end */
    uint32_t handle_tables;  /* processes whose handle table was not read to its end */
    uint32_t tokens;         /* processes whose token was not, or not with all its groups */
};

/* Processes that have ended have neither handles nor a token that matters. */
void sic_unread_count(const struct sic_meaning *meaning, struct sic_unread *unread);

#endif
