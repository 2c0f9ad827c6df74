#include "core/directory.h"

#include "core/bucket.h"
#include "core/names.h"
#include "core/section_object.h"

struct walk {
    struct sic_scan *scan;
    const struct sic_reader *reader;
    const struct sic_objects *objects;
    struct sic_index visited; /* the names, by their objects */
    uint32_t entries_left;
    uint32_t strings_limit;
};

static struct sic_name *name_at(const struct walk *walk, uint32_t index)
{
    return (struct sic_name *)walk->scan->names.elements + index;
}

/* The directory's account is incomplete. */
static void mark_unread(const struct walk *walk, uint32_t directory)
{
    name_at(walk, directory)->flags |= SIC_NAME_UNREAD;
}

/* A string of the object, into *string; unknown where it cannot be read, or is one too many. */
static bool read_string(struct walk *walk, uint64_t va, struct sic_string *string)
{
    *string = (struct sic_string){.offset = SIC_NONE};
    return walk->scan->strings.count >= walk->strings_limit || sic_string_read(walk->scan, walk->reader, va, string);
}

/*
 * A link's target. Newer kernels have links that call a function instead: its address stands where the lengths of the
 * string would, with the upper half of a kernel address where a string has nothing.
 */
static bool read_target(struct walk *walk, uint64_t object_va, struct sic_string *target)
{
    const struct sic_layout *layout = walk->objects->layout;
    uint64_t va, first;

    *target = (struct sic_string){.offset = SIC_NONE};
    if (!sic_layout_has(layout, SIC_FIELD_SYMBOLIC_LINK_TARGET))
        return true;
    va = object_va + sic_layout_offset(layout, SIC_FIELD_SYMBOLIC_LINK_TARGET);
    if (!sic_reader_u64(walk->reader, va, &first) || sic_is_kernel_pointer(walk->reader, first, 1))
        return true;
    /* \GLOBAL??\GLOBALROOT leads to nothing in front of what follows it. */
    if ((uint16_t)first == 0) {
        *target = (struct sic_string){0};
        return true;
    }
    return read_string(walk, va, target);
}

static bool append_name(struct walk *walk, const struct sic_name *name)
{
    struct sic_scan *scan = walk->scan;
    struct sic_name *record = sic_array_append(&scan->allocator, &scan->names, sizeof(*record));

    if (!record)
        return false;
    *record = *name;
    return sic_index_add(&scan->allocator, &walk->visited, name->object_va, scan->names.count - 1);
}

/* An object of a kind that matters, which stands where it says. */
static bool add_object(struct walk *walk, uint32_t parent, uint64_t object_va, enum sic_name_kind kind,
                       uint64_t name_va)
{
    struct sic_name name = {.object_va = object_va,
                            .target.offset = SIC_NONE,
                            .parent = parent,
                            .section = SIC_NONE,
                            .kind = kind,
                            .security.offset = SIC_NONE};

    if (!read_string(walk, name_va, &name.name))
        return false;
    if (name.name.offset == SIC_NONE)
        mark_unread(walk, parent);
    if (kind == SIC_NAME_SYMBOLIC_LINK && !read_target(walk, object_va, &name.target))
        return false;
    if (kind == SIC_NAME_SECTION)
        name.section = sic_section_of_object(walk->scan, walk->reader, walk->objects->layout, object_va);
    return append_name(walk, &name);
}

static bool kind_of_type(const struct sic_objects *objects, uint16_t type, enum sic_name_kind *kind)
{
    static const enum sic_object_type types[SIC_NAME_KIND_COUNT] = {
        [SIC_NAME_DIRECTORY] = SIC_OBJECT_DIRECTORY,
        [SIC_NAME_SECTION] = SIC_OBJECT_SECTION,
        [SIC_NAME_SYMBOLIC_LINK] = SIC_OBJECT_SYMBOLIC_LINK,
    };

    for (unsigned i = 0; i < SIC_NAME_KIND_COUNT; i++) {
        if (type == objects->indexes[types[i]]) {
            *kind = i;
            return true;
        }
    }
    return false;
}

