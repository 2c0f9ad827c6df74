#include "symbols/symbol_file.h"

#include <stdlib.h>
#include <string.h>

static enum sic_status check_match(const struct sic_symbol_file *file, const char *label,
                                   const struct sic_pdb_reference *wanted, struct sic_error *error)
{
    const struct sic_pdb_identity *identity = sic_pdb_identity(file->pdb);
    uint8_t guid[SIC_PDB_GUID_SIZE];
    uint32_t age;
    char found[SIC_PDB_IDENTITY_SIZE];

    if (sic_pdb_reference_parse(wanted, guid, &age) && sic_pdb_matches(file->pdb, guid, age))
        return SIC_OK;
    sic_pdb_format_identity(identity->guid, identity->age, found);
    return sic_error_set(error, SIC_NOT_MINE, "%.200s: refused: it is the PDB %s (GUID and age), the kernel's is %s",
                         label, found, wanted->guid_age);
}

static enum sic_status open_pdb(struct sic_symbol_file *file, const char *path, const char *label,
                                const struct sic_pdb_reference *wanted, struct sic_error *error)
{
    struct sic_error reason;
    enum sic_status status = sic_file_map_open(path, error, &file->map);

    if (status != SIC_OK)
        return status;
    status = sic_pdb_open_bytes(file->map.bytes, file->map.size, &reason, &file->pdb);
    if (status != SIC_OK)
        return sic_error_set(error, status == SIC_NOT_MINE ? SIC_BROKEN : status, "%.200s: refused: %s", label,
                             reason.message);
    return wanted ? check_match(file, label, wanted, error) : SIC_OK;
}

enum sic_status sic_symbol_file_open(const char *path, const char *label, const struct sic_pdb_reference *wanted,
                                     struct sic_error *error, struct sic_symbol_file *file)
{
    struct sic_symbol_file opened = {.path = strdup(path)};
    enum sic_status status;

    if (!opened.path)
        return sic_error_set(error, SIC_NO_MEMORY, "out of memory; close other programs and try again");
    status = open_pdb(&opened, path, label ? label : path, wanted, error);
    if (status == SIC_OK)
        *file = opened;
    else
        sic_symbol_file_close(&opened);
    return status;
}

void sic_symbol_file_close(struct sic_symbol_file *file)
{
    sic_pdb_close(file->pdb);
    sic_file_map_close(&file->map);
    free(file->path);
    *file = (struct sic_symbol_file){0};
}
