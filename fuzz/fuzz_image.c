/*
 * Opens arbitrary bytes as a memory image, walks its runs and reads pages and virtual memory. Every pointer that the
 * image lends must lie in the input, and the runs must hold no more than the input does.
 */
#include "image/image.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static volatile uint8_t sink;

static void require(int truth)
{
    if (!truth) {
        abort();
    }
}

static void touch(const struct sic_image *image, const uint8_t *bytes, size_t size, size_t file_size)
{
    uint64_t offset = sic_image_file_offset(image, bytes);

    require(size > 0 && offset < file_size && size <= file_size - offset);
    sink = (uint8_t)(bytes[0] ^ bytes[size - 1]);
}

static void touch_page(const struct sic_image *image, uint64_t pfn, size_t file_size)
{
    const uint8_t *page = sic_image_page(image, pfn);

    require(page != NULL && pfn < sic_image_pfn_limit(image));
    touch(image, page, SIC_PAGE_SIZE, file_size);
}

static void walk_runs(const struct sic_image *image, size_t file_size)
{
    uint64_t first;
    uint64_t count;
    uint64_t total = 0;

    for (uint64_t pfn = 0; sic_image_next_run(image, pfn, &first, &count); pfn = first + count) {
        require(first >= pfn && count > 0 && count <= file_size / SIC_PAGE_SIZE);
        touch_page(image, first, file_size);
        touch_page(image, first + count / 2, file_size);
        touch_page(image, first + count - 1, file_size);
        require(first == pfn || sic_image_page(image, first - 1) == NULL);
        total += count;
    }
    require(total <= file_size / SIC_PAGE_SIZE);
}

/* The input's own numbers, taken as frame numbers and as addresses, are the most likely ones to hit something. */
static void probe_numbers(const struct sic_image *image, const uint8_t *data, size_t size)
{
    for (size_t at = 0; at + 8 <= size && at < 65536; at += 8) {
        uint64_t number = 0;
        for (unsigned int i = 0; i < 8; i++) {
            number |= (uint64_t)data[at + i] << (8 * i);
        }
        if (sic_image_page(image, number) != NULL) {
            touch_page(image, number, size);
        }
        size_t length = 0;
        const uint8_t *bytes = sic_image_virtual(image, number, &length);
        if (bytes != NULL) {
            touch(image, bytes, length, size);
        }
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct sic_image *image = NULL;
    struct sic_error error;

    if (sic_image_open_bytes(data, size, "fuzz", &error, &image) != SIC_OK) {
        require(image == NULL && error.message[0] != '\0');
        return 0;
    }
    require(sic_image_container(image) != NULL && sic_image_header(image) != NULL);
    walk_runs(image, size);
    probe_numbers(image, data, size);
    sic_image_close(image);
    return 0;
}
