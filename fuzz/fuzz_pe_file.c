/*
 * PE files of anybody's making: the PDB that they name is found or not.
 */
#include "kernel/pe.h"
#include "kernel/pe_file.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct sic_pdb_reference identity;
    struct sic_pe_file file;
    struct sic_reader reader;
    struct sic_pe pe;

    if (!sic_pe_file_open(data, size, &file))
        return 0;
    reader = sic_pe_file_reader(&file);
    if (!sic_pe_read(&reader, 0, &pe))
        return 0;
    if (sic_pe_read_pdb_reference(&reader, &pe, &identity) &&
        (strlen(identity.name) >= sizeof(identity.name) || strlen(identity.guid_age) < 33))
        abort();
    return 0;
}
