#include "crossing/pair.h"

#include "core/sort.h"

#include <stdlib.h>

static const struct sic_allocator *allocator_of(const struct sic_pair *pair)
{
    return &pair->ground->request->scan->allocator;
}

static bool add_u32(const struct sic_pair *pair, struct sic_array *array, uint32_t value,
                    struct sic_crossing_list *list)
{
    uint32_t *place;

    if (list->count++ == 0)
        list->first = array->count;
    if (list->listed == SIC_CROSSING_LISTED)
        return true;
    place = sic_array_append(allocator_of(pair), array, sizeof(*place));
    if (!place)
        return false;
    *place = value;
    list->listed++;
    return true;
}

static bool add_side(struct sic_pair *pair, const struct sic_side *side, unsigned class_index,
                     struct sic_crossing_side *out)
{
    out->trust = class_index;
    for (uint32_t i = 0; i < side->count; i++) {
        if (!add_u32(pair, &pair->crossings->processes, side->processes[i], &out->processes))
            return false;
    }
    return true;
}

/* Views of one side's processes: those that write, or those that show. */
static bool take_views(const struct sic_pair *pair, unsigned class_index, bool is_writer, struct sic_side *views)
{
    const struct sic_side *side = is_writer ? &pair->writers : &pair->readers;
    uint32_t count;
    const struct sic_ground_reach *reaches = sic_ground_reaches(pair->ground, class_index, &count);

    if (!sic_side_reserve(views, count))
        return false;
    for (uint32_t i = 0; i < count; i++) {
        if ((is_writer ? reaches[i].writes : reaches[i].shows) && sic_side_has(side, reaches[i].process))
            views->processes[views->count++] = reaches[i].reach.view;
    }
    return true;
}

/* What of views tells of the crossing: those that reach the pages; beside the kernel's, and for other ways, one side's.
 */
static bool gather_views(const struct sic_pair *pair, struct sic_side *views)
{
    if (pair->reader == SIC_TRUST_KERNEL)
        return take_views(pair, pair->writer, true, views);
    if (pair->crossing.way != SIC_CROSSING_VIEW)
        return take_views(pair, pair->reader, false, views);
    if (!sic_side_reserve(views, pair->reach_count))
        return false;
    for (uint32_t i = 0; i < pair->reach_count; i++) {
        if (pair->reaches[i].is_crossing)
            views->processes[views->count++] = pair->reaches[i].view;
    }
    return true;
}

/* By process, then by address: the order of a scan's views is that in which threads walked the processes. `views` are
 * sorted by index. */
static bool sort_by_process(const struct sic_pair *pair, const struct sic_side *views)
{
    const struct sic_scan *scan = pair->ground->request->scan;
    struct sic_key *keys = malloc(((size_t)views->count + 1) * sizeof(*keys));
    bool sorted = keys != NULL;

    for (uint32_t i = 0; sorted && i < views->count; i++)
        keys[i] = (struct sic_key){sic_scan_view(scan, views->processes[i])->process, views->processes[i]};
    sorted = sorted && sic_sort_keys(allocator_of(pair), keys, views->count);
    for (uint32_t i = 0; sorted && i < views->count; i++)
        views->processes[i] = (uint32_t)keys[i].value;
    free(keys);
    return sorted;
}

/* A view that writes and shows crosses twice, one of an image as often as it has parts: each is listed once. */
static bool add_views(struct sic_pair *pair)
{
    struct sic_side views = {0};
    bool added = gather_views(pair, &views);

    if (added)
        sic_side_sort(&views);
    added = added && sort_by_process(pair, &views);
    for (uint32_t i = 0; added && i < views.count; i++)
        added = add_u32(pair, &pair->crossings->views, views.processes[i], &pair->crossing.views);
    free(views.processes);
    return added;
}

static bool add_handles(struct sic_pair *pair)
{
    uint32_t count;
    const struct sic_ground_holder *holders = sic_ground_holders(pair->ground, pair->writer, &count);

    for (uint32_t i = 0; i < count; i++) {
        if (sic_side_has(&pair->writers, holders[i].process) &&
            !add_u32(pair, &pair->crossings->handles, holders[i].handle, &pair->crossing.handles))
            return false;
    }
    return true;
}

static bool add_names(struct sic_pair *pair)
{
    struct sic_crossing_list *list = &pair->crossing.names;

    for (uint32_t i = 0; i < pair->ground->name_count; i++) {
        const struct sic_ground_answer *answer = &pair->ground->names[i].answers[pair->writer];
        struct sic_crossing_name *name;

        if (answer->processes == 0)
            continue;
        name = sic_array_append(allocator_of(pair), &pair->crossings->names, sizeof(*name));
        if (!name)
            return false;
        *name = (struct sic_crossing_name){
            .name = pair->ground->names[i].name, .access = answer->access, .processes = answer->processes};
        list->first = list->count++ == 0 ? pair->crossings->names.count - 1 : list->first;
        list->listed++;
    }
    return true;
}

/* What is known of a side's users or sessions. */
struct known {
    uint32_t first; /* SIC_NONE: of none */
    bool differ;    /* among each other */
};

static struct known know_side(const struct sic_side *side, const uint32_t *values)
{
    struct known known = {.first = SIC_NONE};

    for (uint32_t i = 0; i < side->count; i++) {
        uint32_t value = values[side->processes[i]];

        known.differ |= value != SIC_NONE && known.first != SIC_NONE && value != known.first;
        known.first = known.first == SIC_NONE ? value : known.first;
    }
    return known;
}

/* Whether somebody here differs from somebody there; `values` by process, SIC_NONE where unknown. */
static bool do_differ(const struct sic_pair *pair, const uint32_t *values)
{
    struct known writers = know_side(&pair->writers, values), readers = know_side(&pair->readers, values);

    if (writers.first == SIC_NONE || readers.first == SIC_NONE)
        return false;
    return writers.differ || readers.differ || writers.first != readers.first;
}

static void measure_gap(struct sic_pair *pair)
{
    const struct sic_trust writer = sic_trust_of_class(pair->writer), reader = sic_trust_of_class(pair->reader);
    struct sic_trust_gap *gap = &pair->crossing.gap;

    if (pair->relation == SIC_CROSSING_UNKNOWN)
        return;
    *gap = sic_trust_gap_between(&writer, &reader);
    if (pair->reader != SIC_TRUST_KERNEL) {
        gap->is_user = do_differ(pair, pair->ground->trusts.users);
        gap->is_session = do_differ(pair, pair->ground->trusts.sessions);
    }
    pair->crossing.width = sic_trust_gap_width(gap);
}

bool sic_pair_add(struct sic_pair *pair, struct sic_array *all)
{
    struct sic_crossing *place;

    if (all->count >= SIC_CROSSING_LIMIT) {
        pair->crossings->left_out++;
        return true;
    }
    measure_gap(pair);
    if (!add_side(pair, &pair->writers, pair->writer, &pair->crossing.writers) ||
        !add_side(pair, &pair->readers, pair->reader, &pair->crossing.readers) || !add_views(pair) ||
        !add_handles(pair) || !add_names(pair))
        return false;
    place = sic_array_append(allocator_of(pair), all, sizeof(*place));
    if (!place)
        return false;
    *place = pair->crossing;
    pair->crossings->files_unknown += pair->crossing.way == SIC_CROSSING_FILE;
    return true;
}
