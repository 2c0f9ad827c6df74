/* The members of a structure, one at a time, with a stack of field lists in place of recursion. */
#include "symbols/codeview.h"
#include "symbols/pdb_private.h"

#include <inttypes.h>

/* What one step counts against the work of a question, besides the bytes of the list. */
enum { STEP_COST = 8 };

/* One entry of a field list. */
struct entry {
    uint16_t kind;
    bool is_data;  /* a member with an offset: of its own or of a base class */
    bool is_index; /* the list goes on in another record */
    uint32_t type_index;
    uint64_t offset;
    struct sic_pdb_name name;
};

static enum sic_status field_list_of(struct sic_pdb *pdb, uint32_t definition, struct sic_error *error, uint32_t *list)
{
    struct sic_pdb_record record;
    struct sic_pdb_compound compound;
    enum sic_status status = sic_pdb_record_get(pdb, definition, pdb->types.record_buffer, error, &record);

    if (status != SIC_OK)
        return status;
    if (!sic_pdb_is_compound(record.kind))
        return sic_pdb_record_fault(&record, "the kind of a structure", error);
    status = sic_pdb_compound_read(&record, error, &compound);
    if (status == SIC_OK)
        *list = compound.field_list;
    return status;
}

enum sic_status sic_pdb_walk_enter(struct sic_pdb_walk *walk, uint32_t definition, uint64_t base, uint32_t prefix,
                                   bool ambiguous, struct sic_error *error)
{
    uint32_t list = 0;
    enum sic_status status = field_list_of(walk->pdb, definition, error, &list);

    if (status != SIC_OK)
        return status;
    if (list == 0) /* a structure without members has no list */
        return SIC_OK;
    if (walk->depth == SIC_PDB_DEPTH_LIMIT)
        return sic_error_set(error, SIC_BROKEN, "structures of the PDB contain one another more than %u deep",
                             SIC_PDB_DEPTH_LIMIT);
    walk->frames[walk->depth++] =
        (struct sic_pdb_frame){.list = list, .base = base, .prefix = prefix, .ambiguous = ambiguous};
    walk->viewed = false;
    return SIC_OK;
}

static enum sic_status view_list(struct sic_pdb_walk *walk, struct sic_error *error)
{
    struct sic_pdb_frame *frame = &walk->frames[walk->depth - 1];
    struct sic_pdb *pdb = walk->pdb;
    enum sic_status status = sic_pdb_record_get(pdb, frame->list, pdb->types.list_buffer, error, &walk->record);

    if (status != SIC_OK)
        return status;
    if (walk->record.kind != CV_LF_FIELDLIST)
        return sic_pdb_record_fault(&walk->record, "the kind of a field list", error);
    walk->viewed = true;
    return sic_pdb_spend(pdb, walk->record.size + 1u, error);
}

/*
 * What follows the 16-bit word and the type index with which almost all entries begin. A method that introduces a
 * virtual function (method property 4 or 6, bits 2 to 4 of the attributes) has its place in the table there.
 */
static void read_tail(struct sic_pdb_cursor *cursor, uint16_t attributes, struct entry *entry)
{
    uint32_t property = attributes >> 2 & 7;

    if (entry->kind == CV_LF_MEMBER || entry->kind == CV_LF_BCLASS || entry->kind == CV_LF_BINTERFACE) {
        entry->is_data = true;
        entry->offset = sic_pdb_cursor_unsigned(cursor);
    } else if (entry->kind == CV_LF_VBCLASS || entry->kind == CV_LF_IVBCLASS) {
        sic_pdb_cursor_u32(cursor);
        sic_pdb_cursor_skip_number(cursor);
        sic_pdb_cursor_skip_number(cursor);
    } else if (entry->kind == CV_LF_VFUNCOFF || (entry->kind == CV_LF_ONEMETHOD && (property == 4 || property == 6))) {
        sic_pdb_cursor_u32(cursor);
    }
}

static bool has_name(uint16_t kind)
{
    switch (kind) {
    case CV_LF_MEMBER:
    case CV_LF_STMEMBER:
    case CV_LF_METHOD:
    case CV_LF_ONEMETHOD:
    case CV_LF_NESTTYPE:
    case CV_LF_NESTTYPEEX:
    case CV_LF_MEMBERMODIFY:
    case CV_LF_FRIENDFCN:
    case CV_LF_ENUMERATE:
        return true;
    default:
        return false;
    }
}

static bool is_known(uint16_t kind)
{
    switch (kind) {
    case CV_LF_BCLASS:
    case CV_LF_BINTERFACE:
    case CV_LF_VBCLASS:
    case CV_LF_IVBCLASS:
    case CV_LF_INDEX:
    case CV_LF_VFUNCTAB:
    case CV_LF_VFUNCOFF:
    case CV_LF_FRIENDCLS:
        return true;
    default:
        return has_name(kind);
    }
}

