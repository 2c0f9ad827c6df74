/*
 * Takes arbitrary bytes for the .vmss or .vmsn beside a .vmem of 64 pages. Every page that the image then lends must
 * lie in the .vmem, and the runs must hold no more than it does.
 */
#include "image/image.h"

#include <stdlib.h>

#define MEMORY_PAGES 64u

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static uint8_t memory[MEMORY_PAGES * SIC_PAGE_SIZE];
static volatile uint8_t sink;

static void require(int truth)
{
    if (!truth) {
        abort();
    }
}

static void touch_page(const struct sic_image *image, uint64_t pfn)
{
    const uint8_t *page = sic_image_page(image, pfn);

    require(page != NULL && pfn < sic_image_pfn_limit(image));
    require(page >= memory && page <= memory + sizeof(memory) - SIC_PAGE_SIZE);
    sink = (uint8_t)(page[0] ^ page[SIC_PAGE_SIZE - 1]);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct sic_image *image = NULL;
    struct sic_error error;
    uint64_t total = 0;
    uint64_t first;
    uint64_t count;

    if (sic_image_open_pair(memory, sizeof(memory), data, size, "fuzz.vmem", &error, &image) != SIC_OK) {
        require(image == NULL && error.message[0] != '\0');
        return 0;
    }
    for (uint64_t pfn = 0; sic_image_next_run(image, pfn, &first, &count); pfn = first + count) {
        require(first >= pfn && count > 0);
        require(first == 0 || sic_image_page(image, first - 1) == NULL);
        for (uint64_t i = 0; i < count && i < MEMORY_PAGES; i++) {
            touch_page(image, first + i);
        }
        total += count;
    }
    require(total <= MEMORY_PAGES);
    sic_image_close(image);
    return 0;
}
