/*
 * The whole way from an image's bytes to regions: container, page tables, kernel, layout, collection on two threads,
 * with tokens, PEBs and first pages.
 */
#include "kernel/collect.h"
#include "sharing/region.h"
#include "util/memory.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void collect(const struct sic_kernel *kernel)
{
    struct sic_collect_options options = sic_collect_everything(2);
    struct sic_regions regions;
    struct sic_error error;
    struct sic_scan scan;

    sic_scan_init(&scan, sic_heap_allocator());
    if (sic_collect(kernel, &options, &error, &scan) != SIC_OK || !sic_regions_report_claims(&scan) ||
        sic_regions_build(&scan, SIC_REGION_JOINED, 1, &error, &regions) != SIC_OK)
        abort();
    sic_regions_deinit(&regions);
    sic_scan_deinit(&scan);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct sic_error error;
    struct sic_image *image;
    struct sic_kernel kernel;

    if (sic_image_open_bytes(data, size, "input", &error, &image) != SIC_OK)
        return 0;
    if (sic_kernel_open(image, &error, &kernel) == SIC_OK)
        collect(&kernel);
    sic_image_close(image);
    return 0;
}
