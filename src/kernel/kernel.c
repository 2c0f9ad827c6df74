#include "kernel/kernel.h"

#include "kernel/find.h"
#include "kernel/page_table.h"
#include "util/memory.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* NtBuildNumber holds the build in its low half, and free (f) or checked (c) in the highest digit. */
#define BUILD_NUMBER_MASK 0xffffu

/* Layouts of one file that are tried. */
#define FINDER_TURN_LIMIT 1000u

static bool has_frame(const struct sic_image *image, uint64_t pa)
{
    return sic_image_page(image, pa >> SIC_PAGE_SHIFT) != NULL;
}

/* The page tables: named by a dump's header, looked for in a raw image. */
static enum sic_status find_page_tables(struct sic_kernel *kernel, struct sic_error *error)
{
    const struct sic_image_header *header = sic_image_header(kernel->image);

    if (sic_image_is_virtual(kernel->image))
        return SIC_OK;
    if (header->directory_table_base == 0)
        return sic_find_page_tables(kernel->image, error, &kernel->paging.root_pa, &kernel->pe);
    kernel->paging.root_pa = header->directory_table_base;
    if (!has_frame(kernel->image, kernel->paging.root_pa))
        return sic_error_set(error, SIC_BROKEN,
                             "the dump's page tables, at physical address 0x%llx, are not in it; take the dump anew",
                             (unsigned long long)kernel->paging.root_pa);
    return SIC_OK;
}

/* Exports that say which kernel it is and where its processes are: there without any symbols. */
static void read_exports(struct sic_kernel *kernel, const struct sic_reader *reader)
{
    static const char *const names[] = {"PsInitialSystemProcess", "NtBuildNumber"};
    uint32_t rvas[2];
    uint64_t system_va;
    uint8_t build[4];

    sic_pe_find_exports(reader, &kernel->pe, names, 2, rvas);
    if (rvas[0] != 0 && sic_reader_u64(reader, kernel->pe.base_va + rvas[0], &system_va) &&
        sic_is_kernel_pointer(system_va, 16))
        kernel->processes.system_va = system_va;
    if (rvas[1] != 0 && reader->read(reader->context, kernel->pe.base_va + rvas[1], build, sizeof(build)))
        kernel->build = sic_load32(build) & BUILD_NUMBER_MASK;
}

/* Whether a list begins at `head_va`: not when its first entry is there and does not point back. */
static bool can_be_list_head(const struct sic_reader *reader, uint64_t head_va)
{
    uint64_t first_va, back_va;

    if (!sic_reader_u64(reader, head_va, &first_va))
        return true;
    if (!sic_is_kernel_pointer(first_va, 8))
        return false;
    return !sic_reader_u64(reader, first_va + 8, &back_va) || back_va == head_va;
}

/* Globals that symbols tell: where the process list is when no export and no header says it, and how PTEs are masked.
 */
static void apply_globals(struct sic_kernel *kernel, const struct sic_reader *reader,
                          const uint64_t globals[SIC_GLOBAL_COUNT], const struct sic_layout *layout)
{
    uint64_t base_va = kernel->pe.base_va, system_va, mask;
    uint64_t head_va = sic_global_address(globals[SIC_GLOBAL_PsActiveProcessHead], base_va);
    uint64_t pointer_va = sic_global_address(globals[SIC_GLOBAL_PsInitialSystemProcess], base_va);
    uint64_t mi_state_va = sic_global_address(globals[SIC_GLOBAL_MiState], base_va);

    if (head_va != 0 && can_be_list_head(reader, head_va))
        kernel->processes.head_va = head_va;
    if (kernel->processes.system_va == 0 && pointer_va != 0 && sic_reader_u64(reader, pointer_va, &system_va) &&
        sic_is_kernel_pointer(system_va, 16))
        kernel->processes.system_va = system_va;
    if (mi_state_va != 0 && layout && sic_layout_has(layout, SIC_FIELD_INVALID_PTE_MASK) &&
        sic_reader_u64(reader, mi_state_va + sic_layout_offset(layout, SIC_FIELD_INVALID_PTE_MASK), &mask))
        kernel->paging.invalid_pte_mask = mask;
}

