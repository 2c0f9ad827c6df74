/* Definitions by name: a hash of 12 bytes for each definition; the names themselves stay in the file. */
#include "symbols/pdb_private.h"

#include <stdlib.h>
#include <string.h>

/* What one step along a chain, and one record looked at, count against the work of a question. */
enum { STEP_COST = 4, CANDIDATE_COST = 64 };

/* FNV-1a. */
static uint32_t name_hash(struct sic_pdb_name name)
{
    uint32_t hash = 2166136261u;

    for (uint32_t i = 0; i < name.length; i++)
        hash = (hash ^ (uint8_t)name.text[i]) * 16777619u;
    return hash;
}

static bool name_equal(struct sic_pdb_name a, struct sic_pdb_name b)
{
    return a.length == b.length && memcmp(a.text, b.text, a.length) == 0;
}

enum sic_status sic_pdb_names_add(struct sic_pdb_types *types, struct sic_pdb_name name, uint32_t type_index,
                                  struct sic_error *error)
{
    if (types->definition_count == types->definition_capacity) {
        uint32_t capacity = types->definition_capacity == 0 ? 1024 : types->definition_capacity * 2;
        struct sic_pdb_definition *grown = realloc(types->definitions, capacity * sizeof(*types->definitions));

        if (grown == NULL)
            return sic_error_set(error, SIC_NO_MEMORY, "no memory for an index of %u structures of the PDB", capacity);
        types->definitions = grown;
        types->definition_capacity = capacity;
    }
    types->definitions[types->definition_count++] =
        (struct sic_pdb_definition){.hash = name_hash(name), .type_index = type_index};
    return SIC_OK;
}

enum sic_status sic_pdb_names_finish(struct sic_pdb_types *types, struct sic_error *error)
{
    uint32_t count = 16;

    while (count < types->definition_count)
        count *= 2;
    types->buckets = calloc(count, sizeof(*types->buckets));
    if (types->buckets == NULL)
        return sic_error_set(error, SIC_NO_MEMORY, "no memory for an index of %u structures of the PDB", count);
    types->bucket_mask = count - 1;
    for (uint32_t i = types->definition_count; i-- > 0;) {
        uint32_t *bucket = &types->buckets[types->definitions[i].hash & types->bucket_mask];

        types->definitions[i].next = *bucket;
        *bucket = i + 1;
    }
    return SIC_OK;
}

static bool same_unique_name(struct sic_pdb_name a, struct sic_pdb_name b)
{
    return a.length == 0 || b.length == 0 || name_equal(a, b);
}

/* Takes the candidate when it is the first or larger than the one found before. */
static void consider(const struct sic_pdb_compound *candidate, uint32_t type_index, struct sic_pdb_found *found)
{
    const struct sic_pdb_compound *best = &found->compound;
    bool same = candidate->size == best->size && candidate->member_count == best->member_count;
    bool larger =
        candidate->size > best->size || (candidate->size == best->size && candidate->member_count > best->member_count);

    if (found->type_index != 0 && !same)
        found->ambiguous = true;
    if (found->type_index == 0 || larger) {
        found->type_index = type_index;
        found->compound = *candidate;
        found->compound.name = found->compound.unique_name = (struct sic_pdb_name){"", 0};
    }
}

enum sic_status sic_pdb_names_find(struct sic_pdb *pdb, struct sic_pdb_name name, struct sic_pdb_name unique_name,
                                   bool enumeration, struct sic_error *error, struct sic_pdb_found *found)
{
    const struct sic_pdb_types *types = &pdb->types;
    uint32_t hash = name_hash(name);
    struct sic_pdb_found best = {0};
    enum sic_status status;

    for (uint32_t at = types->buckets[hash & types->bucket_mask]; at != 0; at = types->definitions[at - 1].next) {
        const struct sic_pdb_definition *definition = &types->definitions[at - 1];
        bool candidate = definition->hash == hash;
        struct sic_pdb_record record;
        struct sic_pdb_compound compound;

        status = sic_pdb_spend(pdb, candidate ? CANDIDATE_COST : STEP_COST, error);
        if (status == SIC_OK && candidate)
            status = sic_pdb_record_get(pdb, definition->type_index, types->record_buffer, error, &record);
        if (status == SIC_OK && candidate)
            status = sic_pdb_compound_read(&record, error, &compound);
        if (status != SIC_OK)
            return status;
        if (candidate && name_equal(compound.name, name) && same_unique_name(compound.unique_name, unique_name) &&
            (compound.kind == SIC_PDB_KIND_ENUM) == enumeration)
            consider(&compound, definition->type_index, &best);
    }
    *found = best;
    return SIC_OK;
}
