/* Ranges of physical memory as a container lists them, and what they say together. */
#include "image/backend.h"

#include <stdlib.h>

const char *page_ranges_fault_text(enum page_ranges_fault fault)
{
    switch (fault) {
    case PAGE_RANGES_FULL:
        return "is one of more than 16777216";
    case PAGE_RANGES_WRAP:
        return "reaches beyond 48 bits of physical address";
    case PAGE_RANGES_ALIASED:
        return "take the same bytes of the file for several frames";
    case PAGE_RANGES_NO_MEMORY:
        return "need more memory than there is";
    case PAGE_RANGES_FINE:
        break;
    }
    return "";
}

/* Whole pages in the file from `offset` on. */
static uint64_t pages_behind(const struct image_bytes *file, uint64_t offset)
{
    return offset < file->size ? (file->size - offset) >> SIC_PAGE_SHIFT : 0;
}

/* A range that goes on where the last one ended, in memory and in the file: thousands of small ones become few. */
static bool extends_last(const struct range_list *list, const struct listed_range *added)
{
    if (list->count == 0) {
        return false;
    }
    const struct listed_range *last = &list->range[list->count - 1];
    return last->held == last->count && last->held > 0 && added->held > 0 &&
           last->first_pfn + last->count == added->first_pfn &&
           last->bytes + (last->count << SIC_PAGE_SHIFT) == added->bytes;
}

static enum page_ranges_fault append(struct range_list *list, const struct listed_range *added)
{
    if (extends_last(list, added)) {
        list->range[list->count - 1].count += added->count;
        list->range[list->count - 1].held += added->held;
        return PAGE_RANGES_FINE;
    }
    if (list->count == PAGE_RANGES_MAXIMUM) {
        return PAGE_RANGES_FULL;
    }
    if (list->count == list->capacity) {
        uint32_t capacity = list->capacity > 0 ? list->capacity * 2 : 16;
        struct listed_range *grown = realloc(list->range, (size_t)capacity * sizeof(*grown));
        if (grown == NULL) {
            return PAGE_RANGES_NO_MEMORY;
        }
        list->range = grown;
        list->capacity = capacity;
    }
    list->range[list->count++] = *added;
    return PAGE_RANGES_FINE;
}

enum page_ranges_fault range_list_add(struct range_list *list, const struct image_bytes *file, uint64_t address,
                                      uint64_t size, uint64_t offset)
{
    const uint64_t limit = IMAGE_PFN_LIMIT << SIC_PAGE_SHIFT;

    if (size == 0) {
        return PAGE_RANGES_FINE;
    }
    if (address >= limit || size > limit - address) {
        return PAGE_RANGES_WRAP;
    }
    uint64_t first_pfn = (address + SIC_PAGE_SIZE - 1) >> SIC_PAGE_SHIFT;
    uint64_t end_pfn = (address + size) >> SIC_PAGE_SHIFT;
    uint64_t edge = (first_pfn << SIC_PAGE_SHIFT) - address;
    if (end_pfn <= first_pfn) {
        return PAGE_RANGES_FINE;
    }
    uint64_t start = offset > UINT64_MAX - edge ? UINT64_MAX : offset + edge;
    uint64_t count = end_pfn - first_pfn;
    uint64_t behind = pages_behind(file, start);
    struct listed_range added = {.first_pfn = first_pfn, .count = count, .held = count < behind ? count : behind};
    added.bytes = added.held > 0 ? file->at + start : NULL;
    return append(list, &added);
}

void range_list_deinit(struct range_list *list)
{
    free(list->range);
    *list = (struct range_list){0};
}
