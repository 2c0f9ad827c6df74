#include "symbols/symbol_path.h"

#include "platform/paths.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* Bounds for what somebody may put into an environment variable. */
#define PATH_SIZE_LIMIT 65536u
#define PLACE_LIMIT     256u

struct path_parser {
    struct sic_symbol_path *path;
    const char *default_store;
    char *cache; /* of the last "cache*FOLDER"; owned */
    struct sic_error *error;
};

static enum sic_status no_memory(struct sic_error *error)
{
    return sic_error_set(error, SIC_NO_MEMORY, "out of memory; close other programs and try again");
}

bool sic_symbol_is_url(const char *text)
{
    return strncasecmp(text, "http://", 7) == 0 || strncasecmp(text, "https://", 8) == 0;
}

static enum sic_status add_place(struct path_parser *parser, enum sic_symbol_place_kind kind, const char *location,
                                 const char *cache, const char *reason)
{
    struct sic_symbol_path *path = parser->path;
    struct sic_symbol_place *places, *place;

    if (path->count == PLACE_LIMIT)
        return sic_error_set(parser->error, SIC_BROKEN, "the symbol path names more than %u places; shorten it",
                             PLACE_LIMIT);
    places = realloc(path->places, (path->count + 1) * sizeof(*places));
    if (!places)
        return no_memory(parser->error);
    path->places = places;
    place = &places[path->count++];
    *place = (struct sic_symbol_place){.kind = kind, .location = strdup(location), .reason = reason};
    if (cache)
        place->cache = strdup(cache);
    return place->location && (!cache || place->cache) ? SIC_OK : no_memory(parser->error);
}

static enum sic_status add_folder(struct path_parser *parser, const char *folder)
{
    if (sic_path_is_foreign(folder))
        return add_place(parser, SIC_SYMBOL_UNUSABLE, folder, NULL, "a folder of Windows; name one of this machine");
    return add_place(parser, SIC_SYMBOL_FOLDER, folder, NULL, NULL);
}

static enum sic_status add_server(struct path_parser *parser, const char *url, const char *store)
{
    char *trimmed = strdup(url);
    size_t length = trimmed ? strlen(trimmed) : 0;
    enum sic_status status;

    if (!trimmed)
        return no_memory(parser->error);
    while (length > 0 && trimmed[length - 1] == '/')
        trimmed[--length] = '\0';
    if (!store || sic_path_is_foreign(store))
        store = parser->cache ? parser->cache : parser->default_store;
    /* Without a host, only slashes stood behind the scheme. */
    status = sic_symbol_is_url(trimmed)
                 ? add_place(parser, SIC_SYMBOL_SERVER, trimmed, store, NULL)
                 : sic_error_set(parser->error, SIC_BROKEN, "'%.200s' in the symbol path names no server", url);
    free(trimmed);
    return status;
}

/*
 * "STORE*…*LAST": each store is a cache of what stands behind it; the last may be a server. An empty part is the
 * default store; nothing at all (or a default store that is last) means Microsoft's server.
 */
static enum sic_status add_chain(struct path_parser *parser, char *chain)
{
    const char *store = NULL;
    enum sic_status status = SIC_OK;

    for (char *part = chain, *next; part && status == SIC_OK; part = next) {
        next = strchr(part, '*');
        if (next)
            *next++ = '\0';
        if (sic_symbol_is_url(part))
            return next ? sic_error_set(parser->error, SIC_BROKEN,
                                        "nothing can follow the server '%s' in a symbol path", part)
                        : add_server(parser, part, store);
        if (*part != '\0')
            status = add_folder(parser, part);
        else if (parser->default_store)
            status = add_folder(parser, parser->default_store);
        if (!store)
            store = *part != '\0' ? part : parser->default_store;
        if (*part == '\0' && !next && status == SIC_OK)
            status = add_server(parser, SIC_SYMBOL_DEFAULT_SERVER, store);
    }
    return status;
}

