#include "symbols/pdb_rows.h"

#include <stdlib.h>
#include <string.h>

/*
 * Members that releases call differently. A row that is not listed is asked for by its own name. The tree links of
 * _MMVAD_SHORT: an _RTL_BALANCED_NODE from 9600 on, an _MM_AVL_NODE in 9200, members of its own before. The
 * count of cache views begins a union from Vista on.
 */
#define SPELLING_LIMIT 4u
static const struct {
    const char *name;
    const char *spellings[SPELLING_LIMIT];
} aliases[] = {
    {"_MMVAD_SHORT.Left", {"_MMVAD_SHORT.VadNode.Left", "_MMVAD_SHORT.LeftChild", "_MMVAD_SHORT.VadNode.LeftChild"}},
    {"_MMVAD_SHORT.Right",
     {"_MMVAD_SHORT.VadNode.Right", "_MMVAD_SHORT.RightChild", "_MMVAD_SHORT.VadNode.RightChild"}},
    {"_MMVAD_SHORT.Parent",
     {"_MMVAD_SHORT.VadNode.ParentValue", "_MMVAD_SHORT.u1.Parent", "_MMVAD_SHORT.VadNode.u1.Parent",
      "_MMVAD_SHORT.Parent"}},
    {"_MMVAD_SHORT.StartingVpnHigher", {"_MMVAD_SHORT.u5.StartingVpnHigher", "_MMVAD_SHORT.StartingVpnHigher"}},
    {"_CONTROL_AREA.u2", {"_CONTROL_AREA.u2", "_CONTROL_AREA.NumberOfSystemCacheViews"}},
    {"_EPROCESS.Wow64Process", {"_EPROCESS.Wow64Process", "_EPROCESS.WoW64Process"}},
};

/* The spelling number `turn` of a row's name; NULL when there are no more. */
static const char *spelling(const char *name, unsigned turn)
{
    for (size_t i = 0; i < sizeof(aliases) / sizeof(aliases[0]); i++) {
        if (strcmp(aliases[i].name, name) == 0)
            return turn < SPELLING_LIMIT ? aliases[i].spellings[turn] : NULL;
    }
    return turn == 0 ? name : NULL;
}

static bool is_size(const char *name)
{
    const char *dot = strrchr(name, '.');

    return dot && strcmp(dot, ".sizeof") == 0;
}

static struct sic_layout_field convert(const char *name, const struct sic_pdb_query *query)
{
    struct sic_layout_field field = {.offset = SIC_FIELD_ABSENT};
    uint64_t value = is_size(name) ? query->field.size : query->field.offset;

    if (query->answer != SIC_PDB_FOUND || value >= SIC_FIELD_ABSENT)
        return field;
    field.offset = (uint32_t)value;
    field.first_bit = query->field.bit_position;
    field.bit_count = query->field.bit_count;
    return field;
}

/* All spellings of all rows are asked at once: one pass over the types. */
static size_t spell_all(const struct sic_pdb_row *rows, size_t count, struct sic_pdb_query *queries)
{
    size_t used = 0;

    for (size_t i = 0; i < count; i++) {
        const char *path;

        for (unsigned turn = 0; (path = spelling(rows[i].name, turn)) != NULL; turn++)
            queries[used++] = (struct sic_pdb_query){.path = path};
    }
    return used;
}

static void take_answers(struct sic_pdb_row *rows, size_t count, const struct sic_pdb_query *queries)
{
    size_t next = 0;

    for (size_t i = 0; i < count; i++) {
        rows[i].field = (struct sic_layout_field){.offset = SIC_FIELD_ABSENT};
        for (unsigned turn = 0; spelling(rows[i].name, turn) != NULL; turn++, next++) {
            if (rows[i].field.offset == SIC_FIELD_ABSENT)
                rows[i].field = convert(rows[i].name, &queries[next]);
        }
    }
}

enum sic_status sic_pdb_read_rows(struct sic_pdb *pdb, struct sic_pdb_row *rows, size_t count, struct sic_error *error)
{
    struct sic_pdb_query *queries = calloc(count + 1, SPELLING_LIMIT * sizeof(*queries));
    enum sic_status status;

    if (!queries)
        return sic_error_set(error, SIC_NO_MEMORY, "no memory to read a PDB; close other programs and try again");
    status = sic_pdb_find_fields(pdb, queries, spell_all(rows, count, queries), error);
    if (status == SIC_OK)
        take_answers(rows, count, queries);
    free(queries);
    return status;
}

static enum sic_status read_globals(struct sic_pdb *pdb, struct sic_error *error, uint64_t *values)
{
    struct sic_pdb_global globals[SIC_GLOBAL_COUNT];
    enum sic_status status;

    for (unsigned i = 0; i < SIC_GLOBAL_COUNT; i++)
        globals[i] = (struct sic_pdb_global){.name = sic_global_name(i)};
    status = sic_pdb_find_globals(pdb, globals, SIC_GLOBAL_COUNT, error);
    for (unsigned i = 0; i < SIC_GLOBAL_COUNT && status == SIC_OK; i++)
        values[i] = globals[i].answer == SIC_PDB_FOUND ? globals[i].rva : 0;
    return status;
}

enum sic_status sic_pdb_read_profile(struct sic_pdb *pdb, struct sic_error *error, struct sic_profile *profile)
{
    struct sic_pdb_row rows[SIC_FIELD_COUNT];
    uint64_t globals[SIC_GLOBAL_COUNT] = {0};
    struct sic_layout layout;
    enum sic_field bad;
    enum sic_status status;

    for (unsigned i = 0; i < SIC_FIELD_COUNT; i++)
        rows[i].name = sic_layout_field_name(i);
    status = sic_pdb_read_rows(pdb, rows, SIC_FIELD_COUNT, error);
    if (status != SIC_OK)
        return status;
    for (unsigned i = 0; i < SIC_FIELD_COUNT; i++)
        layout.fields[i] = rows[i].field;
    bad = sic_layout_first_bad_field(&layout);
    if (bad != SIC_FIELD_COUNT)
        return sic_error_set(error, SIC_UNSUPPORTED, "the PDB %s %s, without which no VAD tree can be read",
                             sic_layout_has(&layout, bad) ? "gives an impossible place for" : "does not have",
                             sic_layout_field_name(bad));
    /* Structures alone are worth having: a PDB whose symbols are damaged only leaves the globals unknown. */
    (void)read_globals(pdb, error, globals);
    profile->layout = layout;
    memcpy(profile->globals, globals, sizeof(globals));
    return SIC_OK;
}
