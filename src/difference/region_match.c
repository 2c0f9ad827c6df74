#include "difference/region_match.h"

#include "difference/kernel_view_match.h"
#include "difference/rank.h"
#include "sharing/kernel_view.h"
#include "sharing/span.h"
#include "util/memory.h"

#include <stdlib.h>

#define INTERVAL_WIDTH 3u

struct sic_interval sic_region_interval(const struct sic_matching_side *side, uint32_t region)
{
    const struct sic_region *record = &side->given->regions->regions[region];
    struct sic_interval interval = {.is_placed = true};
    uint64_t first = UINT64_MAX, end = 0, span_first = UINT64_MAX, span_end = 0, offset;

    for (uint32_t i = record->first; i < record->first + record->count; i++) {
        const struct sic_view *view = sic_scan_view(side->scan, side->given->regions->views[i]);
        struct sic_span span = sic_view_span(side->scan, view);

        span_first = span.first < span_first ? span.first : span_first;
        span_end = span.end > span_end ? span.end : span_end;
        if (!sic_view_section_offset(side->scan, view, &offset)) {
            interval.is_placed = false;
            continue;
        }
        first = offset >> 12 < first ? offset >> 12 : first;
        end = (offset >> 12) + (span.end - span.first) > end ? (offset >> 12) + (span.end - span.first) : end;
    }
    interval.first = interval.is_placed ? first : 0;
    interval.count = interval.is_placed ? end - first : span_end - span_first;
    return interval;
}

/* Those of one view are there for the crossings; memory that is shared has two. */
static bool list_side(struct sic_matching_side *side)
{
    const struct sic_regions *regions = side->given->regions;
    uint32_t sections = side->scan->sections.count;
    uint32_t *starts = calloc((size_t)sections + 2, sizeof(*starts));

    side->region_starts = starts;
    side->section_regions = malloc(((size_t)regions->count + 1) * sizeof(uint32_t));
    if (!starts || !side->section_regions)
        return false;
    for (uint32_t i = 0; i < regions->count; i++)
        starts[regions->regions[i].section + 2] += sic_region_is_shared(side->scan, &regions->regions[i]);
    for (uint32_t i = 2; i < sections + 2; i++)
        starts[i] += starts[i - 1];
    for (uint32_t i = 0; i < regions->count; i++)
        if (sic_region_is_shared(side->scan, &regions->regions[i]))
            side->section_regions[starts[regions->regions[i].section + 1]++] = i;
    return true;
}

bool sic_regions_list(struct sic_matching *matching)
{
    return list_side(&matching->sides[SIC_OLD]) && list_side(&matching->sides[SIC_NEW]);
}

/* A side's regions of the section at hand, the old ones first. */
struct list {
    const struct sic_matching *matching;
    uint32_t sections[2];
    uint32_t counts[2];
    struct sic_interval *intervals;
    uint32_t *order; /* by interval */
    uint32_t *ranks; /* of the intervals */
};

static uint32_t region_of(const struct list *list, uint32_t item, unsigned *number)
{
    const struct sic_matching_side *side;

    *number = item >= list->counts[SIC_OLD];
    side = &list->matching->sides[*number];
    return side
        ->section_regions[side->region_starts[list->sections[*number]] + item - (*number ? list->counts[SIC_OLD] : 0)];
}

/* What is found of the region's own views. */
static void look_at(const struct list *list, uint32_t item, bool *has_changes, bool *has_certain)
{
    unsigned number;
    uint32_t region = region_of(list, item, &number);
    const struct sic_matching_side *side = &list->matching->sides[number];
    const struct sic_region *record = &side->given->regions->regions[region];

    for (uint32_t i = record->first; i < record->first + record->count; i++) {
        enum sic_view_state state = side->view_states[side->given->regions->views[i]];

        *has_changes = *has_changes || state != SIC_VIEW_PAIRED;
        *has_certain = *has_certain || state == SIC_VIEW_CHANGED || state == SIC_VIEW_ABSENT;
    }
}

static bool add(const struct list *list, uint32_t old_item, uint32_t new_item, bool is_certain,
                struct sic_difference *difference)
{
    struct sic_region_change *change =
        sic_array_append(sic_heap_allocator(), &difference->regions, sizeof(struct sic_region_change));
    const struct sic_interval *interval = &list->intervals[old_item != SIC_NONE ? old_item : new_item];
    unsigned number;

    if (!change)
        return false;
    *change = (struct sic_region_change){
        .change = sic_change_of(old_item, new_item),
        .is_certain = is_certain,
        .is_placed = interval->is_placed,
        .first_page = interval->first,
        .page_count = interval->count,
        .old_index = old_item == SIC_NONE ? SIC_NONE : region_of(list, old_item, &number),
        .new_index = new_item == SIC_NONE ? SIC_NONE : region_of(list, new_item, &number),
    };
    return true;
}

