/* Any text as a symbol path, and as what an image says of its PDB. */
#include "symbols/pdb_reference.h"
#include "symbols/symbol_path.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void check_path(const struct sic_symbol_path *path)
{
    if (path->count > 256)
        abort();
    for (size_t i = 0; i < path->count; i++) {
        const struct sic_symbol_place *place = &path->places[i];

        /* No URL is taken for a folder, which would be made, and no folder for a server. */
        if (!place->location || (place->kind == SIC_SYMBOL_SERVER && !sic_symbol_is_url(place->location)) ||
            (place->kind == SIC_SYMBOL_FOLDER && sic_symbol_is_url(place->location)) ||
            (place->kind == SIC_SYMBOL_UNUSABLE) != (place->reason != NULL))
            abort();
    }
}

static void check_reference(const char *text)
{
    struct sic_pdb_reference reference;
    char guid[SIC_PDB_GUID_TEXT_SIZE];

    snprintf(reference.name, sizeof(reference.name), "%.63s", text);
    snprintf(reference.guid_age, sizeof(reference.guid_age), "%.47s", text);
    /* Digits alone are a name that can be used: no path and no URL can be made to leave its folder with them. */
    if (sic_pdb_reference_is_usable(&reference) && strpbrk(reference.name, "/\\:?#%*"))
        abort();
    sic_pdb_reference_format_guid(&reference, guid);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *text = malloc(size + 1);
    struct sic_symbol_path path;
    struct sic_error error;

    if (!text)
        return 0;
    memcpy(text, data, size);
    text[size] = '\0';
    if (sic_symbol_path_parse(text, size % 2 ? "/default" : NULL, &error, &path) == SIC_OK)
        check_path(&path);
    sic_symbol_path_deinit(&path);
    check_reference(text);
    free(text);
    return 0;
}