/* What symbols told of exactly this kernel, when the tables were made. */
static void apply_known_kernel(struct sic_kernel *kernel, const struct sic_reader *reader)
{
    uint64_t globals[SIC_GLOBAL_COUNT];
    struct sic_profile profile;
    bool has_profile = sic_profile_builtin_find(kernel->known.layout, &profile);

    for (unsigned i = 0; i < SIC_GLOBAL_COUNT; i++)
        globals[i] = kernel->known.globals[i];
    kernel->build = kernel->known.version.part[2];
    apply_globals(kernel, reader, globals, has_profile ? &profile.layout : NULL);
}

static void identify(struct sic_kernel *kernel, struct sic_address_space *space)
{
    const struct sic_image_header *header = sic_image_header(kernel->image);
    struct sic_reader reader = sic_address_space_reader(space);

    if (kernel->pe.base_va == 0)
        (void)sic_find_kernel_image(space, header, &kernel->pe);
    kernel->build = header->build;
    kernel->processes.head_va = header->ps_active_process_head_va;
    if (kernel->pe.base_va != 0) {
        kernel->processes.kernel_va = kernel->pe.base_va;
        kernel->processes.kernel_size = kernel->pe.size;
        (void)sic_pe_read_pdb_reference(&reader, &kernel->pe, &kernel->pdb);
        read_exports(kernel, &reader);
    }
    kernel->is_known = sic_known_kernel_find(kernel->pdb.guid_age, &kernel->known);
    if (kernel->is_known)
        apply_known_kernel(kernel, &reader);
}

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

static const char *pdb_name(const struct sic_kernel *kernel)
{
    return kernel->pdb.name[0] ? kernel->pdb.name : "PDB unknown";
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
    apply_globals(&tried, &reader, found->profile.globals, &found->profile.layout);
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
    struct sic_error reason;
    enum sic_status status = ask_finder(kernel, request->own, &request->messages, &reason);

    if (status == SIC_OK) {
        kernel->layout_source = SIC_LAYOUT_FILE;
        return SIC_OK;
    }
    return sic_error_set(error, status, "--profile: no layout of the file fits this kernel (build %u, %s %s): %.300s",
                         kernel->build, pdb_name(kernel), kernel->pdb.guid_age, reason.message);
}

