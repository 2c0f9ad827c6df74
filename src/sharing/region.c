#include "sharing/region.h"

#include "core/sort.h"
#include "sharing/kernel_view.h"
#include "sharing/span.h"
#include "util/memory.h"
#include "util/ranges.h"

#include <stdlib.h>

/* A view of the section at hand: where it lies in the coordinate that its section's views are compared in. */
struct span {
    uint64_t first; /* pages [first, end) of `chain` */
    uint64_t end;
    uint32_t chain;
    uint32_t rank; /* place among the section's views in process order */
    uint32_t group;
};

/* What the threads share. Each works on whole sections, whose views and regions nobody else touches. */
struct builder {
    const struct sic_scan *scan;
    enum sic_region_rule rule;
    uint32_t *by_section; /* view indexes, by section, then in process order */
    uint32_t *starts;     /* for each section, where its views start in by_section; one more at the end */
    uint32_t *views;      /* those of a section's regions stand from where its views start in by_section */
    struct share *shares; /* by thread */
};

/* One thread's. */
struct share {
    struct span *spans; /* of one section */
    uint32_t span_capacity;
    struct sic_region *regions;
    uint32_t count;
    uint32_t capacity;
    bool failed;
};

static enum sic_status no_memory(struct sic_error *error)
{
    return sic_error_set(error, SIC_NO_MEMORY, "out of memory while views were grouped; close other programs");
}

#define PREFETCH_DISTANCE 16u
/* Sections that a thread takes at once. */
#define SECTIONS_PER_TURN 4096u

/* Whether one view of the section makes a region. */
static bool does_one_suffice(const struct builder *builder, uint32_t section)
{
    return builder->rule == SIC_REGION_ALONE_TOO ||
           (builder->rule == SIC_REGION_JOINED && sic_kernel_views_share(builder->scan, section));
}

/* Device and physical memory is no shared memory in SiC's sense; and of one view nothing is shared: most are such. */
static bool can_be_shared(const struct builder *builder, uint32_t index)
{
    const struct sic_section *section = sic_scan_section(builder->scan, index);

    if (section->flags & SIC_SECTION_PHYSICAL)
        return false;
    return section->view_count >= 2 || (section->view_count == 1 && does_one_suffice(builder, index));
}

/* Where each section's views start, and in `next`, SIC_NONE for those that cannot be shared. */
static void place_sections(struct builder *builder, uint32_t *next)
{
    uint32_t total = 0;

    for (uint32_t i = 0; i < builder->scan->sections.count; i++) {
        bool is_wanted = can_be_shared(builder, i);

        builder->starts[i] = total;
        next[i] = is_wanted ? total : SIC_NONE;
        total += is_wanted ? sic_scan_section(builder->scan, i)->view_count : 0;
    }
    builder->starts[builder->scan->sections.count] = total;
}

/* Views stand side by side, their subsections and sections all over the scan: they are asked for ahead. */
static void place_views(struct builder *builder, uint32_t *next, uint32_t first, uint32_t end)
{
    const struct sic_scan *scan = builder->scan;

    for (uint32_t i = first; i < end; i++) {
        uint32_t section = sic_scan_subsection(scan, sic_scan_view(scan, i)->subsection)->section;

        if (i + 2 * PREFETCH_DISTANCE < end)
            __builtin_prefetch(
                &sic_scan_subsection(scan, sic_scan_view(scan, i + 2 * PREFETCH_DISTANCE)->subsection)->section);
        if (i + PREFETCH_DISTANCE < end)
            __builtin_prefetch(
                &next[sic_scan_subsection(scan, sic_scan_view(scan, i + PREFETCH_DISTANCE)->subsection)->section]);
        if (next[section] != SIC_NONE)
            builder->by_section[next[section]++] = i;
    }
}

