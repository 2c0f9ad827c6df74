#include "core/object.h"

#include "core/bucket.h"

/* OBJECT_HEADER.InfoMask: which parts precede the header, nearest first (ObpInfoMaskToOffset). */
#define INFO_CREATOR      0x1u
#define INFO_NAME         0x2u
#define CREATOR_INFO_SIZE 0x20u

/* Directories that are climbed from a type: its own, and the root. Some more for what nobody knows yet. */
#define CLIMB_LIMIT 8u
/* Headers of processes that are weighed. */
#define WITNESS_LIMIT 16u
/* Types of one kernel: some seventy; their index has one byte. */
#define TYPE_LIMIT 256u
/* Longest name that is compared, in UTF-16 units. */
#define NAME_LIMIT 16u

bool sic_objects_can_be_read(const struct sic_layout *layout)
{
    static const enum sic_field fields[] = {
        SIC_FIELD_OBJECT_HEADER_BODY,
        SIC_FIELD_OBJECT_HEADER_TYPE_INDEX,
        SIC_FIELD_OBJECT_HEADER_INFO_MASK,
        SIC_FIELD_NAME_INFO_SIZE,
        SIC_FIELD_NAME_INFO_DIRECTORY,
        SIC_FIELD_NAME_INFO_NAME,
        SIC_FIELD_OBJECT_TYPE_NAME,
        SIC_FIELD_OBJECT_TYPE_INDEX,
        SIC_FIELD_OBJECT_DIRECTORY_HASH_BUCKETS,
        SIC_FIELD_OBJECT_DIRECTORY_ENTRY_CHAIN_LINK,
        SIC_FIELD_OBJECT_DIRECTORY_ENTRY_OBJECT,
    };

    for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++) {
        if (!sic_layout_has(layout, fields[i]))
            return false;
    }
    return true;
}

static uint64_t header_of(const struct sic_layout *layout, uint64_t object_va)
{
    return object_va - sic_layout_offset(layout, SIC_FIELD_OBJECT_HEADER_BODY);
}

static bool read_byte(const struct sic_reader *reader, uint64_t va, uint8_t *value)
{
    uint8_t scratch;
    const uint8_t *byte = sic_reader_bytes(reader, va, &scratch, 1);

    if (byte)
        *value = *byte;
    return byte != NULL;
}

static bool read_info_mask(const struct sic_reader *reader, const struct sic_layout *layout, uint64_t object_va,
                           uint8_t *mask)
{
    uint64_t va = header_of(layout, object_va) + sic_layout_offset(layout, SIC_FIELD_OBJECT_HEADER_INFO_MASK);

    return sic_is_kernel_pointer(object_va, 8) && read_byte(reader, va, mask);
}

bool sic_object_is_named(const struct sic_reader *reader, const struct sic_layout *layout, uint64_t object_va,
                         bool *is_named)
{
    uint8_t mask;

    if (!read_info_mask(reader, layout, object_va, &mask))
        return false;
    *is_named = mask & INFO_NAME;
    return true;
}

bool sic_object_name_info(const struct sic_reader *reader, const struct sic_layout *layout, uint64_t object_va,
                          uint64_t *directory_va, uint64_t *name_va)
{
    uint64_t header_va = header_of(layout, object_va), info_va;
    uint8_t mask;

    if (!read_info_mask(reader, layout, object_va, &mask) || !(mask & INFO_NAME))
        return false;
    info_va =
        header_va - sic_layout_offset(layout, SIC_FIELD_NAME_INFO_SIZE) - (mask & INFO_CREATOR ? CREATOR_INFO_SIZE : 0);
    *name_va = info_va + sic_layout_offset(layout, SIC_FIELD_NAME_INFO_NAME);
    return sic_reader_u64(reader, info_va + sic_layout_offset(layout, SIC_FIELD_NAME_INFO_DIRECTORY), directory_va);
}

/* Whether the UNICODE_STRING at `va` says `text` (ASCII, fewer than NAME_LIMIT characters). */
static bool is_name(const struct sic_reader *reader, uint64_t va, const char *text)
{
    uint8_t header[16], units[2 * NAME_LIMIT];
    size_t length = 0;

    while (text[length] != '\0')
        length++;
    if (!reader->read(reader->context, va, header, sizeof(header)) || sic_load16(header) != 2 * length ||
        !sic_is_kernel_pointer(sic_load64(header + 8), 2) ||
        !reader->read(reader->context, sic_load64(header + 8), units, 2 * length))
        return false;
    for (size_t i = 0; i < length; i++) {
        if (sic_load16(units + 2 * i) != (uint8_t)text[i])
            return false;
    }
    return true;
}

