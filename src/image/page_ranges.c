#include "image/page_ranges.h"

#include "image/backend.h"

#include <stdlib.h>

/* --- order --- */

/* By frame; of equal frames, the one whose bytes begin first in the file. */
static bool before(const struct listed_range *a, const struct listed_range *b)
{
    return a->first_pfn != b->first_pfn ? a->first_pfn < b->first_pfn : a->bytes < b->bytes;
}

static void sift_down(struct listed_range *range, uint32_t root, uint32_t count)
{
    struct listed_range moved = range[root];

    for (uint64_t child; (child = 2 * (uint64_t)root + 1) < count; root = (uint32_t)child) {
        if (child + 1 < count && before(&range[child], &range[child + 1])) {
            child++;
        }
        if (!before(&moved, &range[child])) {
            break;
        }
        range[root] = range[child];
    }
    range[root] = moved;
}

/* Heapsort: no memory of its own, and no order of the file's makes it slow. Most files list ascending ranges. */
static void sort(struct range_list *list)
{
    uint32_t sorted = 1;

    while (sorted < list->count && !before(&list->range[sorted], &list->range[sorted - 1])) {
        sorted++;
    }
    if (sorted >= list->count) {
        return;
    }
    for (uint32_t i = list->count / 2; i-- > 0;) {
        sift_down(list->range, i, list->count);
    }
    for (uint32_t end = list->count; end-- > 1;) {
        struct listed_range largest = list->range[0];
        list->range[0] = list->range[end];
        list->range[end] = largest;
        sift_down(list->range, 0, end);
    }
}

/* --- overlaps --- */

/* Frames in the union of the sorted ranges: of all that they promise, or of what they hold. */
static uint64_t union_size(const struct range_list *list, bool held)
{
    uint64_t total = 0;
    uint64_t reached = 0;

    for (uint32_t i = 0; i < list->count; i++) {
        const struct listed_range *range = &list->range[i];
        uint64_t end = range->first_pfn + (held ? range->held : range->count);
        uint64_t start = range->first_pfn > reached ? range->first_pfn : reached;
        if (end > start) {
            total += end - start;
            reached = end;
        }
    }
    return total;
}

/* The ranges over the frame that the sweep stands at, the one with the first bytes on top. */
struct sweep {
    const struct listed_range **heap;
    uint32_t count;
};

static void sweep_push(struct sweep *sweep, const struct listed_range *range)
{
    uint32_t at = sweep->count++;

    while (at > 0 && range->bytes < sweep->heap[(at - 1) / 2]->bytes) {
        sweep->heap[at] = sweep->heap[(at - 1) / 2];
        at = (at - 1) / 2;
    }
    sweep->heap[at] = range;
}

static void sweep_pop(struct sweep *sweep)
{
    const struct listed_range *moved = sweep->heap[--sweep->count];
    uint32_t at = 0;

    for (uint64_t child; (child = 2 * (uint64_t)at + 1) < sweep->count; at = (uint32_t)child) {
        if (child + 1 < sweep->count && sweep->heap[child + 1]->bytes < sweep->heap[child]->bytes) {
            child++;
        }
        if (moved->bytes <= sweep->heap[child]->bytes) {
            break;
        }
        sweep->heap[at] = sweep->heap[child];
    }
    sweep->heap[at] = moved;
}

/* Adds a piece behind the others, joined to the last one where memory and file both go on. */
static void emit(struct page_ranges *ranges, uint64_t first_pfn, uint64_t end_pfn, const uint8_t *bytes)
{
    if (ranges->count > 0) {
        struct page_range *last = &ranges->range[ranges->count - 1];
        if (last->first_pfn + last->count == first_pfn && last->bytes + (last->count << SIC_PAGE_SHIFT) == bytes) {
            last->count += end_pfn - first_pfn;
            return;
        }
    }
    ranges->range[ranges->count++] = (struct page_range){first_pfn, end_pfn - first_pfn, bytes};
}

/* Goes over the frames from the lowest to the highest; each step takes a range in, drops one, or adds a piece. */
static void sweep_frames(struct page_ranges *ranges, const struct range_list *list, struct sweep *sweep)
{
    uint64_t pfn = 0;

    for (uint32_t next = 0; next < list->count || sweep->count > 0;) {
        if (next < list->count && (sweep->count == 0 || list->range[next].first_pfn <= pfn)) {
            const struct listed_range *taken = &list->range[next++];
            pfn = taken->first_pfn > pfn ? taken->first_pfn : pfn;
            if (taken->held > 0) {
                sweep_push(sweep, taken);
            }
            continue;
        }
        const struct listed_range *top = sweep->heap[0];
        uint64_t end = top->first_pfn + top->held;
        if (end <= pfn) {
            sweep_pop(sweep);
            continue;
        }
        if (next < list->count && list->range[next].first_pfn < end) {
            end = list->range[next].first_pfn;
        }
        emit(ranges, pfn, end, top->bytes + ((pfn - top->first_pfn) << SIC_PAGE_SHIFT));
        pfn = end;
    }
}

/* --- the table of buckets --- */

/* Shrinks what the sweep left room for, and makes at most two buckets a range. */
static enum page_ranges_fault make_buckets(struct page_ranges *ranges)
{
    const struct page_range *last = &ranges->range[ranges->count - 1];
    uint64_t most = 2 * (uint64_t)ranges->count;

