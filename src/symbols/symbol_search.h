/*
 * The search for a kernel's PDB: folders first, then servers.
 */
#ifndef SIC_SYMBOLS_SYMBOL_SEARCH_H
#define SIC_SYMBOLS_SYMBOL_SEARCH_H

#include "symbols/download.h"
#include "symbols/layout_finder.h"
#include "symbols/symbol_file.h"
#include "symbols/symbol_path.h"

/* Borrowed by whoever searches. Folders may be NULL: unknown. */
struct sic_symbol_search {
    const struct sic_symbol_path *path;
    const char *image_folder;
    const char *program_folder;
    const char *default_store;
    bool may_use_default_server; /* when no place of the path is a server */
    struct sic_download_options download;
    struct sic_message_sink messages;
};

/*
 * Finds the PDB: in the folders of the path, beside the image, beside the program, in the default store; then from the
 * path's servers, each in its order. A PDB of another GUID or age is refused everywhere, with a note. SIC_NOT_FOUND
 * says what was looked for and where.
 */
SIC_MUST_CHECK enum sic_status sic_symbol_search_find(const struct sic_symbol_search *search,
                                                      const struct sic_pdb_reference *wanted, struct sic_error *error,
                                                      struct sic_symbol_file *file);

/* The search as what the kernel layer asks; `search` is borrowed. The layout that it gives is the PDB's. */
struct sic_layout_finder sic_symbol_search_finder(struct sic_symbol_search *search);

#endif
