/*
 * What a section is: by its file, its size, its views.
 */
#ifndef SIC_DIFFERENCE_SECTION_KEY_H
#define SIC_DIFFERENCE_SECTION_KEY_H

#include "difference/matching.h"

enum sic_section_sort { SIC_SORT_UNREAD, SIC_SORT_IMAGE, SIC_SORT_FILE, SIC_SORT_PAGING_FILE, SIC_SORT_PHYSICAL };

/* By side and section. */
struct sic_section_keys {
    uint8_t *sorts[2];     /* enum sic_section_sort */
    uint32_t *files[2];    /* equal for sections of one sort and file; SIC_NONE: no file, or its name is unknown */
    uint32_t *volumes[2];  /* the same whatever the device of the file is */
    bool *is_loose[2];     /* where the file lies is not known in the way in which it is of others */
    uint32_t *shapes[2];   /* equal for equal sort and size */
    uint32_t *contents[2]; /* equal for equal size and views; ascending by size */
};

/* Fills in the names and ranks of the sides' sections as well: views must have keys. The owner calls
 * sic_section_keys_deinit, after a failure too. False when memory ran out. */
bool sic_section_keys_find(struct sic_matching *matching, struct sic_section_keys *keys);
void sic_section_keys_deinit(struct sic_section_keys *keys);

static inline bool sic_section_is_sized(const struct sic_section *section)
{
    return !(section->flags & (SIC_SECTION_UNREAD | SIC_SECTION_SIZE_UNKNOWN));
}

#endif
