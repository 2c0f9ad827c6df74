/* What type records mean: structures, unions, enumerations, and the sizes of everything that can be a member. */
#include "symbols/codeview.h"
#include "symbols/pdb_private.h"

#include <string.h>

/* Qualifiers, bit-fields and aliases that may stand around one type. Real ones have three at most. */
enum { WRAPPER_LIMIT = 16 };

bool sic_pdb_is_compound(uint16_t kind)
{
    switch (kind) {
    case CV_LF_CLASS:
    case CV_LF_STRUCTURE:
    case CV_LF_INTERFACE:
    case CV_LF_UNION:
    case CV_LF_ENUM:
    case CV_LF_CLASS2:
    case CV_LF_STRUCTURE2:
    case CV_LF_INTERFACE2:
    case CV_LF_UNION2:
        return true;
    default:
        return false;
    }
}

static bool is_union(uint16_t kind)
{
    return kind == CV_LF_UNION || kind == CV_LF_UNION2;
}

static struct sic_pdb_cursor record_cursor(const struct sic_pdb_record *record)
{
    return (struct sic_pdb_cursor){.at = record->data, .end = record->data + record->size};
}

/* The older form: 16-bit count and property; structures also name their base list and table of virtual functions. */
static uint32_t read_compound_head(struct sic_pdb_cursor *cursor, uint16_t kind, struct sic_pdb_compound *compound)
{
    uint32_t property;

    compound->member_count = sic_pdb_cursor_u16(cursor);
    property = sic_pdb_cursor_u16(cursor);
    if (kind == CV_LF_ENUM)
        compound->underlying = sic_pdb_cursor_u32(cursor);
    compound->field_list = sic_pdb_cursor_u32(cursor);
    if (kind != CV_LF_ENUM && !is_union(kind)) {
        sic_pdb_cursor_u32(cursor);
        sic_pdb_cursor_u32(cursor);
    }
    if (kind != CV_LF_ENUM)
        compound->size = sic_pdb_cursor_unsigned(cursor);
    return property;
}

/* The form of 2019 and later: a 32-bit property first, and the count as a number of any width. */
static uint32_t read_compound_head2(struct sic_pdb_cursor *cursor, uint16_t kind, struct sic_pdb_compound *compound)
{
    uint32_t property = sic_pdb_cursor_u32(cursor);

    compound->field_list = sic_pdb_cursor_u32(cursor);
    if (!is_union(kind)) {
        sic_pdb_cursor_u32(cursor);
        sic_pdb_cursor_u32(cursor);
    }
    compound->member_count = sic_pdb_cursor_unsigned(cursor);
    compound->size = sic_pdb_cursor_unsigned(cursor);
    return property;
}

static enum sic_pdb_kind compound_kind(uint16_t kind)
{
    if (kind == CV_LF_ENUM)
        return SIC_PDB_KIND_ENUM;
    return is_union(kind) ? SIC_PDB_KIND_UNION : SIC_PDB_KIND_STRUCTURE;
}

enum sic_status sic_pdb_compound_read(const struct sic_pdb_record *record, struct sic_error *error,
                                      struct sic_pdb_compound *compound)
{
    struct sic_pdb_cursor cursor = record_cursor(record);
    struct sic_pdb_compound read = {.kind = compound_kind(record->kind), .unique_name = {"", 0}};
    uint32_t property = record->kind >= CV_LF_CLASS2 ? read_compound_head2(&cursor, record->kind, &read)
                                                     : read_compound_head(&cursor, record->kind, &read);

    read.forward = (property & CV_PROPERTY_FORWARD) != 0;
    read.name = sic_pdb_cursor_name(&cursor);
    if ((property & CV_PROPERTY_UNIQUE_NAME) != 0)
        read.unique_name = sic_pdb_cursor_name(&cursor);
    if (cursor.fault != NULL)
        return sic_pdb_record_fault(record, cursor.fault, error);
    *compound = read;
    return SIC_OK;
}

