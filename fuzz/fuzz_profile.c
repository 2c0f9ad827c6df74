/* Any bytes as a profile file: every layout of it is read, and its table of kernels is searched. */
#include "symbols/profile.h"

#include <stdlib.h>
#include <string.h>

static void check_layout(const struct sic_layout *layout)
{
    for (unsigned i = 0; i < SIC_FIELD_COUNT; i++) {
        if (layout->fields[i].first_bit > 63 || layout->fields[i].bit_count > 63)
            abort();
    }
    /* Whatever the text said, what passes is within the bounds of the walk's buffers. */
    if (sic_layout_first_bad_field(layout) == SIC_FIELD_COUNT &&
        (sic_layout_offset(layout, SIC_FIELD_MMVAD_SIZE) > SIC_VAD_SIZE_LIMIT ||
         sic_layout_offset(layout, SIC_FIELD_SUBSECTION_SIZE) > SIC_SECTION_STRUCTURE_LIMIT))
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const char *text = (const char *)data;
    struct sic_known_kernel kernel;
    struct sic_profile profile;
    struct sic_error error;
    size_t cursor = 0;

    while (sic_profile_next(text, size, &cursor, &error, &profile) == SIC_OK) {
        check_layout(&profile.layout);
        if (memchr(profile.name, '\0', sizeof(profile.name)) == NULL)
            abort();
    }
    if (sic_known_kernel_find_in(text, size, "5278AFF86C341677D7D7835C85B7B8441", &kernel))
        (void)sic_profile_find(text, size, kernel.layout, &profile);
    return 0;
}
