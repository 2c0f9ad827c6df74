/*
 * Symbol paths, in the syntax of the debuggers: elements between ';', each a folder, a PDB file, "srv*…", "symsrv*…",
 * "cache*FOLDER" or the URL of a server. docs/symbols.md tells what each means.
 */
#ifndef SIC_SYMBOLS_SYMBOL_PATH_H
#define SIC_SYMBOLS_SYMBOL_PATH_H

#include "util/status.h"

#include <stdbool.h>
#include <stddef.h>

#define SIC_SYMBOL_DEFAULT_SERVER "https://msdl.microsoft.com/download/symbols"

enum sic_symbol_place_kind {
    SIC_SYMBOL_FOLDER,  /* a folder, flat or a symbol store, or a PDB file */
    SIC_SYMBOL_SERVER,  /* http:// or https:// */
    SIC_SYMBOL_UNUSABLE /* understood, but not usable here; `reason` says why */
};

struct sic_symbol_place {
    enum sic_symbol_place_kind kind;
    char *location;     /* the folder, file or URL (without a slash at its end) */
    char *cache;        /* server: the store that downloads go to; NULL: none is known */
    const char *reason; /* constant text */
};

struct sic_symbol_path {
    struct sic_symbol_place *places;
    size_t count;
};

/*
 * Reads a path. `default_store` is what an empty part means (NULL: there is none); it is copied. The owner calls
 * sic_symbol_path_deinit, after a failure too. SIC_BROKEN names the element that means nothing.
 */
SIC_MUST_CHECK enum sic_status sic_symbol_path_parse(const char *text, const char *default_store,
                                                     struct sic_error *error, struct sic_symbol_path *path);
void sic_symbol_path_deinit(struct sic_symbol_path *path);

bool sic_symbol_path_has_server(const struct sic_symbol_path *path);

/* "http://…" or "https://…" */
bool sic_symbol_is_url(const char *text);

#endif
