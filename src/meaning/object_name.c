#include "meaning/object_name.h"

#include "meaning/keys.h"
#include "meaning/text.h"
#include "util/escape.h"
#include "util/fold.h"
#include "util/memory.h"

#include <stdlib.h>
#include <string.h>

/* Windows' own chains have two or three links; a cycle has no end. */
#define LINK_LIMIT 16u
/* Directories within directories. Windows has about six. */
#define DEPTH_LIMIT 64u
/* Names with one hash that are compared: keys are seeded, so more are chance or an attack on the time. */
#define CANDIDATE_LIMIT 16u
/* What a UNICODE_STRING can hold: a longer path opens nothing. In UTF-16 units. */
#define LENGTH_LIMIT 32767u

static const struct sic_name *name_at(const struct sic_object_names *names, uint32_t index)
{
    return (const struct sic_name *)names->scan->names.elements + index;
}

static uint64_t node_key(uint32_t directory, const uint16_t *units, uint32_t length)
{
    uint64_t hash = sic_heap_allocator()->hash_seed | 1;

    for (uint32_t i = 0; i < length; i++) {
        hash = (hash ^ sic_fold_character(units[i])) * 0x9e3779b97f4a7c15ull;
        hash ^= hash >> 29;
    }
    return (uint64_t)directory << 32 | hash >> 32;
}

static bool fill(struct sic_object_names *names)
{
    const struct sic_scan *scan = names->scan;

    for (uint32_t i = 0; i < scan->names.count; i++) {
        const struct sic_name *name = name_at(names, i);

        if (name->flags & SIC_NAME_UNREAD)
            names->complete = false;
        if (name->kind == SIC_NAME_SECTION && name->section < scan->sections.count)
            names->sections[names->section_count++] = (struct sic_key){.key = name->section, .value = i};
        if (name->kind != SIC_NAME_SECTION && name->parent != SIC_NONE && sic_text_is_known(scan, name->name))
            names->nodes[names->node_count++] = (struct sic_key){
                .key = node_key(name->parent, sic_text_units(scan, name->name), name->name.length), .value = i};
    }
    return sic_sort_keys(sic_heap_allocator(), names->nodes, names->node_count) &&
           sic_sort_keys(sic_heap_allocator(), names->sections, names->section_count);
}

bool sic_object_names_init(const struct sic_scan *scan, struct sic_object_names *names)
{
    size_t count = scan->names.count;

    *names = (struct sic_object_names){.scan = scan, .known = count > 0, .complete = count > 0};
    if (count == 0)
        return true;
    names->nodes = malloc(count * sizeof(*names->nodes));
    names->sections = malloc(count * sizeof(*names->sections));
    return names->nodes && names->sections && fill(names);
}

void sic_object_names_deinit(struct sic_object_names *names)
{
    free(names->nodes);
    free(names->sections);
    *names = (struct sic_object_names){0};
}

const struct sic_key *sic_object_names_find(const struct sic_object_names *names, uint32_t section, uint32_t *count)
{
    return sic_keys_equal(names->sections, names->section_count, section, count);
}

bool sic_object_name_is_outside(const struct sic_object_names *names, uint32_t name)
{
    return name_at(names, name)->flags & SIC_NAME_OUTSIDE_ROOT;
}

/* The name's ancestors and itself, the root first; their number, or 0 when they do not lead to the root. */
static unsigned find_ancestors(const struct sic_object_names *names, uint32_t name, uint32_t *ancestors)
{
    unsigned count = 0;

    for (uint32_t i = name; i != 0; i = name_at(names, i)->parent) {
        if (i >= names->scan->names.count || count == DEPTH_LIMIT ||
            !sic_text_is_known(names->scan, name_at(names, i)->name))
            return 0;
        ancestors[count++] = i;
    }
    for (unsigned i = 0; i < count / 2; i++) {
        uint32_t swapped = ancestors[i];

        ancestors[i] = ancestors[count - 1 - i];
        ancestors[count - 1 - i] = swapped;
    }
    return count;
}

