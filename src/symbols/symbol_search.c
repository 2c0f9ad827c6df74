#include "symbols/symbol_search.h"

#include "platform/paths.h"
#include "symbols/pdb_rows.h"
#include "symbols/symbol_store.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* How much of the error's sentence the places searched may take. */
#define PLACES_TEXT_SIZE 200u

/* The places searched so far, for the sentence of a failure. */
struct places {
    char text[PLACES_TEXT_SIZE];
    size_t used;
    unsigned left_out;
};

static void add_place(struct places *places, const char *place)
{
    size_t length = strlen(place), gap = places->used > 0 ? 2 : 0;

    if (places->left_out > 0 || places->used + gap + length >= sizeof(places->text)) {
        places->left_out++;
        return;
    }
    places->used += (size_t)snprintf(places->text + places->used, sizeof(places->text) - places->used, "%s%s",
                                     gap ? ", " : "", place);
}

static enum sic_status find_in_folder(const struct sic_symbol_search *search, const char *folder, const char *label,
                                      const struct sic_pdb_reference *wanted, struct places *places,
                                      struct sic_error *error, struct sic_symbol_file *file)
{
    if (!folder)
        return SIC_NOT_FOUND;
    add_place(places, label ? label : folder);
    return sic_symbol_store_find(folder, wanted, &search->messages, error, file);
}

static enum sic_status find_in_folders(const struct sic_symbol_search *search, const struct sic_pdb_reference *wanted,
                                       struct places *places, struct sic_error *error, struct sic_symbol_file *file)
{
    const struct {
        const char *folder, *label;
    } usual[] = {{search->image_folder, "the image's folder"},
                 {search->program_folder, "the program's folder"},
                 {search->default_store, NULL}};
    enum sic_status status = SIC_NOT_FOUND;

    for (size_t i = 0; search->path && i < search->path->count && status == SIC_NOT_FOUND; i++) {
        const struct sic_symbol_place *place = &search->path->places[i];

        if (place->kind == SIC_SYMBOL_FOLDER)
            status = find_in_folder(search, place->location, NULL, wanted, places, error, file);
        else if (place->kind == SIC_SYMBOL_UNUSABLE)
            sic_message_send(&search->messages, SIC_MESSAGE_NOTE, "symbol path: %s: passed over: %s", place->location,
                             place->reason);
    }
    for (size_t i = 0; i < sizeof(usual) / sizeof(usual[0]) && status == SIC_NOT_FOUND; i++)
        status = find_in_folder(search, usual[i].folder, usual[i].label, wanted, places, error, file);
    return status;
}

static enum sic_status find_on_server(const struct sic_symbol_search *search, const char *url, const char *store,
                                      const struct sic_pdb_reference *wanted, struct places *places,
                                      struct sic_error *error, struct sic_symbol_file *file)
{
    const char *reason;
    struct sic_error failure;
    char *path = NULL;
    enum sic_status status;

    add_place(places, url);
    if (!sic_download_is_possible(&reason)) {
        sic_message_send(&search->messages, SIC_MESSAGE_NOTE, "%s: not asked: %s", url, reason);
        return SIC_NOT_FOUND;
    }
    if (!store) {
        sic_message_send(&search->messages, SIC_MESSAGE_NOTE,
                         "%s: not asked: there is no folder to keep the PDB in; write srv*FOLDER*%s", url, url);
        return SIC_NOT_FOUND;
    }
    sic_message_send(&search->messages, SIC_MESSAGE_STEP, "symbols: asking %s", url);
    status = sic_download_fetch(url, store, wanted, &search->download, &failure, &path);
    if (status == SIC_OK)
        status = sic_symbol_file_open(path, NULL, wanted, &failure, file);
    if (status == SIC_OK)
        sic_message_send(&search->messages, SIC_MESSAGE_STEP, "symbols: downloaded %s", path);
    else
        sic_message_send(&search->messages, SIC_MESSAGE_NOTE, "%s", failure.message);
    if (status == SIC_NO_MEMORY)
        *error = failure;
    free(path);
    return status == SIC_OK || status == SIC_NO_MEMORY ? status : SIC_NOT_FOUND;
}

