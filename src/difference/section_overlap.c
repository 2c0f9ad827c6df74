#include "difference/section_overlap.h"

#include "difference/rank.h"
#include "util/memory.h"

#include <stdlib.h>

bool sic_section_groups_rank(const struct sic_pairing_entries *groups, uint32_t *const numbers[2],
                             struct sic_pairing_entries *entries)
{
    uint64_t *fields = malloc(((size_t)groups->count + 1) * 2 * sizeof(*fields));
    uint32_t *ranks = malloc(((size_t)groups->count + 1) * sizeof(*ranks));
    bool done = fields && ranks;

    *entries = (struct sic_pairing_entries){0};
    for (uint32_t i = 0; done && i < groups->count; i++) {
        uint64_t value = groups->entries[i].value;

        fields[2 * (size_t)i] = groups->entries[i].key;
        fields[2 * (size_t)i + 1] = numbers ? numbers[value >> 32][(uint32_t)value] : 0;
    }
    done = done && sic_rank_records(fields, 2, groups->count, ranks, NULL);
    for (uint32_t i = 0; done && i < groups->count; i++) {
        uint64_t value = groups->entries[i].value;

        done = sic_pairing_entries_add(entries, ranks[i], (unsigned)(value >> 32), (uint32_t)value);
    }
    free(fields);
    free(ranks);
    return done;
}

static uint32_t number_of(const struct sic_matching_side *side, uint32_t view, enum sic_overlap_of of)
{
    switch (of) {
    case SIC_OVERLAP_OF_VIEWS:
        return side->exact_keys[view];
    case SIC_OVERLAP_OF_PLACES:
        return side->place_keys[view];
    default:
        return side->classes[sic_scan_view(side->scan, view)->process];
    }
}

static bool is_free(const struct sic_matching *matching, const struct sic_key *entry)
{
    return matching->sections.partners[entry->value >> 32][(uint32_t)entry->value] == SIC_NONE;
}

/* What the free sections of the groups have, each thing of a section by itself. */
struct things {
    struct sic_key *things; /* key: entry of the groups << 32 | number */
    uint64_t *fields;       /* of each: group, number, which of the section's equal ones it is */
    uint32_t count;
};

static uint64_t count_views(const struct sic_matching *matching, const struct sic_pairing_entries *groups,
                            bool free_sides[2])
{
    uint64_t count = 0;

    for (uint32_t i = 0; i < groups->count; i++) {
        const struct sic_key *entry = &groups->entries[i];

        if (!is_free(matching, entry))
            continue;
        free_sides[entry->value >> 32] = true;
        count += sic_matching_view_count(&matching->sides[entry->value >> 32], (uint32_t)entry->value);
    }
    return count;
}

static void list_things(const struct sic_matching *matching, const struct sic_pairing_entries *groups,
                        enum sic_overlap_of of, struct things *things)
{
    for (uint32_t i = 0; i < groups->count; i++) {
        const struct sic_matching_side *side = &matching->sides[groups->entries[i].value >> 32];
        uint32_t section = (uint32_t)groups->entries[i].value;

        if (!is_free(matching, &groups->entries[i]))
            continue;
        for (uint32_t j = side->section_starts[section]; j < side->section_starts[section + 1]; j++)
            things->things[things->count++].key = (uint64_t)i << 32 | number_of(side, side->section_views[j], of);
    }
}

/* A process counts once, of equal views each. */
static void number_things(const struct sic_pairing_entries *groups, enum sic_overlap_of of, struct things *things)
{
    uint32_t count = 0, same = 0;

    for (uint32_t i = 0; i < things->count; i++) {
        uint64_t key = things->things[i].key;

        same = i > 0 && things->things[i - 1].value == key ? same + 1 : 0;
        /* `value` keeps what a key was before it moved. */
        things->things[i].value = key;
        if (same > 0 && of == SIC_OVERLAP_OF_PROCESSES)
            continue;
        things->fields[3 * (size_t)count] = groups->entries[key >> 32].key;
        things->fields[3 * (size_t)count + 1] = (uint32_t)key;
        things->fields[3 * (size_t)count + 2] = same;
        things->things[count++].key = key;
    }
    things->count = count;
}

static bool pair_by_things(struct sic_matching *matching, const struct sic_pairing_entries *groups,
                           const struct things *things)
{
    struct sic_pairing_entries entries = {0};
    uint32_t *ranks = malloc(((size_t)things->count + 1) * sizeof(*ranks));
    uint32_t *const section_ranks[2] = {matching->sides[SIC_OLD].ranks, matching->sides[SIC_NEW].ranks};
    bool done = ranks && sic_rank_records(things->fields, 3, things->count, ranks, NULL);

    for (uint32_t i = 0; done && i < things->count; i++) {
        uint64_t value = groups->entries[things->things[i].key >> 32].value;

        done = sic_pairing_entries_add(&entries, ranks[i], (unsigned)(value >> 32), (uint32_t)value);
    }
    free(ranks);
    done = done && sic_pairing_match_overlapping(&matching->sections, &entries, section_ranks);
    sic_pairing_entries_deinit(&entries);
    return done;
}

bool sic_sections_match_overlapping(struct sic_matching *matching, const struct sic_pairing_entries *groups,
                                    enum sic_overlap_of of)
{
    bool free_sides[2] = {false, false}, done;
    uint64_t count = count_views(matching, groups, free_sides);
    struct things things = {0};

    if (!free_sides[SIC_OLD] || !free_sides[SIC_NEW] || count == 0)
        return true;
    if (count >= UINT32_MAX)
        return false;
    things.things = malloc((count + 1) * sizeof(*things.things));
    things.fields = malloc((count + 1) * 3 * sizeof(*things.fields));
    done = things.things && things.fields;
    if (done)
        list_things(matching, groups, of, &things);
    done = done && sic_sort_keys(sic_heap_allocator(), things.things, things.count);
    if (done) {
        number_things(groups, of, &things);
        done = pair_by_things(matching, groups, &things);
    }
    free(things.things);
    free(things.fields);
    return done;
}
