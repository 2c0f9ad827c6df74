/*
 * Writes what SiC reads of a memory image into a sparse file, each frame at its physical address, and prints the
 * container, the number of missing pages, and the runs of frames: for tests that hold it against another reader.
 *   read_pages IMAGE OUTPUT
 */
#include "image/image.h"

#include <inttypes.h>
#include <stdio.h>

static int write_run(const struct sic_image *image, FILE *output, uint64_t first, uint64_t count)
{
    for (uint64_t pfn = first; pfn < first + count; pfn++) {
        const uint8_t *page = sic_image_page(image, pfn);
        if (page == NULL || fseeko(output, (off_t)(pfn * SIC_PAGE_SIZE), SEEK_SET) != 0 ||
            fwrite(page, SIC_PAGE_SIZE, 1, output) != 1) {
            fprintf(stderr, "read_pages: frame %" PRIx64 " was not written\n", pfn);
            return 1;
        }
    }
    return 0;
}

int main(int argument_count, char **arguments)
{
    struct sic_image *image = NULL;
    struct sic_error error = {""};
    uint64_t first;
    uint64_t count;
    int status = 0;

    if (argument_count != 3) {
        fputs("usage: read_pages IMAGE OUTPUT\n", stderr);
        return 2;
    }
    FILE *output = fopen(arguments[2], "wb");
    if (output == NULL || sic_image_open(arguments[1], &error, &image) != SIC_OK) {
        fprintf(stderr, "read_pages: %s\n", output == NULL ? "cannot write the output" : error.message);
        return 2;
    }
    printf("%s\n%" PRIu64 "\n", sic_image_container(image), sic_image_missing_pages(image));
    for (uint64_t pfn = 0; status == 0 && sic_image_next_run(image, pfn, &first, &count); pfn = first + count) {
        printf("%" PRIx64 " %" PRIx64 "\n", first, count);
        status = write_run(image, output, first, count);
    }
    sic_image_close(image);
    return fclose(output) != 0 ? 1 : status;
}
