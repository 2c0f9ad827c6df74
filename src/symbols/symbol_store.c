#include "symbols/symbol_store.h"

#include "platform/paths.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* Names looked at in one folder when a name is not there as it is spelt. */
#define FOLDER_ENTRY_LIMIT 100000u
#define PART_LIMIT         4u

struct lookup {
    const char *wanted;
    char *found; /* owned */
    unsigned left;
};

static bool compare_entry(void *context, const char *name)
{
    struct lookup *lookup = context;

    if (strcasecmp(name, lookup->wanted) == 0)
        lookup->found = strdup(name);
    return !lookup->found && --lookup->left > 0;
}

/* FOLDER/NAME, or what is there under a name that differs in case only; to be freed. NULL: nothing, or no memory. */
static char *find_entry(const char *folder, const char *name)
{
    struct lookup lookup = {.wanted = name, .left = FOLDER_ENTRY_LIMIT};
    char *path = sic_path_join(folder, name);

    if (!path || sic_path_kind(path) != SIC_PATH_NONE)
        return path;
    free(path);
    path = NULL;
    if (sic_folder_each(folder, compare_entry, &lookup) && lookup.found)
        path = sic_path_join(folder, lookup.found);
    free(lookup.found);
    return path;
}

static char *descend(const char *folder, const char *const *parts)
{
    char *path = strdup(folder);

    for (unsigned i = 0; i < PART_LIMIT && parts[i] && path; i++) {
        char *deeper = find_entry(path, parts[i]);

        free(path);
        path = deeper;
    }
    return path;
}

void sic_symbol_compressed_name(const char *name, char text[SIC_PDB_REFERENCE_NAME_SIZE])
{
    snprintf(text, SIC_PDB_REFERENCE_NAME_SIZE, "%s", name);
    if (text[0] != '\0')
        text[strlen(text) - 1] = '_';
}

static enum sic_status try_file(const char *path, const struct sic_pdb_reference *wanted,
                                const struct sic_message_sink *messages, struct sic_error *error,
                                struct sic_symbol_file *file)
{
    struct sic_error reason;
    enum sic_status status = sic_symbol_file_open(path, NULL, wanted, &reason, file);

    if (status == SIC_NO_MEMORY)
        *error = reason;
    if (status == SIC_OK || status == SIC_NO_MEMORY)
        return status;
    sic_message_send(messages, SIC_MESSAGE_NOTE, "%s", reason.message);
    return SIC_NOT_FOUND;
}

/* What stands where the PDB should and is none that is read. */
static void note_stand_ins(const char *folder, const char *const *parts, const struct sic_pdb_reference *wanted,
                           const struct sic_message_sink *messages)
{
    char compressed[SIC_PDB_REFERENCE_NAME_SIZE];
    const char *with_compressed[PART_LIMIT + 1] = {0}, *with_pointer[PART_LIMIT + 1] = {0};
    unsigned last = 0;
    char *path;

    while (last + 1 < PART_LIMIT && parts[last + 1])
        last++;
    memcpy(with_compressed, parts, PART_LIMIT * sizeof(*parts));
    memcpy(with_pointer, parts, PART_LIMIT * sizeof(*parts));
    sic_symbol_compressed_name(wanted->name, compressed);
    with_compressed[last] = compressed;
    with_pointer[last] = "file.ptr";
    path = descend(folder, with_compressed);
    if (path)
        sic_message_send(messages, SIC_MESSAGE_NOTE,
                         "%s: refused: it is compressed; unpack it with cabextract or expand.exe", path);
    free(path);
    path = last > 0 ? descend(folder, with_pointer) : NULL;
    if (path)
        sic_message_send(messages, SIC_MESSAGE_NOTE,
                         "%s: refused: it only says where the PDB is; name that place in the symbol path", path);
    free(path);
}

static enum sic_status try_parts(const char *folder, const char *const *parts, const struct sic_pdb_reference *wanted,
                                 const struct sic_message_sink *messages, struct sic_error *error,
                                 struct sic_symbol_file *file)
{
    char *path = descend(folder, parts);
    enum sic_status status = SIC_NOT_FOUND;

    if (path && sic_path_kind(path) == SIC_PATH_FILE)
        status = try_file(path, wanted, messages, error, file);
    else
        note_stand_ins(folder, parts, wanted, messages);
    free(path);
    return status;
}

enum sic_status sic_symbol_store_find(const char *place, const struct sic_pdb_reference *wanted,
                                      const struct sic_message_sink *messages, struct sic_error *error,
                                      struct sic_symbol_file *file)
{
    char tier[3] = {wanted->name[0], wanted->name[1], '\0'};
    const char *const flat[PART_LIMIT + 1] = {wanted->name};
    const char *const two[PART_LIMIT + 1] = {wanted->name, wanted->guid_age, wanted->name};
    const char *const three[PART_LIMIT + 1] = {tier, wanted->name, wanted->guid_age, wanted->name};
    enum sic_status status;

    switch (sic_path_kind(place)) {
    case SIC_PATH_FILE:
        sic_message_send(messages, SIC_MESSAGE_STEP, "symbols: trying the file %s", place);
        return try_file(place, wanted, messages, error, file);
    case SIC_PATH_FOLDER:
        break;
    default:
        sic_message_send(messages, SIC_MESSAGE_STEP, "symbols: %s is no folder", place);
        return SIC_NOT_FOUND;
    }
    sic_message_send(messages, SIC_MESSAGE_STEP, "symbols: looking in %s", place);
    status = try_parts(place, two, wanted, messages, error, file);
    if (status == SIC_NOT_FOUND)
        status = try_parts(place, three, wanted, messages, error, file);
    return status == SIC_NOT_FOUND ? try_parts(place, flat, wanted, messages, error, file) : status;
}

char *sic_symbol_store_folder(const char *store, const struct sic_pdb_reference *wanted)
{
    char tier[3] = {wanted->name[0], wanted->name[1], '\0'};
    char *index = sic_path_join(store, "index2.txt");
    bool has_three = index && sic_path_kind(index) == SIC_PATH_FILE;
    char *base = has_three ? sic_path_join(store, tier) : strdup(store);
    char *named = base ? sic_path_join(base, wanted->name) : NULL;
    char *folder = named ? sic_path_join(named, wanted->guid_age) : NULL;

    free(index);
    free(base);
    free(named);
    return folder;
}
