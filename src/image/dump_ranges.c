/*
 * Crash dumps of types 8, 9 and a, which WinDbg's .dump /k, /ka and /f write: a second header at 0x2000 with a list of
 * ranges, and the pages of these ranges one after another. Microsoft documents none of it; the offsets are those of
 * kdmp-parser, see docs/formats/ranges.md.
 */
#include "image/dump.h"

#include <string.h>

#define OFFSET_MARK          0x2000u
#define OFFSET_METADATA_SIZE 0x2010u
#define OFFSET_FIRST_PAGE    0x2018u
#define OFFSET_METADATA      0x2020u /* what the metadata's size is counted from */
#define OFFSET_PAGE_COUNT    0x2028u /* type a only */
#define OFFSET_RANGES        0x2030u
#define RANGE_SIZE           16u
#define MARK                 0x40u
#define TYPE_FULL            10u

bool image_dump_has_ranges(const struct image_bytes *file)
{
    return image_bytes_hold(file, OFFSET_MARK, 12) && image_load_u32(file->at + OFFSET_MARK) == MARK &&
           memcmp(file->at + OFFSET_MARK + 4, "RDMPDUMP", 8) == 0;
}

static enum sic_status check_header(const struct sic_image *image, struct sic_error *error)
{
    const struct image_bytes *file = &image->file;
    uint64_t metadata = image_u64(file, OFFSET_METADATA_SIZE);
    uint64_t first_page = image_u64(file, OFFSET_FIRST_PAGE);

    if (!image_dump_has_ranges(file)) {
        return sic_error_set(error, SIC_BROKEN,
                             "%s: a crash dump of type 0x%x without its list of ranges: \"RDMPDUMP\" is not at offset "
                             "0x2004; the dump is damaged or was not finished",
                             image->name, image->header.dump_type);
    }
    if (first_page < OFFSET_RANGES || metadata > first_page - OFFSET_METADATA) {
        return sic_error_set(error, SIC_BROKEN,
                             "%s: the dump's list of ranges (0x%llx bytes, named at offset 0x2010) reaches beyond its "
                             "first page (offset 0x%llx, named at 0x2018); the header is damaged",
                             image->name, (unsigned long long)metadata, (unsigned long long)first_page);
    }
    if (!image_bytes_hold(file, OFFSET_METADATA, metadata)) {
        return sic_error_set(error, SIC_BROKEN,
                             "%s: a crash dump cut short in its list of ranges, which takes 0x%llx bytes from offset "
                             "0x2020; copy the dump again",
                             image->name, (unsigned long long)metadata);
    }
    return SIC_OK;
}

/* Ranges ascend, so frame 0 can only stand in the first: in another place, and without pages, it ends the list. */
static bool ends_list(uint64_t index, uint64_t first_pfn, uint64_t count)
{
    return count == 0 || (first_pfn == 0 && index > 0);
}

static enum sic_status refuse_range(const struct sic_image *image, uint64_t index, const char *what,
                                    struct sic_error *error)
{
    return sic_error_set(error, SIC_BROKEN, "%s: range %llu of the dump (offset 0x%llx) %s; the list is damaged",
                         image->name, (unsigned long long)index,
                         (unsigned long long)(OFFSET_RANGES + index * RANGE_SIZE), what);
}

static enum sic_status list_ranges(struct sic_image *image, struct range_list *list, struct sic_error *error)
{
    const struct image_bytes *file = &image->file;
    uint64_t metadata = image_u64(file, OFFSET_METADATA_SIZE);
    uint64_t range_count =
        metadata < OFFSET_RANGES - OFFSET_METADATA ? 0 : (metadata - (OFFSET_RANGES - OFFSET_METADATA)) / RANGE_SIZE;
    uint64_t pages_left = image->header.dump_type == TYPE_FULL ? image_u64(file, OFFSET_PAGE_COUNT) : UINT64_MAX;
    uint64_t offset = image_u64(file, OFFSET_FIRST_PAGE);

    for (uint64_t i = 0; i < range_count && pages_left > 0; i++) {
        uint64_t first = image_u64(file, OFFSET_RANGES + i * RANGE_SIZE);
        uint64_t count = image_u64(file, OFFSET_RANGES + i * RANGE_SIZE + 8);
        if (ends_list(i, first, count)) {
            break;
        }
        if (first >= IMAGE_PFN_LIMIT || count > IMAGE_PFN_LIMIT - first) {
            return refuse_range(image, i, page_ranges_fault_text(PAGE_RANGES_WRAP), error);
        }
        if (count > pages_left) {
            return refuse_range(image, i, "goes beyond the number of pages that offset 0x2028 names", error);
        }
        enum page_ranges_fault fault =
            range_list_add(list, file, first << SIC_PAGE_SHIFT, count << SIC_PAGE_SHIFT, offset);
        if (fault != PAGE_RANGES_FINE) {
            return refuse_range(image, i, page_ranges_fault_text(fault), error);
        }
        pages_left -= count;
        if (__builtin_add_overflow(offset, count << SIC_PAGE_SHIFT, &offset)) {
            offset = UINT64_MAX; /* past any file's end, as all that follows */
        }
    }
    return SIC_OK;
}

enum sic_status image_dump_open_ranges(struct sic_image *image, struct sic_error *error)
{
    struct range_list list = {0};
    enum sic_status status = check_header(image, error);

    if (status == SIC_OK) {
        status = list_ranges(image, &list, error);
    }
    if (status != SIC_OK) {
        range_list_deinit(&list);
        return status;
    }
    return image_take_ranges(image, &list, "a crash dump", error);
}