/* The root is named "\" and stands in no directory. */
static bool is_root(const struct sic_reader *reader, const struct sic_layout *layout, uint64_t object_va)
{
    uint64_t directory_va, name_va;

    return sic_object_name_info(reader, layout, object_va, &directory_va, &name_va) && directory_va == 0 &&
           is_name(reader, name_va, "\\");
}

/* From an object up to the root; 0 when the way is lost. */
static uint64_t climb_to_root(const struct sic_reader *reader, const struct sic_layout *layout, uint64_t object_va)
{
    for (unsigned i = 0; i < CLIMB_LIMIT; i++) {
        uint64_t name_va;

        if (is_root(reader, layout, object_va))
            return object_va;
        if (!sic_object_name_info(reader, layout, object_va, &object_va, &name_va))
            return 0;
    }
    return 0;
}

/* An object of a directory, by its name; 0: none. */
static uint64_t find_object(const struct sic_reader *reader, const struct sic_layout *layout, uint64_t directory_va,
                            const char *name)
{
    uint32_t entries_left = SIC_SEARCH_LIMIT;
    struct sic_buckets buckets;
    uint64_t object_va, own_directory_va, name_va;

    if (!sic_buckets_begin(&buckets, reader, layout, directory_va, &entries_left))
        return 0;
    while (sic_buckets_next(&buckets, &object_va)) {
        if (sic_object_name_info(reader, layout, object_va, &own_directory_va, &name_va) &&
            own_directory_va == directory_va && is_name(reader, name_va, name))
            return object_va;
    }
    return 0;
}

static void find_roots(struct sic_objects *objects, const struct sic_reader *reader,
                       const struct sic_object_roots *roots)
{
    const struct sic_layout *layout = objects->layout;
    uint64_t directory_va, name_va, given_va = roots->root_directory_va;

    if (sic_object_name_info(reader, layout, roots->process_type_va, &directory_va, &name_va) &&
        sic_is_kernel_pointer(directory_va, 8)) {
        objects->root_va = climb_to_root(reader, layout, directory_va);
        objects->type_root_va = directory_va;
    }
    if (!sic_is_kernel_pointer(given_va, 8) || !is_root(reader, layout, given_va))
        given_va = 0;
    objects->is_contradicted = objects->root_va != 0 && given_va != 0 && objects->root_va != given_va;
    if (objects->root_va == 0)
        objects->root_va = given_va;
    if (objects->type_root_va == 0 && objects->root_va != 0)
        objects->type_root_va = find_object(reader, layout, objects->root_va, "ObjectTypes");
}

/* What headers say under either assumption: indexes stand there plainly, or are hidden by a cookie. */
struct evidence {
    uint32_t total;
    uint32_t plain;
    uint16_t cookies[256];
};

static void weigh(struct evidence *evidence, const struct sic_objects *objects, const struct sic_reader *reader,
                  uint64_t object_va, uint8_t expected)
{
    uint64_t header_va = header_of(objects->layout, object_va);
    uint8_t index;

    if (!sic_is_kernel_pointer(object_va, 8) ||
        !read_byte(reader, header_va + sic_layout_offset(objects->layout, SIC_FIELD_OBJECT_HEADER_TYPE_INDEX), &index))
        return;
    evidence->total++;
    evidence->plain += index == expected;
    evidence->cookies[index ^ (uint8_t)(header_va >> 8) ^ expected]++;
}

/*
 * Both may hold for a few headers by chance; what holds for most is true. Windows 10 and later: TypeIndex is the type's
 * index ^ byte 1 of the header's address ^ ObHeaderCookie.
 */
static void decide_cookie(struct sic_objects *objects, const struct evidence *evidence)
{
    unsigned best = 0;

    for (unsigned i = 1; i < 256; i++)
        best = evidence->cookies[i] > evidence->cookies[best] ? i : best;
    objects->has_cookie = evidence->cookies[best] > evidence->plain;
    objects->cookie = objects->has_cookie ? (uint8_t)best : 0;
    objects->are_types_known = 2 * (objects->has_cookie ? evidence->cookies[best] : evidence->plain) > evidence->total;
}

/* The types, by the names that their own structures carry. */
struct types {
    uint16_t type; /* index of the type of types */
    uint16_t process;
    uint32_t count;
    uint64_t objects_va[TYPE_LIMIT];
};

