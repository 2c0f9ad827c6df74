#include "sharing/shared_writable.h"

#include "sharing/span.h"

/* Whether a protection lets pages be written in place: read-write, with or without execution. */
static bool is_written_in_place(unsigned protection)
{
    return (protection & 7) == 4 || (protection & 7) == 6;
}

static bool is_shared_writable(const struct sic_scan *scan, uint32_t index)
{
    const struct sic_subsection *subsection = sic_scan_subsection(scan, index);

    return subsection->flags & SIC_SUBSECTION_GLOBAL && !(subsection->flags & SIC_SUBSECTION_UNREAD) &&
           subsection->head != SIC_NONE && sic_scan_first_page(scan, index) <= UINT32_MAX &&
           is_written_in_place(subsection->protection) &&
           sic_scan_section(scan, subsection->section)->flags & SIC_SECTION_IMAGE;
}

bool sic_shared_writable_build(const struct sic_scan *scan, struct sic_shared_writable *parts)
{
    struct sic_array keys = {0};

    for (uint32_t i = 0; i < scan->subsections.count; i++) {
        const struct sic_subsection *subsection = sic_scan_subsection(scan, i);
        struct sic_key *key;

        if (!is_shared_writable(scan, i))
            continue;
        key = sic_array_append(&scan->allocator, &keys, sizeof(*key));
        if (!key)
            break;
        *key = (struct sic_key){.key = (uint64_t)subsection->head << 32 | sic_scan_first_page(scan, i), .value = i};
    }
    sic_array_trim(&scan->allocator, &keys, sizeof(struct sic_key));
    *parts = (struct sic_shared_writable){.keys = keys.elements, .count = keys.count, .room = keys.capacity};
    return sic_sort_keys(&scan->allocator, parts->keys, parts->count);
}

void sic_shared_writable_deinit(const struct sic_scan *scan, struct sic_shared_writable *parts)
{
    if (parts->keys)
        scan->allocator.resize(scan->allocator.context, parts->keys, parts->room * sizeof(*parts->keys), 0);
    *parts = (struct sic_shared_writable){0};
}

/* Pages [*first, *end) of the image that the region's views cover. */
static void region_pages(const struct sic_scan *scan, const struct sic_regions *regions,
                         const struct sic_region *region, uint64_t *first, uint64_t *end)
{
    *first = UINT64_MAX;
    *end = 0;
    for (uint32_t i = region->first; i < region->first + region->count; i++) {
        const struct sic_view *view = sic_scan_view(scan, regions->views[i]);
        uint64_t offset, last;

        if (!sic_view_section_offset(scan, view, &offset))
            continue;
        last = (offset >> 12) + sic_view_page_count(view);
        *first = offset >> 12 < *first ? offset >> 12 : *first;
        *end = last > *end ? last : *end;
    }
}

/* The first key from which on all are at least `wanted`. */
static uint32_t lower_bound(const struct sic_shared_writable *parts, uint64_t wanted)
{
    uint32_t low = 0, high = parts->count;

    while (low < high) {
        uint32_t middle = low + (high - low) / 2;

        if (parts->keys[middle].key < wanted)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

/* Whether the chain that starts with `head` has any. */
static bool has_parts(const struct sic_shared_writable *parts, uint64_t head)
{
    uint32_t first = lower_bound(parts, head << 32);

    return head != SIC_NONE && first < parts->count && parts->keys[first].key >> 32 == head;
}

void sic_shared_writable_find(const struct sic_scan *scan, const struct sic_shared_writable *parts,
                              const struct sic_regions *regions, const struct sic_region *region, uint32_t *first,
                              uint32_t *end)
{
    uint64_t head, first_page, end_page;

    *first = *end = 0;
    if (parts->count == 0 || !(sic_scan_section(scan, region->section)->flags & SIC_SECTION_IMAGE))
        return;
    head = sic_scan_subsection(scan, sic_scan_view(scan, regions->views[region->first])->subsection)->head;
    /* Few images have such parts: the region's views are looked at only then. */
    if (!has_parts(parts, head))
        return;
    region_pages(scan, regions, region, &first_page, &end_page);
    if (first_page >= end_page)
        return;
    *first = lower_bound(parts, head << 32 | (first_page <= UINT32_MAX ? first_page : UINT32_MAX));
    *end = lower_bound(parts, head << 32 | (end_page <= UINT32_MAX ? end_page : UINT32_MAX));
    /* A part that begins before the region may reach into it. */
    if (*first > 0) {
        uint32_t index = (uint32_t)parts->keys[*first - 1].value;
        const struct sic_subsection *before = sic_scan_subsection(scan, index);

        *first -= before->head == head && sic_scan_first_page(scan, index) + before->pte_count > first_page;
    }
}
