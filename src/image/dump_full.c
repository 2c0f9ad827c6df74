/*
 * Crash dumps of type 1: the header's block of memory runs says which frames follow it, one after another.
 */
#include "image/dump.h"

#define OFFSET_RUN_COUNT 0x88u
#define OFFSET_RUNS      0x98u
#define RUN_SIZE         16u

static enum sic_status check_run_count(const struct sic_image *image, uint32_t count, struct sic_error *error)
{
    if (count == DUMP_UNSET) {
        return sic_error_set(error, SIC_BROKEN,
                             "%s: a full dump whose block of memory runs (offset 0x88) was never filled in; "
                             "the dump was not finished, take another",
                             image->name);
    }
    if (count == 0 || count > PAGE_RUNS_MAXIMUM) {
        return sic_error_set(error, SIC_BROKEN,
                             "%s: a full dump with %u memory runs (offset 0x88), where 1 to %u are possible; "
                             "the header is damaged",
                             image->name, count, PAGE_RUNS_MAXIMUM);
    }
    if (image_dump_has_bitmap(&image->file) || image_dump_has_ranges(&image->file)) {
        return sic_error_set(error, SIC_BROKEN,
                             "%s: the header says full dump (type 1), but a %s follows at offset 0x2000; "
                             "the header is damaged",
                             image->name, image_dump_has_bitmap(&image->file) ? "bitmap" : "list of ranges");
    }
    return SIC_OK;
}

static enum sic_status refuse_run(const struct sic_image *image, uint32_t index, enum page_runs_fault fault,
                                  struct sic_error *error)
{
    return sic_error_set(
        error, SIC_BROKEN, "%s: memory run %u of the dump header (offset 0x%x) %s; the header is damaged", image->name,
        index, OFFSET_RUNS + index * RUN_SIZE,
        fault == PAGE_RUNS_OVERLAP ? "overlaps another" : "reaches beyond 48 bits of physical address");
}

enum sic_status image_dump_open_full(struct sic_image *image, struct sic_error *error)
{
    const struct image_bytes *file = &image->file;
    uint32_t count = image_u32(file, OFFSET_RUN_COUNT);
    uint64_t offset = DUMP_HEADER_SIZE;
    uint64_t limit = 0;

    if (count == DUMP_UNSET && image_dump_has_bitmap(file)) {
        return image_dump_open_bitmap(image, error);
    }
    enum sic_status status = check_run_count(image, count, error);
    for (uint32_t i = 0; status == SIC_OK && i < count; i++) {
        uint64_t first = image_u64(file, OFFSET_RUNS + i * RUN_SIZE);
        uint64_t pages = image_u64(file, OFFSET_RUNS + i * RUN_SIZE + 8);
        enum page_runs_fault fault = page_runs_add(&image->runs, file, first, pages, offset, &image->missing_pages);
        if (fault != PAGE_RUNS_FINE) {
            return refuse_run(image, i, fault, error);
        }
        offset += pages << SIC_PAGE_SHIFT; /* at most 42 times 2^48: no overflow */
        limit = pages > 0 && first + pages > limit ? first + pages : limit;
    }
    if (status == SIC_OK && limit == 0) {
        return sic_error_set(error, SIC_BROKEN, "%s: the memory runs of the dump header name no page", image->name);
    }
    image->operations = &image_operations_runs;
    image->pfn_limit = limit;
    return status;
}
