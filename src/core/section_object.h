/*
 * From section objects, which names and handles lead to, to the sections of a scan.
 */
#ifndef SIC_CORE_SECTION_OBJECT_H
#define SIC_CORE_SECTION_OBJECT_H

#include "core/layout.h"
#include "core/scan.h"

/* The section of the section object at `object_va`; SIC_NONE: no process of the scan maps it, or it is unknown. */
uint32_t sic_section_of_object(const struct sic_scan *scan, const struct sic_reader *reader,
                               const struct sic_layout *layout, uint64_t object_va);

#endif
