/*
 * Raw images: byte n of the file is byte n of physical memory. Nothing marks them, so this backend comes last and
 * takes what is large enough.
 */
#include "image/backend.h"

#define SMALLEST_RAW_IMAGE (UINT64_C(1) << 20)

static enum sic_status raw_open(struct sic_image *image, struct sic_error *error)
{
    uint64_t size = image->file.size;
    uint64_t pages = size >> SIC_PAGE_SHIFT;
    uint64_t promised = pages + (size % SIC_PAGE_SIZE != 0); /* a last page cut in the middle is missing */

    if (size < SMALLEST_RAW_IMAGE) {
        return sic_error_set(error, SIC_UNSUPPORTED,
                             "%s: %llu bytes without a known signature are too small to be a raw image; "
                             "name a crash dump or a raw image of physical memory",
                             image->name, (unsigned long long)size);
    }
    if (promised > IMAGE_PFN_LIMIT) {
        return sic_error_set(error, SIC_UNSUPPORTED, "%s: larger than x64's physical memory can be", image->name);
    }
    page_runs_add(&image->runs, &image->file, 0, promised, 0, &image->missing_pages);
    image->operations = &image_operations_runs;
    image->container = "raw image";
    image->pfn_limit = pages;
    return SIC_OK;
}

const struct image_backend image_backend_raw = {
    .name = "raw image",
    .open = raw_open,
};
