/* Questions about structures: many members at once, or all of one structure. */
#include "symbols/codeview.h"
#include "symbols/pdb_private.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum { PATH_SIZE = 4096 };

/* What is left of a query: members still to be found, from a structure at some offset. */
struct pending {
    const char *rest;    /* the components left, dotted */
    uint32_t definition; /* of the structure that `rest` starts in; 0: answered */
    uint64_t base;
    bool ambiguous;
};

/* One walk over a structure, for all queries that are waiting for it. */
struct batch {
    struct sic_pdb *pdb;
    struct sic_pdb_query *queries;
    struct pending *pending;
    size_t count;
    size_t *group; /* the queries that this walk has not answered yet */
    size_t group_count;
};

static struct sic_pdb_name first_component(const char *path)
{
    return (struct sic_pdb_name){path, (uint32_t)strcspn(path, ".")};
}

/* What follows the first component: "" behind the last. */
static const char *after_component(const char *path)
{
    path += strcspn(path, ".");
    return *path == '.' ? path + 1 : path;
}

static struct sic_pdb_field make_field(const struct sic_pdb_type *type, uint64_t offset, bool ambiguous)
{
    return (struct sic_pdb_field){.offset = offset,
                                  .size = type->size,
                                  .bit_position = type->bit_position,
                                  .bit_count = type->bit_count,
                                  .kind = type->kind,
                                  .ambiguous = ambiguous || type->ambiguous};
}

static void answer(struct batch *batch, size_t index, enum sic_pdb_answer result)
{
    batch->queries[index].answer = result;
    batch->pending[index].definition = 0;
}

/* The structure with which a path begins. Where records were unreadable, nobody can say that it is absent. */
static enum sic_status find_root(struct sic_pdb *pdb, struct sic_pdb_name name, struct sic_error *error,
                                 struct sic_pdb_found *found)
{
    enum sic_status status = sic_pdb_names_find(pdb, name, (struct sic_pdb_name){"", 0}, false, error, found);

    if (status == SIC_OK && found->type_index == 0 && pdb->types.unreadable > 0) {
        *error = pdb->types.unreadable_error;
        return SIC_BROKEN;
    }
    return status;
}

static enum sic_status begin_query(struct batch *batch, size_t index, struct sic_error *error)
{
    struct sic_pdb_query *query = &batch->queries[index];
    struct pending *pending = &batch->pending[index];
    const char *rest = after_component(query->path);
    struct sic_pdb_found found;
    enum sic_status status = find_root(batch->pdb, first_component(query->path), error, &found);

    if (status != SIC_OK)
        return status;
    *pending = (struct pending){.rest = rest, .definition = found.type_index, .ambiguous = found.ambiguous};
    if (found.type_index == 0) {
        answer(batch, index, SIC_PDB_NO_STRUCTURE);
    } else if (*rest == '\0' || strcmp(rest, "sizeof") == 0) {
        query->field = (struct sic_pdb_field){
            .size = found.compound.size, .kind = found.compound.kind, .ambiguous = found.ambiguous};
        answer(batch, index, SIC_PDB_FOUND);
    }
    return SIC_OK;
}

/* A query's next component is this member: either it ends here, or it goes on in the member's structure. */
static void advance(struct batch *batch, size_t index, const struct sic_pdb_member *member,
                    const struct sic_pdb_type *type)
{
    struct pending *pending = &batch->pending[index];
    bool ambiguous = pending->ambiguous || member->ambiguous;

    pending->rest = after_component(pending->rest);
    if (*pending->rest == '\0') {
        batch->queries[index].field = make_field(type, member->offset + pending->base, ambiguous);
        answer(batch, index, SIC_PDB_FOUND);
    } else if (type->kind != SIC_PDB_KIND_STRUCTURE && type->kind != SIC_PDB_KIND_UNION) {
        answer(batch, index, SIC_PDB_NO_MEMBER);
    } else if (type->definition == 0) {
        answer(batch, index, SIC_PDB_NO_STRUCTURE);
    } else {
        pending->definition = type->definition;
        pending->base += member->offset;
        pending->ambiguous = ambiguous || type->ambiguous;
    }
}

