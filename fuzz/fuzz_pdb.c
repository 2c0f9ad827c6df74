/* Any bytes as a PDB: everything is asked of it that SiC asks of one. */
#include "symbols/pdb_rows.h"

#include <stdio.h>
#include <stdlib.h>

enum { NAME_LIMIT = 8 };

struct names {
    char text[NAME_LIMIT][256];
    unsigned count;
};

static bool keep_name(void *context, const char *name)
{
    struct names *names = context;

    snprintf(names->text[names->count++], sizeof(names->text[0]), "%s", name);
    return names->count < NAME_LIMIT;
}

static bool count_field(void *context, const char *path, const struct sic_pdb_field *field)
{
    unsigned *count = context;

    if (path[0] == '\0' || (field->bit_count > 0 && field->kind == SIC_PDB_KIND_ARRAY))
        abort();
    return ++*count < 10000;
}

static enum sic_status ask_names(struct sic_pdb *pdb, const struct names *names, struct sic_error *error)
{
    enum sic_status status = SIC_OK;

    for (unsigned i = 0; i < names->count && status == SIC_OK; i++) {
        char path[300];
        struct sic_pdb_query queries[2] = {{.path = names->text[i]}, {.path = path}};
        unsigned count = 0;

        snprintf(path, sizeof(path), "%s.inner.a", names->text[i]);
        status = sic_pdb_each_field(pdb, names->text[i], i % 4, count_field, &count, error);
        if (status == SIC_OK)
            status = sic_pdb_find_fields(pdb, queries, 2, error);
    }
    return status;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct sic_pdb_query queries[] = {{.path = "_OUTER"}, {.path = "_OUTER.far"}, {.path = "_OUTER.constant.bits"}};
    struct sic_pdb_global globals[] = {{.name = "PsActiveProcessHead"}, {.name = "NtBuildNumber"}};
    struct names names = {.count = 0};
    struct sic_profile profile = {0};
    struct sic_error error;
    struct sic_pdb *pdb = NULL;
    enum sic_status status = sic_pdb_open_bytes(data, size, &error, &pdb);

    if (status != SIC_OK)
        return 0;
    if (sic_pdb_find_fields(pdb, queries, 3, &error) == SIC_OK &&
        sic_pdb_each_structure(pdb, keep_name, &names, &error) == SIC_OK)
        status = ask_names(pdb, &names, &error);
    if (status == SIC_OK)
        status = sic_pdb_find_globals(pdb, globals, 2, &error);
    if (status == SIC_OK && sic_pdb_read_profile(pdb, &error, &profile) == SIC_OK &&
        sic_layout_first_bad_field(&profile.layout) != SIC_FIELD_COUNT)
        abort();
    sic_pdb_close(pdb);
    return 0;
}