static bool use_exact_layout(struct sic_kernel *kernel, struct sic_address_space *space,
                             const struct sic_message_sink *messages)
{
    if (!kernel->is_known || !sic_profile_builtin_find(kernel->known.layout, &kernel->profile)) {
        sic_message_send(messages, SIC_MESSAGE_STEP, "layout: no built-in profile is for %s %s", pdb_name(kernel),
                         kernel->pdb.guid_age);
        return false;
    }
    kernel->layout_source = SIC_LAYOUT_EXACT;
    if (prove(kernel, space, SIC_PROOF_OF_IDENTITY)) {
        sic_message_send(messages, SIC_MESSAGE_STEP, "layout: built-in profile %s is for %s %s, proved",
                         kernel->profile.name, pdb_name(kernel), kernel->pdb.guid_age);
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

static enum sic_status choose_layout(struct sic_kernel *kernel, const struct sic_layout_request *request,
                                     struct sic_address_space *space, struct sic_error *error)
{
    struct sic_error reason;

    if (request->own)
        return use_own_layout(kernel, request, error);
    if (knows_process_list(kernel) && use_exact_layout(kernel, space, &request->messages))
        return SIC_OK;
    if (use_pdb_layout(kernel, request, &reason) || use_nearest_layout(kernel, space, &request->messages))
        return SIC_OK;
    if (!knows_process_list(kernel))
        return sic_error_set(error, SIC_NOT_FOUND,
                             "the kernel's list of processes is not in this image: ntoskrnl.exe's export "
                             "PsInitialSystemProcess cannot be read; check that the image is whole");
    if (kernel->is_known)
        return sic_error_set(error, SIC_BROKEN,
                             "the image is too damaged: the structures of its kernel (build %u, %s), which SiC knows, "
                             "contradict each other; take the image anew",
                             kernel->build, kernel->pdb.guid_age);
    return sic_error_set(
        error, SIC_UNSUPPORTED,
        "no built-in profile agrees with this kernel (build %u, %s %s), of a release that SiC does not "
        "know, or with too little of its structures in the image; %s",
        kernel->build, pdb_name(kernel), kernel->pdb.guid_age, reason.message);
}

/* Whether page tables at `root_pa` show the same page at `va` as those in use. */
static bool maps_alike(const struct sic_kernel *kernel, struct sic_address_space *space, uint64_t root_pa, uint64_t va)
{
    struct sic_paging paging = {.root_pa = root_pa, .invalid_pte_mask = kernel->paging.invalid_pte_mask};
    struct sic_address_space *other;
    struct sic_error error;
    const uint8_t *page = sic_address_space_page(space, va);
    bool alike;

    if (sic_address_space_create(kernel->image, &paging, &error, &other) != SIC_OK)
        return false;
    alike = page && sic_address_space_page(other, va) == page;
    sic_address_space_destroy(other);
    return alike;
}

/*
 * The System process's own page tables map all that is shared by every process; the ones found may be any process's.
 * They are taken when they show the System process, and the kernel, where the others do.
 */
static enum sic_status prefer_system_page_tables(struct sic_kernel *kernel, struct sic_error *error)
{
    struct sic_address_space *space;
    struct sic_reader reader;
    struct sic_scan scan;
    enum sic_status status;

    if (sic_image_is_virtual(kernel->image))
        return SIC_OK;
    status = sic_address_space_create(kernel->image, &kernel->paging, error, &space);
    if (status != SIC_OK)
        return status;
    reader = sic_address_space_reader(space);
    sic_scan_init(&scan, sic_heap_allocator());
    if (sic_process_list_read(&scan, &reader, &kernel->profile.layout, &kernel->processes, 1) &&
        scan.processes.count == 1 && sic_scan_process(&scan, 0)->id == 4) {
        uint64_t root_pa = sic_scan_process(&scan, 0)->directory_table_base & SIC_PTE_FRAME_MASK;

        if (root_pa != kernel->paging.root_pa && has_frame(kernel->image, root_pa) &&
            maps_alike(kernel, space, root_pa, sic_scan_process(&scan, 0)->eprocess_va) &&
            (kernel->pe.base_va == 0 || maps_alike(kernel, space, root_pa, kernel->pe.base_va)))
            kernel->paging.root_pa = root_pa;
    }
    sic_scan_deinit(&scan);
    sic_address_space_destroy(space);
    return SIC_OK;
}

static enum sic_status identify_kernel(struct sic_kernel *kernel, struct sic_error *error)
{
    struct sic_address_space *space;
    enum sic_status status = sic_address_space_create(kernel->image, &kernel->paging, error, &space);

    if (status != SIC_OK)
        return status;
    identify(kernel, space);
    sic_address_space_destroy(space);
    return SIC_OK;
}

enum sic_status sic_kernel_identify(const struct sic_image *image, struct sic_error *error, struct sic_kernel *kernel)
{
    struct sic_kernel identified = {.image = image};
    enum sic_status status = find_page_tables(&identified, error);

    if (status == SIC_OK)
        status = identify_kernel(&identified, error);
    if (status == SIC_OK)
        *kernel = identified;
    return status;
}

enum sic_status sic_kernel_open_with(const struct sic_image *image, const struct sic_layout_request *request,
                                     struct sic_error *error, struct sic_kernel *kernel)
{
    struct sic_kernel opened;
    struct sic_address_space *space;
    enum sic_status status = sic_kernel_identify(image, error, &opened);

    /* From here on with the mask that was found: pages in transition are then read right. */
    if (status == SIC_OK)
        status = sic_address_space_create(image, &opened.paging, error, &space);
    if (status != SIC_OK)
        return status;
    status = choose_layout(&opened, request, space, error);
    sic_address_space_destroy(space);
    if (status == SIC_OK)
        status = prefer_system_page_tables(&opened, error);
    if (status == SIC_OK)
        *kernel = opened;
    return status;
}

enum sic_status sic_kernel_open(const struct sic_image *image, struct sic_error *error, struct sic_kernel *kernel)
{
    static const struct sic_layout_request nothing_more = {0};

    return sic_kernel_open_with(image, &nothing_more, error, kernel);
}