static enum sic_status find_on_servers(const struct sic_symbol_search *search, const struct sic_pdb_reference *wanted,
                                       struct places *places, struct sic_error *error, struct sic_symbol_file *file)
{
    enum sic_status status = SIC_NOT_FOUND;

    for (size_t i = 0; search->path && i < search->path->count && status == SIC_NOT_FOUND; i++) {
        const struct sic_symbol_place *place = &search->path->places[i];

        if (place->kind == SIC_SYMBOL_SERVER)
            status = find_on_server(search, place->location, place->cache, wanted, places, error, file);
    }
    if (status == SIC_NOT_FOUND && search->may_use_default_server &&
        !(search->path && sic_symbol_path_has_server(search->path)))
        status = find_on_server(search, SIC_SYMBOL_DEFAULT_SERVER, search->default_store, wanted, places, error, file);
    return status;
}

static enum sic_status not_found(const struct sic_symbol_search *search, const struct sic_pdb_reference *wanted,
                                 const struct places *places, struct sic_error *error)
{
    char guid[SIC_PDB_GUID_TEXT_SIZE], more[48] = "";
    bool asked = search->may_use_default_server || (search->path && sic_symbol_path_has_server(search->path));

    sic_pdb_reference_format_guid(wanted, guid);
    if (places->left_out > 0)
        snprintf(more, sizeof(more), " and %u more (--verbose)", places->left_out);
    return sic_error_set(error, SIC_NOT_FOUND, "its PDB %s (GUID %s, age %s) is not in: %s%s; %s", wanted->name, guid,
                         wanted->guid_age + 32, places->text, more,
                         asked || !sic_download_is_built() ? "'sic symbols IMAGE' tells how to get it elsewhere"
                                                           : "get it with --download, or see 'sic symbols IMAGE'");
}

enum sic_status sic_symbol_search_find(const struct sic_symbol_search *search, const struct sic_pdb_reference *wanted,
                                       struct sic_error *error, struct sic_symbol_file *file)
{
    struct places places = {.used = 0};
    enum sic_status status;

    if (!sic_pdb_reference_is_usable(wanted))
        return sic_error_set(error, SIC_NOT_FOUND, "the kernel's image does not say which PDB it needs%s%s",
                             wanted->name[0] ? ": it names " : "", wanted->name);
    status = find_in_folders(search, wanted, &places, error, file);
    if (status == SIC_NOT_FOUND)
        status = find_on_servers(search, wanted, &places, error, file);
    return status == SIC_NOT_FOUND ? not_found(search, wanted, &places, error) : status;
}

static enum sic_status find_layout(void *context, const struct sic_pdb_reference *pdb, unsigned turn,
                                   struct sic_error *error, struct sic_found_layout *found)
{
    const struct sic_symbol_search *search = context;
    struct sic_symbol_file file;
    struct sic_error reason;
    enum sic_status status;

    if (turn > 0)
        return sic_error_set(error, SIC_NOT_FOUND, "a kernel has one PDB");
    status = sic_symbol_search_find(search, pdb, error, &file);
    if (status != SIC_OK)
        return status;
    *found = (struct sic_found_layout){0};
    snprintf(found->profile.name, sizeof(found->profile.name), "%.31s", pdb->name);
    snprintf(found->origin, sizeof(found->origin), "%s", file.path);
    status = sic_pdb_read_profile(file.pdb, &reason, &found->profile);
    if (status != SIC_OK)
        sic_error_set(error, status, "%.200s: %s", file.path, reason.message);
    sic_symbol_file_close(&file);
    return status;
}

struct sic_layout_finder sic_symbol_search_finder(struct sic_symbol_search *search)
{
    return (struct sic_layout_finder){.context = search, .find = find_layout};
}
