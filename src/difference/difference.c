#include "difference/difference.h"

#include "difference/basis.h"
#include "difference/certainty.h"
#include "difference/crossing_match.h"
#include "difference/matching.h"
#include "difference/process_class.h"
#include "difference/process_pair.h"
#include "difference/region_match.h"
#include "difference/section_compare.h"
#include "difference/section_match.h"
#include "difference/view_key.h"
#include "difference/view_match.h"
#include "util/memory.h"

#include <stdlib.h>
#include <string.h>

static void release_side(struct sic_matching_side *side)
{
    free(side->classes);
    free(side->exact_keys);
    free(side->place_keys);
    free(side->section_starts);
    free(side->section_views);
    free(side->section_order);
    free(side->region_starts);
    free(side->section_regions);
    free(side->is_owned);
    free(side->ranks);
    free(side->name_start);
    free(side->name_ids);
    free(side->view_states);
    free(side->has_unsure);
    free(side->hides_views);
    free(side->is_flawed);
    free(side->unread_places);
}

static void release(struct sic_matching *matching)
{
    for (unsigned side = 0; side < 2; side++) {
        release_side(&matching->sides[side]);
        free(matching->member_starts[side]);
        free(matching->members[side]);
    }
    sic_pairing_deinit(&matching->processes);
    sic_pairing_deinit(&matching->sections);
    sic_pairing_deinit(&matching->views);
}

static bool is_process_shown(const struct sic_matching *matching, unsigned number, uint32_t process)
{
    const struct sic_difference_side *given = matching->sides[number].given;

    return process != SIC_NONE && (!given->processes_shown || given->processes_shown[process]);
}

/* Whether one side only does not know its place in the list, which breaks off there. */
static bool is_list_cut(const struct sic_matching *matching, unsigned number, uint32_t process)
{
    const struct sic_matching_side *side = &matching->sides[number];

    return side->hides_processes && sic_scan_process(side->scan, process)->flags & SIC_PROCESS_UNLISTED;
}

/*
 * By class: whether it has several processes and not all of them, or not their tokens, were read: then who is held
 * against whom may be wrong. NULL when memory ran out.
 */
static bool *list_mixed_up(const struct sic_matching *matching)
{
    bool *mixed_up = calloc((size_t)matching->class_count + 1, sizeof(bool));
    bool hides = matching->sides[SIC_OLD].hides_processes || matching->sides[SIC_NEW].hides_processes;

    for (unsigned number = 0; mixed_up && number < 2; number++) {
        const struct sic_matching_side *side = &matching->sides[number];

        for (uint32_t i = 0; i < side->scan->processes.count; i++) {
            const struct sic_token *token = sic_process_token(side->scan, sic_scan_process(side->scan, i));
            uint32_t class_index = side->classes[i];

            if ((hides || !token || !(token->flags & SIC_TOKEN_READ)) &&
                (sic_matching_member_count(matching, SIC_OLD, class_index) > 1 ||
                 sic_matching_member_count(matching, SIC_NEW, class_index) > 1))
                mixed_up[class_index] = true;
        }
    }
    return mixed_up;
}

static bool is_process_certain(const struct sic_matching *matching, uint32_t old_index, uint32_t new_index,
                               uint32_t what)
{
    if (what == SIC_PROCESS_CHANGE_LISTED)
        return !is_list_cut(matching, SIC_OLD, old_index) && !is_list_cut(matching, SIC_NEW, new_index);
    return what != 0 || !matching->sides[old_index == SIC_NONE ? SIC_OLD : SIC_NEW].hides_processes;
}

/* Which of its class came or went is known where the class has no other on that side. */
static bool add_process(const struct sic_matching *matching, uint32_t old_index, uint32_t new_index, uint32_t what,
                        struct sic_difference *difference)
{
    unsigned number = old_index == SIC_NONE;
    uint32_t class_index = matching->sides[number].classes[number ? new_index : old_index];
    struct sic_process_change *change;

    if (!is_process_shown(matching, SIC_OLD, old_index) && !is_process_shown(matching, SIC_NEW, new_index))
        return true;
    change = sic_array_append(sic_heap_allocator(), &difference->processes, sizeof(struct sic_process_change));
    if (!change)
        return false;
    *change = (struct sic_process_change){
        .change = sic_change_of(old_index, new_index),
        .is_certain = is_process_certain(matching, old_index, new_index, what),
        .is_exact = matching->basis == SIC_DIFFERENCE_BY_START ||
                    sic_matching_member_count(matching, number, class_index) == 1 ||
                    sic_matching_member_count(matching, !number, class_index) == 0,
        .old_index = old_index,
        .new_index = new_index,
        .class_index = class_index,
        .what = what,
    };
    return true;
}

static bool doubt_mixed_up(const struct sic_matching *matching, struct sic_difference *difference)
{
    struct sic_process_change *changes = difference->processes.elements;
    bool *mixed_up = list_mixed_up(matching);
    bool done = mixed_up != NULL;

    for (uint32_t i = 0; mixed_up && i < difference->processes.count; i++)
        changes[i].is_certain =
            changes[i].is_certain && !(changes[i].change == SIC_CHANGED && mixed_up[changes[i].class_index]);
    free(mixed_up);
    return done;
}

