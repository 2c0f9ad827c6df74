/* The statements that harm a world. Each finds its structure by name and overwrites what it is told to. */
#include "damage.h"

#include "bytes.h"

#include <stdlib.h>
#include <string.h>

struct statement {
    struct lab_damage_state *state;
    const struct lab_damage *damage;
    uint64_t address; /* of the structure that was harmed */
};

#define NONE LAB_FIELD_COUNT

/* A member that can be overwritten. The first of its name that the layout has is meant. */
struct member {
    const char *name;
    enum lab_field_id field;
    enum lab_field_id high;   /* of a number in parts: the field of bits 32 to 39, where the layout has one; or NONE */
    enum lab_field_id higher; /* the field whose low four bits are bits 40 to 43; or NONE */
    unsigned size;            /* 0: that of page numbers, 8 bytes up to 7601 and 4 from 9200 on */
};

static const struct member node_members[] = {
    {"left", LAB_VAD_LEFT, NONE, NONE, 8},
    {"right", LAB_VAD_RIGHT, NONE, NONE, 8},
    {"parent", LAB_VAD_PARENT, NONE, NONE, 8},
    {"start", LAB_VAD_START, LAB_VAD_START_HIGH, LAB_VAD_START_HIGHER, 0},
    {"end", LAB_VAD_END, LAB_VAD_END_HIGH, LAB_VAD_END_HIGHER, 0},
    {"flags", LAB_VAD_FLAGS, NONE, NONE, 0},
    {"subsection", LAB_VAD_SUBSECTION, NONE, NONE, 8},
    {"subsection", LAB_VAD_AREA, NONE, NONE, 8}, /* before Vista a node leads to the control area */
    {"first", LAB_VAD_FIRST_PTE, NONE, NONE, 8},
    {"last", LAB_VAD_LAST_PTE, NONE, NONE, 8},
    {"owner", LAB_VAD_PROCESS, NONE, NONE, 8},
    {"ring", LAB_VAD_VIEW_LINKS, NONE, NONE, 8},
};

static const struct member subsection_members[] = {
    {"control-area", LAB_SUBSECTION_CONTROL_AREA, NONE, NONE, 8},
    {"base", LAB_SUBSECTION_BASE, NONE, NONE, 8},
    {"next", LAB_SUBSECTION_NEXT, NONE, NONE, 8},
};

static const struct member area_members[] = {
    {"segment", LAB_AREA_SEGMENT, NONE, NONE, 8},
    {"file", LAB_AREA_FILE, NONE, NONE, 8},
    {"ring", LAB_AREA_LIST, NONE, NONE, 8},
    {"ring", LAB_AREA_VIEW_LIST, NONE, NONE, 8}, /* in 7600 and 7601 */
};

#define COUNT(array) (sizeof(array) / sizeof *(array))

/* The member of this name, the layout's own where it has one. */
static const struct member *find_member(const struct lab_layout *layout, const struct member *members, size_t count,
                                        const char *name, size_t size)
{
    const struct member *found = NULL;
    for (size_t i = 0; i < count && !(found && lab_has(layout, found->field)); i++)
        if (strlen(members[i].name) == size && !strncmp(members[i].name, name, size))
            found = &members[i];
    return found;
}

static unsigned size_of(const struct lab_world *world, const struct member *member)
{
    return member->size ? member->size : lab_has_wide_vpns(&world->layout) ? 8 : 4;
}

/* Beyond 40 bits page numbers go with five levels only: with four, the field holds nothing but a pointer's low bits. */
static bool has_higher(const struct lab_world *world, const struct member *member)
{
    return member->higher != NONE && lab_paging_levels(&world->layout) == 5;
}

static uint8_t load_byte(const struct lab_world *world, uint64_t va)
{
    return (uint8_t)(lab_damage_load(world, va & ~7ull) >> va % 8 * 8);
}

static uint64_t load_member(const struct lab_world *world, uint64_t va, const struct member *member)
{
    const struct lab_layout *layout = &world->layout;
    uint64_t value = 0;
    for (unsigned i = 0; i < size_of(world, member); i++)
        value |= (uint64_t)load_byte(world, va + lab_offset(layout, member->field) + i) << i * 8;
    if (member->high != NONE && lab_has(layout, member->high))
        value |= (uint64_t)load_byte(world, va + lab_offset(layout, member->high)) << 32;
    if (has_higher(world, member))
        value |= (uint64_t)(load_byte(world, va + lab_offset(layout, member->higher)) & 0xf) << 40;
    return value;
}