    ranges->limit = last->first_pfn + last->count;
    while (ranges->limit >> ranges->shift > most) {
        ranges->shift++;
    }
    uint64_t buckets = (ranges->limit >> ranges->shift) + 1;
    ranges->bucket = malloc((buckets + 1) * sizeof(ranges->bucket[0]));
    if (ranges->bucket == NULL) {
        return PAGE_RANGES_NO_MEMORY;
    }
    uint32_t at = 0;
    for (uint64_t i = 0; i <= buckets; i++) {
        while (at < ranges->count && ranges->range[at].first_pfn >> ranges->shift < i) {
            at++;
        }
        ranges->bucket[i] = at;
    }
    return PAGE_RANGES_FINE;
}

/* --- the whole --- */

static enum page_ranges_fault place(struct page_ranges *ranges, const struct range_list *list)
{
    struct sweep sweep = {.heap = malloc(list->count * sizeof(sweep.heap[0]))};

    /* n overlapping ranges end up as at most 2n - 1 pieces: one piece for each place where a range begins or ends. */
    ranges->range = malloc(2 * (size_t)list->count * sizeof(ranges->range[0]));
    if (sweep.heap == NULL || ranges->range == NULL) {
        free(sweep.heap);
        return PAGE_RANGES_NO_MEMORY;
    }
    sweep_frames(ranges, list, &sweep);
    free(sweep.heap);
    struct page_range *fitted = realloc(ranges->range, (size_t)(ranges->count + 1) * sizeof(ranges->range[0]));
    ranges->range = fitted != NULL ? fitted : ranges->range;
    return PAGE_RANGES_FINE;
}

enum page_ranges_fault page_ranges_init(struct page_ranges *ranges, struct range_list *list,
                                        const struct image_bytes *file, uint64_t *missing)
{
    struct page_ranges made = {0};

    sort(list);
    uint64_t held = union_size(list, true);
    uint64_t promised = union_size(list, false);
    if (held > file->size >> SIC_PAGE_SHIFT) {
        return PAGE_RANGES_ALIASED;
    }
    if (held > 0) {
        enum page_ranges_fault fault = place(&made, list);
        if (fault == PAGE_RANGES_FINE) {
            fault = make_buckets(&made);
        }
        if (fault != PAGE_RANGES_FINE) {
            page_ranges_deinit(&made);
            return fault;
        }
    }
    *missing = promised - held;
    *ranges = made;
    return PAGE_RANGES_FINE;
}

void page_ranges_deinit(struct page_ranges *ranges)
{
    free(ranges->range);
    free(ranges->bucket);
    *ranges = (struct page_ranges){0};
}

/* --- questions --- */

/* Index of the first range that begins above `pfn`, which lies below the limit. */
static uint32_t upper_index(const struct page_ranges *ranges, uint64_t pfn)
{
    uint64_t bucket = pfn >> ranges->shift;
    uint32_t low = ranges->bucket[bucket];
    uint32_t high = ranges->bucket[bucket + 1];

    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (ranges->range[middle].first_pfn <= pfn) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

const uint8_t *page_ranges_find(const struct page_ranges *ranges, uint64_t pfn)
{
    if (pfn >= ranges->limit) {
        return NULL;
    }
    uint32_t index = upper_index(ranges, pfn);
    if (index == 0) {
        return NULL;
    }
    const struct page_range *range = &ranges->range[index - 1];
    uint64_t position = pfn - range->first_pfn;
    return position < range->count ? range->bytes + (position << SIC_PAGE_SHIFT) : NULL;
}

bool page_ranges_next(const struct page_ranges *ranges, uint64_t pfn, uint64_t *first, uint64_t *count)
{
    if (pfn >= ranges->limit) {
        return false;
    }
    uint32_t index = upper_index(ranges, pfn);
    if (index > 0 && pfn - ranges->range[index - 1].first_pfn < ranges->range[index - 1].count) {
        index--;
    }
    const struct page_range *range = &ranges->range[index]; /* there is one: `pfn` is below the end of the last */
    uint64_t start = pfn > range->first_pfn ? pfn : range->first_pfn;
    uint64_t end = range->first_pfn + range->count;
    for (index++; index < ranges->count && ranges->range[index].first_pfn == end; index++) {
        end += ranges->range[index].count;
    }
    *first = start;
    *count = end - start;
    return true;
}

static const uint8_t *ranges_page(const struct sic_image *image, uint64_t pfn)
{
    return page_ranges_find(&image->ranges, pfn);
}

static bool ranges_next(const struct sic_image *image, uint64_t pfn, uint64_t *first, uint64_t *count)
{
    return page_ranges_next(&image->ranges, pfn, first, count);
}

static void ranges_deinit(struct sic_image *image)
{
    page_ranges_deinit(&image->ranges);
}

const struct image_operations image_operations_ranges = {
    .page = ranges_page,
    .next_run = ranges_next,
    .deinit = ranges_deinit,
};

enum sic_status image_take_ranges(struct sic_image *image, struct range_list *list, const char *what,
                                  struct sic_error *error)
{
    uint64_t missing = 0;
    enum page_ranges_fault fault = page_ranges_init(&image->ranges, list, &image->file, &missing);

    range_list_deinit(list);
    if (fault == PAGE_RANGES_NO_MEMORY) {
        return sic_error_set(error, SIC_NO_MEMORY, "%s: not enough memory for its list of ranges", image->name);
    }
    if (fault != PAGE_RANGES_FINE) {
        return sic_error_set(error, SIC_BROKEN, "%s: %s whose ranges %s; it is damaged, make or copy it again",
                             image->name, what, page_ranges_fault_text(fault));
    }
    if (image->ranges.count == 0 && missing == 0) {
        return sic_error_set(error, SIC_BROKEN, "%s: %s that names no page of memory; make it again", image->name,
                             what);
    }
    image->operations = &image_operations_ranges;
    image->pfn_limit = image->ranges.limit;
    image->missing_pages += missing;
    return SIC_OK;
}
