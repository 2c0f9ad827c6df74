#include "difference/view_key.h"

#include "difference/rank.h"
#include "sharing/span.h"
#include "util/memory.h"

#include <stdlib.h>

#define EXACT_WIDTH  4u
#define PLACE_WIDTH  3u
#define UNKNOWN_PAGE UINT64_MAX

static uint64_t page_of(const struct sic_scan *scan, const struct sic_view *view)
{
    uint64_t offset;

    return sic_view_section_offset(scan, view, &offset) ? offset >> 12 : UNKNOWN_PAGE;
}

/* Protection and type decide nothing of which view it is. */
static void fill_exact(const struct sic_matching *matching, const struct sic_matching_side *side, uint32_t index,
                       uint64_t *fields)
{
    const struct sic_view *view = sic_scan_view(side->scan, index);
    bool by_start = matching->basis == SIC_DIFFERENCE_BY_START;

    fields[0] =
        (uint64_t)side->classes[view->process] << 8 | (uint64_t)view->protection << 3 | (by_start ? view->vad_type : 0);
    fields[1] = by_start ? view->start_vpn : 0;
    fields[2] = page_of(side->scan, view);
    fields[3] = sic_view_page_count(view);
}

static void fill_place(const struct sic_matching *matching, const struct sic_matching_side *side, uint32_t index,
                       uint64_t *fields)
{
    const struct sic_view *view = sic_scan_view(side->scan, index);
    bool by_start = matching->basis == SIC_DIFFERENCE_BY_START;

    fields[0] = side->classes[view->process];
    fields[1] = by_start ? view->start_vpn : page_of(side->scan, view);
    fields[2] = by_start ? 0 : sic_view_page_count(view);
}

typedef void fill_function(const struct sic_matching *, const struct sic_matching_side *, uint32_t, uint64_t *);

static uint32_t *copy(const uint32_t *ranks, uint32_t count)
{
    uint32_t *copied = malloc(((size_t)count + 1) * sizeof(*copied));

    for (uint32_t i = 0; copied && i < count; i++)
        copied[i] = ranks[i];
    return copied;
}

/* Ranks the views of both sides by what `fill` says of them. */
static bool rank_views(const struct sic_matching *matching, fill_function *fill, uint32_t width, uint32_t *keys[2])
{
    uint32_t old_count = matching->sides[SIC_OLD].scan->views.count;
    uint32_t new_count = matching->sides[SIC_NEW].scan->views.count;
    uint64_t total = (uint64_t)old_count + new_count;
    uint64_t *fields = total < UINT32_MAX ? malloc((total + 1) * width * sizeof(*fields)) : NULL;
    uint32_t *ranks = fields ? malloc((total + 1) * sizeof(*ranks)) : NULL;
    bool done = ranks != NULL;

    for (uint32_t i = 0; done && i < old_count; i++)
        fill(matching, &matching->sides[SIC_OLD], i, fields + (size_t)i * width);
    for (uint32_t i = 0; done && i < new_count; i++)
        fill(matching, &matching->sides[SIC_NEW], i, fields + ((size_t)old_count + i) * width);
    done = done && sic_rank_records(fields, width, (uint32_t)total, ranks, NULL);
    free(fields);
    if (done) {
        keys[SIC_OLD] = copy(ranks, old_count);
        keys[SIC_NEW] = copy(ranks + old_count, new_count);
    }
    free(ranks);
    return done && keys[SIC_OLD] && keys[SIC_NEW];
}

static uint32_t section_of(const struct sic_scan *scan, uint32_t view)
{
    return sic_scan_subsection(scan, sic_scan_view(scan, view)->subsection)->section;
}

/* In the order of the processes, a process's ascending by address: scans have them as their threads found them. */
static bool order_views(const struct sic_scan *scan, struct sic_key *keys)
{
    for (uint32_t i = 0; i < scan->views.count; i++)
        keys[i] = (struct sic_key){.key = sic_scan_view(scan, i)->process, .value = i};
    return sic_sort_keys(sic_heap_allocator(), keys, scan->views.count);
}

