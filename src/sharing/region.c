#include "sharing/region.h"

#include "sharing/kernel_view.h"
#include "sharing/span.h"

#include <stdlib.h>
#include <string.h>

/* A view of the section at hand: where it lies in the coordinate that its section's views are compared in. */
struct span {
    uint64_t first; /* pages [first, end) of `chain` */
    uint64_t end;
    uint32_t chain;
    uint32_t rank; /* place among the section's views in process order */
    uint32_t group;
};

struct builder {
    const struct sic_scan *scan;
    enum sic_region_rule rule;
    uint32_t *by_section; /* view indexes, by section, then in process order */
    uint32_t *starts;     /* for each section, where its views start in by_section; one more at the end */
    struct span *spans;   /* of one section */
    uint32_t span_capacity;
    uint32_t region_capacity;
    struct sic_regions *regions;
    uint32_t placed; /* view indexes in regions->views */
};

static enum sic_status no_memory(struct sic_error *error)
{
    return sic_error_set(error, SIC_NO_MEMORY, "out of memory while views were grouped; close other programs");
}

#define PREFETCH_DISTANCE 8u

static uint32_t section_of(const struct sic_scan *scan, uint32_t view)
{
    return sic_scan_subsection(scan, sic_scan_view(scan, view)->subsection)->section;
}

/* Device and physical memory is no shared memory in SiC's sense; and of one view nothing is shared: most are such. */
static bool can_be_shared(const struct builder *builder, uint32_t index)
{
    const struct sic_section *section = sic_scan_section(builder->scan, index);

    if (section->flags & SIC_SECTION_PHYSICAL)
        return false;
    return section->view_count >= 2 || (section->view_count == 1 && builder->rule == SIC_REGION_JOINED &&
                                        sic_kernel_views_share(builder->scan, index));
}

/* Sorts the views of sections that can be shared by section, keeping the order of the processes. */
static bool sort_by_section(struct builder *builder)
{
    const struct sic_scan *scan = builder->scan;
    uint32_t sections = scan->sections.count, total = 0;
    uint32_t *next;

    builder->starts = calloc((size_t)sections + 1, sizeof(uint32_t));
    next = calloc((size_t)sections + 1, sizeof(uint32_t));
    for (uint32_t i = 0; builder->starts && next && i < sections; i++) {
        builder->starts[i] = next[i] = total;
        total += can_be_shared(builder, i) ? sic_scan_section(scan, i)->view_count : 0;
    }
    builder->by_section = malloc(((size_t)total + 1) * sizeof(uint32_t));
    builder->regions->views = malloc(((size_t)total + 1) * sizeof(uint32_t));
    if (!builder->starts || !next || !builder->by_section || !builder->regions->views) {
        free(next);
        return false;
    }
    builder->starts[sections] = total;
    for (uint32_t p = 0; p < scan->processes.count; p++) {
        const struct sic_process *process = sic_scan_process(scan, p);

        for (uint32_t i = process->first_view; i < process->first_view + process->view_count; i++) {
            uint32_t section = section_of(scan, i);

            if (can_be_shared(builder, section))
                builder->by_section[next[section]++] = i;
        }
    }
    free(next);
    return true;
}

static int compare_spans(const void *left, const void *right)
{
    const struct span *a = left, *b = right;

    if (a->chain != b->chain)
        return a->chain < b->chain ? -1 : 1;
    if (a->first != b->first)
        return a->first < b->first ? -1 : 1;
    return a->rank < b->rank ? -1 : a->rank > b->rank;
}

static int compare_groups(const void *left, const void *right)
{
    const struct span *a = left, *b = right;

    if (a->group != b->group)
        return a->group < b->group ? -1 : 1;
    return a->rank < b->rank ? -1 : a->rank > b->rank;
}

static bool fill_spans(struct builder *builder, uint32_t section)
{
    uint32_t start = builder->starts[section], count = builder->starts[section + 1] - start;

    if (count > builder->span_capacity) {
        struct span *spans = realloc(builder->spans, count * sizeof(*spans));

        if (!spans)
            return false;
        builder->spans = spans;
        builder->span_capacity = count;
    }
    for (uint32_t i = 0; i < count; i++) {
        const struct sic_view *view = sic_scan_view(builder->scan, builder->by_section[start + i]);
        struct span *span = &builder->spans[i];

        /* A section's views lie all over the scan: ask for them a little ahead, the next section's too. */
        if (start + i + PREFETCH_DISTANCE < builder->starts[builder->scan->sections.count])
            __builtin_prefetch(sic_scan_view(builder->scan, builder->by_section[start + i + PREFETCH_DISTANCE]));

        span->rank = i;
        if (builder->rule == SIC_REGION_SAME_START) {
            span->chain = SIC_NONE;
            span->first = view->first_prototype_pte / 8;
            span->end = span->first + 1;
        } else {
            struct sic_span place = sic_view_span(builder->scan, view);

            span->chain = place.chain;
            span->first = place.first;
            span->end = place.end;
        }
    }
    return true;
}