static enum sic_status set_cache(struct path_parser *parser, const char *folder)
{
    const char *chosen = *folder != '\0' ? folder : parser->default_store;

    if (!chosen)
        return SIC_OK;
    if (sic_symbol_is_url(chosen))
        return sic_error_set(parser->error, SIC_BROKEN,
                             "'cache*%.200s' in the symbol path: a cache is a folder; write srv*FOLDER*URL", chosen);
    if (!sic_path_is_foreign(chosen)) {
        free(parser->cache);
        parser->cache = strdup(chosen);
        if (!parser->cache)
            return no_memory(parser->error);
    }
    return add_folder(parser, chosen);
}

static bool take_prefix(char **text, const char *prefix)
{
    size_t length = strlen(prefix);

    if (strncasecmp(*text, prefix, length) != 0)
        return false;
    *text += length;
    return true;
}

/* "symsrv*PROGRAM*…": the only program that SiC stands in for is Microsoft's own. */
static enum sic_status add_symsrv(struct path_parser *parser, char *text)
{
    if (!take_prefix(&text, "symsrv.dll*"))
        return add_place(parser, SIC_SYMBOL_UNUSABLE, text, NULL, "only symsrv.dll can stand behind symsrv*");
    return add_chain(parser, text);
}

static enum sic_status add_element(struct path_parser *parser, char *text)
{
    if (take_prefix(&text, "srv*"))
        return add_chain(parser, text);
    if (take_prefix(&text, "symsrv*"))
        return add_symsrv(parser, text);
    if (take_prefix(&text, "cache*"))
        return set_cache(parser, text);
    if (strcasecmp(text, "srv") == 0)
        return add_server(parser, SIC_SYMBOL_DEFAULT_SERVER, NULL);
    if (sic_symbol_is_url(text))
        return add_server(parser, text, NULL);
    if (strchr(text, '*'))
        return sic_error_set(parser->error, SIC_BROKEN,
                             "'%.200s' in the symbol path means nothing: known are srv*, symsrv*, cache*, folders, PDB "
                             "files and URLs; see docs/symbols.md",
                             text);
    return add_folder(parser, text);
}

static char *trim(char *text)
{
    size_t length;

    while (*text == ' ' || *text == '\t')
        text++;
    for (length = strlen(text); length > 0 && (text[length - 1] == ' ' || text[length - 1] == '\t'); length--)
        text[length - 1] = '\0';
    return text;
}

enum sic_status sic_symbol_path_parse(const char *text, const char *default_store, struct sic_error *error,
                                      struct sic_symbol_path *path)
{
    struct path_parser parser = {.path = path, .default_store = default_store, .error = error};
    enum sic_status status = SIC_OK;
    char *copy;

    *path = (struct sic_symbol_path){0};
    if (strlen(text) > PATH_SIZE_LIMIT)
        return sic_error_set(error, SIC_BROKEN, "the symbol path is longer than %u bytes; shorten it", PATH_SIZE_LIMIT);
    copy = strdup(text);
    if (!copy)
        return no_memory(error);
    for (char *element = copy, *next; element && status == SIC_OK; element = next) {
        next = strchr(element, ';');
        if (next)
            *next++ = '\0';
        element = trim(element);
        if (*element != '\0')
            status = add_element(&parser, element);
    }
    free(parser.cache);
    free(copy);
    return status;
}

void sic_symbol_path_deinit(struct sic_symbol_path *path)
{
    for (size_t i = 0; i < path->count; i++) {
        free(path->places[i].location);
        free(path->places[i].cache);
    }
    free(path->places);
    *path = (struct sic_symbol_path){0};
}

bool sic_symbol_path_has_server(const struct sic_symbol_path *path)
{
    for (size_t i = 0; i < path->count; i++) {
        if (path->places[i].kind == SIC_SYMBOL_SERVER)
            return true;
    }
    return false;
}
