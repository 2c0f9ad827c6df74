/*
 * Kernel strings, read into a scan.
 */
#ifndef SIC_CORE_NAMES_H
#define SIC_CORE_NAMES_H

#include "core/reader.h"
#include "core/scan.h"

/* Longer names are taken for damage. In bytes. */
#define SIC_STRING_SIZE_LIMIT 0x2000u
/*
 * All strings of a scan together, in UTF-16 units: beyond it, names stay unknown. A sound machine has a few million;
 * an image can make thousands of processes name one buffer.
 */
#define SIC_STRINGS_LIMIT 0x2000000u

/*
 * Reads the UNICODE_STRING at `va` {u16 Length in bytes, u16 MaximumLength, u64 Buffer at +8} and appends its UTF-16
 * units to the scan. string->offset is SIC_NONE when it cannot be read. False when memory ran out.
 */
bool sic_string_read(struct sic_scan *scan, const struct sic_reader *reader, uint64_t va, struct sic_string *string);

/* Whether what is there says that it is a FILE_OBJECT. */
bool sic_is_file_object(const struct sic_reader *reader, uint64_t va);

/* Whether a section with at least `minimum_views` owners says that it has a file. */
bool sic_section_has_file(const struct sic_section *section, const struct sic_reader *reader, uint32_t minimum_views);

/* Reads the file names of the sections with at least `minimum_views` owners (sic_section_owner_count). False when
 * memory ran out. */
bool sic_section_names_read(struct sic_scan *scan, const struct sic_reader *reader, uint32_t file_name_offset,
                            uint32_t minimum_views);

#endif
