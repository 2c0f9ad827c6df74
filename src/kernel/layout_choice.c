#include "kernel/layout_choice.h"

#include "kernel/globals.h"
#include "util/memory.h"

#include <stdio.h>
#include <stdlib.h>

/* Layouts of one file that are tried. */
#define FINDER_TURN_LIMIT 1000u

static bool prove(struct sic_kernel *kernel, struct sic_address_space *space, enum sic_proof_standard standard)
{
    struct sic_reader reader = sic_address_space_reader(space);

    return sic_layout_prove(&reader, &kernel->profile.layout, &kernel->processes, standard, sic_heap_allocator(),
                            &kernel->proof);
}

struct candidate {
    uint32_t distance;
    struct sic_profile profile;
};

/* Nearest by build first; of several for one build the newest, for most machines are serviced. */
static int compare_candidates(const void *left, const void *right)
{
    const struct candidate *a = left, *b = right;

    if (a->distance != b->distance)
        return a->distance < b->distance ? -1 : 1;
    for (unsigned i = 2; i < 4; i++) {
        if (a->profile.first.part[i] != b->profile.first.part[i])
            return a->profile.first.part[i] > b->profile.first.part[i] ? -1 : 1;
    }
    return 0;
}

#define CANDIDATE_LIMIT 64u

/* The best of the candidates [first, end), which are equally near: of those that are proved, the likeliest. */
static bool choose_among(struct sic_kernel *kernel, struct sic_address_space *space, const struct candidate *candidates,
                         unsigned first, unsigned end)
{
    struct sic_proof best = {0};
    unsigned chosen = end;

    for (unsigned i = first; i < end; i++) {
        kernel->profile = candidates[i].profile;
        if (!prove(kernel, space, SIC_PROOF_OF_GUESS) || (chosen != end && kernel->proof.likely <= best.likely))
            continue;
        best = kernel->proof;
        chosen = i;
    }
    if (chosen == end)
        return false;
    kernel->profile = candidates[chosen].profile;
    kernel->proof = best;
    return true;
}

static const char *describe_refusal(const struct sic_kernel *kernel)
{
    if (kernel->processes.head_va == 0 && kernel->processes.system_va == 0)
        return "the list of processes is not found with it";
    return kernel->proof.refusal ? kernel->proof.refusal : "too many of them contradict it";
}

/* Tries the profiles by their distance from the kernel's build. */
static bool choose_nearest(struct sic_kernel *kernel, struct sic_address_space *space)
{
    struct candidate *candidates = calloc(CANDIDATE_LIMIT, sizeof(*candidates));
    unsigned count = 0, end;
    bool chosen = false;
    size_t cursor = 0;

    if (!candidates)
        return false;
    while (count < CANDIDATE_LIMIT && sic_profile_builtin_next(&cursor, &candidates[count].profile)) {
        candidates[count].distance = sic_profile_build_distance(&candidates[count].profile, kernel->build);
        count++;
    }
    qsort(candidates, count, sizeof(*candidates), compare_candidates);
    for (unsigned first = 0; first < count && !chosen; first = end) {
        for (end = first + 1; end < count && candidates[end].distance == candidates[first].distance;)
            end++;
        chosen = choose_among(kernel, space, candidates, first, end);
    }
    free(candidates);
    return chosen;
}

static bool knows_process_list(const struct sic_kernel *kernel)
{
    return kernel->processes.head_va != 0 || kernel->processes.system_va != 0;
}

/* The found layout, proved on the kernel as its globals show it. SIC_UNSUPPORTED: the structures disagree. */
static enum sic_status try_found(struct sic_kernel *kernel, const struct sic_found_layout *found,
                                 struct sic_error *error)
{
    struct sic_kernel tried = *kernel;
    struct sic_address_space *space;
    struct sic_reader reader;
    bool proved;
    enum sic_status status = sic_address_space_create(kernel->image, &tried.paging, error, &space);

    if (status != SIC_OK)
        return status;
    reader = sic_address_space_reader(space);
    sic_kernel_apply_globals(&tried, &reader, found->profile.globals, &found->profile.layout);
    sic_address_space_destroy(space);
    tried.profile = found->profile;
    snprintf(tried.layout_origin, sizeof(tried.layout_origin), "%s", found->origin);
    /* Anew, with the mask that the globals told. */
    status = sic_address_space_create(kernel->image, &tried.paging, error, &space);
    if (status != SIC_OK)
        return status;
    proved = knows_process_list(&tried) && prove(&tried, space, SIC_PROOF_OF_IDENTITY);
    sic_address_space_destroy(space);
    if (proved) {
        *kernel = tried;
        return SIC_OK;
    }
    return sic_error_set(error, SIC_UNSUPPORTED, "the kernel's structures disagree with layout %s of %.200s: %s",
                         found->profile.name, found->origin, describe_refusal(&tried));
}

/* Asks for layouts until one is proved. Otherwise *error is about the last that was refused, or that none was found. */
static enum sic_status ask_finder(struct sic_kernel *kernel, const struct sic_layout_finder *finder,
                                  const struct sic_message_sink *messages, struct sic_error *error)
{
    enum sic_status status = SIC_NOT_FOUND, last = SIC_NOT_FOUND;

    for (unsigned turn = 0; turn < FINDER_TURN_LIMIT; turn++) {
        struct sic_found_layout found;
        struct sic_error reason;

        status = finder->find(finder->context, &kernel->pdb, turn, &reason, &found);
        if (status == SIC_OK)
            status = try_found(kernel, &found, &reason);
        else if (turn > 0 && status == SIC_NOT_FOUND)
            break;
        if (status == SIC_OK)
            return SIC_OK;
        last = status;
        *error = reason;
        if (status != SIC_UNSUPPORTED)
            break;
        sic_message_send(messages, SIC_MESSAGE_STEP, "layout: %s", reason.message);
    }
    return last;
}