static void store_member(const struct lab_world *world, uint64_t va, const struct member *member, uint64_t value)
{
    const struct lab_layout *layout = &world->layout;
    lab_damage_store(world, va + lab_offset(layout, member->field), value, size_of(world, member));
    if (member->high != NONE && lab_has(layout, member->high))
        lab_damage_store(world, va + lab_offset(layout, member->high), value >> 32, 1);
    if (has_higher(world, member)) {
        uint64_t at = va + lab_offset(layout, member->higher);
        lab_damage_store(world, at, (load_byte(world, at) & 0xf0) | (value >> 40 & 0xf), 1);
    }
}

/* `of/PID/INDEX`: what the same member of that node holds. */
static uint64_t of_node(const struct statement *statement, const char *what, const struct member *member)
{
    char place[80];
    if (!member || snprintf(place, sizeof place, "node/%s", what + 3) >= (int)sizeof place)
        LAB_DAMAGE_REJECT(statement->damage, "%s: no node's member", what);
    return load_member(statement->state->world, lab_damage_place(statement->state->world, statement->damage, place),
                       member);
}

/* A value: 0xNUMBER, a structure's address, or a pointer gone wild in one of four ways. */
static uint64_t value_of(const struct statement *statement, const char *what, uint64_t old, const struct member *member)
{
    bool is_deep = lab_paging_levels(&statement->state->world->layout) == 5;
    const struct {
        const char *name;
        uint64_t flip, otherwise;
    } wild[] = {{"non-canonical", 1ull << (is_deep ? 60 : 52), is_deep ? 0xf7ff800000001000ull : 0xfff7800000001000ull},
                {"unaligned", 4, 0xffffdead00001004ull},
                {"user", UINT64_MAX, 0x00007ffe12345670ull},
                {"unmapped", UINT64_MAX, 0xffffdead00001000ull}};
    if (!strncmp(what, "0x", 2))
        return strtoull(what, NULL, 16);
    if (!strcmp(what, "self"))
        return statement->address;
    if (!strncmp(what, "of/", 3))
        return of_node(statement, what, member);
    for (size_t i = 0; i < COUNT(wild); i++)
        if (!strcmp(wild[i].name, what))
            return old && wild[i].flip != UINT64_MAX ? old ^ wild[i].flip : wild[i].otherwise;
    return lab_damage_place(statement->state->world, statement->damage, what);
}

static const char *word(const struct statement *statement, size_t index)
{
    if (index >= statement->damage->count)
        LAB_DAMAGE_REJECT(statement->damage, "damage %s lacks a word", statement->damage->words[0]);
    return statement->damage->words[index];
}

/* One MEMBER=WHAT; the member that it was. */
static const struct member *overwrite(const struct statement *statement, const struct member *members, size_t count,
                                      uint64_t va, const char *text)
{
    const char *equals = strchr(text, '=');
    const struct lab_world *world = statement->state->world;
    const struct member *member =
        equals ? find_member(&world->layout, members, count, text, (size_t)(equals - text)) : NULL;
    if (!member || !lab_has(&world->layout, member->field))
        LAB_DAMAGE_REJECT(statement->damage, "nothing known as %s here", text);
    store_member(world, va, member, value_of(statement, equals + 1, load_member(world, va, member), member));
    return member;
}

/* node PID INDEX MEMBER=WHAT… Links to children leave the node itself as it is. */
static void harm_node(struct statement *statement)
{
    struct lab_world *world = statement->state->world;
    uint32_t node = lab_damage_node(world, statement->damage, word(statement, 1), word(statement, 2));
    statement->address = world->scenario->nodes[node].va;
    for (size_t i = 3; i < statement->damage->count; i++) {
        const struct member *member =
            overwrite(statement, node_members, COUNT(node_members), statement->address, word(statement, i));
        if (member->field != LAB_VAD_LEFT && member->field != LAB_VAD_RIGHT && member->field != LAB_VAD_VIEW_LINKS)
            statement->state->harmed[node] = 1;
    }
}

/* root PID WHAT */
static void harm_root(struct statement *statement)
{
    struct lab_world *world = statement->state->world;
    uint32_t process = lab_damage_process(world, statement->damage, word(statement, 1));
    uint64_t root = lab_damage_root(world, process);
    statement->address = world->scenario->processes[process].eprocess;
    lab_damage_store(world, root, value_of(statement, word(statement, 2), lab_damage_load(world, root), NULL), 8);
}

static uint64_t list_entry(const struct statement *statement, uint64_t eprocess)
{
    return eprocess + lab_offset(&statement->state->world->layout, LAB_EPROCESS_LINKS);
}