/* Sizes of the basic types by the low byte of the index (cvinfo.h, TYPE_ENUM_e). */
static uint64_t basic_size(uint32_t low)
{
    static const uint8_t sizes[256] = {
        [0x08] = 4,  [0x10] = 1,  [0x11] = 2,  [0x12] = 4,  [0x13] = 8, [0x14] = 16, [0x20] = 1, [0x21] = 2,
        [0x22] = 4,  [0x23] = 8,  [0x24] = 16, [0x30] = 1,  [0x31] = 2, [0x32] = 4,  [0x33] = 8, [0x34] = 16,
        [0x40] = 4,  [0x41] = 8,  [0x42] = 10, [0x43] = 16, [0x44] = 6, [0x45] = 4,  [0x46] = 2, [0x50] = 8,
        [0x51] = 16, [0x52] = 20, [0x53] = 32, [0x54] = 12, [0x55] = 8, [0x56] = 4,  [0x68] = 1, [0x69] = 1,
        [0x70] = 1,  [0x71] = 2,  [0x72] = 2,  [0x73] = 2,  [0x74] = 4, [0x75] = 4,  [0x76] = 8, [0x77] = 8,
        [0x78] = 16, [0x79] = 16, [0x7a] = 2,  [0x7b] = 4,  [0x7c] = 1,
    };

    return sizes[low & 0xff];
}

/* Pointers to basic types carry their kind in bits 8 to 11: near, far, huge, 32-bit, far 32-bit, 64-bit, 128-bit. */
static void describe_basic(uint32_t type_index, struct sic_pdb_type *type)
{
    static const uint8_t pointer_sizes[16] = {0, 2, 4, 4, 4, 6, 8, 16};
    uint32_t mode = type_index >> 8 & 0xf;

    type->kind = mode == 0 ? SIC_PDB_KIND_SCALAR : SIC_PDB_KIND_POINTER;
    type->size = mode == 0 ? basic_size(type_index) : pointer_sizes[mode];
    if (type->size == 0)
        type->kind = SIC_PDB_KIND_OTHER;
}

/* Attributes: kind of pointer in bits 0 to 4 (0xa 32-bit, 0xc 64-bit), size in bits 13 to 18; old tools leave it 0. */
static void describe_pointer(struct sic_pdb_cursor *cursor, struct sic_pdb_type *type)
{
    uint32_t attributes;

    sic_pdb_cursor_u32(cursor);
    attributes = sic_pdb_cursor_u32(cursor);
    type->kind = SIC_PDB_KIND_POINTER;
    type->size = attributes >> 13 & 0x3f;
    if (type->size == 0 && (attributes & 0x1f) == 0xc)
        type->size = 8;
    if (type->size == 0 && (attributes & 0x1f) == 0xa)
        type->size = 4;
}

static void describe_array(struct sic_pdb_cursor *cursor, struct sic_pdb_type *type)
{
    sic_pdb_cursor_u32(cursor);
    sic_pdb_cursor_u32(cursor);
    type->kind = SIC_PDB_KIND_ARRAY;
    type->size = sic_pdb_cursor_unsigned(cursor);
}

/* Compilers give all types without a name one of these: a reference by such a name alone says nothing. */
static bool is_no_name(struct sic_pdb_name name)
{
    static const char *const names[] = {"<unnamed-tag>", "<anonymous-tag>", "__unnamed"};

    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        if (strlen(names[i]) == name.length && memcmp(names[i], name.text, name.length) == 0)
            return true;
    }
    return name.length == 0;
}

/*
 * A forward reference stands for the definition of the same name. Its names are copied first, as the search reads other
 * records into the buffer that may hold them. Compilers cut names at 4095 bytes.
 */
static enum sic_status find_definition(struct sic_pdb *pdb, const struct sic_pdb_compound *reference,
                                       struct sic_error *error, struct sic_pdb_found *found)
{
    char text[2][4096];
    struct sic_pdb_name name = reference->name;
    struct sic_pdb_name unique_name = reference->unique_name;

    if (is_no_name(name) || name.length > sizeof(text[0]) || unique_name.length > sizeof(text[1])) {
        *found = (struct sic_pdb_found){0};
        return SIC_OK;
    }
    memcpy(text[0], name.text, name.length);
    memcpy(text[1], unique_name.text, unique_name.length);
    name.text = text[0];
    unique_name.text = text[1];
    return sic_pdb_names_find(pdb, name, unique_name, reference->kind == SIC_PDB_KIND_ENUM, error, found);
}