static void add_type(struct types *types, struct sic_objects *objects, const struct sic_reader *reader,
                     uint64_t object_va)
{
    static const char *const names[SIC_OBJECT_TYPE_COUNT] = {
        [SIC_OBJECT_DIRECTORY] = "Directory", [SIC_OBJECT_SYMBOLIC_LINK] = "SymbolicLink",
        [SIC_OBJECT_SECTION] = "Section",     [SIC_OBJECT_DEVICE] = "Device",
        [SIC_OBJECT_TOKEN] = "Token",
    };
    uint64_t name_va = object_va + sic_layout_offset(objects->layout, SIC_FIELD_OBJECT_TYPE_NAME);
    uint8_t index;

    if (!read_byte(reader, object_va + sic_layout_offset(objects->layout, SIC_FIELD_OBJECT_TYPE_INDEX), &index))
        return;
    types->objects_va[types->count++] = object_va;
    if (is_name(reader, name_va, "Type"))
        types->type = index;
    else if (is_name(reader, name_va, "Process"))
        types->process = index;
    for (unsigned i = 0; i < SIC_OBJECT_TYPE_COUNT; i++) {
        if (is_name(reader, name_va, names[i]))
            objects->indexes[i] = index;
    }
}

static void read_types(struct types *types, struct sic_objects *objects, const struct sic_reader *reader)
{
    uint32_t entries_left = SIC_SEARCH_LIMIT;
    struct sic_buckets buckets;
    uint64_t object_va, directory_va, name_va;

    types->type = types->process = SIC_OBJECT_TYPE_UNKNOWN;
    types->count = 0;
    if (!sic_buckets_begin(&buckets, reader, objects->layout, objects->type_root_va, &entries_left))
        return;
    while (types->count < TYPE_LIMIT && sic_buckets_next(&buckets, &object_va)) {
        if (sic_object_name_info(reader, objects->layout, object_va, &directory_va, &name_va) &&
            directory_va == objects->type_root_va)
            add_type(types, objects, reader, object_va);
    }
}

static void weigh_all(struct evidence *evidence, const struct types *types, const struct sic_objects *objects,
                      const struct sic_scan *scan, const struct sic_reader *reader)
{
    for (uint32_t i = 0; types->process != SIC_OBJECT_TYPE_UNKNOWN && i < scan->processes.count && i < WITNESS_LIMIT;
         i++)
        weigh(evidence, objects, reader, sic_scan_process(scan, i)->eprocess_va, (uint8_t)types->process);
    for (uint32_t i = 0; types->type != SIC_OBJECT_TYPE_UNKNOWN && i < types->count; i++)
        weigh(evidence, objects, reader, types->objects_va[i], (uint8_t)types->type);
}

/* In memory of its own: kernel stacks are small. */
struct search {
    struct types types;
    struct evidence evidence;
};

bool sic_objects_find(struct sic_objects *objects, const struct sic_scan *scan, const struct sic_reader *reader,
                      const struct sic_layout *layout, const struct sic_object_roots *roots)
{
    const struct sic_allocator *allocator = &scan->allocator;
    struct search *search;

    *objects = (struct sic_objects){.layout = layout};
    for (unsigned i = 0; i < SIC_OBJECT_TYPE_COUNT; i++)
        objects->indexes[i] = SIC_OBJECT_TYPE_UNKNOWN;
    if (!sic_objects_can_be_read(layout))
        return true;
    find_roots(objects, reader, roots);
    if (objects->type_root_va == 0)
        return true;
    search = allocator->resize(allocator->context, NULL, 0, sizeof(*search));
    if (!search)
        return false;
    __builtin_memset(search, 0, sizeof(*search));
    read_types(&search->types, objects, reader);
    weigh_all(&search->evidence, &search->types, objects, scan, reader);
    decide_cookie(objects, &search->evidence);
    allocator->resize(allocator->context, search, sizeof(*search), 0);
    return true;
}

bool sic_object_type_index(const struct sic_objects *objects, const struct sic_reader *reader, uint64_t object_va,
                           uint16_t *index)
{
    uint64_t header_va = header_of(objects->layout, object_va);
    uint8_t value;

    if (!read_byte(reader, header_va + sic_layout_offset(objects->layout, SIC_FIELD_OBJECT_HEADER_TYPE_INDEX), &value))
        return false;
    *index = objects->has_cookie ? value ^ (uint8_t)(header_va >> 8) ^ objects->cookie : value;
    return true;
}

bool sic_object_is(const struct sic_objects *objects, const struct sic_reader *reader, uint64_t object_va,
                   enum sic_object_type type, bool *is_type)
{
    uint16_t index;

    if (!sic_object_type_index(objects, reader, object_va, &index))
        return false;
    *is_type = index == objects->indexes[type];
    return true;
}
