/*
 * Crash dumps of types 5, 6 and 7: a second header at 0x2000, a bitmap of the frames that are present, and these
 * frames in ascending order. Microsoft documents none of it; the offsets are those on which the public readers
 * (kdmp-parser, Volatility 3, LeechCore) agree.
 */
#include "image/dump.h"

#define OFFSET_FIRST_PAGE 0x2020u
#define OFFSET_BIT_COUNT  0x2030u
#define OFFSET_BITMAP     0x2038u

static enum sic_status refuse_signature(const struct sic_image *image, struct sic_error *error)
{
    return sic_error_set(error, SIC_BROKEN,
                         "%s: a crash dump of type %u without its bitmap: \"SDMPDUMP\" or \"FDMPDUMP\" is not at "
                         "offset 0x2000; the dump is damaged or was not finished",
                         image->name, image->header.dump_type);
}

static enum sic_status check_bitmap(const struct sic_image *image, struct sic_error *error)
{
    const struct image_bytes *file = &image->file;
    uint64_t bit_count = image_u64(file, OFFSET_BIT_COUNT);
    uint64_t size = page_bitmap_size(bit_count);

    if (bit_count == 0 || bit_count > IMAGE_PFN_LIMIT) {
        return sic_error_set(error, SIC_BROKEN,
                             "%s: the dump's bitmap has 0x%llx bits (offset 0x2030), where 1 to 2^36 are possible; "
                             "the header is damaged",
                             image->name, (unsigned long long)bit_count);
    }
    if (!image_bytes_hold(file, OFFSET_BITMAP, size)) {
        return sic_error_set(error, SIC_BROKEN,
                             "%s: a crash dump cut short in its bitmap, which takes 0x%llx bytes from offset 0x2038; "
                             "copy the dump again",
                             image->name, (unsigned long long)size);
    }
    if (image_u64(file, OFFSET_FIRST_PAGE) < OFFSET_BITMAP + size) {
        return sic_error_set(error, SIC_BROKEN,
                             "%s: the dump's first page (offset 0x%llx, named at 0x2020) lies inside its headers; "
                             "the header is damaged",
                             image->name, (unsigned long long)image_u64(file, OFFSET_FIRST_PAGE));
    }
    return SIC_OK;
}

enum sic_status image_dump_open_bitmap(struct sic_image *image, struct sic_error *error)
{
    const struct image_bytes *file = &image->file;
    uint64_t total = 0;

    if (!image_dump_has_bitmap(file)) {
        return refuse_signature(image, error);
    }
    enum sic_status status = check_bitmap(image, error);
    if (status != SIC_OK) {
        return status;
    }
    if (!page_bitmap_init(&image->bitmap, file, OFFSET_BITMAP, image_u64(file, OFFSET_BIT_COUNT),
                          image_u64(file, OFFSET_FIRST_PAGE), &total)) {
        return sic_error_set(error, SIC_NO_MEMORY, "%s: not enough memory for the dump's bitmap", image->name);
    }
    image->operations = &image_operations_bitmap;
    image->pfn_limit = image->bitmap.bit_count;
    image->missing_pages = total - image->bitmap.present;
    return SIC_OK;
}
