/*
 * LiME images, version 1: headers of 32 bytes, {"EMiL", version, first address, last address, 8 bytes reserved}, each
 * followed by the bytes of its range. docs/formats/lime.md
 */
#include "image/backend.h"

#include <string.h>

#define HEADER_SIZE 32u

static bool has_header(const struct image_bytes *file, uint64_t offset)
{
    return image_bytes_hold(file, offset, HEADER_SIZE) && memcmp(file->at + offset, "EMiL", 4) == 0 &&
           image_load_u32(file->at + offset + 4) == 1;
}

static enum sic_status refuse_header(const struct sic_image *image, uint64_t offset, struct sic_error *error)
{
    const uint8_t *at = image->file.at + offset;

    if (memcmp(at, "EMiL", 4) == 0) {
        return sic_error_set(error, SIC_UNSUPPORTED,
                             "%s: a LiME image whose range at offset 0x%llx is of version %u; SiC reads version 1",
                             image->name, (unsigned long long)offset, image_load_u32(at + 4));
    }
    if (memcmp(at, "AVML", 4) == 0) {
        return sic_error_set(error, SIC_UNSUPPORTED,
                             "%s: an AVML image, whose ranges are compressed; unpack it with 'avml-convert' first",
                             image->name);
    }
    return sic_error_set(error, SIC_BROKEN,
                         "%s: a LiME image without the header of a range at offset 0x%llx, where the last range ends; "
                         "it is damaged, make or copy it again",
                         image->name, (unsigned long long)offset);
}

static enum sic_status take_range(const struct sic_image *image, uint64_t offset, struct range_list *list,
                                  uint64_t *size, struct sic_error *error)
{
    uint64_t first = image_load_u64(image->file.at + offset + 8);
    uint64_t last = image_load_u64(image->file.at + offset + 16);

    if (last < first) {
        return sic_error_set(
            error, SIC_BROKEN,
            "%s: the LiME range at offset 0x%llx ends (0x%llx) before it begins (0x%llx); it is damaged", image->name,
            (unsigned long long)offset, (unsigned long long)last, (unsigned long long)first);
    }
    if (last >> SIC_PAGE_SHIFT >= IMAGE_PFN_LIMIT) {
        return sic_error_set(error, SIC_BROKEN, "%s: the LiME range at offset 0x%llx %s; it is damaged", image->name,
                             (unsigned long long)offset, page_ranges_fault_text(PAGE_RANGES_WRAP));
    }
    *size = last - first + 1;
    enum page_ranges_fault fault = range_list_add(list, &image->file, first, *size, offset + HEADER_SIZE);
    if (fault != PAGE_RANGES_FINE) {
        return sic_error_set(error, fault == PAGE_RANGES_NO_MEMORY ? SIC_NO_MEMORY : SIC_BROKEN,
                             "%s: the LiME range at offset 0x%llx %s", image->name, (unsigned long long)offset,
                             page_ranges_fault_text(fault));
    }
    return SIC_OK;
}

static enum sic_status read_ranges(struct sic_image *image, struct range_list *list, struct sic_error *error)
{
    const struct image_bytes *file = &image->file;

    /* Each range takes at least its header of the file, and 48 bits at most: the offset cannot overflow. */
    for (uint64_t offset = 0; offset < file->size;) {
        uint64_t size = 0;
        if (file->size - offset < HEADER_SIZE) {
            image->missing_pages++; /* cut in a header: what its range held is unknown, a page at least */
            break;
        }
        if (!has_header(file, offset)) {
            return refuse_header(image, offset, error);
        }
        enum sic_status status = take_range(image, offset, list, &size, error);
        if (status != SIC_OK) {
            return status;
        }
        offset += HEADER_SIZE + size;
    }
    return SIC_OK;
}

static enum sic_status lime_open(struct sic_image *image, struct sic_error *error)
{
    struct range_list list = {0};

    if (!image_bytes_hold(&image->file, 0, 4) || memcmp(image->file.at, "EMiL", 4) != 0) {
        return SIC_NOT_MINE;
    }
    if (!image_bytes_hold(&image->file, 0, HEADER_SIZE)) {
        return sic_error_set(error, SIC_BROKEN, "%s: a LiME image cut short in its first header; copy it again",
                             image->name);
    }
    enum sic_status status = read_ranges(image, &list, error);
    if (status != SIC_OK) {
        range_list_deinit(&list);
        return status;
    }
    image->container = "LiME image";
    return image_take_ranges(image, &list, "a LiME image", error);
}

const struct image_backend image_backend_lime = {
    .name = "LiME",
    .open = lime_open,
};