/* list PID unlink | list PID next=WHAT previous=WHAT, where a process stands for its entry */
static void harm_list(struct statement *statement)
{
    struct lab_world *world = statement->state->world;
    uint32_t process = lab_damage_process(world, statement->damage, word(statement, 1));
    statement->address = world->scenario->processes[process].eprocess;
    uint64_t entry = list_entry(statement, statement->address);
    uint64_t next = lab_damage_load(world, entry), previous = lab_damage_load(world, entry + 8);
    if (!strcmp(word(statement, 2), "unlink")) {
        lab_damage_store(world, previous, next, 8);
        lab_damage_store(world, next + 8, previous, 8);
        return;
    }
    for (size_t i = 2; i < statement->damage->count; i++) {
        bool forward = !strncmp(word(statement, i), "next=", 5);
        if (!forward && strncmp(word(statement, i), "previous=", 9))
            LAB_DAMAGE_REJECT(statement->damage, "nothing known as %s here", word(statement, i));
        const char *what = strchr(word(statement, i), '=') + 1;
        uint64_t value = value_of(statement, what, forward ? next : previous, NULL);
        value = strncmp(what, "process/", 8) ? value : list_entry(statement, value);
        lab_damage_store(world, forward ? entry : entry + 8, value, 8);
    }
}

void lab_damage_harm_section(struct lab_damage_state *state, const char *id)
{
    const struct lab_scenario *scenario = state->world->scenario;
    for (size_t i = 0; i < scenario->section_count; i++)
        if (!strcmp(scenario->sections[i].id, id))
            state->harmed_sections[i] = 1;
}

/* section ID MEMBER=WHAT… : of its control area, or of its first subsection */
static void harm_section(struct statement *statement)
{
    struct lab_world *world = statement->state->world;
    char place[80];
    for (size_t i = 2; i < statement->damage->count; i++) {
        const char *text = word(statement, i);
        bool area = find_member(&world->layout, area_members, COUNT(area_members), text, strcspn(text, "="));
        snprintf(place, sizeof place, "%s/%.50s", area ? "control-area" : "subsection", word(statement, 1));
        statement->address = lab_damage_place(world, statement->damage, place);
        overwrite(statement, area ? area_members : subsection_members,
                  area ? COUNT(area_members) : COUNT(subsection_members), statement->address, text);
    }
    lab_damage_harm_section(statement->state, word(statement, 1));
}

/* absent WHAT [level=N] */
static void take_page(struct statement *statement)
{
    const struct lab_damage *damage = statement->damage;
    const char *level = damage->count > 2 ? word(statement, 2) : "level=1";
    int highest = '0' + (int)lab_paging_levels(&statement->state->world->layout);
    if (strlen(level) != 7 || strncmp(level, "level=", 6) || level[6] < '1' || level[6] > highest)
        LAB_DAMAGE_REJECT(damage, "level= is from 1, the page's own entry, to %c", highest);
    statement->address = lab_damage_place(statement->state->world, damage, word(statement, 1));
    lab_damage_unmap(statement->state->world, statement->address, level[6] - '0');
}

/* Every pointer of `process`'s tree to `from`, made to lead to `to`. */
static void move_links(const struct lab_world *world, uint32_t process, uint64_t from, uint64_t to)
{
    static const enum lab_field_id links[] = {LAB_VAD_LEFT, LAB_VAD_RIGHT, LAB_VAD_PARENT};
    if (lab_damage_load(world, lab_damage_root(world, process)) == from)
        lab_damage_store(world, lab_damage_root(world, process), to, 8);
    for (size_t i = world->first_node[process]; i < world->first_node[process + 1]; i++) {
        for (size_t j = 0; j < COUNT(links); j++) {
            uint64_t at = world->scenario->nodes[world->order[i]].va + lab_offset(&world->layout, links[j]);
            uint64_t value = lab_damage_load(world, at);
            if ((value & ~7ull) == from)
                lab_damage_store(world, at, to | (value & 7), 8);
        }
    }
}

/* The entry of a ring of views is taken out, or comes to lie somewhere else. */
static void move_entry(const struct lab_world *world, uint64_t entry, uint64_t to)
{
    uint64_t next = lab_damage_load(world, entry), previous = lab_damage_load(world, entry + 8);
    if (!next || !previous)
        return;
    lab_damage_store(world, previous, to ? to : next, 8);
    lab_damage_store(world, next + 8, to ? to : previous, 8);
}

/*
 * recycle PID INDEX PID INDEX: the first node was freed, and its memory is now the second one, of another process. The
 * first process's tree still leads to it.
 */