/* Sets *follow to the type of an enumeration's values, and leaves it alone otherwise. */
static enum sic_status describe_compound(struct sic_pdb *pdb, const struct sic_pdb_record *record,
                                         struct sic_error *error, struct sic_pdb_type *type, uint32_t *follow)
{
    struct sic_pdb_found found = {.type_index = record->type_index};
    struct sic_pdb_compound compound;
    enum sic_status status = sic_pdb_compound_read(record, error, &compound);

    if (status != SIC_OK)
        return status;
    found.compound = compound;
    if (compound.forward)
        status = find_definition(pdb, &compound, error, &found);
    if (status != SIC_OK)
        return status;
    type->kind = compound.kind;
    type->size = found.compound.size;
    type->ambiguous = found.ambiguous;
    if (type->kind == SIC_PDB_KIND_ENUM)
        *follow = found.compound.underlying;
    else
        type->definition = found.type_index;
    return SIC_OK;
}

static uint32_t describe_bit_field(struct sic_pdb_cursor *cursor, struct sic_pdb_type *type)
{
    uint32_t underlying = sic_pdb_cursor_u32(cursor);

    type->bit_count = sic_pdb_cursor_u8(cursor);
    type->bit_position = sic_pdb_cursor_u8(cursor);
    return underlying;
}

/* Describes what one record says. *follow is the type that it wraps, 0 when it wraps none. */
static enum sic_status describe_record(struct sic_pdb *pdb, const struct sic_pdb_record *record,
                                       struct sic_error *error, struct sic_pdb_type *type, uint32_t *follow)
{
    struct sic_pdb_cursor cursor = record_cursor(record);

    if (sic_pdb_is_compound(record->kind))
        return describe_compound(pdb, record, error, type, follow);
    if (record->kind == CV_LF_MODIFIER || record->kind == CV_LF_ALIAS)
        *follow = sic_pdb_cursor_u32(&cursor);
    else if (record->kind == CV_LF_BITFIELD)
        *follow = describe_bit_field(&cursor, type);
    else if (record->kind == CV_LF_POINTER)
        describe_pointer(&cursor, type);
    else if (record->kind == CV_LF_ARRAY)
        describe_array(&cursor, type);
    if (cursor.fault != NULL)
        return sic_pdb_record_fault(record, cursor.fault, error);
    return SIC_OK;
}

/* Puts what a wrapped type says under what its wrapper said. */
static void merge(const struct sic_pdb_type *outer, struct sic_pdb_type *inner)
{
    if (outer->bit_count != 0) {
        inner->bit_count = outer->bit_count;
        inner->bit_position = outer->bit_position;
    }
    if (outer->kind == SIC_PDB_KIND_ENUM)
        inner->kind = SIC_PDB_KIND_ENUM;
    inner->ambiguous |= outer->ambiguous;
}

enum sic_status sic_pdb_type_describe(struct sic_pdb *pdb, uint32_t type_index, struct sic_error *error,
                                      struct sic_pdb_type *type)
{
    struct sic_pdb_type described = {0};

    for (int i = 0; i < WRAPPER_LIMIT; i++) {
        struct sic_pdb_type inner = {0};
        struct sic_pdb_record record;
        uint32_t follow = 0;
        enum sic_status status = SIC_OK;

        if (type_index < CV_FIRST_RECORD_TYPE)
            describe_basic(type_index, &inner);
        else
            status = sic_pdb_record_get(pdb, type_index, pdb->types.record_buffer, error, &record);
        if (status == SIC_OK && type_index >= CV_FIRST_RECORD_TYPE)
            status = describe_record(pdb, &record, error, &inner, &follow);
        if (status != SIC_OK)
            return status;
        merge(&described, &inner);
        described = inner;
        if (follow == 0) {
            *type = described;
            return SIC_OK;
        }
        type_index = follow;
    }
    return sic_error_set(error, SIC_BROKEN, "type 0x%x of the PDB wraps more than %d others", type_index,
                         WRAPPER_LIMIT);
}
