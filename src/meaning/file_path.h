/*
 * Full paths of files: with the drive letter where one leads to their device, else \Device\….
 */
#ifndef SIC_MEANING_FILE_PATH_H
#define SIC_MEANING_FILE_PATH_H

#include "meaning/drive.h"

enum sic_path_state {
    SIC_PATH_NONE,           /* it has no file */
    SIC_PATH_FULL,           /* with a drive letter */
    SIC_PATH_DEVICE,         /* with the device: no drive letter is known to lead there */
    SIC_PATH_UNKNOWN_DEVICE, /* on its volume only: the device's name is unknown */
    SIC_PATH_UNKNOWN_FOLDER, /* opened relative to another file, or by its number: its name is no path of the volume */
    SIC_PATH_UNKNOWN         /* there is a file, whose name could not be read */
};

/* Of a section's file. */
enum sic_path_state sic_section_path_state(const struct sic_scan *scan, const struct sic_drives *drives,
                                           const struct sic_section *section);

/* The full path, escaped, to be freed. NULL when there is none or it is unknown, the device's name included, or when
 * memory ran out. */
char *sic_section_path(const struct sic_scan *scan, const struct sic_drives *drives, const struct sic_section *section);

/* The path of the device that the section's file lies on; of an unknown one the offset is SIC_NONE. */
struct sic_string sic_section_device_path(const struct sic_scan *scan, const struct sic_section *section);

/* The drive that stands for that device; NULL: none is known. */
const struct sic_drive *sic_section_drive(const struct sic_scan *scan, const struct sic_drives *drives,
                                          const struct sic_section *section);

/* The name of the device that the section's file lies on, escaped, to be freed; NULL likewise. */
char *sic_section_device(const struct sic_scan *scan, const struct sic_section *section);

/* The full path of a process's image, likewise. */
char *sic_process_path(const struct sic_scan *scan, const struct sic_drives *drives, const struct sic_process *process);

#endif