/* Gives each set of overlapping spans a group number; true when the spans are left in process order (one group). */
static void group_spans(struct span *spans, uint32_t count)
{
    uint32_t group = 0;
    uint64_t reach = spans[0].end;

    for (uint32_t i = 1; i < count; i++) {
        if (spans[i].first != spans[0].first || spans[i].chain != spans[0].chain)
            break;
        if (i == count - 1) {
            /* The common case: all views start at the same page. */
            for (i = 0; i < count; i++)
                spans[i].group = 0;
            return;
        }
    }
    qsort(spans, count, sizeof(*spans), compare_spans);
    reach = spans[0].end;
    for (uint32_t i = 0; i < count; i++) {
        if (i > 0 && (spans[i].chain != spans[i - 1].chain || spans[i].first >= reach)) {
            group++;
            reach = spans[i].end;
        }
        if (spans[i].end > reach)
            reach = spans[i].end;
        spans[i].group = group;
    }
    qsort(spans, count, sizeof(*spans), compare_groups);
}

static struct sic_region *append_region(struct builder *builder)
{
    struct sic_regions *regions = builder->regions;

    if (regions->count == builder->region_capacity) {
        uint32_t capacity = builder->region_capacity ? builder->region_capacity + builder->region_capacity / 2 : 256;
        struct sic_region *grown = realloc(regions->regions, capacity * sizeof(*grown));

        if (!grown)
            return NULL;
        regions->regions = grown;
        builder->region_capacity = capacity;
    }
    return &regions->regions[regions->count++];
}

/* spans[first, end) are one group in process order; owners are listed the other way round. */
static bool add_region(struct builder *builder, uint32_t section, uint32_t first, uint32_t end)
{
    const uint32_t *views = builder->by_section + builder->starts[section];
    struct sic_region *region;

    if (end - first < 2 && (builder->rule == SIC_REGION_SAME_START || !sic_kernel_views_share(builder->scan, section)))
        return true;
    region = append_region(builder);
    if (!region)
        return false;
    *region = (struct sic_region){
        .prototype_pte = UINT64_MAX,
        .control_area_va = sic_scan_section(builder->scan, section)->control_area_va,
        .first = builder->placed,
        .count = end - first,
        .section = section,
    };
    if (builder->rule == SIC_REGION_JOINED)
        sic_kernel_views_find(builder->scan, section, &region->first_kernel, &region->kernel_count);
    for (uint32_t i = end; i > first; i--) {
        uint32_t view = views[builder->spans[i - 1].rank];
        uint64_t pte = sic_scan_view(builder->scan, view)->first_prototype_pte;

        region->is_shifted =
            region->is_shifted || (region->prototype_pte != UINT64_MAX && pte != region->prototype_pte);
        if (pte < region->prototype_pte)
            region->prototype_pte = pte;
        builder->regions->views[builder->placed++] = view;
    }
    return true;
}

static bool add_section_regions(struct builder *builder, uint32_t section)
{
    uint32_t count = builder->starts[section + 1] - builder->starts[section], first = 0;

    if (count == 0)
        return true;
    if (!fill_spans(builder, section))
        return false;
    group_spans(builder->spans, count);
    for (uint32_t i = 1; i <= count; i++) {
        if (i < count && builder->spans[i].group == builder->spans[first].group)
            continue;
        if (!add_region(builder, section, first, i))
            return false;
        first = i;
    }
    return true;
}

static int compare_regions(const void *left, const void *right)
{
    const struct sic_region *a = left, *b = right;

    if (a->prototype_pte != b->prototype_pte)
        return a->prototype_pte < b->prototype_pte ? -1 : 1;
    if (a->control_area_va != b->control_area_va)
        return a->control_area_va < b->control_area_va ? -1 : 1;
    return a->first < b->first ? -1 : a->first > b->first;
}

static bool build(struct builder *builder)
{
    if (!sort_by_section(builder))
        return false;
    for (uint32_t section = 0; section < builder->scan->sections.count; section++) {
        if (!add_section_regions(builder, section))
            return false;
    }
    builder->regions->view_count = builder->placed;
    if (builder->regions->count > 0)
        qsort(builder->regions->regions, builder->regions->count, sizeof(struct sic_region), compare_regions);
    return true;
}

enum sic_status sic_regions_build(const struct sic_scan *scan, enum sic_region_rule rule, struct sic_error *error,
                                  struct sic_regions *regions)
{
    struct sic_regions built = {0};
    struct builder builder = {.scan = scan, .rule = rule, .regions = &built};
    enum sic_status status = build(&builder) ? SIC_OK : no_memory(error);

    free(builder.by_section);
    free(builder.starts);
    free(builder.spans);
    if (status == SIC_OK)
        *regions = built;
    else
        sic_regions_deinit(&built);
    return status;
}

void sic_regions_deinit(struct sic_regions *regions)
{
    free(regions->regions);
    free(regions->views);
    *regions = (struct sic_regions){0};
}
