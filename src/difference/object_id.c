#include "difference/object_id.h"

#include "difference/rank.h"
#include "meaning/text.h"
#include "util/memory.h"

#include <stdlib.h>

/* Directories within directories. Windows has about six. */
#define DEPTH_LIMIT 64u
/* Stands for a parent: the root, and what a name outside of it is in. */
#define ROOT_ID    0u
#define OUTSIDE_ID 1u
#define FIRST_ID   2u

struct finder {
    const struct sic_scan *scans[2];
    const uint32_t *const *texts;
    uint32_t *ids[2];   /* by name */
    uint8_t *depths[2]; /* by name: how many steps below the root; 0: no path */
    uint64_t *fields;   /* of the names of one depth */
    uint32_t *ranks;
    struct sic_key *wanted; /* those names; value: side << 32 | name */
    uint32_t next_id;
};

static const struct sic_name *name_at(const struct sic_scan *scan, uint32_t index)
{
    return (const struct sic_name *)scan->names.elements + index;
}

/* Steps to the root, or 0: it does not lead there. */
static uint8_t find_depth(const struct sic_scan *scan, uint32_t name)
{
    uint8_t depth = 0;

    if (name_at(scan, name)->flags & SIC_NAME_OUTSIDE_ROOT)
        return sic_text_is_known(scan, name_at(scan, name)->name);
    for (uint32_t i = name; i != 0; i = name_at(scan, i)->parent) {
        if (i >= scan->names.count || depth == DEPTH_LIMIT || !sic_text_is_known(scan, name_at(scan, i)->name))
            return 0;
        depth++;
    }
    return depth;
}

static uint32_t parent_id(const struct finder *finder, unsigned side, uint32_t name)
{
    const struct sic_name *record = name_at(finder->scans[side], name);

    if (record->flags & SIC_NAME_OUTSIDE_ROOT)
        return OUTSIDE_ID;
    return record->parent == 0 ? ROOT_ID : finder->ids[side][record->parent];
}

/* Numbers the names that lie `depth` below the root; their directories have numbers. */
static bool number_level(struct finder *finder, uint8_t depth)
{
    uint32_t count = 0, distinct;

    for (unsigned side = 0; side < 2; side++) {
        for (uint32_t i = 0; i < finder->scans[side]->names.count; i++) {
            if (finder->depths[side][i] != depth)
                continue;
            finder->fields[2 * (size_t)count] = parent_id(finder, side, i);
            finder->fields[2 * (size_t)count + 1] = finder->texts[side][i];
            finder->wanted[count++].value = sic_pairing_value(side, i);
        }
    }
    if (!sic_rank_records(finder->fields, 2, count, finder->ranks, &distinct))
        return false;
    for (uint32_t i = 0; i < count; i++)
        finder->ids[finder->wanted[i].value >> 32][(uint32_t)finder->wanted[i].value] =
            finder->next_id + finder->ranks[i];
    finder->next_id += distinct;
    return true;
}

static bool number_all(struct finder *finder)
{
    size_t total = (size_t)finder->scans[0]->names.count + finder->scans[1]->names.count + 1;
    uint8_t deepest = 0;
    bool done = total < UINT32_MAX / 2;

    for (unsigned side = 0; side < 2; side++) {
        uint32_t count = finder->scans[side]->names.count;

        finder->ids[side] = calloc((size_t)count + 1, sizeof(uint32_t));
        finder->depths[side] = calloc((size_t)count + 1, 1);
        for (uint32_t i = 0; finder->depths[side] && i < count; i++) {
            finder->depths[side][i] = find_depth(finder->scans[side], i);
            deepest = finder->depths[side][i] > deepest ? finder->depths[side][i] : deepest;
        }
        done = done && finder->ids[side] && finder->depths[side];
    }
    finder->fields = malloc(total * 2 * sizeof(*finder->fields));
    finder->ranks = malloc(total * sizeof(*finder->ranks));
    finder->wanted = malloc(total * sizeof(*finder->wanted));
    done = done && finder->fields && finder->ranks && finder->wanted;
    for (unsigned depth = 1; done && depth <= deepest; depth++)
        done = number_level(finder, (uint8_t)depth);
    return done;
}

/* The names of a side's sections, by section and number. */
static bool list_by_section(const struct finder *finder, unsigned number, struct sic_matching_side *side)
{
    const struct sic_object_names *names = &side->given->meaning->names;
    uint32_t sections = side->scan->sections.count, count = 0;
    struct sic_key *keys = malloc(((size_t)names->section_count + 1) * sizeof(*keys));

    side->name_start = calloc((size_t)sections + 1, sizeof(uint32_t));
    side->name_ids = malloc(((size_t)names->section_count + 1) * sizeof(uint32_t));
    if (!keys || !side->name_start || !side->name_ids) {
        free(keys);
        return false;
    }
    for (uint32_t i = 0; i < names->section_count; i++) {
        uint32_t name = (uint32_t)names->sections[i].value;

        if (finder->depths[number][name] > 0)
            keys[count++].key = names->sections[i].key << 32 | finder->ids[number][name];
    }
    if (!sic_sort_keys(sic_heap_allocator(), keys, count)) {
        free(keys);
        return false;
    }
    for (uint32_t i = 0; i < count; i++) {
        side->name_start[(keys[i].key >> 32) + 1]++;
        side->name_ids[i] = (uint32_t)keys[i].key;
    }
    for (uint32_t i = 0; i < sections; i++)
        side->name_start[i + 1] += side->name_start[i];
    free(keys);
    return true;
}

bool sic_object_ids_find(struct sic_matching *matching, const uint32_t *const texts[2])
{
    struct finder finder = {.texts = texts, .next_id = FIRST_ID};
    bool done;

    for (unsigned side = 0; side < 2; side++)
        finder.scans[side] = matching->sides[side].scan;
    done = number_all(&finder);
    for (unsigned side = 0; done && side < 2; side++)
        done = list_by_section(&finder, side, &matching->sides[side]);
    for (unsigned side = 0; side < 2; side++) {
        free(finder.ids[side]);
        free(finder.depths[side]);
    }
    free(finder.fields);
    free(finder.ranks);
    free(finder.wanted);
    return done;
}
