/*
 * Handles to sections: who holds which, and what each may do.
 */
#ifndef SIC_MEANING_HANDLE_H
#define SIC_MEANING_HANDLE_H

#include "core/scan.h"
#include "core/sort.h"

struct sic_handles {
    const struct sic_scan *scan;
    struct sic_key *keys; /* key: section; value: the handle, in the scan's order */
    uint32_t count;
    uint32_t unread; /* processes whose table was not read to its end */
    bool known;      /* handle tables were read */
    bool complete;   /* of all processes, to their end */
};

/* The owner calls sic_handles_deinit, after a failure too. False when memory ran out. */
bool sic_handles_init(const struct sic_scan *scan, struct sic_handles *handles);
void sic_handles_deinit(struct sic_handles *handles);

/* The handles to a section: keys whose values are indexes into sic_scan.handles. */
const struct sic_key *sic_handles_find(const struct sic_handles *handles, uint32_t section, uint32_t *count);

/* Whether the handle has SECTION_MAP_WRITE. What can be mapped with it depends on the section's own protection too. */
bool sic_access_has_map_write(uint32_t access);

#define SIC_ACCESS_TEXT_SIZE 160u

/* "query, map read, map write": the rights to the section; others, if any, as one hexadecimal number at the end. */
void sic_access_format(uint32_t access, char text[SIC_ACCESS_TEXT_SIZE]);

#endif