/* An object is in one directory, once, and says which: another account is torn, or a ring of directories. */
static bool look_at(struct walk *walk, uint32_t parent, uint64_t object_va)
{
    const struct sic_objects *objects = walk->objects;
    uint64_t directory_va, name_va;
    enum sic_name_kind kind;
    uint32_t known;
    uint16_t type;

    if (!sic_object_type_index(objects, walk->reader, object_va, &type)) {
        mark_unread(walk, parent);
        return true;
    }
    if (!kind_of_type(objects, type, &kind))
        return true;
    if (!sic_object_name_info(walk->reader, objects->layout, object_va, &directory_va, &name_va) ||
        directory_va != name_at(walk, parent)->object_va || walk->scan->names.count >= SIC_DIRECTORY_NAME_LIMIT ||
        sic_index_find(&walk->visited, &walk->scan->names, sizeof(struct sic_name), object_va, &known)) {
        mark_unread(walk, parent);
        return true;
    }
    return add_object(walk, parent, object_va, kind, name_va);
}

static bool is_too_deep(const struct walk *walk, uint32_t directory)
{
    unsigned depth = 0;

    for (uint32_t i = name_at(walk, directory)->parent; i != SIC_NONE; i = name_at(walk, i)->parent)
        depth++;
    return depth >= SIC_DIRECTORY_DEPTH_LIMIT;
}

static bool list_directory(struct walk *walk, uint32_t directory)
{
    struct sic_buckets buckets;
    uint64_t object_va;

    if (is_too_deep(walk, directory) || !sic_buckets_begin(&buckets, walk->reader, walk->objects->layout,
                                                           name_at(walk, directory)->object_va, &walk->entries_left)) {
        mark_unread(walk, directory);
        return true;
    }
    while (sic_buckets_next(&buckets, &object_va)) {
        if (!look_at(walk, directory, object_va))
            return false;
    }
    if (buckets.is_broken)
        mark_unread(walk, directory);
    return !sic_reader_is_cancelled(walk->reader);
}

static bool walk_all(struct walk *walk)
{
    struct sic_name root = {.object_va = walk->objects->root_va,
                            .target.offset = SIC_NONE,
                            .parent = SIC_NONE,
                            .section = SIC_NONE,
                            .kind = SIC_NAME_DIRECTORY,
                            .security.offset = SIC_NONE};
    uint32_t known;

    if (!append_name(walk, &root))
        return false;
    for (uint32_t i = 0; i < walk->scan->names.count; i++) {
        if (name_at(walk, i)->kind == SIC_NAME_DIRECTORY && !list_directory(walk, i))
            return false;
    }
    /* The way down must lead to where the way up came from. */
    if (walk->objects->is_contradicted ||
        !sic_index_find(&walk->visited, &walk->scan->names, sizeof(root), walk->objects->type_root_va, &known))
        mark_unread(walk, 0);
    return true;
}

/* Where a directory stands. */
enum place {
    PLACE_LISTED,  /* it is among the names */
    PLACE_BELOW,   /* a directory above it is */
    PLACE_OUTSIDE, /* the way up ends at one that stands nowhere and is not the root: that of a private namespace */
    PLACE_LOST,    /* the way up is not to be found */
};

/* One step of the way up; false at its end, which *place then names. */
static bool climb(const struct walk *walk, uint64_t *directory_va, enum place *place)
{
    const struct sic_objects *objects = walk->objects;
    bool is_directory, is_named;
    uint64_t name_va;

    *place = PLACE_LOST;
    if (!sic_is_kernel_pointer(walk->reader, *directory_va, 8) ||
        !sic_object_is(objects, walk->reader, *directory_va, SIC_OBJECT_DIRECTORY, &is_directory) || !is_directory ||
        !sic_object_is_named(walk->reader, objects->layout, *directory_va, &is_named))
        return false;
    if (is_named && !sic_object_name_info(walk->reader, objects->layout, *directory_va, directory_va, &name_va))
        return false;
    if (is_named && *directory_va != 0)
        return true;
    *place = PLACE_OUTSIDE;
    return false;
}

