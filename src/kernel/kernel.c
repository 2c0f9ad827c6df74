#include "kernel/kernel.h"

#include "kernel/find.h"
#include "kernel/page_table.h"
#include "util/memory.h"

#include <stdlib.h>
#include <string.h>

/* NtBuildNumber holds the build in its low half, and free (f) or checked (c) in the highest digit. */
#define BUILD_NUMBER_MASK 0xffffu

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

/* What symbols told of exactly this kernel. */
static void apply_known_kernel(struct sic_kernel *kernel, const struct sic_reader *reader)
{
    const uint32_t *globals = kernel->known.globals;
    uint64_t system_va;

    kernel->build = kernel->known.version.part[2];
    if (kernel->pe.base_va == 0)
        return;
    if (globals[SIC_GLOBAL_PsActiveProcessHead] != 0)
        kernel->processes.head_va = kernel->pe.base_va + globals[SIC_GLOBAL_PsActiveProcessHead];
    if (kernel->processes.system_va == 0 && globals[SIC_GLOBAL_PsInitialSystemProcess] != 0 &&
        sic_reader_u64(reader, kernel->pe.base_va + globals[SIC_GLOBAL_PsInitialSystemProcess], &system_va) &&
        sic_is_kernel_pointer(system_va, 16))
        kernel->processes.system_va = system_va;
}

/* The mask that swizzles invalid PTEs stands in a global that only symbols find. */
static void read_invalid_pte_mask(struct sic_kernel *kernel, const struct sic_reader *reader)
{
    uint32_t mi_state_rva = kernel->known.globals[SIC_GLOBAL_MiState];
    struct sic_profile profile;
    uint64_t mask;

    if (kernel->pe.base_va == 0 || mi_state_rva == 0 || !sic_profile_builtin_find(kernel->known.layout, &profile) ||
        !sic_layout_has(&profile.layout, SIC_FIELD_INVALID_PTE_MASK))
        return;
    if (sic_reader_u64(
            reader, kernel->pe.base_va + mi_state_rva + sic_layout_offset(&profile.layout, SIC_FIELD_INVALID_PTE_MASK),
            &mask))
        kernel->paging.invalid_pte_mask = mask;
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
        (void)sic_pe_read_pdb_identity(&reader, &kernel->pe, &kernel->pdb);
        read_exports(kernel, &reader);
    }
    kernel->is_known = sic_known_kernel_find(kernel->pdb.guid_age, &kernel->known);
    if (kernel->is_known) {
        apply_known_kernel(kernel, &reader);
        read_invalid_pte_mask(kernel, &reader);
    }
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

static enum sic_status choose_layout(struct sic_kernel *kernel, struct sic_address_space *space,
                                     struct sic_error *error)
{
    if (kernel->processes.head_va == 0 && kernel->processes.system_va == 0)
        return sic_error_set(error, SIC_NOT_FOUND,
                             "the kernel's list of processes is not in this image: ntoskrnl.exe's export "
                             "PsInitialSystemProcess cannot be read; check that the image is whole");
    kernel->layout_source = SIC_LAYOUT_EXACT;
    if (kernel->is_known && sic_profile_builtin_find(kernel->known.layout, &kernel->profile) &&
        prove(kernel, space, SIC_PROOF_OF_IDENTITY))
        return SIC_OK;
    kernel->layout_source = SIC_LAYOUT_NEAREST;
    if (choose_nearest(kernel, space))
        return SIC_OK;
    if (kernel->is_known)
        return sic_error_set(error, SIC_BROKEN,
                             "the image is too damaged: the structures of its kernel (build %u, %s), which SiC knows, "
                             "contradict each other; take the image anew",
                             kernel->build, kernel->pdb.guid_age);
    return sic_error_set(error, SIC_UNSUPPORTED,
                         "no built-in profile agrees with this kernel (build %u, %s %s): it is of a release that SiC "
                         "does not know, or too little of it is in the image; take the image anew or add its profile",
                         kernel->build, kernel->pdb.name[0] ? kernel->pdb.name : "PDB unknown", kernel->pdb.guid_age);
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
static void prefer_system_page_tables(struct sic_kernel *kernel, struct sic_address_space *space)
{
    struct sic_reader reader = sic_address_space_reader(space);
    struct sic_scan scan;

    if (sic_image_is_virtual(kernel->image))
        return;
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

enum sic_status sic_kernel_open(const struct sic_image *image, struct sic_error *error, struct sic_kernel *kernel)
{
    struct sic_kernel opened = {.image = image};
    struct sic_address_space *space;
    enum sic_status status = find_page_tables(&opened, error);

    if (status == SIC_OK)
        status = identify_kernel(&opened, error);
    /* From here on with the mask that identify found: pages in transition are then read right. */
    if (status == SIC_OK)
        status = sic_address_space_create(image, &opened.paging, error, &space);
    if (status != SIC_OK)
        return status;
    status = choose_layout(&opened, space, error);
    if (status == SIC_OK) {
        prefer_system_page_tables(&opened, space);
        *kernel = opened;
    }
    sic_address_space_destroy(space);
    return status;
}