static void recycle(struct statement *statement)
{
    struct lab_world *world = statement->state->world;
    uint32_t victim = lab_damage_node(world, statement->damage, word(statement, 1), word(statement, 2));
    uint32_t guest = lab_damage_node(world, statement->damage, word(statement, 3), word(statement, 4));
    struct lab_node *from = &world->scenario->nodes[guest], *to = &world->scenario->nodes[victim];
    uint32_t size = lab_offset(&world->layout, LAB_VAD_SIZE);
    bool is_listed = lab_has(&world->layout, LAB_VAD_VIEW_LINKS);
    uint32_t links = is_listed ? lab_offset(&world->layout, LAB_VAD_VIEW_LINKS) : 0;
    if (from->kind == LAB_NODE_PRIVATE || to->kind == LAB_NODE_PRIVATE || from->process == to->process)
        LAB_DAMAGE_REJECT(statement->damage, "two whole nodes of two processes, please");
    statement->address = to->va;
    if (is_listed && to->kind == LAB_NODE_VIEW)
        move_entry(world, to->va + links, 0);
    if (is_listed && from->kind == LAB_NODE_VIEW)
        move_entry(world, from->va + links, to->va + links);
    for (uint32_t i = 0; i < size; i += 8) {
        lab_damage_store(world, to->va + i, lab_damage_load(world, from->va + i), 8);
        lab_damage_store(world, from->va + i, 0, 8);
    }
    move_links(world, from->process, from->va, to->va);
    from->va = to->va;
    statement->state->harmed[victim] = 1;
}

/* claim ID ID: the second section's first subsection, and its views, claim the first one's array. */
static void claim(struct statement *statement)
{
    static const enum lab_field_id fields[] = {LAB_VAD_FIRST_PTE, LAB_VAD_LAST_PTE};
    struct lab_world *world = statement->state->world;
    char place[80];
    snprintf(place, sizeof place, "array/%.50s", word(statement, 1));
    uint64_t array = lab_damage_place(world, statement->damage, place);
    snprintf(place, sizeof place, "array/%.50s", word(statement, 2));
    uint64_t old = lab_damage_place(world, statement->damage, place);
    snprintf(place, sizeof place, "subsection/%.50s", word(statement, 2));
    statement->address = lab_damage_place(world, statement->damage, place);
    store_member(world, statement->address, &subsection_members[1], array);
    for (size_t i = 0; i < world->scenario->node_count; i++) {
        const struct lab_node *node = &world->scenario->nodes[i];
        if (node->kind != LAB_NODE_VIEW || strcmp(world->scenario->sections[node->section].id, word(statement, 2)))
            continue;
        for (size_t j = 0; j < COUNT(fields); j++) {
            uint64_t value = lab_damage_load(world, node->va + lab_offset(&world->layout, fields[j]));
            if (value < 0xfffffffffffff000ull) /* the sentinel of images stays */
                lab_damage_store(world, node->va + lab_offset(&world->layout, fields[j]), value - old + array, 8);
        }
        statement->state->harmed[i] = 1;
    }
    lab_damage_harm_section(statement->state, word(statement, 1));
    lab_damage_harm_section(statement->state, word(statement, 2));
}

void lab_damage_apply(struct lab_damage_state *state, struct lab_world *world)
{
    static const struct {
        const char *name;
        void (*harm)(struct statement *);
    } statements[] = {{"node", harm_node},   {"root", harm_root},  {"list", harm_list}, {"section", harm_section},
                      {"absent", take_page}, {"recycle", recycle}, {"claim", claim}};
    const struct lab_scenario *scenario = world->scenario;
    *state = (struct lab_damage_state){.world = world,
                                       .harmed = lab_allocate(scenario->node_count + 1, 1),
                                       .harmed_sections = lab_allocate(scenario->section_count + 1, 1),
                                       .addresses = lab_allocate(scenario->damage_count + 1, 8)};
    for (size_t i = 0; i < scenario->damage_count; i++) {
        struct statement statement = {.state = state, .damage = &scenario->damage[i]};
        size_t kind = 0;
        while (kind < COUNT(statements) && strcmp(statements[kind].name, scenario->damage[i].words[0]))
            kind++;
        if (kind == COUNT(statements))
            LAB_DAMAGE_REJECT(statement.damage, "no such damage: %s", scenario->damage[i].words[0]);
        statements[kind].harm(&statement);
        state->addresses[i] = statement.address;
    }
    world->memory.cached_page = NULL;
}

void lab_damage_deinit(struct lab_damage_state *state)
{
    free(state->harmed);
    free(state->harmed_sections);
    free(state->addresses);
}
