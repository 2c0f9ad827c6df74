#include "core/process.h"

#include "core/names.h"
#include "core/sort.h"
#include "core/vad.h"

static bool read_field(const struct sic_reader *reader, const struct sic_layout *layout, uint64_t eprocess_va,
                       enum sic_field field, uint64_t *value)
{
    return sic_reader_u64(reader, eprocess_va + sic_layout_offset(layout, field), value);
}

/* Decoration: 0 where the layout or the image lacks it. */
static uint64_t read_optional(const struct sic_reader *reader, const struct sic_layout *layout, uint64_t eprocess_va,
                              enum sic_field field)
{
    uint64_t value;

    if (!sic_layout_has(layout, field) || !read_field(reader, layout, eprocess_va, field, &value))
        return 0;
    return value;
}

/* Where the address of the tree's first node stands. A tree of _MM_AVL_TABLE is the right child of its sentinel. */
static uint64_t root_link_va(const struct sic_layout *layout, uint64_t eprocess_va)
{
    uint64_t va = eprocess_va + sic_layout_offset(layout, SIC_FIELD_EPROCESS_VAD_ROOT);

    if (sic_layout_has_sentinel(layout))
        va += sic_layout_offset(layout, SIC_FIELD_AVL_TABLE_BALANCED_ROOT) +
              sic_layout_offset(layout, SIC_FIELD_MMVAD_SHORT_RIGHT);
    return va;
}

/* VadCount, or the tree's own count of its elements; 0 where neither is known. */
static uint64_t read_node_count(const struct sic_reader *reader, const struct sic_layout *layout, uint64_t eprocess_va)
{
    uint64_t word, va = eprocess_va + sic_layout_offset(layout, SIC_FIELD_EPROCESS_VAD_ROOT);

    if (!sic_layout_has_sentinel(layout) || !sic_layout_has(layout, SIC_FIELD_AVL_TABLE_COUNT))
        return read_optional(reader, layout, eprocess_va, SIC_FIELD_EPROCESS_VAD_COUNT);
    va += sic_layout_offset(layout, SIC_FIELD_AVL_TABLE_COUNT) & ~7u;
    return sic_reader_u64(reader, va, &word) ? sic_layout_bits(layout, SIC_FIELD_AVL_TABLE_COUNT, word) : 0;
}

/* A pointer into the kernel half; 0 where there is none, or it is unknown. */
static uint64_t read_kernel_pointer(const struct sic_reader *reader, const struct sic_layout *layout,
                                    uint64_t eprocess_va, enum sic_field field)
{
    uint64_t value = read_optional(reader, layout, eprocess_va, field);

    return sic_is_kernel_pointer(reader, value, 8) ? value : 0;
}

/* _EPROCESS.Wow64Process: a 32-bit process has one. */
static void read_wow64(const struct sic_reader *reader, const struct sic_layout *layout, struct sic_process *process)
{
    uint64_t value;

    if (!sic_layout_has(layout, SIC_FIELD_EPROCESS_WOW64_PROCESS) ||
        !read_field(reader, layout, process->eprocess_va, SIC_FIELD_EPROCESS_WOW64_PROCESS, &value))
        return;
    process->flags |= SIC_PROCESS_WOW64_KNOWN | (value != 0 ? SIC_PROCESS_WOW64 : 0);
}

/* _EPROCESS.Protection: a PS_PROTECTION, one byte. */
static void read_protection(const struct sic_reader *reader, const struct sic_layout *layout,
                            struct sic_process *process)
{
    uint32_t offset = sic_layout_offset(layout, SIC_FIELD_EPROCESS_PROTECTION);

    if (sic_layout_has(layout, SIC_FIELD_EPROCESS_PROTECTION) &&
        reader->read(reader->context, process->eprocess_va + offset, &process->protection, 1))
        process->flags |= SIC_PROCESS_PROTECTION_KNOWN;
    else
        process->protection = 0;
}

/* ProcessExiting and ProcessDelete of _EPROCESS.Flags: the same two bits in all published symbols from 7600 on. */
#define FLAGS_EXITING 0x4u
#define FLAGS_DELETE  0x8u

static void read_exiting(const struct sic_reader *reader, const struct sic_layout *layout, struct sic_process *process)
{
    uint32_t offset = sic_layout_offset(layout, SIC_FIELD_EPROCESS_FLAGS);
    uint8_t flags[4];

    if (!sic_layout_has(layout, SIC_FIELD_EPROCESS_FLAGS) ||
        !reader->read(reader->context, process->eprocess_va + offset, flags, sizeof(flags)))
        return;
    process->flags |= SIC_PROCESS_EXITING_KNOWN;
    if (sic_load32(flags) & (FLAGS_EXITING | FLAGS_DELETE))
        process->flags |= SIC_PROCESS_EXITING;
}

static void read_owner_facts(const struct sic_reader *reader, const struct sic_layout *layout,
                             struct sic_process *process)
{
    uint64_t peb_va = read_optional(reader, layout, process->eprocess_va, SIC_FIELD_EPROCESS_PEB);