static bool wants(const struct pending *pending, const struct sic_pdb_member *member)
{
    struct sic_pdb_name wanted = first_component(pending->rest);

    return wanted.length == member->name.length && memcmp(wanted.text, member->name.text, wanted.length) == 0;
}

/* Checks that the offset stays within 64 bits, then advances each query of the group that wants this member. */
static enum sic_status offer(struct batch *batch, const struct sic_pdb_member *member, struct sic_error *error)
{
    struct sic_pdb_type type;
    bool described = false;
    size_t kept = 0;

    for (size_t i = 0; i < batch->group_count; i++) {
        size_t index = batch->group[i];
        uint64_t sum;

        if (!wants(&batch->pending[index], member)) {
            batch->group[kept++] = index;
            continue;
        }
        if (!described) {
            enum sic_status status = sic_pdb_type_describe(batch->pdb, member->type_index, error, &type);

            if (status != SIC_OK)
                return status;
            described = true;
        }
        if (__builtin_add_overflow(batch->pending[index].base, member->offset, &sum))
            return sic_error_set(error, SIC_BROKEN, "the offset of %s in the PDB does not fit in 64 bits",
                                 batch->queries[index].path);
        advance(batch, index, member, &type);
    }
    batch->group_count = kept;
    return SIC_OK;
}

/* All queries, from `first` on, that wait for the structure the first of them waits for. */
static void gather(struct batch *batch, size_t first)
{
    batch->group_count = 0;
    for (size_t i = first; i < batch->count; i++) {
        if (batch->pending[i].definition == batch->pending[first].definition)
            batch->group[batch->group_count++] = i;
    }
}

static enum sic_status walk_group(struct batch *batch, size_t first, struct sic_error *error)
{
    struct sic_pdb_walk walk = {.pdb = batch->pdb};
    enum sic_status status;

    gather(batch, first);
    status = sic_pdb_walk_enter(&walk, batch->pending[first].definition, 0, 0, false, error);
    while (status == SIC_OK && batch->group_count > 0) {
        struct sic_pdb_member member;

        status = sic_pdb_walk_next(&walk, error, &member);
        if (status == SIC_OK)
            status = sic_pdb_spend(batch->pdb, batch->group_count, error);
        if (status == SIC_OK)
            status = offer(batch, &member, error);
    }
    if (status != SIC_OK && status != SIC_NOT_FOUND)
        return status;
    for (size_t i = 0; i < batch->group_count; i++)
        answer(batch, batch->group[i], SIC_PDB_NO_MEMBER);
    return SIC_OK;
}

/* Each walk answers the first query left or takes it a component further, so the loop ends. */
static enum sic_status answer_all(struct batch *batch, struct sic_error *error)
{
    for (size_t i = 0; i < batch->count; i++) {
        enum sic_status status = begin_query(batch, i, error);

        if (status != SIC_OK)
            return status;
    }
    for (size_t i = 0; i < batch->count; i++) {
        while (batch->pending[i].definition != 0) {
            enum sic_status status = walk_group(batch, i, error);

            if (status != SIC_OK)
                return status;
        }
    }
    return SIC_OK;
}

enum sic_status sic_pdb_find_fields(struct sic_pdb *pdb, struct sic_pdb_query *queries, size_t count,
                                    struct sic_error *error)
{
    struct batch batch = {.pdb = pdb, .queries = queries, .count = count};
    enum sic_status status = sic_pdb_types_begin(pdb, count, error);

    if (status != SIC_OK || count == 0)
        return status;
    batch.pending = calloc(count, sizeof(*batch.pending));
    batch.group = calloc(count, sizeof(*batch.group));
    if (batch.pending != NULL && batch.group != NULL)
        status = answer_all(&batch, error);
    else
        status = sic_error_set(error, SIC_NO_MEMORY, "no memory for %" PRIu64 " queries of the PDB", (uint64_t)count);
    free(batch.group);
    free(batch.pending);
    return status;
}

