#include "live/layout_choice.h"

#include <stdio.h>

/* Layouts of one finder that are tried. */
#define FINDER_TURN_LIMIT 1000u

static enum sic_status find_by_request(void *context, unsigned turn, struct sic_error *error, struct sic_kernel *kernel)
{
    const struct sic_layout_request *request = context;
    const struct sic_layout_finder *finder = request->own ? request->own : request->pdb;
    struct sic_found_layout found;
    enum sic_status status = finder->find(finder->context, &kernel->pdb, turn, error, &found);

    if (status != SIC_OK)
        return status;
    kernel->profile = found.profile;
    kernel->layout_source = request->own ? SIC_LAYOUT_FILE : SIC_LAYOUT_PDB;
    snprintf(kernel->layout_origin, sizeof(kernel->layout_origin), "%s", found.origin);
    return SIC_OK;
}

struct sic_live_finder sic_live_finder_make(const struct sic_layout_request *request)
{
    return (struct sic_live_finder){
        .context = (void *)request, .is_only = request->own != NULL, .find = find_by_request};
}

static void recognise(struct sic_kernel *kernel)
{
    kernel->is_known = sic_known_kernel_find(kernel->pdb.guid_age, &kernel->known);
    if (kernel->is_known)
        kernel->build = kernel->known.version.part[2];
}

static enum sic_status try_exact(struct sic_kernel *kernel, const struct sic_live_trial *trial, struct sic_error *error)
{
    if (!kernel->is_known || !sic_profile_builtin_find(kernel->known.layout, &kernel->profile))
        return SIC_BROKEN;
    kernel->layout_source = SIC_LAYOUT_EXACT;
    return trial->run(trial->context, &kernel->profile.layout, error);
}

/* SIC_BROKEN: nothing that was found is true of the kernel; *why then says what to do next. */
static enum sic_status try_found(struct sic_kernel *kernel, const struct sic_live_finder *finder,
                                 const struct sic_live_trial *trial, struct sic_error *error, struct sic_error *why)
{
    for (unsigned turn = 0; finder && turn < FINDER_TURN_LIMIT; turn++) {
        struct sic_kernel tried = *kernel;
        struct sic_error reason;
        enum sic_status status = finder->find(finder->context, turn, &reason, &tried);

        if (status == SIC_NO_MEMORY) {
            *error = reason;
            return status;
        }
        if (status != SIC_OK) {
            if (turn == 0)
                *why = reason;
            break;
        }
        status = trial->run(trial->context, &tried.profile.layout, error);
        if (status == SIC_OK)
            *kernel = tried;
        if (status != SIC_BROKEN)
            return status;
    }
    return SIC_BROKEN;
}

/* The distance that follows `after` among the profiles; UINT32_MAX: none. */
static uint32_t next_distance(uint32_t build, int64_t after)
{
    uint32_t nearest = UINT32_MAX;
    struct sic_profile profile;
    size_t cursor = 0;

    while (sic_profile_builtin_next(&cursor, &profile)) {
        uint32_t distance = sic_profile_build_distance(&profile, build);

        if (distance > after && distance < nearest)
            nearest = distance;
    }
    return nearest;
}

static enum sic_status try_nearest(struct sic_kernel *kernel, const struct sic_live_trial *trial,
                                   struct sic_error *error)
{
    uint32_t distance;

    kernel->layout_source = SIC_LAYOUT_NEAREST;
    for (int64_t after = -1; (distance = next_distance(kernel->build, after)) != UINT32_MAX; after = distance) {
        struct sic_profile profile;
        size_t cursor = 0;

        while (sic_profile_builtin_next(&cursor, &profile)) {
            enum sic_status status;

            if (sic_profile_build_distance(&profile, kernel->build) != distance)
                continue;
            kernel->profile = profile;
            status = trial->run(trial->context, &profile.layout, error);
            if (status != SIC_BROKEN)
                return status;
        }
    }
    return SIC_BROKEN;
}

enum sic_status sic_live_choose_layout(struct sic_kernel *kernel, const struct sic_live_finder *finder,
                                       const struct sic_live_trial *trial, struct sic_error *error)
{
    struct sic_error why = {.message = "name its PDB with a symbol path, or use 'sic --live-dump'"};
    bool may_be_built_in = !finder || !finder->is_only;
    enum sic_status status = SIC_BROKEN;

    recognise(kernel);
    if (may_be_built_in)
        status = try_exact(kernel, trial, error);
    if (status == SIC_BROKEN)
        status = try_found(kernel, finder, trial, error, &why);
    if (status == SIC_BROKEN && may_be_built_in)
        status = try_nearest(kernel, trial, error);
    if (status != SIC_BROKEN)
        return status;
    return sic_error_set(error, SIC_UNSUPPORTED,
                         "the running kernel (build %u, %s %s) contradicts every layout %s: %.300s", kernel->build,
                         kernel->pdb.name[0] ? kernel->pdb.name : "PDB unknown", kernel->pdb.guid_age,
                         may_be_built_in ? "that SiC knows" : "of --profile", why.message);
}