static bool compare_processes(const struct sic_matching *matching, struct sic_difference *difference)
{
    const uint32_t *olds = matching->processes.partners[SIC_OLD], *news = matching->processes.partners[SIC_NEW];
    bool done = true;

    for (uint32_t i = 0; done && i < matching->processes.counts[SIC_NEW]; i++) {
        if (news[i] == SIC_NONE)
            done = add_process(matching, SIC_NONE, i, 0, difference);
    }
    for (uint32_t i = 0; done && i < matching->processes.counts[SIC_OLD]; i++) {
        if (olds[i] == SIC_NONE)
            done = add_process(matching, i, SIC_NONE, 0, difference);
    }
    for (uint32_t i = 0; done && i < matching->processes.counts[SIC_OLD]; i++) {
        uint32_t what = olds[i] == SIC_NONE ? 0 : sic_process_pair_compare(matching, i, olds[i]);

        if (what != 0)
            done = add_process(matching, i, olds[i], what, difference);
    }
    return done && doubt_mixed_up(matching, difference);
}

static bool copy_members(const struct sic_matching *matching, unsigned number, struct sic_array *members)
{
    uint32_t count = matching->processes.counts[number];

    if (!sic_array_reserve(sic_heap_allocator(), members, sizeof(uint32_t), count))
        return false;
    for (uint32_t i = 0; i < count; i++)
        ((uint32_t *)members->elements)[i] = matching->members[number][i];
    members->count = count;
    return true;
}

static bool copy_classes(const struct sic_matching *matching, struct sic_difference *difference)
{
    for (uint32_t i = 0; i < matching->class_count; i++) {
        struct sic_process_class *record =
            sic_array_append(sic_heap_allocator(), &difference->classes, sizeof(struct sic_process_class));

        if (!record)
            return false;
        *record = (struct sic_process_class){.first_old = matching->member_starts[SIC_OLD][i],
                                             .old_count = sic_matching_member_count(matching, SIC_OLD, i),
                                             .first_new = matching->member_starts[SIC_NEW][i],
                                             .new_count = sic_matching_member_count(matching, SIC_NEW, i)};
    }
    return copy_members(matching, SIC_OLD, &difference->old_members) &&
           copy_members(matching, SIC_NEW, &difference->new_members);
}

/* Each kind of change begins with what it is. */
static void count(const struct sic_array *changes, size_t size, struct sic_difference_counts *counts)
{
    for (uint32_t i = 0; i < changes->count; i++) {
        enum sic_change change;

        memcpy(&change, (const uint8_t *)changes->elements + i * size, sizeof(change));
        counts->by_change[change]++;
    }
}

static void count_all(struct sic_difference *difference)
{
    count(&difference->processes, sizeof(struct sic_process_change), &difference->process_counts);
    count(&difference->sections, sizeof(struct sic_section_change), &difference->section_counts);
    count(&difference->regions, sizeof(struct sic_region_change), &difference->region_counts);
    count(&difference->views, sizeof(struct sic_view_change), &difference->view_counts);
    count(&difference->crossings, sizeof(struct sic_crossing_change), &difference->crossing_counts);
    difference->is_different =
        difference->processes.count > 0 || difference->sections.count > 0 || difference->crossings.count > 0;
}

static bool match(struct sic_matching *matching, struct sic_section_keys *keys)
{
    return sic_process_classes_find(matching) && sic_process_pairs_find(matching) && sic_view_keys_find(matching) &&
           sic_certainty_find(matching) && sic_section_keys_find(matching, keys) &&
           sic_sections_match(matching, keys) && sic_views_match(matching) && sic_regions_list(matching);
}

bool sic_difference_find(const struct sic_difference_request *request, struct sic_difference *difference)
{
    const struct sic_basis basis = sic_basis_find(request);
    struct sic_matching matching = {.request = request, .basis = basis.basis};
    struct sic_section_keys keys = {0};
    bool done;

    *difference =
        (struct sic_difference){.basis = basis.basis, .basis_reason = basis.reason, .is_same_boot = basis.is_same_boot};
    matching.sides[SIC_OLD].given = &request->old_side;
    matching.sides[SIC_NEW].given = &request->new_side;
    matching.sides[SIC_OLD].scan = request->old_side.scan;
    matching.sides[SIC_NEW].scan = request->new_side.scan;
    done = match(&matching, &keys) && compare_processes(&matching, difference) && copy_classes(&matching, difference) &&
           sic_sections_compare(&matching, &keys, difference) && sic_crossings_compare(&matching, difference);
    if (done)
        count_all(difference);
    sic_section_keys_deinit(&keys);
    release(&matching);
    return done;
}

void sic_difference_deinit(struct sic_difference *difference)
{
    const struct sic_allocator *heap = sic_heap_allocator();

    sic_array_free(heap, &difference->processes, sizeof(struct sic_process_change));
    sic_array_free(heap, &difference->sections, sizeof(struct sic_section_change));
    sic_array_free(heap, &difference->regions, sizeof(struct sic_region_change));
    sic_array_free(heap, &difference->views, sizeof(struct sic_view_change));
    sic_array_free(heap, &difference->kernel_views, sizeof(struct sic_kernel_view_change));
    sic_array_free(heap, &difference->crossings, sizeof(struct sic_crossing_change));
    sic_array_free(heap, &difference->classes, sizeof(struct sic_process_class));
    sic_array_free(heap, &difference->old_members, sizeof(uint32_t));
    sic_array_free(heap, &difference->new_members, sizeof(uint32_t));
    *difference = (struct sic_difference){0};
}