/* Appends the member's name behind its prefix. The path so far stays below PATH_SIZE. */
static enum sic_status append_name(char *path, const struct sic_pdb_member *member, struct sic_error *error)
{
    uint32_t at = member->prefix;

    if (member->name.length > PATH_SIZE - 2 - at)
        return sic_error_set(error, SIC_BROKEN, "the names of nested members of the PDB exceed %d bytes", PATH_SIZE);
    if (at > 0)
        path[at++] = '.';
    memcpy(path + at, member->name.text, member->name.length);
    path[at + member->name.length] = '\0';
    return SIC_OK;
}

static enum sic_status call_for_each(struct sic_pdb_walk *walk, unsigned depth, sic_pdb_field_function *function,
                                     void *context, struct sic_error *error)
{
    char path[PATH_SIZE] = "";

    for (;;) {
        struct sic_pdb_member member;
        struct sic_pdb_type type;
        struct sic_pdb_field field;
        enum sic_status status = sic_pdb_walk_next(walk, error, &member);
        size_t level = 0;

        if (status == SIC_NOT_FOUND)
            return SIC_OK;
        if (status == SIC_OK)
            status = append_name(path, &member, error);
        if (status == SIC_OK)
            status = sic_pdb_type_describe(walk->pdb, member.type_index, error, &type);
        if (status != SIC_OK)
            return status;
        field = make_field(&type, member.offset, member.ambiguous);
        if (!function(context, path, &field))
            return SIC_OK;
        for (const char *dot = path; (dot = strchr(dot, '.')) != NULL; dot++)
            level++;
        if (level < depth && type.definition != 0)
            status = sic_pdb_walk_enter(walk, type.definition, member.offset, (uint32_t)strlen(path), field.ambiguous,
                                        error);
        if (status != SIC_OK)
            return status;
    }
}

enum sic_status sic_pdb_each_field(struct sic_pdb *pdb, const char *structure, unsigned depth,
                                   sic_pdb_field_function *function, void *context, struct sic_error *error)
{
    struct sic_pdb_walk walk = {.pdb = pdb};
    struct sic_pdb_name name = {structure, (uint32_t)strlen(structure)};
    struct sic_pdb_found found;
    enum sic_status status = sic_pdb_types_begin(pdb, 0, error);

    if (status == SIC_OK)
        status = find_root(pdb, name, error, &found);
    if (status != SIC_OK)
        return status;
    if (found.type_index == 0)
        return sic_error_set(error, SIC_NOT_FOUND, "the PDB defines no structure %s", structure);
    status = sic_pdb_walk_enter(&walk, found.type_index, 0, 0, found.ambiguous, error);
    if (status != SIC_OK)
        return status;
    return call_for_each(&walk, depth, function, context, error);
}

enum sic_status sic_pdb_each_structure(struct sic_pdb *pdb, sic_pdb_structure_function *function, void *context,
                                       struct sic_error *error)
{
    char name[PATH_SIZE];
    enum sic_status status = sic_pdb_types_begin(pdb, 0, error);

    for (uint32_t i = 0; status == SIC_OK && i < pdb->types.definition_count; i++) {
        struct sic_pdb_record record;
        struct sic_pdb_compound compound;

        status =
            sic_pdb_record_get(pdb, pdb->types.definitions[i].type_index, pdb->types.record_buffer, error, &record);
        if (status == SIC_OK)
            status = sic_pdb_compound_read(&record, error, &compound);
        if (status != SIC_OK || compound.kind == SIC_PDB_KIND_ENUM || compound.name.length >= sizeof(name))
            continue;
        memcpy(name, compound.name.text, compound.name.length);
        name[compound.name.length] = '\0';
        if (!function(context, name))
            return SIC_OK;
    }
    return status;
}
