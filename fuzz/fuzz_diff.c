/*
 * What differs between two packed scans of anybody's making. An input is the first scan's size in four bytes, the first
 * scan, the second one; what is no scan is taken for the other one, so that scans are held against themselves too.
 * Nothing differs from itself, and with the sides exchanged the answer is the same with came and went exchanged.
 */
#include "core/unpack.h"
#include "difference/difference.h"
#include "util/memory.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool holds)
{
    if (!holds)
        abort();
}

/* A scan, and what is made of it. */
struct read_scan {
    struct sic_scan scan;
    struct sic_unpacked unpacked;
    struct sic_meaning meaning;
    struct sic_regions regions;
    struct sic_shared_writable parts;
    struct sic_crossings crossings;
};

static bool read_scan(const uint8_t *bytes, size_t size, struct read_scan *read)
{
    struct sic_error error;

    memset(read, 0, sizeof(*read));
    sic_scan_init(&read->scan, sic_heap_allocator());
    if (sic_unpack(bytes, size, &read->scan, &read->unpacked)) {
        sic_scan_deinit(&read->scan);
        return false;
    }
    require(sic_meaning_init(&read->scan, &read->meaning));
    require(sic_regions_report_claims(&read->scan));
    require(sic_regions_build(&read->scan, SIC_REGION_ALONE_TOO, 1, &error, &read->regions) == SIC_OK);
    require(sic_shared_writable_build(&read->scan, &read->parts));
    require(sic_crossings_find(
        &(struct sic_crossing_request){
            .scan = &read->scan, .meaning = &read->meaning, .regions = &read->regions, .parts = &read->parts},
        &read->crossings));
    return true;
}

static void release(struct read_scan *read)
{
    sic_crossings_deinit(&read->crossings);
    sic_shared_writable_deinit(&read->scan, &read->parts);
    sic_regions_deinit(&read->regions);
    sic_meaning_deinit(&read->meaning);
    sic_scan_deinit(&read->scan);
}

static struct sic_difference_side side_of(const struct read_scan *read)
{
    return (struct sic_difference_side){.scan = &read->scan,
                                        .meaning = &read->meaning,
                                        .regions = &read->regions,
                                        .crossings = &read->crossings,
                                        .origin = &read->unpacked.origin};
}

static void find(const struct read_scan *left, const struct read_scan *right, bool by_path,
                 struct sic_difference *difference)
{
    struct sic_difference_request request = {.old_side = side_of(left), .new_side = side_of(right), .by_path = by_path};

    require(sic_difference_find(&request, difference));
}

static void check_indexes(const struct sic_difference *difference, const struct read_scan *left,
                          const struct read_scan *right)
{
    const struct sic_section_change *sections = difference->sections.elements;
    const struct sic_view_change *views = difference->views.elements;

    for (uint32_t i = 0; i < difference->sections.count; i++) {
        const struct sic_section_change *change = &sections[i];

        require((change->old_index == SIC_NONE) == (change->change == SIC_CAME));
        require((change->new_index == SIC_NONE) == (change->change == SIC_WENT));
        require(change->old_index == SIC_NONE || change->old_index < left->scan.sections.count);
        require(change->new_index == SIC_NONE || change->new_index < right->scan.sections.count);
        require(change->first_view + change->view_count <= difference->views.count);
        require(change->first_region + change->region_count <= difference->regions.count);
        require(change->change == SIC_CHANGED ? change->what != 0 : change->view_count + change->kernel_view_count > 0);
    }
    for (uint32_t i = 0; i < difference->views.count; i++) {
        require(views[i].old_index == SIC_NONE || views[i].old_index < left->scan.views.count);
        require(views[i].new_index == SIC_NONE || views[i].new_index < right->scan.views.count);
    }
}

static void check_exchanged(const struct sic_difference_counts *counts, const struct sic_difference_counts *exchanged)
{
    require(counts->by_change[SIC_CAME] == exchanged->by_change[SIC_WENT]);
    require(counts->by_change[SIC_WENT] == exchanged->by_change[SIC_CAME]);
    require(counts->by_change[SIC_CHANGED] == exchanged->by_change[SIC_CHANGED]);
}

static void compare(const struct read_scan *left, const struct read_scan *right, bool by_path)
{
    struct sic_difference difference, exchanged;

    find(left, right, by_path, &difference);
    find(right, left, by_path, &exchanged);
    check_indexes(&difference, left, right);
    check_exchanged(&difference.process_counts, &exchanged.process_counts);
    check_exchanged(&difference.section_counts, &exchanged.section_counts);
    check_exchanged(&difference.region_counts, &exchanged.region_counts);
    check_exchanged(&difference.view_counts, &exchanged.view_counts);
    check_exchanged(&difference.crossing_counts, &exchanged.crossing_counts);
    require(left != right || !difference.is_different);
    sic_difference_deinit(&difference);
    sic_difference_deinit(&exchanged);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct read_scan scans[2], *left, *right;
    uint32_t first_size;
    bool has[2];

    if (size < sizeof(first_size))
        return 0;
    memcpy(&first_size, data, sizeof(first_size));
    data += sizeof(first_size);
    size -= sizeof(first_size);
    if (first_size > size)
        first_size = (uint32_t)size;
    has[0] = read_scan(data, first_size, &scans[0]);
    has[1] = read_scan(data + first_size, size - first_size, &scans[1]);
    left = has[0] ? &scans[0] : &scans[1];
    right = has[1] ? &scans[1] : &scans[0];
    if (has[0] || has[1]) {
        compare(left, right, false);
        compare(left, right, true);
        compare(left, left, false);
        compare(right, right, true);
    }
    for (unsigned i = 0; i < 2; i++) {
        if (has[i])
            release(&scans[i]);
    }
    return 0;
}
