#include "meaning/file_path.h"

#include "meaning/text.h"

#include <stdlib.h>

struct sic_string sic_section_device_path(const struct sic_scan *scan, const struct sic_section *section)
{
    const struct sic_device *devices = scan->devices.elements;
    struct sic_string unknown = {.offset = SIC_NONE};

    if (section->device >= scan->devices.count || !sic_text_is_known(scan, devices[section->device].path) ||
        devices[section->device].path.length == 0)
        return unknown;
    return devices[section->device].path;
}

const struct sic_drive *sic_section_drive(const struct sic_scan *scan, const struct sic_drives *drives,
                                          const struct sic_section *section)
{
    struct sic_string device = sic_section_device_path(scan, section);
    const struct sic_drive *drive = NULL;

    if (device.offset != SIC_NONE)
        drive = sic_drives_find(drives, sic_text_units(scan, device), device.length);

    /* A letter for a folder of the device is none for the device. */
    return drive && drive->length == device.length ? drive : NULL;
}

enum sic_path_state sic_section_path_state(const struct sic_scan *scan, const struct sic_drives *drives,
                                           const struct sic_section *section)
{
    struct sic_string device = sic_section_device_path(scan, section);

    if (section->flags & SIC_SECTION_UNREAD)
        return SIC_PATH_UNKNOWN;
    if (section->file_object_va == 0)
        return SIC_PATH_NONE;
    if (!(section->flags & SIC_SECTION_HAS_NAME) || !sic_text_is_known(scan, section->name) ||
        section->name.length == 0)
        return SIC_PATH_UNKNOWN;
    if (sic_text_units(scan, section->name)[0] != '\\')
        return SIC_PATH_UNKNOWN_FOLDER;
    if (device.offset == SIC_NONE)
        return SIC_PATH_UNKNOWN_DEVICE;
    return sic_section_drive(scan, drives, section) ? SIC_PATH_FULL : SIC_PATH_DEVICE;
}

char *sic_section_path(const struct sic_scan *scan, const struct sic_drives *drives, const struct sic_section *section)
{
    enum sic_path_state state = sic_section_path_state(scan, drives, section);
    char letter[] = "X:", *prefix, *path;

    if (state == SIC_PATH_FULL) {
        letter[0] = sic_section_drive(scan, drives, section)->letter;
        return sic_text_join(letter, sic_text_units(scan, section->name), section->name.length);
    }
    if (state != SIC_PATH_DEVICE)
        return NULL;
    prefix = sic_text_escape(scan, sic_section_device_path(scan, section));
    path = prefix ? sic_text_join(prefix, sic_text_units(scan, section->name), section->name.length) : NULL;
    free(prefix);
    return path;
}

char *sic_section_device(const struct sic_scan *scan, const struct sic_section *section)
{
    return sic_text_escape(scan, sic_section_device_path(scan, section));
}

char *sic_process_path(const struct sic_scan *scan, const struct sic_drives *drives, const struct sic_process *process)
{
    const struct sic_drive *drive;
    const uint16_t *units;
    char letter[] = "X:";

    if (!(process->flags & SIC_PROCESS_HAS_PATH) || !sic_text_is_known(scan, process->path))
        return NULL;
    units = sic_text_units(scan, process->path);
    drive = sic_drives_find(drives, units, process->path.length);
    if (!drive)
        return sic_text_escape(scan, process->path);
    letter[0] = drive->letter;
    return sic_text_join(letter, units + drive->length, process->path.length - drive->length);
}
