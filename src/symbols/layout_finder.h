/*
 * Where the kernel layer gets a layout from that is not built in: the kernel's PDB, or a file of the user's own. The
 * kernel layer asks; it does not know about files, folders and servers.
 */
#ifndef SIC_SYMBOLS_LAYOUT_FINDER_H
#define SIC_SYMBOLS_LAYOUT_FINDER_H

#include "symbols/pdb_reference.h"
#include "symbols/profile.h"

#define SIC_LAYOUT_ORIGIN_SIZE 1024u

/* A layout with its globals in profile.globals. */
struct sic_found_layout {
    struct sic_profile profile;
    char origin[SIC_LAYOUT_ORIGIN_SIZE]; /* the file it was read from */
};

struct sic_layout_finder {
    void *context;
    /*
     * The layout number `turn` (from 0) for the kernel that names this PDB (empty strings: unknown). SIC_NOT_FOUND when
     * there is none, or no more; the sentence says what was looked for, where, and what to do next.
     */
    enum sic_status (*find)(void *context, const struct sic_pdb_reference *pdb, unsigned turn, struct sic_error *error,
                            struct sic_found_layout *found);
};

enum sic_message_level {
    SIC_MESSAGE_STEP, /* one step of a search: for --verbose */
    SIC_MESSAGE_NOTE  /* something that the user should know */
};

/* Hears one line about the search for a layout, without a newline. */
struct sic_message_sink {
    void *context;
    void (*hear)(void *context, enum sic_message_level level, const char *text); /* NULL: nobody listens */
};

void sic_message_send(const struct sic_message_sink *sink, enum sic_message_level level, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* What the kernel layer may ask besides the built-in profiles. */
struct sic_layout_request {
    const struct sic_layout_finder *own; /* the user's file: when given, nothing else is tried; or NULL */
    const struct sic_layout_finder *pdb; /* asked where no built-in profile is exact; or NULL */
    struct sic_message_sink messages;
};

#endif