static void read_entry(struct sic_pdb_cursor *cursor, struct entry *entry)
{
    uint16_t attributes;

    *entry = (struct entry){.kind = sic_pdb_cursor_u16(cursor), .name = {"", 0}};
    if (cursor->fault == NULL && !is_known(entry->kind)) {
        cursor->fault = "a member of a known kind";
        return;
    }
    attributes = sic_pdb_cursor_u16(cursor);
    if (entry->kind == CV_LF_ENUMERATE)
        sic_pdb_cursor_skip_number(cursor);
    else
        entry->type_index = sic_pdb_cursor_u32(cursor);
    entry->is_index = entry->kind == CV_LF_INDEX;
    read_tail(cursor, attributes, entry);
    if (has_name(entry->kind))
        entry->name = sic_pdb_cursor_name(cursor);
    sic_pdb_cursor_skip_padding(cursor);
}

/* Reads the entry at the top frame's position and moves behind it. SIC_NOT_FOUND: the list is at its end. */
static enum sic_status next_entry(struct sic_pdb_walk *walk, struct sic_error *error, struct entry *entry)
{
    struct sic_pdb_frame *frame = &walk->frames[walk->depth - 1];
    const struct sic_pdb_record *record = &walk->record;
    struct sic_pdb_cursor cursor = {.at = record->data + frame->position, .end = record->data + record->size};
    enum sic_status status;

    sic_pdb_cursor_skip_padding(&cursor);
    if (cursor.at == cursor.end)
        return SIC_NOT_FOUND;
    status = sic_pdb_spend(walk->pdb, STEP_COST, error);
    if (status != SIC_OK)
        return status;
    read_entry(&cursor, entry);
    if (cursor.fault != NULL)
        return sic_error_set(error, SIC_BROKEN,
                             "PDB stream 2, offset 0x%" PRIx32 ": field list 0x%" PRIx32
                             " lacks %s in the member at its byte %" PRIu32 " of %" PRIu32,
                             record->offset, record->type_index, cursor.fault, frame->position, record->size);
    frame->position = (uint32_t)(cursor.at - record->data);
    return SIC_OK;
}

static enum sic_status make_member(const struct sic_pdb_walk *walk, const struct entry *entry, struct sic_error *error,
                                   struct sic_pdb_member *member)
{
    const struct sic_pdb_frame *frame = &walk->frames[walk->depth - 1];

    *member = (struct sic_pdb_member){
        .name = entry->name, .type_index = entry->type_index, .prefix = frame->prefix, .ambiguous = frame->ambiguous};
    if (__builtin_add_overflow(frame->base, entry->offset, &member->offset))
        return sic_error_set(error, SIC_BROKEN,
                             "field list 0x%" PRIx32 " of the PDB has a member at offset 0x%" PRIx64
                             " of something at 0x%" PRIx64 ", past 64 bits",
                             walk->record.type_index, entry->offset, frame->base);
    return SIC_OK;
}

/* Enters a base class, or a structure or union without a name. Anything else without a name is padding. */
static enum sic_status enter_nameless(struct sic_pdb_walk *walk, const struct sic_pdb_member *member,
                                      struct sic_error *error)
{
    struct sic_pdb_type type;
    enum sic_status status = sic_pdb_type_describe(walk->pdb, member->type_index, error, &type);

    if (status != SIC_OK || type.definition == 0)
        return status;
    return sic_pdb_walk_enter(walk, type.definition, member->offset, member->prefix,
                              member->ambiguous || type.ambiguous, error);
}

static void continue_list(struct sic_pdb_walk *walk, uint32_t type_index)
{
    walk->frames[walk->depth - 1].list = type_index;
    walk->frames[walk->depth - 1].position = 0;
    walk->viewed = false;
}

enum sic_status sic_pdb_walk_next(struct sic_pdb_walk *walk, struct sic_error *error, struct sic_pdb_member *member)
{
    while (walk->depth > 0) {
        struct entry entry;
        enum sic_status status = walk->viewed ? SIC_OK : view_list(walk, error);

        if (status == SIC_OK)
            status = next_entry(walk, error, &entry);
        if (status == SIC_NOT_FOUND) {
            walk->depth--;
            walk->viewed = false;
            continue;
        }
        if (status == SIC_OK && entry.is_index)
            continue_list(walk, entry.type_index);
        if (status == SIC_OK && !entry.is_data)
            continue;
        if (status == SIC_OK)
            status = make_member(walk, &entry, error, member);
        if (status == SIC_OK && member->name.length == 0)
            status = enter_nameless(walk, member, error);
        else
            return status;
        if (status != SIC_OK)
            return status;
    }
    return SIC_NOT_FOUND;
}