static enum sic_status use_own_layout(struct sic_kernel *kernel, const struct sic_layout_request *request,
                                      struct sic_error *error)
{
    char pdb[SIC_PDB_REFERENCE_TEXT_SIZE];
    struct sic_error reason;
    enum sic_status status = ask_finder(kernel, request->own, &request->messages, &reason);

    if (status == SIC_OK) {
        kernel->layout_source = SIC_LAYOUT_FILE;
        return SIC_OK;
    }
    sic_pdb_reference_format(&kernel->pdb, pdb);
    return sic_error_set(error, status, "--profile: no layout of the file fits this kernel (build %u, %s): %.300s",
                         kernel->build, pdb, reason.message);
}

static bool use_exact_layout(struct sic_kernel *kernel, struct sic_address_space *space,
                             const struct sic_message_sink *messages)
{
    char pdb[SIC_PDB_REFERENCE_TEXT_SIZE];

    sic_pdb_reference_format(&kernel->pdb, pdb);
    if (!kernel->is_known || !sic_profile_builtin_find(kernel->known.layout, &kernel->profile)) {
        sic_message_send(messages, SIC_MESSAGE_STEP, "layout: no built-in profile is for %s", pdb);
        return false;
    }
    kernel->layout_source = SIC_LAYOUT_EXACT;
    if (prove(kernel, space, SIC_PROOF_OF_IDENTITY)) {
        sic_message_send(messages, SIC_MESSAGE_STEP, "layout: built-in profile %s is for %s, proved",
                         kernel->profile.name, pdb);
        return true;
    }
    sic_message_send(messages, SIC_MESSAGE_NOTE,
                     "layout: built-in profile %s is for exactly this kernel, but its structures disagree: %s",
                     kernel->profile.name, describe_refusal(kernel));
    return false;
}

/* False with *reason, when the PDB is not there or does not help. */
static bool use_pdb_layout(struct sic_kernel *kernel, const struct sic_layout_request *request,
                           struct sic_error *reason)
{
    enum sic_status status;

    if (!request->pdb) {
        sic_error_set(reason, SIC_NOT_FOUND, "its PDB was not looked for");
        return false;
    }
    status = ask_finder(kernel, request->pdb, &request->messages, reason);
    if (status == SIC_OK) {
        kernel->layout_source = SIC_LAYOUT_PDB;
        sic_message_send(&request->messages, SIC_MESSAGE_STEP, "layout: read from %s, proved", kernel->layout_origin);
        return true;
    }
    sic_message_send(&request->messages, status == SIC_NOT_FOUND ? SIC_MESSAGE_STEP : SIC_MESSAGE_NOTE, "layout: %s",
                     reason->message);
    return false;
}

static bool use_nearest_layout(struct sic_kernel *kernel, struct sic_address_space *space,
                               const struct sic_message_sink *messages)
{
    kernel->layout_source = SIC_LAYOUT_NEAREST;
    if (!knows_process_list(kernel) || !choose_nearest(kernel, space))
        return false;
    sic_message_send(messages, SIC_MESSAGE_STEP, "layout: nearest built-in profile %s, proved", kernel->profile.name);
    return true;
}

enum sic_status sic_layout_choose(struct sic_kernel *kernel, const struct sic_layout_request *request,
                                  struct sic_address_space *space, struct sic_error *error)
{
    char pdb[SIC_PDB_REFERENCE_TEXT_SIZE];
    struct sic_error reason;

    if (request->own)
        return use_own_layout(kernel, request, error);
    if (knows_process_list(kernel) && use_exact_layout(kernel, space, &request->messages))
        return SIC_OK;
    if (use_pdb_layout(kernel, request, &reason) || use_nearest_layout(kernel, space, &request->messages))
        return SIC_OK;
    if (!knows_process_list(kernel) && kernel->is_known)
        return sic_error_set(error, SIC_NOT_FOUND,
                             "the kernel's list of processes is not in this image: ntoskrnl.exe's export "
                             "PsInitialSystemProcess cannot be read; check that the image is whole");
    if (!knows_process_list(kernel))
        return sic_error_set(
            error, SIC_NOT_FOUND,
            "the kernel's list of processes is not found: ntoskrnl.exe's export PsInitialSystemProcess "
            "cannot be read, and without it the kernel's PDB is needed; %s",
            reason.message);
    if (kernel->is_known)
        return sic_error_set(error, SIC_BROKEN,
                             "the image is too damaged: the structures of its kernel (build %u, %s), which SiC knows, "
                             "contradict each other; take the image anew",
                             kernel->build, kernel->pdb.guid_age);
    sic_pdb_reference_format(&kernel->pdb, pdb);
    return sic_error_set(error, SIC_UNSUPPORTED,
                         "no built-in profile agrees with this kernel (build %u, %s), of a release that SiC does not "
                         "know, or with too little of its structures in the image; %s",
                         kernel->build, pdb, reason.message);
}
