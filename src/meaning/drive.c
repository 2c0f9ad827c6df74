#include "meaning/drive.h"

#include "meaning/text.h"

#include <stdlib.h>
#include <string.h>

/* "\GLOBAL??\C:" */
static void spell_link(char letter, struct sic_object_path *path)
{
    static const char global[] = "\\GLOBAL??\\X:";

    path->length = sizeof(global) - 1;
    for (uint32_t i = 0; i < path->length; i++)
        path->units[i] = (uint8_t)(global[i] == 'X' ? letter : global[i]);
}

/* `begin` and `path` are room to work in. */
static bool add_drive(const struct sic_object_names *names, char letter, struct sic_object_path *begin,
                      struct sic_object_path *path, struct sic_drives *drives)
{
    struct sic_drive *drive = &drives->drives[drives->count];
    size_t size;

    spell_link(letter, begin);
    spell_link(letter, path);
    if (!sic_object_path_resolve(names, path) || path->length == 0)
        return true;
    size = path->length * sizeof(uint16_t);
    /* Nothing was there to follow. */
    if (path->length == begin->length && memcmp(path->units, begin->units, size) == 0)
        return true;
    drive->device = malloc(size);
    if (!drive->device)
        return false;
    memcpy(drive->device, path->units, size);
    drive->length = path->length;
    drive->letter = letter;
    drives->count++;
    return true;
}

bool sic_drives_init(const struct sic_object_names *names, struct sic_drives *drives)
{
    struct sic_object_path *room;
    bool added = true;

    *drives = (struct sic_drives){0};
    if (!names->known)
        return true;
    room = malloc(2 * sizeof(*room));
    if (!room)
        return false;
    for (char letter = 'A'; added && letter <= 'Z'; letter++)
        added = add_drive(names, letter, &room[0], &room[1], drives);
    free(room);
    return added;
}

void sic_drives_deinit(struct sic_drives *drives)
{
    for (uint32_t i = 0; i < drives->count; i++)
        free(drives->drives[i].device);
    *drives = (struct sic_drives){0};
}

const struct sic_drive *sic_drives_find(const struct sic_drives *drives, const uint16_t *path, uint32_t length)
{
    const struct sic_drive *found = NULL;

    for (uint32_t i = 0; i < drives->count; i++) {
        const struct sic_drive *drive = &drives->drives[i];

        if (drive->length <= length && (drive->length == length || path[drive->length] == '\\') &&
            sic_text_is_same(drive->device, path, drive->length) && (!found || drive->length < found->length))
            found = drive;
    }
    return found;
}
