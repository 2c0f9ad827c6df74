#include "kernel/merge.h"

#include "util/ranges.h"

#include <stdlib.h>

#define PREFETCH_DISTANCE 8u

static bool make_maps(struct sic_part *parts, unsigned count)
{
    for (unsigned i = 0; i < count; i++) {
        /* Of no more use, and room is scarcest now. */
        sic_index_free(&parts[i].scan.allocator, &parts[i].scan.subsection_index);
        parts[i].map = malloc(((size_t)parts[i].scan.subsections.count + 1) * sizeof(*parts[i].map));
        if (!parts[i].map)
            return false;
    }
    return true;
}

static void free_maps(struct sic_part *parts, unsigned count)
{
    for (unsigned i = 0; i < count; i++) {
        free(parts[i].map);
        parts[i].map = NULL;
    }
}

/* Interns subsections [first, end) of a part, which stand in the order in which its views first refer to them. */
static bool intern_range(struct sic_scan *scan, struct sic_part *part, uint32_t first, uint32_t end)
{
    for (uint32_t i = first; i < end; i++) {
        if (i + PREFETCH_DISTANCE < part->scan.subsections.count)
            sic_index_prefetch(&scan->subsection_index, sic_scan_subsection(&part->scan, i + PREFETCH_DISTANCE)->va);
        part->map[i] = sic_scan_intern_subsection(scan, sic_scan_subsection(&part->scan, i)->va);
        if (part->map[i] == SIC_NONE)
            return false;
    }
    return true;
}

/* Room for the subsections of the part that has the most: there are at least so many. */
static bool reserve_subsections(struct sic_scan *scan, const struct sic_part *parts, unsigned count)
{
    uint32_t most = 0;

    for (unsigned i = 0; i < count; i++)
        most = parts[i].scan.subsections.count > most ? parts[i].scan.subsections.count : most;
    return sic_array_reserve(&scan->allocator, &scan->subsections, sizeof(struct sic_subsection), most) &&
           sic_index_reserve(&scan->allocator, &scan->subsection_index, most);
}

/* A process's views refer to subsections that are new with it, or that an earlier one of the same part had. */
static bool number_subsections(struct sic_scan *scan, struct sic_part *parts, unsigned count,
                               const struct sic_walked *walked)
{
    uint32_t cursors[SIC_RANGES_THREAD_LIMIT] = {0};

    if (!reserve_subsections(scan, parts, count))
        return false;
    for (uint32_t i = 0; i < scan->processes.count; i++) {
        uint32_t part = walked[i].part;

        if (!intern_range(scan, &parts[part], cursors[part], walked[i].subsection_end))
            return false;
        cursors[part] = walked[i].subsection_end;
    }
    return true;
}

/* Where the threads put views: each part's into a place of its own. */
struct placing {
    struct sic_scan *scan;
    struct sic_part *parts;
    uint32_t bases[SIC_RANGES_THREAD_LIMIT + 1]; /* by part, where its views begin; then where the last one's end */
};

/* The first part's are where they should be; where there is no other, they are numbered as they should be, too. */
static void place_part(void *context, unsigned thread, uint32_t first, uint32_t end)
{
    const struct placing *placing = context;

    (void)thread;
    for (uint32_t i = first; i < end; i++) {
        const struct sic_part *part = &placing->parts[i];
        struct sic_view *views = sic_scan_view(placing->scan, placing->bases[i]);
        const struct sic_view *from = i == 0 ? views : part->scan.views.elements;
        uint32_t count = part->map ? placing->bases[i + 1] - placing->bases[i] : 0;

        for (uint32_t j = 0; j < count; j++) {
            views[j] = from[j];
            views[j].subsection = part->map[from[j].subsection];
        }
    }
}

/* Takes the first part's array over, makes it long enough for all, and has the threads fill it. */
static bool merge_views(struct placing *placing, unsigned count)
{
    struct sic_scan *scan = placing->scan;
    placing->bases[0] = 0;
    for (unsigned i = 0; i < count; i++) {
        if (__builtin_add_overflow(placing->bases[i], placing->parts[i].scan.views.count, &placing->bases[i + 1]))
            return false;
    }
    scan->views = placing->parts[0].scan.views;
    placing->parts[0].scan.views = (struct sic_array){0};
    if (!sic_array_reserve(&scan->allocator, &scan->views, sizeof(struct sic_view),
                           placing->bases[count] - scan->views.count))
        return false;
    sic_ranges_run(count, count, 1, place_part, placing);
    scan->views.count = placing->bases[count];
    for (unsigned i = 0; i < count; i++)
        sic_array_free(&scan->allocator, &placing->parts[i].scan.views, sizeof(struct sic_view));
    return true;
}

/* One part's subsections are numbered as they should be, and their map is of use still. */
static void take_subsections(struct sic_scan *scan, struct sic_scan *source)
{
    scan->subsections = source->subsections;
    scan->subsection_index = source->subsection_index;
    source->subsections = (struct sic_array){0};
    source->subsection_index = (struct sic_index){0};
}

static bool merge_subsections(struct sic_scan *scan, struct sic_part *parts, unsigned count,
                              const struct sic_walked *walked)
{
    if (count == 1) {
        take_subsections(scan, &parts[0].scan);
        return true;
    }
    if (!make_maps(parts, count) || !number_subsections(scan, parts, count, walked))
        return false;
    for (unsigned i = 0; i < count; i++)
        sic_array_free(&parts[i].scan.allocator, &parts[i].scan.subsections, sizeof(struct sic_subsection));
    return true;
}

bool sic_parts_merge(struct sic_scan *scan, struct sic_part *parts, unsigned count, const struct sic_walked *walked)
{
    struct placing placing = {.scan = scan, .parts = parts};
    bool merged = merge_subsections(scan, parts, count, walked) && merge_views(&placing, count);

    free_maps(parts, count);
    for (unsigned i = 0; i < count && merged; i++)
        merged = sic_scan_add_problems(scan, &parts[i].scan);
    for (uint32_t i = 0; i < scan->processes.count && merged; i++)
        sic_scan_process(scan, i)->first_view += placing.bases[walked[i].part];
    return merged;
}
