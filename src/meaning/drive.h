/*
 * Drive letters: which device each one of \GLOBAL?? leads to.
 */
#ifndef SIC_MEANING_DRIVE_H
#define SIC_MEANING_DRIVE_H

#include "meaning/object_name.h"

#define SIC_DRIVE_LIMIT 26u

struct sic_drive {
    char letter;
    uint32_t length; /* of the device's path, in units */
    uint16_t *device;
};

struct sic_drives {
    struct sic_drive drives[SIC_DRIVE_LIMIT]; /* by letter */
    uint32_t count;
};

/* Links that lead to no device by at most a few links are left out. False when memory ran out. The owner calls
 * sic_drives_deinit, after a failure too. */
bool sic_drives_init(const struct sic_object_names *names, struct sic_drives *drives);
void sic_drives_deinit(struct sic_drives *drives);

/*
 * The drive whose device's path `path` begins with, as a whole part; NULL: none. Of several that of a volume goes
 * before those of its folders, then the first letter. The rest of the path begins behind drive->length units.
 */
const struct sic_drive *sic_drives_find(const struct sic_drives *drives, const uint16_t *path, uint32_t length);

#endif