    if (sic_is_user_address(reader->levels, peb_va, 8))
        process->peb_va = peb_va;
    process->handle_table_va =
        read_kernel_pointer(reader, layout, process->eprocess_va, SIC_FIELD_EPROCESS_OBJECT_TABLE);
    read_wow64(reader, layout, process);
    read_protection(reader, layout, process);
    read_exiting(reader, layout, process);
}

/* _EPROCESS.ImageFileName: 15 bytes. */
static void read_image_file_name(const struct sic_reader *reader, const struct sic_layout *layout,
                                 struct sic_process *process)
{
    uint64_t va = process->eprocess_va + sic_layout_offset(layout, SIC_FIELD_EPROCESS_IMAGE_FILE_NAME);

    if (!reader->read(reader->context, va, process->image_file_name, 15))
        __builtin_memset(process->image_file_name, 0, sizeof(process->image_file_name));
}

bool sic_process_read(const struct sic_reader *reader, const struct sic_layout *layout, uint64_t eprocess_va,
                      struct sic_process *process)
{
    *process = (struct sic_process){.eprocess_va = eprocess_va, .path.offset = SIC_NONE, .token = SIC_NONE};
    if (!read_field(reader, layout, eprocess_va, SIC_FIELD_EPROCESS_UNIQUE_PROCESS_ID, &process->id) ||
        !sic_reader_u64(reader, root_link_va(layout, eprocess_va), &process->vad_root_va))
        return false;
    process->directory_table_base = read_optional(reader, layout, eprocess_va, SIC_FIELD_KPROCESS_DIRECTORY_TABLE_BASE);
    process->create_time = read_optional(reader, layout, eprocess_va, SIC_FIELD_EPROCESS_CREATE_TIME);
    process->exit_time = read_optional(reader, layout, eprocess_va, SIC_FIELD_EPROCESS_EXIT_TIME);
    process->parent_id = read_optional(reader, layout, eprocess_va, SIC_FIELD_EPROCESS_PARENT_ID);
    process->vad_count = read_node_count(reader, layout, eprocess_va);
    if (process->exit_time != 0)
        process->flags |= SIC_PROCESS_EXITED;
    read_owner_facts(reader, layout, process);
    read_image_file_name(reader, layout, process);
    return true;
}

bool sic_process_read_path(struct sic_scan *scan, const struct sic_reader *reader, const struct sic_layout *layout,
                           uint32_t process_index)
{
    struct sic_process *process = sic_scan_process(scan, process_index);
    /* An OBJECT_NAME_INFORMATION, which is a UNICODE_STRING. */
    uint64_t name_va = read_optional(reader, layout, process->eprocess_va, SIC_FIELD_EPROCESS_AUDIT_NAME);
    struct sic_string path;

    if (!sic_is_kernel_pointer(reader, name_va, 8))
        return true;
    if (!sic_string_read(scan, reader, name_va, &path))
        return false;
    if (path.offset != SIC_NONE) {
        process->path = path;
        process->flags |= SIC_PROCESS_HAS_PATH;
    }
    return true;
}

static bool gather_roots(const struct sic_scan *scan, struct sic_array *roots)
{
    if (!sic_array_reserve(&scan->allocator, roots, sizeof(struct sic_key), scan->processes.count))
        return false;
    for (uint32_t i = 0; i < scan->processes.count; i++) {
        if (sic_scan_process(scan, i)->vad_root_va != 0)
            ((struct sic_key *)roots->elements)[roots->count++] =
                (struct sic_key){.key = sic_scan_process(scan, i)->vad_root_va, .value = i};
    }
    return sic_sort_keys(&scan->allocator, roots->elements, roots->count);
}

/* Leaves the root that keys[first, end) share to the process that it names as its owner, else to the first one. */
static bool part_tree(struct sic_scan *scan, const struct sic_reader *reader, const struct sic_layout *layout,
                      const struct sic_key *keys, uint32_t first, uint32_t end)
{
    uint64_t owner_va = sic_vad_root_owner(reader, layout, keys[first].key);
    uint32_t kept = first;

    for (uint32_t i = first; i < end; i++) {
        if (sic_scan_process(scan, (uint32_t)keys[i].value)->eprocess_va == owner_va)
            kept = i;
    }
    for (uint32_t i = first; i < end; i++) {
        struct sic_process *process = sic_scan_process(scan, (uint32_t)keys[i].value);

        if (i == kept)
            continue;
        process->vad_root_va = 0;
        process->vad_count = 0;
        if (!sic_scan_add_problem(scan, SIC_PROBLEM_TREE_SHARED, (uint32_t)keys[i].value, process->eprocess_va))
            return false;
    }
    return true;
}

bool sic_processes_part_trees(struct sic_scan *scan, const struct sic_reader *reader, const struct sic_layout *layout)
{
    struct sic_array roots = {0};
    bool parted = gather_roots(scan, &roots);
    const struct sic_key *keys = roots.elements;

    for (uint32_t first = 0, end; parted && first < roots.count; first = end) {
        for (end = first + 1; end < roots.count && keys[end].key == keys[first].key;)
            end++;
        parted = end == first + 1 || part_tree(scan, reader, layout, keys, first, end);
    }
    sic_array_free(&scan->allocator, &roots, sizeof(struct sic_key));
    return parted;
}
