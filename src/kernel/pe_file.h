/*
 * A PE image as it lies in a file, read as if it were mapped: ntoskrnl.exe on the disk of the running machine.
 */
#ifndef SIC_KERNEL_PE_FILE_H
#define SIC_KERNEL_PE_FILE_H

#include "core/reader.h"

struct sic_pe_file {
    const uint8_t *bytes; /* borrowed */
    size_t size;
    uint32_t headers_size;
    size_t sections_offset;
    unsigned section_count;
};

/* False when the bytes are no x64 PE file, or its headers contradict each other. */
bool sic_pe_file_open(const void *bytes, size_t size, struct sic_pe_file *file);

/* Reads at RVAs: the image stands at address 0. Valid as long as `file`. */
struct sic_reader sic_pe_file_reader(struct sic_pe_file *file);

#endif
