#include "difference/view_match.h"

#include "difference/certainty.h"
#include "difference/view_key.h"
#include "util/memory.h"

#include <stdlib.h>

static void pair(struct sic_matching *matching, uint32_t old_view, uint32_t new_view, enum sic_view_state state)
{
    matching->views.partners[SIC_OLD][old_view] = new_view;
    matching->views.partners[SIC_NEW][new_view] = old_view;
    matching->sides[SIC_OLD].view_states[old_view] = (uint8_t)state;
    matching->sides[SIC_NEW].view_states[new_view] = (uint8_t)state;
}

/* Both sections' views stand by exact key. */
static void pair_exact(struct sic_matching *matching, uint32_t old_section, uint32_t new_section)
{
    const struct sic_matching_side *left = &matching->sides[SIC_OLD], *right = &matching->sides[SIC_NEW];
    uint32_t i = left->section_starts[old_section], j = right->section_starts[new_section];

    while (i < left->section_starts[old_section + 1] && j < right->section_starts[new_section + 1]) {
        uint32_t old_key = left->exact_keys[left->section_views[i]];
        uint32_t new_key = right->exact_keys[right->section_views[j]];

        if (old_key == new_key)
            pair(matching, left->section_views[i], right->section_views[j], SIC_VIEW_PAIRED);
        i += old_key <= new_key;
        j += new_key <= old_key;
    }
}

/* Its views without a partner, by place. `keys` has room. */
static bool list_left(const struct sic_matching *matching, unsigned number, uint32_t section, struct sic_key *keys,
                      uint32_t *count)
{
    const struct sic_matching_side *side = &matching->sides[number];

    *count = 0;
    for (uint32_t i = side->section_starts[section]; i < side->section_starts[section + 1]; i++) {
        uint32_t view = side->section_views[i];

        if (matching->views.partners[number][view] == SIC_NONE)
            keys[(*count)++] = (struct sic_key){.key = side->place_keys[view], .value = view};
    }
    return sic_sort_keys(sic_heap_allocator(), keys, *count);
}

static bool pair_places(struct sic_matching *matching, uint32_t old_section, uint32_t new_section,
                        struct sic_key *keys[2])
{
    uint32_t counts[2], i = 0, j = 0;

    if (!list_left(matching, SIC_OLD, old_section, keys[SIC_OLD], &counts[SIC_OLD]) ||
        !list_left(matching, SIC_NEW, new_section, keys[SIC_NEW], &counts[SIC_NEW]))
        return false;
    while (i < counts[SIC_OLD] && j < counts[SIC_NEW]) {
        const struct sic_key *left = &keys[SIC_OLD][i], *right = &keys[SIC_NEW][j];

        if (left->key == right->key)
            pair(matching, (uint32_t)left->value, (uint32_t)right->value,
                 sic_view_keys_differ(matching, (uint32_t)left->value, (uint32_t)right->value) ? SIC_VIEW_CHANGED
                                                                                               : SIC_VIEW_PAIRED);
        i += left->key <= right->key;
        j += right->key <= left->key;
    }
    return true;
}

static bool pair_all(struct sic_matching *matching, struct sic_key *keys[2])
{
    for (uint32_t i = 0; i < matching->sections.counts[SIC_OLD]; i++) {
        uint32_t partner = matching->sections.partners[SIC_OLD][i];

        if (partner == SIC_NONE)
            continue;
        pair_exact(matching, i, partner);
        if (!pair_places(matching, i, partner, keys))
            return false;
    }
    return true;
}

/* Those of a side that the other one lacks. */
static bool judge_absent(struct sic_matching *matching, unsigned number)
{
    struct sic_matching_side *side = &matching->sides[number];
    const struct sic_scan *scan = side->scan;

    side->has_unsure = calloc((size_t)scan->sections.count + 1, sizeof(bool));
    for (uint32_t i = 0; side->has_unsure && i < scan->views.count; i++) {
        if (matching->views.partners[number][i] != SIC_NONE)
            continue;
        side->view_states[i] = sic_certainty_of_view(matching, number, i) ? SIC_VIEW_ABSENT : SIC_VIEW_UNSURE;
        if (side->view_states[i] == SIC_VIEW_UNSURE)
            side->has_unsure[sic_scan_subsection(scan, sic_scan_view(scan, i)->subsection)->section] = true;
    }
    return side->has_unsure != NULL;
}

bool sic_views_match(struct sic_matching *matching)
{
    uint32_t counts[2] = {matching->sides[SIC_OLD].scan->views.count, matching->sides[SIC_NEW].scan->views.count};
    struct sic_key *keys[2];
    bool done = sic_pairing_init(counts[SIC_OLD], counts[SIC_NEW], &matching->views);

    for (unsigned side = 0; side < 2; side++) {
        matching->sides[side].view_states = malloc((size_t)counts[side] + 1);
        keys[side] = malloc(((size_t)counts[side] + 1) * sizeof(**keys));
        done = done && matching->sides[side].view_states && keys[side];
    }
    done = done && pair_all(matching, keys);
    free(keys[SIC_OLD]);
    free(keys[SIC_NEW]);
    return done && judge_absent(matching, SIC_OLD) && judge_absent(matching, SIC_NEW);
}
