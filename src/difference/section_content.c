#include "difference/section_content.h"

#include "difference/rank.h"
#include "difference/section_key.h"
#include "util/memory.h"

#include <stdlib.h>

#define WIDTH 6u
/* Of so many views the first and the last are all. */
#define VIEWS_IN_RECORD 2u

/* Sections of both sides as items, the old ones first. */
struct list {
    const struct sic_matching *matching;
    uint32_t old_count;
    uint32_t count;
};

static const struct sic_matching_side *side_of(const struct list *list, uint32_t item, uint32_t *section)
{
    bool is_new = item >= list->old_count;

    *section = is_new ? item - list->old_count : item;
    return &list->matching->sides[is_new];
}

static uint32_t key_at(const struct sic_matching_side *side, uint32_t section, uint32_t index)
{
    return side->exact_keys[side->section_views[side->section_starts[section] + index]];
}

/* Views between the first and the last one, which are equal. */
static int compare_views(const void *context, uint32_t left_item, uint32_t right_item)
{
    uint32_t left_section, right_section;
    const struct sic_matching_side *left = side_of(context, left_item, &left_section);
    const struct sic_matching_side *right = side_of(context, right_item, &right_section);
    uint32_t count = sic_matching_view_count(left, left_section);

    for (uint32_t i = 1; i + 1 < count; i++) {
        uint32_t left_key = key_at(left, left_section, i), right_key = key_at(right, right_section, i);

        if (left_key != right_key)
            return left_key < right_key ? -1 : 1;
    }
    return 0;
}

static void fill(const struct list *list, uint32_t item, uint64_t *fields)
{
    uint32_t index;
    const struct sic_matching_side *side = side_of(list, item, &index);
    const struct sic_section *section = sic_scan_section(side->scan, index);
    uint32_t count = sic_matching_view_count(side, index);

    fields[0] = sic_section_is_sized(section);
    fields[1] = fields[0] ? section->size : 0;
    fields[2] = section->kernel_views;
    fields[3] = count;
    fields[4] = count > 0 ? key_at(side, index, 0) : 0;
    fields[5] = count > 0 ? key_at(side, index, count - 1) : 0;
}

/* Items in the order of their ranks; those of one rank as the sides order their sections. */
static bool order_items(const struct list *list, const uint32_t *ranks, uint32_t *items)
{
    struct sic_key *keys = malloc(((size_t)list->count + 1) * sizeof(*keys));
    bool done = keys != NULL;

    for (uint32_t i = 0; done && i < list->count; i++) {
        bool is_new = i >= list->old_count;
        uint32_t first = is_new ? list->old_count : 0;
        uint32_t item = first + list->matching->sides[is_new].section_order[i - first];

        keys[i] = (struct sic_key){.key = ranks[item], .value = item};
    }
    done = done && sic_sort_keys(sic_heap_allocator(), keys, list->count);
    for (uint32_t i = 0; done && i < list->count; i++)
        items[i] = (uint32_t)keys[i].value;
    free(keys);
    return done;
}

/* Tells those apart whose records are equal, and numbers all anew. */
static bool refine(const struct list *list, uint32_t *items, uint32_t *ranks)
{
    uint32_t rank = 0, section;

    for (uint32_t first = 0, end; first < list->count; first = end) {
        uint32_t old_rank = ranks[items[first]];
        const struct sic_matching_side *side = side_of(list, items[first], &section);
        bool is_long = sic_matching_view_count(side, section) > VIEWS_IN_RECORD;

        for (end = first + 1; end < list->count && ranks[items[end]] == old_rank;)
            end++;
        if (is_long && !sic_rank_sort(items + first, end - first, compare_views, list))
            return false;
        for (uint32_t i = first; i < end; i++) {
            rank += i > first && is_long && compare_views(list, items[i - 1], items[i]) != 0;
            ranks[items[i]] = rank;
        }
        rank++;
    }
    return true;
}

static bool hand_out(struct sic_matching *matching, const uint32_t *ranks, const uint32_t *items,
                     uint32_t *const contents[2])
{
    const struct list list = {.matching = matching, .old_count = matching->sides[SIC_OLD].scan->sections.count};
    uint32_t places[2] = {0};

    for (unsigned side = 0; side < 2; side++) {
        uint32_t count = matching->sides[side].scan->sections.count;

        matching->sides[side].ranks = malloc(((size_t)count + 1) * sizeof(uint32_t));
        if (!matching->sides[side].ranks)
            return false;
        for (uint32_t i = 0; i < count; i++)
            contents[side][i] = ranks[side ? list.old_count + i : i];
    }
    for (uint32_t i = 0; i < list.old_count + matching->sides[SIC_NEW].scan->sections.count; i++) {
        bool is_new = items[i] >= list.old_count;

        matching->sides[is_new].ranks[is_new ? items[i] - list.old_count : items[i]] = places[is_new]++;
    }
    return true;
}

bool sic_section_contents_rank(struct sic_matching *matching, uint32_t *const contents[2])
{
    struct list list = {.matching = matching, .old_count = matching->sides[SIC_OLD].scan->sections.count};
    uint64_t *fields;
    uint32_t *ranks, *items;
    bool done;

    list.count = list.old_count + matching->sides[SIC_NEW].scan->sections.count;
    fields = malloc(((size_t)list.count + 1) * WIDTH * sizeof(*fields));
    ranks = malloc(((size_t)list.count + 1) * sizeof(*ranks));
    items = malloc(((size_t)list.count + 1) * sizeof(*items));
    done = fields && ranks && items;
    for (uint32_t i = 0; done && i < list.count; i++)
        fill(&list, i, fields + (size_t)i * WIDTH);
    done = done && sic_rank_records(fields, WIDTH, list.count, ranks, NULL);
    free(fields);
    done = done && order_items(&list, ranks, items) && refine(&list, items, ranks) &&
           hand_out(matching, ranks, items, contents);
    free(ranks);
    free(items);
    return done;
}
