#include "kernel/kernel.h"

#include "kernel/find.h"
#include "kernel/globals.h"
#include "kernel/layout_choice.h"
#include "core/page_table.h"
#include "util/memory.h"

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
        return sic_find_page_tables(kernel->image, error, &kernel->paging, &kernel->pe);
    kernel->paging.root_pa = header->directory_table_base;
    if (!has_frame(kernel->image, kernel->paging.root_pa))
        return sic_error_set(error, SIC_BROKEN,
                             "the dump's page tables, at physical address 0x%llx, are not in it; take the dump anew",
                             (unsigned long long)kernel->paging.root_pa);
    sic_find_paging_levels(kernel->image, header, &kernel->paging, &kernel->pe);
    return SIC_OK;
}

/* Exports that say which kernel it is, and where its processes and their type are: there without any symbols. */
static void read_exports(struct sic_kernel *kernel, const struct sic_reader *reader)
{
    static const char *const names[] = {"PsInitialSystemProcess", "NtBuildNumber", "PsProcessType"};
    uint32_t rvas[3];
    uint64_t system_va, type_va;
    uint8_t build[4];

    sic_pe_find_exports(reader, &kernel->pe, names, 3, rvas);
    if (rvas[0] != 0 && sic_reader_u64(reader, kernel->pe.base_va + rvas[0], &system_va) &&
        sic_is_kernel_pointer(reader, system_va, 16))
        kernel->processes.system_va = system_va;
    if (rvas[1] != 0 && reader->read(reader->context, kernel->pe.base_va + rvas[1], build, sizeof(build)))
        kernel->build = sic_load32(build) & BUILD_NUMBER_MASK;
    if (rvas[2] != 0 && sic_reader_u64(reader, kernel->pe.base_va + rvas[2], &type_va) &&
        sic_is_kernel_pointer(reader, type_va, 8))
        kernel->object_roots.process_type_va = type_va;
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
    sic_kernel_apply_globals(kernel, reader, globals, has_profile ? &profile.layout : NULL);
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

/* Whether page tables at `root_pa` show the same page at `va` as those in use. */
static bool maps_alike(const struct sic_kernel *kernel, struct sic_address_space *space, uint64_t root_pa, uint64_t va)
{
    struct sic_paging paging = kernel->paging;
    struct sic_address_space *other;
    struct sic_error error;
    const uint8_t *page = sic_address_space_page(space, va);
    bool alike;

    paging.root_pa = root_pa;
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
    status = sic_layout_choose(&opened, request, space, error);
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