/* Sections by the first of their views; those without a view come last. */
static bool order_sections(struct sic_matching_side *side, const struct sic_key *views)
{
    const struct sic_scan *scan = side->scan;
    bool *is_seen = calloc((size_t)scan->sections.count + 1, sizeof(bool));
    uint32_t count = 0;

    side->section_order = malloc(((size_t)scan->sections.count + 1) * sizeof(uint32_t));
    if (!is_seen || !side->section_order) {
        free(is_seen);
        return false;
    }
    for (uint32_t i = 0; i < scan->views.count; i++) {
        uint32_t section = section_of(scan, (uint32_t)views[i].value);

        if (!is_seen[section])
            side->section_order[count++] = section;
        is_seen[section] = true;
    }
    for (uint32_t i = 0; i < scan->sections.count; i++) {
        if (!is_seen[i])
            side->section_order[count++] = i;
    }
    free(is_seen);
    return true;
}

/* The views by exact key, distributed over their sections. */
static bool distribute(struct sic_matching_side *side, struct sic_key *keys)
{
    const struct sic_scan *scan = side->scan;
    uint32_t count = scan->views.count, *starts = calloc((size_t)scan->sections.count + 2, sizeof(*starts));

    side->section_starts = starts;
    side->section_views = malloc(((size_t)count + 1) * sizeof(uint32_t));
    for (uint32_t i = 0; i < count; i++)
        keys[i].key = side->exact_keys[keys[i].value];
    if (!starts || !side->section_views || !sic_sort_keys(sic_heap_allocator(), keys, count))
        return false;
    for (uint32_t i = 0; i < count; i++)
        starts[section_of(scan, i) + 2]++;
    for (uint32_t i = 2; i < scan->sections.count + 2; i++)
        starts[i] += starts[i - 1];
    for (uint32_t i = 0; i < count; i++)
        side->section_views[starts[section_of(scan, (uint32_t)keys[i].value) + 1]++] = (uint32_t)keys[i].value;
    return true;
}

static bool sort_by_section(struct sic_matching_side *side)
{
    struct sic_key *keys = malloc(((size_t)side->scan->views.count + 1) * sizeof(*keys));
    bool done = keys && order_views(side->scan, keys) && order_sections(side, keys) && distribute(side, keys);

    free(keys);
    return done;
}

bool sic_view_keys_find(struct sic_matching *matching)
{
    uint32_t *exact[2] = {NULL, NULL}, *places[2] = {NULL, NULL};
    bool done =
        rank_views(matching, fill_exact, EXACT_WIDTH, exact) && rank_views(matching, fill_place, PLACE_WIDTH, places);

    for (unsigned i = 0; i < 2; i++) {
        matching->sides[i].exact_keys = exact[i];
        matching->sides[i].place_keys = places[i];
    }
    return done && sort_by_section(&matching->sides[SIC_OLD]) && sort_by_section(&matching->sides[SIC_NEW]);
}

bool sic_view_keys_differ(const struct sic_matching *matching, uint32_t old_view, uint32_t new_view)
{
    const struct sic_scan *old_scan = matching->sides[SIC_OLD].scan, *new_scan = matching->sides[SIC_NEW].scan;
    const struct sic_view *left = sic_scan_view(old_scan, old_view), *right = sic_scan_view(new_scan, new_view);
    uint64_t old_page = page_of(old_scan, left), new_page = page_of(new_scan, right);

    if (left->protection != right->protection || sic_view_page_count(left) != sic_view_page_count(right))
        return true;
    if (matching->basis == SIC_DIFFERENCE_BY_START && left->vad_type != right->vad_type)
        return true;
    return old_page != UNKNOWN_PAGE && new_page != UNKNOWN_PAGE && old_page != new_page;
}