char *sic_object_path(const struct sic_object_names *names, uint32_t name)
{
    uint32_t ancestors[DEPTH_LIMIT];
    unsigned count = find_ancestors(names, name, ancestors);
    size_t length = 0, used = 0;
    char *path;

    if (sic_object_name_is_outside(names, name))
        return sic_text_escape(names->scan, name_at(names, name)->name);
    for (unsigned i = 0; i < count; i++)
        length += 1 + name_at(names, ancestors[i])->name.length;
    path = count > 0 && length <= LENGTH_LIMIT ? malloc(length * SIC_ESCAPE_UNIT_SIZE + 1) : NULL;
    for (unsigned i = 0; path && i < count; i++) {
        struct sic_string part = name_at(names, ancestors[i])->name;

        path[used++] = '\\';
        used += sic_escape_utf16(sic_text_units(names->scan, part), part.length, path + used);
    }
    return path;
}

/* The directory or link of that name in a directory, or SIC_NONE. */
static uint32_t find_child(const struct sic_object_names *names, uint32_t directory, const uint16_t *units,
                           uint32_t length)
{
    uint64_t wanted = node_key(directory, units, length);
    uint32_t first = sic_keys_lower_bound(names->nodes, names->node_count, wanted);

    for (uint32_t i = first; i < names->node_count && i - first < CANDIDATE_LIMIT; i++) {
        const struct sic_name *name = name_at(names, (uint32_t)names->nodes[i].value);

        if (names->nodes[i].key != wanted)
            break;
        if (name->name.length == length && sic_text_is_same(sic_text_units(names->scan, name->name), units, length))
            return (uint32_t)names->nodes[i].value;
    }
    return SIC_NONE;
}

/* Puts the link's target in the place of the first `replaced` units. */
static bool replace_start(const struct sic_object_names *names, uint32_t link, uint32_t replaced,
                          struct sic_object_path *path)
{
    struct sic_string target = name_at(names, link)->target;
    uint32_t rest = path->length - replaced;

    /* \GLOBAL??\GLOBALROOT leads to nothing, which is the root. */
    if (!sic_text_is_known(names->scan, target) ||
        (target.length > 0 && sic_text_units(names->scan, target)[0] != '\\') ||
        target.length > SIC_OBJECT_PATH_LIMIT - rest)
        return false;
    memmove(path->units + target.length, path->units + replaced, rest * sizeof(uint16_t));
    if (target.length > 0)
        memcpy(path->units, sic_text_units(names->scan, target), target.length * sizeof(uint16_t));
    path->length = target.length + rest;
    return true;
}

/* Walks down to the first link; SIC_NONE: there is none. *end: behind it in the path. */
static uint32_t find_link(const struct sic_object_names *names, const struct sic_object_path *path, uint32_t *end)
{
    static const uint16_t global[] = {'G', 'L', 'O', 'B', 'A', 'L', '?', '?'};
    uint32_t node = 0, start;

    for (*end = 0; *end < path->length && path->units[*end] == '\\';) {
        start = *end + 1;
        *end = start;
        while (*end < path->length && path->units[*end] != '\\')
            ++*end;
        /* \?? is a process's own view of devices; what all share is in \GLOBAL??. */
        if (node == 0 && *end - start == 2 && path->units[start] == '?' && path->units[start + 1] == '?')
            node = find_child(names, node, global, 8);
        else
            node = find_child(names, node, path->units + start, *end - start);
        if (node == SIC_NONE || name_at(names, node)->kind == SIC_NAME_SYMBOLIC_LINK)
            return node;
    }
    return SIC_NONE;
}

bool sic_object_path_resolve(const struct sic_object_names *names, struct sic_object_path *path)
{
    for (unsigned i = 0; i < LINK_LIMIT; i++) {
        uint32_t end, link = find_link(names, path, &end);

        if (link == SIC_NONE)
            return true;
        if (!replace_start(names, link, end, path))
            return false;
    }
    return false;
}
