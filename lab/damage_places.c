/* Structures of a built world by name, for statements that harm them. */
#include "damage.h"

#include "bytes.h"

#include <stdlib.h>
#include <string.h>

static uint64_t number(const struct lab_damage *damage, const char *text)
{
    char *end;
    uint64_t value = strtoull(text, &end, 10);
    if (*text < '0' || *text > '9' || *end)
        LAB_DAMAGE_REJECT(damage, "not a number: %s", text);
    return value;
}

uint32_t lab_damage_process(const struct lab_world *world, const struct lab_damage *damage, const char *pid)
{
    uint64_t value = number(damage, pid);
    for (size_t i = world->scenario->process_count; i > 0; i--)
        if (world->scenario->processes[i - 1].pid == value)
            return (uint32_t)i - 1;
    LAB_DAMAGE_REJECT(damage, "no process %s", pid);
}

uint32_t lab_damage_node(const struct lab_world *world, const struct lab_damage *damage, const char *pid,
                         const char *index)
{
    uint32_t process = lab_damage_process(world, damage, pid);
    uint64_t place = number(damage, index);
    if (place >= world->first_node[process + 1] - world->first_node[process])
        LAB_DAMAGE_REJECT(damage, "process %s has no node %s", pid, index);
    return world->order[world->first_node[process] + place];
}

uint64_t lab_damage_root(const struct lab_world *world, uint32_t process)
{
    const struct lab_layout *layout = &world->layout;
    uint64_t root = world->scenario->processes[process].eprocess + lab_offset(layout, LAB_EPROCESS_VAD_ROOT);
    /* Up to 9200 the tree hangs from the right link of its table's sentinel. */
    if (lab_has(layout, LAB_TREE_SENTINEL))
        root += lab_offset(layout, LAB_TREE_SENTINEL) + lab_offset(layout, LAB_VAD_RIGHT);
    return root;
}

/* "left/right" cut in two; fails where there is no second part. */
static const char *cut(const struct lab_damage *damage, const char *text, char *first, size_t size)
{
    const char *slash = strchr(text, '/');
    if (!slash || (size_t)(slash - text) >= size)
        LAB_DAMAGE_REJECT(damage, "%s does not say of what", text);
    memcpy(first, text, (size_t)(slash - text));
    first[slash - text] = 0;
    return slash + 1;
}

static const struct lab_section *find_section(const struct lab_world *world, const struct lab_damage *damage,
                                              const char *id)
{
    for (size_t i = 0; i < world->scenario->section_count; i++)
        if (!strcmp(world->scenario->sections[i].id, id))
            return &world->scenario->sections[i];
    LAB_DAMAGE_REJECT(damage, "no section %s", id);
}

static uint64_t place_of_section(const struct lab_world *world, const struct lab_damage *damage, const char *kind,
                                 const char *id)
{
    const struct lab_section *section = find_section(world, damage, id);
    const struct lab_layout *layout = &world->layout;
    if (!strcmp(kind, "control-area"))
        return section->control_area;
    if (!strcmp(kind, "segment"))
        return section->segment;
    if (!strcmp(kind, "subsection"))
        return section->subsections[0].va;
    if (!strcmp(kind, "last-subsection"))
        return section->subsections[section->subsection_count - 1].va;
    if (!strcmp(kind, "array") && section->subsections[0].prototype)
        return section->subsections[0].prototype;
    if (!strcmp(kind, "file") && section->file_object)
        return section->file_object;
    if (!strcmp(kind, "file-name") && section->file_object) /* UNICODE_STRING.Buffer@8 */
        return lab_damage_load(world, section->file_object + lab_offset(layout, LAB_FILE_NAME) + 8);
    LAB_DAMAGE_REJECT(damage, "section %s has no %s", id, kind);
}

static uint64_t place_of_process(const struct lab_world *world, const struct lab_damage *damage, const char *kind,
                                 const char *pid)
{
    const struct lab_layout *layout = &world->layout;
    uint64_t eprocess = world->scenario->processes[lab_damage_process(world, damage, pid)].eprocess;
    if (!strcmp(kind, "process"))
        return eprocess;
    if (!strcmp(kind, "token")) /* an EX_FAST_REF */
        return lab_damage_load(world, eprocess + lab_offset(layout, LAB_EPROCESS_TOKEN)) & ~0xfull;
    if (!strcmp(kind, "path"))
        return lab_damage_load(world, eprocess + lab_offset(layout, LAB_EPROCESS_AUDIT));
    uint64_t table = lab_damage_load(world, eprocess + lab_offset(layout, LAB_EPROCESS_OBJECT_TABLE));
    uint64_t leaf = lab_damage_load(world, table + lab_offset(layout, LAB_HANDLES_CODE)) & ~7ull;
    return strcmp(kind, "handles") ? 0 : leaf;
}

/* The first entry of a directory: what its buckets lead to. */
static uint64_t first_entry(const struct lab_world *world, uint64_t directory)
{
    for (unsigned i = 0; i < 37; i++) {
        uint64_t entry = lab_damage_load(world, directory + lab_offset(&world->layout, LAB_DIRECTORY_BUCKETS) + i * 8);
        if (entry)
            return entry;
    }
    return 0;
}

static uint64_t place_of_directory(const struct lab_world *world, const char *path)
{
    for (size_t i = 0; i < world->directories.count; i++)
        if (!strcasecmp(world->directories.items[i].path, path))
            return world->directories.items[i].object;
    return 0;
}

uint64_t lab_damage_place(const struct lab_world *world, const struct lab_damage *damage, const char *what)
{
    char kind[32], pid[32];
    const char *name = cut(damage, what, kind, sizeof kind);
    uint64_t place = 0;
    if (!strcmp(kind, "node")) {
        const char *index = cut(damage, name, pid, sizeof pid);
        place = world->scenario->nodes[lab_damage_node(world, damage, pid, index)].va;
    } else if (!strcmp(kind, "directory")) {
        place = place_of_directory(world, name);
    } else if (!strcmp(kind, "directory-entry")) {
        place = first_entry(world, place_of_directory(world, name));
    } else if (!strcmp(kind, "process") || !strcmp(kind, "token") || !strcmp(kind, "path") ||
               !strcmp(kind, "handles")) {
        place = place_of_process(world, damage, kind, name);
    } else {
        place = place_of_section(world, damage, kind, name);
    }
    if (!place)
        LAB_DAMAGE_REJECT(damage, "there is no %s", what);
    return place;
}
