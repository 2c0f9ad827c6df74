#include "image/page_runs.h"

#include "image/backend.h"

#include <string.h>

/* Index of the first run that begins above `pfn`: the run before it is the only one that can hold `pfn`. */
static uint32_t upper_index(const struct page_runs *runs, uint64_t pfn)
{
    uint32_t low = 0;
    uint32_t high = runs->count;

    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (runs->run[middle].first_pfn <= pfn) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

static bool overlaps(const struct page_runs *runs, uint32_t index, uint64_t first_pfn, uint64_t count)
{
    if (index > 0) {
        const struct page_run *before = &runs->run[index - 1];
        if (first_pfn - before->first_pfn < before->count) {
            return true;
        }
    }
    return index < runs->count && runs->run[index].first_pfn - first_pfn < count;
}

enum page_runs_fault page_runs_add(struct page_runs *runs, const struct image_bytes *file, uint64_t first_pfn,
                                   uint64_t count, uint64_t offset, uint64_t *missing)
{
    if (count == 0) {
        return PAGE_RUNS_FINE;
    }
    if (first_pfn >= IMAGE_PFN_LIMIT || count > IMAGE_PFN_LIMIT - first_pfn) {
        return PAGE_RUNS_WRAP;
    }
    uint32_t index = upper_index(runs, first_pfn);
    if (overlaps(runs, index, first_pfn, count)) {
        return PAGE_RUNS_OVERLAP;
    }
    if (runs->count == PAGE_RUNS_MAXIMUM) {
        return PAGE_RUNS_FULL;
    }
    uint64_t held = offset < file->size ? (file->size - offset) >> SIC_PAGE_SHIFT : 0;
    uint64_t present = count < held ? count : held;
    memmove(&runs->run[index + 1], &runs->run[index], (runs->count - index) * sizeof(runs->run[0]));
    runs->run[index] = (struct page_run){
        .first_pfn = first_pfn,
        .count = count,
        .present = present,
        .bytes = present > 0 ? file->at + offset : NULL,
    };
    runs->count++;
    *missing += count - present;
    return PAGE_RUNS_FINE;
}

const uint8_t *page_runs_find(const struct page_runs *runs, uint64_t pfn)
{
    uint32_t index = upper_index(runs, pfn);

    if (index == 0) {
        return NULL;
    }
    const struct page_run *run = &runs->run[index - 1];
    uint64_t position = pfn - run->first_pfn;
    return position < run->present ? run->bytes + (position << SIC_PAGE_SHIFT) : NULL;
}

bool page_runs_next(const struct page_runs *runs, uint64_t pfn, uint64_t *first, uint64_t *count)
{
    uint32_t index = upper_index(runs, pfn);

    if (index > 0 && pfn - runs->run[index - 1].first_pfn < runs->run[index - 1].present) {
        index--;
    }
    while (index < runs->count && runs->run[index].present == 0) {
        index++;
    }
    if (index == runs->count) {
        return false;
    }
    const struct page_run *run = &runs->run[index];
    uint64_t start = pfn > run->first_pfn ? pfn : run->first_pfn;
    uint64_t end = run->first_pfn + run->present;
    for (index++; index < runs->count && runs->run[index].first_pfn == end && runs->run[index].present > 0; index++) {
        end += runs->run[index].present;
    }
    *first = start;
    *count = end - start;
    return true;
}

static const uint8_t *runs_page(const struct sic_image *image, uint64_t pfn)
{
    return page_runs_find(&image->runs, pfn);
}

static bool runs_next(const struct sic_image *image, uint64_t pfn, uint64_t *first, uint64_t *count)
{
    return page_runs_next(&image->runs, pfn, first, count);
}

const struct image_operations image_operations_runs = {
    .page = runs_page,
    .next_run = runs_next,
};
