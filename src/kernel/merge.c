#include "kernel/merge.h"

#include "util/ranges.h"

#include <stdlib.h>
#include <string.h>

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

static void renumber_views(void *context, unsigned thread, uint32_t first, uint32_t end)
{
    struct sic_part *parts = context;

    (void)thread;
    for (uint32_t i = first; i < end; i++) {
        for (uint32_t j = 0; j < parts[i].scan.views.count; j++) {
            struct sic_view *view = sic_scan_view(&parts[i].scan, j);

            view->subsection = parts[i].map[view->subsection];
        }
    }
}

static bool merge_problems(struct sic_scan *scan, const struct sic_scan *source)
{
    const struct sic_problem *problems = source->problems.elements;

    for (uint32_t i = 0; i < source->problems.count; i++) {
        if (!sic_scan_add_problem(scan, problems[i].kind, problems[i].process, problems[i].va))
            return false;
    }
    return true;
}

/* Appends the part's views; into an empty scan nothing is copied. */
static bool merge_views(struct sic_scan *scan, struct sic_scan *source)
{
    if (scan->views.count == 0) {
        sic_array_free(&scan->allocator, &scan->views, sizeof(struct sic_view));
        scan->views = source->views;
        source->views = (struct sic_array){0};
        return true;
    }
    if (!sic_array_reserve(&scan->allocator, &scan->views, sizeof(struct sic_view), source->views.count))
        return false;
    if (source->views.count > 0)
        memcpy(sic_scan_view(scan, scan->views.count), source->views.elements,
               source->views.count * sizeof(struct sic_view));
    scan->views.count += source->views.count;
    sic_array_free(&source->allocator, &source->views, sizeof(struct sic_view));
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
    sic_ranges_run(count, count, 1, renumber_views, parts);
    return true;
}

bool sic_parts_merge(struct sic_scan *scan, struct sic_part *parts, unsigned count, const struct sic_walked *walked)
{
    uint32_t bases[SIC_RANGES_THREAD_LIMIT];
    bool merged = merge_subsections(scan, parts, count, walked);

    free_maps(parts, count);
    for (unsigned i = 0; i < count && merged; i++) {
        bases[i] = scan->views.count;
        merged = merge_views(scan, &parts[i].scan) && merge_problems(scan, &parts[i].scan);
    }
    for (uint32_t i = 0; i < scan->processes.count && merged; i++)
        sic_scan_process(scan, i)->first_view += bases[walked[i].part];
    return merged;
}
