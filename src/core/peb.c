#include "core/peb.h"

/* A PEB is smaller than the page that it begins. */
#define PEB_SIZE_LIMIT 0x1000u

static const enum sic_field fields[SIC_PEB_FIELD_COUNT] = {
    [SIC_PEB_API_SET_MAP] = SIC_FIELD_PEB_API_SET_MAP,
    [SIC_PEB_READ_ONLY_SHARED_MEMORY_BASE] = SIC_FIELD_PEB_READ_ONLY_SHARED_MEMORY_BASE,
    [SIC_PEB_SHARED_DATA] = SIC_FIELD_PEB_SHARED_DATA,
    [SIC_PEB_READ_ONLY_STATIC_SERVER_DATA] = SIC_FIELD_PEB_READ_ONLY_STATIC_SERVER_DATA,
    [SIC_PEB_ANSI_CODE_PAGE_DATA] = SIC_FIELD_PEB_ANSI_CODE_PAGE_DATA,
    [SIC_PEB_OEM_CODE_PAGE_DATA] = SIC_FIELD_PEB_OEM_CODE_PAGE_DATA,
    [SIC_PEB_UNICODE_CASE_TABLE_DATA] = SIC_FIELD_PEB_UNICODE_CASE_TABLE_DATA,
    [SIC_PEB_GDI_SHARED_HANDLE_TABLE] = SIC_FIELD_PEB_GDI_SHARED_HANDLE_TABLE,
    [SIC_PEB_SHIM_DATA] = SIC_FIELD_PEB_SHIM_DATA,
    [SIC_PEB_ACTIVATION_CONTEXT_DATA] = SIC_FIELD_PEB_ACTIVATION_CONTEXT_DATA,
    [SIC_PEB_PROCESS_ASSEMBLY_STORAGE_MAP] = SIC_FIELD_PEB_PROCESS_ASSEMBLY_STORAGE_MAP,
    [SIC_PEB_SYSTEM_DEFAULT_ACTIVATION_CONTEXT_DATA] = SIC_FIELD_PEB_SYSTEM_DEFAULT_ACTIVATION_CONTEXT_DATA,
    [SIC_PEB_SYSTEM_ASSEMBLY_STORAGE_MAP] = SIC_FIELD_PEB_SYSTEM_ASSEMBLY_STORAGE_MAP,
    [SIC_PEB_CSR_SERVER_READ_ONLY_SHARED_MEMORY_BASE] = SIC_FIELD_PEB_CSR_SERVER_READ_ONLY_SHARED_MEMORY_BASE,
    [SIC_PEB_LEAP_SECOND_DATA] = SIC_FIELD_PEB_LEAP_SECOND_DATA,
};

const char *sic_peb_field_name(enum sic_peb_field field)
{
    /* Behind "_PEB." */
    return sic_layout_field_name(fields[field]) + 5;
}

static bool is_in_peb(const struct sic_layout *layout, enum sic_field field)
{
    return sic_layout_has(layout, field) && sic_layout_offset(layout, field) <= PEB_SIZE_LIMIT - 8;
}

/* The bytes of a PEB that hold all the pointers: [*first, *end); equal when the layout knows none. */
static void find_span(const struct sic_layout *layout, uint32_t *first, uint32_t *end)
{
    *first = *end = 0;
    for (unsigned i = 0; i < SIC_PEB_FIELD_COUNT; i++) {
        uint32_t offset = sic_layout_offset(layout, fields[i]);

        if (!is_in_peb(layout, fields[i]))
            continue;
        if (*end == 0 || offset < *first)
            *first = offset;
        if (offset + 8 > *end)
            *end = offset + 8;
    }
}

static bool add_pointers(struct sic_scan *scan, const struct sic_layout *layout, uint32_t process, const uint8_t *bytes,
                         uint32_t first)
{
    for (unsigned i = 0; i < SIC_PEB_FIELD_COUNT; i++) {
        struct sic_peb_pointer *pointer;
        uint64_t value;

        if (!is_in_peb(layout, fields[i]))
            continue;
        value = sic_load64(bytes + sic_layout_offset(layout, fields[i]) - first);
        if (value == 0)
            continue;
        pointer = sic_array_append(&scan->allocator, &scan->peb_pointers, sizeof(*pointer));
        if (!pointer)
            return false;
        *pointer = (struct sic_peb_pointer){.value = value, .process = process, .field = i};
    }
    return true;
}

bool sic_pebs_read(struct sic_scan *scan, const struct sic_user_reader *user, const struct sic_layout *layout)
{
    uint8_t bytes[PEB_SIZE_LIMIT];
    uint32_t first, end;

    find_span(layout, &first, &end);
    for (uint32_t i = 0; i < scan->processes.count && end > 0; i++) {
        struct sic_process *process = sic_scan_process(scan, i);

        if (process->peb_va == 0)
            continue;
        if (!user->read(user->context, i, process->peb_va + first, bytes, end - first)) {
            process->flags |= SIC_PROCESS_PEB_UNREADABLE;
            continue;
        }
        process->flags |= SIC_PROCESS_PEB_READ;
        if (!add_pointers(scan, layout, i, bytes, first))
            return false;
    }
    return true;
}