/* A pair is told when the views of the one are not those of the other. */
static bool add_pair(const struct list *list, uint32_t old_item, uint32_t new_item, struct sic_difference *difference)
{
    bool has_changes = false, has_certain = false;

    look_at(list, old_item, &has_changes, &has_certain);
    look_at(list, new_item, &has_changes, &has_certain);
    return !has_changes || add(list, old_item, new_item, has_certain, difference);
}

static bool prepare(struct list *list)
{
    uint32_t count = list->counts[SIC_OLD] + list->counts[SIC_NEW];
    uint64_t *fields = malloc(((size_t)count + 1) * INTERVAL_WIDTH * sizeof(*fields));
    struct sic_key *keys = malloc(((size_t)count + 1) * sizeof(*keys));
    bool done;

    list->intervals = malloc(((size_t)count + 1) * sizeof(*list->intervals));
    list->order = malloc(((size_t)count + 1) * sizeof(*list->order));
    list->ranks = malloc(((size_t)count + 1) * sizeof(*list->ranks));
    done = fields && keys && list->intervals && list->order && list->ranks;
    for (uint32_t i = 0; done && i < count; i++) {
        unsigned number;
        uint32_t region = region_of(list, i, &number);

        list->intervals[i] = sic_region_interval(&list->matching->sides[number], region);
        fields[INTERVAL_WIDTH * (size_t)i] = list->intervals[i].is_placed;
        fields[INTERVAL_WIDTH * (size_t)i + 1] = list->intervals[i].first;
        fields[INTERVAL_WIDTH * (size_t)i + 2] = list->intervals[i].count;
    }
    done = done && sic_rank_records(fields, INTERVAL_WIDTH, count, list->ranks, NULL);
    for (uint32_t i = 0; done && i < count; i++)
        keys[i] = (struct sic_key){.key = list->ranks[i], .value = i};
    done = done && sic_sort_keys(sic_heap_allocator(), keys, count);
    for (uint32_t i = 0; done && i < count; i++)
        list->order[i] = (uint32_t)keys[i].value;
    free(fields);
    free(keys);
    return done;
}

/* Regions of one interval, order[first, end): the old ones stand first. They are paired in order. */
static bool add_equals(const struct list *list, uint32_t first, uint32_t end, bool is_certain,
                       struct sic_difference *difference)
{
    uint32_t middle = first, pairs;
    bool done = true;

    while (middle < end && list->order[middle] < list->counts[SIC_OLD])
        middle++;
    pairs = middle - first < end - middle ? middle - first : end - middle;
    for (uint32_t i = 0; done && i < pairs; i++)
        done = add_pair(list, list->order[first + i], list->order[middle + i], difference);
    for (uint32_t i = first + pairs; done && i < middle; i++)
        done = add(list, list->order[i], SIC_NONE, is_certain, difference);
    for (uint32_t i = middle + pairs; done && i < end; i++)
        done = add(list, SIC_NONE, list->order[i], is_certain, difference);
    return done;
}

/* Views that may be there unread could make or join regions; so could pages that are not told right. */
static bool is_sure_of_regions(const struct list *list)
{
    for (unsigned number = 0; number < 2; number++) {
        const struct sic_matching_side *side = &list->matching->sides[number];
        uint32_t section = list->sections[number];

        if (section == SIC_NONE)
            continue;
        if (side->is_flawed[section] || side->has_unsure[section])
            return false;
        /* With a view of the kernel's one process is enough for a region. */
        if (sic_kernel_views_share(side->scan, section) &&
            !sic_kernel_views_are_known(&list->matching->sides[!number], list->sections[!number]))
            return false;
    }
    return true;
}

bool sic_regions_compare(const struct sic_matching *matching, uint32_t old_section, uint32_t new_section,
                         struct sic_difference *difference)
{
    struct list list = {.matching = matching, .sections = {old_section, new_section}};
    uint32_t count = 0;
    bool done = true, is_certain;

    for (unsigned number = 0; number < 2; number++) {
        const struct sic_matching_side *side = &matching->sides[number];
        uint32_t section = list.sections[number];

        if (section != SIC_NONE)
            list.counts[number] = side->region_starts[section + 1] - side->region_starts[section];
        count += list.counts[number];
    }
    if (count == 0)
        return true;
    is_certain = is_sure_of_regions(&list);
    done = prepare(&list);
    for (uint32_t first = 0, end; done && first < count; first = end) {
        for (end = first + 1; end < count && list.ranks[list.order[end]] == list.ranks[list.order[first]];)
            end++;
        done = add_equals(&list, first, end, is_certain, difference);
    }
    free(list.intervals);
    free(list.order);
    free(list.ranks);
    return done;
}