/* *known: the directory itself, or the one above it, that is among the names; else the root. */
static enum place find_place(const struct walk *walk, uint64_t directory_va, uint32_t *known)
{
    enum place place = PLACE_LOST;

    for (unsigned i = 0; i < SIC_DIRECTORY_DEPTH_LIMIT; i++) {
        if (sic_index_find(&walk->visited, &walk->scan->names, sizeof(struct sic_name), directory_va, known) &&
            name_at(walk, *known)->kind == SIC_NAME_DIRECTORY)
            return i == 0 ? PLACE_LISTED : PLACE_BELOW;
        if (!climb(walk, &directory_va, &place))
            break;
    }
    *known = 0;
    return place;
}

/* A section object that a handle leads to, and that no directory has. */
static bool look_at_handle(struct walk *walk, const struct sic_handle *handle)
{
    struct sic_name name = {.object_va = handle->object_va,
                            .target.offset = SIC_NONE,
                            .parent = SIC_NONE,
                            .section = handle->section,
                            .kind = SIC_NAME_SECTION,
                            .security.offset = SIC_NONE};
    uint64_t directory_va, name_va;
    uint32_t known = 0;
    enum place place;
    bool is_section, is_named;

    /* Live, it may be gone since its handle was read. */
    if (!sic_object_is(walk->objects, walk->reader, name.object_va, SIC_OBJECT_SECTION, &is_section) || !is_section)
        return true;
    if (sic_object_is_named(walk->reader, walk->objects->layout, name.object_va, &is_named) && !is_named)
        return true;
    if (!sic_object_name_info(walk->reader, walk->objects->layout, name.object_va, &directory_va, &name_va)) {
        mark_unread(walk, 0);
        return true;
    }
    /* It was taken out of its directory: nothing opens it by that name any more. */
    if (directory_va == 0)
        return true;
    place = find_place(walk, directory_va, &known);
    if (place != PLACE_OUTSIDE)
        mark_unread(walk, known);
    if (place == PLACE_BELOW || place == PLACE_LOST || walk->scan->names.count >= SIC_DIRECTORY_NAME_LIMIT ||
        (place == PLACE_LISTED && is_too_deep(walk, known)))
        return true;
    if (!read_string(walk, name_va, &name.name))
        return false;
    if (place == PLACE_LISTED)
        name.parent = known;
    else
        name.flags = SIC_NAME_OUTSIDE_ROOT;
    return append_name(walk, &name);
}

/* Each object once, however many handles lead to it; `seen`: the handles, by their objects. */
static bool look_at_handles(struct walk *walk, struct sic_index *seen)
{
    const struct sic_scan *scan = walk->scan;
    const struct sic_handle *handles = scan->handles.elements;

    for (uint32_t i = 0; i < scan->handles.count; i++) {
        uint32_t known;

        if (sic_reader_is_cancelled(walk->reader))
            return false;
        if (handles[i].section == SIC_NONE ||
            sic_index_find(&walk->visited, &scan->names, sizeof(struct sic_name), handles[i].object_va, &known) ||
            sic_index_find(seen, &scan->handles, sizeof(handles[i]), handles[i].object_va, &known))
            continue;
        if (!sic_index_add(&scan->allocator, seen, handles[i].object_va, i) || !look_at_handle(walk, &handles[i]))
            return false;
    }
    return true;
}

bool sic_directories_read(struct sic_scan *scan, const struct sic_reader *reader, const struct sic_objects *objects)
{
    struct walk walk = {.scan = scan,
                        .reader = reader,
                        .objects = objects,
                        .entries_left = SIC_DIRECTORY_ENTRY_LIMIT,
                        .strings_limit = scan->strings.count + SIC_DIRECTORY_STRING_LIMIT};
    struct sic_index seen = {0};
    bool walked;

    if (objects->root_va == 0 || !objects->are_types_known)
        return true;
    walked = walk_all(&walk) && look_at_handles(&walk, &seen);
    sic_index_free(&scan->allocator, &seen);
    sic_index_free(&scan->allocator, &walk.visited);
    return walked;
}
