#include "symbols/profile_file.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The built-in data has 0.14 MB; a profile for one kernel 6 KB. */
#define FILE_SIZE_LIMIT (4u << 20)
#define PROFILE_LIMIT   1000u

static enum sic_status check(const struct sic_profile_file *file, struct sic_error *error)
{
    struct sic_profile profile;
    struct sic_error reason;
    size_t cursor = 0;
    unsigned count = 0;
    enum sic_status status;

    if (file->map.size > FILE_SIZE_LIMIT)
        return sic_error_set(error, SIC_BROKEN, "%.200s: %" PRIu64 " bytes are no profile: at most %u are read",
                             file->path, (uint64_t)file->map.size, FILE_SIZE_LIMIT);
    do {
        status = sic_profile_next((const char *)file->map.bytes, file->map.size, &cursor, &reason, &profile);
        count += status == SIC_OK;
    } while (status == SIC_OK && count <= PROFILE_LIMIT);
    if (status == SIC_BROKEN)
        return sic_error_set(error, SIC_BROKEN, "%.200s: %s", file->path, reason.message);
    if (count == 0 || count > PROFILE_LIMIT)
        return sic_error_set(error, SIC_BROKEN, "%.200s: %s; see docs/profiles.md", file->path,
                             count ? "there are more layouts than could be meant" : "there is no layout in it");
    return SIC_OK;
}

enum sic_status sic_profile_file_open(const char *path, struct sic_error *error, struct sic_profile_file *file)
{
    struct sic_profile_file opened = {.path = strdup(path)};
    enum sic_status status;

    if (!opened.path)
        return sic_error_set(error, SIC_NO_MEMORY, "out of memory; close other programs and try again");
    status = sic_file_map_open(path, error, &opened.map);
    if (status == SIC_OK)
        status = check(&opened, error);
    if (status == SIC_OK)
        *file = opened;
    else
        sic_profile_file_close(&opened);
    return status;
}

void sic_profile_file_close(struct sic_profile_file *file)
{
    sic_file_map_close(&file->map);
    free(file->path);
    *file = (struct sic_profile_file){0};
}

/* The layout that the file's own table of kernels gives to this PDB, with the table's globals. */
static bool find_known(const struct sic_profile_file *file, const struct sic_pdb_reference *pdb,
                       struct sic_profile *profile)
{
    const char *text = (const char *)file->map.bytes;
    struct sic_known_kernel known;

    if (pdb->guid_age[0] == '\0' || !sic_known_kernel_find_in(text, file->map.size, pdb->guid_age, &known) ||
        !sic_profile_find(text, file->map.size, known.layout, profile))
        return false;
    for (unsigned i = 0; i < SIC_GLOBAL_COUNT; i++) {
        if (profile->globals[i] == 0)
            profile->globals[i] = known.globals[i];
    }
    return true;
}

static enum sic_status find_layout(void *context, const struct sic_pdb_reference *pdb, unsigned turn,
                                   struct sic_error *error, struct sic_found_layout *found)
{
    const struct sic_profile_file *file = context;
    struct sic_found_layout layout = {0};
    bool is_known = find_known(file, pdb, &layout.profile);
    size_t cursor = 0;
    enum sic_status status = SIC_OK;

    snprintf(layout.origin, sizeof(layout.origin), "%s", file->path);
    if (!is_known || turn > 0) {
        for (unsigned i = is_known; i <= turn && status == SIC_OK; i++)
            status = sic_profile_next((const char *)file->map.bytes, file->map.size, &cursor, error, &layout.profile);
    }
    if (status == SIC_OK)
        *found = layout;
    else if (status == SIC_NOT_FOUND)
        sic_error_set(error, status, "there is no other layout in %.200s", file->path);
    return status;
}

struct sic_layout_finder sic_profile_file_finder(struct sic_profile_file *file)
{
    return (struct sic_layout_finder){.context = file, .find = find_layout};
}