/* Sorts the views of sections that can be shared by section, keeping the order of the processes. */
static bool sort_by_section(struct builder *builder)
{
    const struct sic_scan *scan = builder->scan;
    size_t sections = scan->sections.count;
    uint32_t *next = malloc((sections + 1) * sizeof(uint32_t));

    builder->starts = malloc((sections + 1) * sizeof(uint32_t));
    if (next && builder->starts) {
        place_sections(builder, next);
        builder->by_section = malloc(((size_t)builder->starts[sections] + 1) * sizeof(uint32_t));
        builder->views = malloc(((size_t)builder->starts[sections] + 1) * sizeof(uint32_t));
    }
    for (uint32_t i = 0; builder->by_section && i < scan->processes.count; i++) {
        const struct sic_process *process = sic_scan_process(scan, i);

        place_views(builder, next, process->first_view, process->first_view + process->view_count);
    }
    free(next);
    return builder->by_section && builder->views;
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

static bool reserve_spans(struct share *share, uint32_t count)
{
    struct span *spans;

    if (count <= share->span_capacity)
        return true;
    spans = realloc(share->spans, count * sizeof(*spans));
    if (!spans)
        return false;
    share->spans = spans;
    share->span_capacity = count;
    return true;
}

static struct span make_span(const struct builder *builder, const struct sic_view *view, uint32_t rank)
{
    struct sic_span place;

    if (builder->rule == SIC_REGION_SAME_START)
        return (struct span){.chain = SIC_NONE,
                             .first = view->first_prototype_pte / 8,
                             .end = view->first_prototype_pte / 8 + 1,
                             .rank = rank};
    place = sic_view_span(builder->scan, view);
    return (struct span){.chain = place.chain, .first = place.first, .end = place.end, .rank = rank};
}

/* The view that comes some places after `position`, in this section or a later one, and its subsection before that. */
static void prefetch_views(const struct builder *builder, uint32_t position)
{
    const struct sic_scan *scan = builder->scan;
    uint32_t count = builder->starts[scan->sections.count];

    if (position + 2 * PREFETCH_DISTANCE < count) {
        const struct sic_view *view = sic_scan_view(scan, builder->by_section[position + 2 * PREFETCH_DISTANCE]);

        /* Two lines of the cache may hold it. */
        __builtin_prefetch(&view->first_prototype_pte);
        __builtin_prefetch(&view->subsection);
    }
    if (position + PREFETCH_DISTANCE < count)
        __builtin_prefetch(sic_scan_subsection(
            scan, sic_scan_view(scan, builder->by_section[position + PREFETCH_DISTANCE])->subsection));
}

static bool fill_spans(const struct builder *builder, struct share *share, uint32_t section)
{
    uint32_t start = builder->starts[section], count = builder->starts[section + 1] - start;

    if (!reserve_spans(share, count))
        return false;
    for (uint32_t i = 0; i < count; i++) {
        prefetch_views(builder, start + i);
        share->spans[i] = make_span(builder, sic_scan_view(builder->scan, builder->by_section[start + i]), i);
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

static struct sic_region *append_region(struct share *share)
{
    if (share->count == share->capacity) {
        uint32_t capacity = share->capacity ? share->capacity + share->capacity / 2 : 256;
        struct sic_region *grown = realloc(share->regions, capacity * sizeof(*grown));

        if (!grown)
            return NULL;
        share->regions = grown;
        share->capacity = capacity;
    }
    return &share->regions[share->count++];
}

/* share->spans[first, end) are one group in process order; owners are listed the other way round, from *placed on. */
static bool add_region(const struct builder *builder, struct share *share, uint32_t section, uint32_t first,
                       uint32_t end, uint32_t *placed)
{
    const uint32_t *views = builder->by_section + builder->starts[section];
    struct sic_region *region;

    if (end - first < 2 && !does_one_suffice(builder, section))
        return true;
    region = append_region(share);
    if (!region)
        return false;
    *region = (struct sic_region){
        .prototype_pte = UINT64_MAX,
        .control_area_va = sic_scan_section(builder->scan, section)->control_area_va,
        .first = *placed,
        .count = end - first,
        .section = section,
    };
    if (builder->rule != SIC_REGION_SAME_START)
        sic_kernel_views_find(builder->scan, section, &region->first_kernel, &region->kernel_count);
    for (uint32_t i = end; i > first; i--) {
        uint32_t view = views[share->spans[i - 1].rank];
        uint64_t pte = sic_scan_view(builder->scan, view)->first_prototype_pte;

        region->is_shifted =
            region->is_shifted || (region->prototype_pte != UINT64_MAX && pte != region->prototype_pte);
        if (pte < region->prototype_pte)
            region->prototype_pte = pte;
        builder->views[(*placed)++] = view;
    }
    return true;
}

static bool add_section_regions(const struct builder *builder, struct share *share, uint32_t section)
{
    uint32_t count = builder->starts[section + 1] - builder->starts[section], first = 0;
    uint32_t placed = builder->starts[section];

    if (count == 0)
        return true;
    if (!fill_spans(builder, share, section))
        return false;
    group_spans(share->spans, count);
    for (uint32_t i = 1; i <= count; i++) {
        if (i < count && share->spans[i].group == share->spans[first].group)
            continue;
        if (!add_region(builder, share, section, first, i, &placed))
            return false;
        first = i;
    }
    return true;
}

static void add_regions(void *context, unsigned thread, uint32_t first, uint32_t end)
{
    const struct builder *builder = context;
    struct share *share = &builder->shares[thread];

    for (uint32_t section = first; section < end && !share->failed; section++)
        share->failed = !add_section_regions(builder, share, section);
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

/* Regions by their prototype PTE, the upper half of `value` telling whose they are. NULL when memory ran out. */
static struct sic_key *sort_keys(const struct share *shares, unsigned threads, uint32_t total)
{
    struct sic_key *keys = malloc(((size_t)total + 1) * sizeof(*keys));
    uint32_t count = 0;

    for (unsigned i = 0; keys && i < threads; i++) {
        for (uint32_t j = 0; j < shares[i].count; j++)
            keys[count++] = (struct sic_key){.key = shares[i].regions[j].prototype_pte, .value = (uint64_t)i << 32 | j};
    }
    if (keys && !sic_sort_keys(sic_heap_allocator(), keys, count)) {
        free(keys);
        return NULL;
    }
    return keys;
}

/* Few regions have a prototype PTE in common. */
static void sort_equals(struct sic_region *regions, uint32_t count)
{
    for (uint32_t first = 0, end; first < count; first = end) {
        for (end = first + 1; end < count && regions[end].prototype_pte == regions[first].prototype_pte;)
            end++;
        if (end - first > 1)
            qsort(regions + first, end - first, sizeof(*regions), compare_regions);
    }
}

/* Puts what the threads made in order, which does not tell who made what. */
static bool gather(const struct share *shares, unsigned threads, struct sic_regions *regions)
{
    uint32_t total = 0;
    struct sic_key *keys;

    for (unsigned i = 0; i < threads; i++) {
        if (shares[i].failed)
            return false;
        total += shares[i].count;
    }
    keys = sort_keys(shares, threads, total);
    regions->regions = malloc(((size_t)total + 1) * sizeof(*regions->regions));
    for (uint32_t i = 0; keys && regions->regions && i < total; i++)
        regions->regions[i] = shares[keys[i].value >> 32].regions[(uint32_t)keys[i].value];
    free(keys);
    if (!keys || !regions->regions)
        return false;
    regions->count = total;
    sort_equals(regions->regions, total);
    return true;
}

static bool build(struct builder *builder, unsigned threads, struct sic_regions *regions)
{
    struct share shares[SIC_RANGES_THREAD_LIMIT] = {0};
    bool built;

    threads = threads < SIC_RANGES_THREAD_LIMIT ? threads : SIC_RANGES_THREAD_LIMIT;
    builder->shares = shares;
    built = sort_by_section(builder);
    regions->views = builder->views;
    if (built)
        sic_ranges_run(threads, builder->scan->sections.count, SECTIONS_PER_TURN, add_regions, builder);
    for (unsigned i = 0; i < threads; i++)
        free(shares[i].spans);
    free(builder->by_section);
    regions->view_count = built ? builder->starts[builder->scan->sections.count] : 0;
    free(builder->starts);
    built = built && gather(shares, threads, regions);
    for (unsigned i = 0; i < threads; i++)
        free(shares[i].regions);
    return built;
}

enum sic_status sic_regions_build(const struct sic_scan *scan, enum sic_region_rule rule, unsigned threads,
                                  struct sic_error *error, struct sic_regions *regions)
{
    struct builder builder = {.scan = scan, .rule = rule};
    struct sic_regions built = {0};

    if (!build(&builder, threads, &built)) {
        sic_regions_deinit(&built);
        return no_memory(error);
    }
    *regions = built;
    return SIC_OK;
}

bool sic_region_is_shared(const struct sic_scan *scan, const struct sic_region *region)
{
    return region->count >= 2 || sic_kernel_views_share(scan, region->section);
}

void sic_regions_deinit(struct sic_regions *regions)
{
    free(regions->regions);
    free(regions->views);
    *regions = (struct sic_regions){0};
}
