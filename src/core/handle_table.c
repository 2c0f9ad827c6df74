#include "core/handle_table.h"

#include "core/section_object.h"

#define PAGE_SIZE 0x1000u
/* A table's levels, and what their pages hold: entries of 16 bytes below, pointers above. */
#define LEVEL_MASK      3ull
#define TABLE_CODE_MASK 7ull
#define ENTRY_SIZE      16u
#define LEAF_ENTRIES    (PAGE_SIZE / ENTRY_SIZE)
#define MIDDLE_POINTERS (PAGE_SIZE / 8)
/* HIGHLEVEL_COUNT: 16 million handles in all. The highest level is no whole page. */
#define TOP_POINTERS 128u
/* Handle values count entries in steps of 4; entry 0 of each leaf is none. */
#define VALUE_STEP 4u
#define LEAF_SPAN  (LEAF_ENTRIES * VALUE_STEP)
/* Pages are read in pieces: kernel stacks are small. */
#define PIECE_SIZE 0x200u
/* GrantedAccess: 25 bits in every format. */
#define ACCESS_MASK 0x1ffffffu

struct search {
    struct sic_handle_tables *tables;
    const struct sic_allocator *allocator;
    const struct sic_reader *reader;
    bool is_damaged;
};

void sic_handle_tables_deinit(struct sic_handle_tables *tables, const struct sic_allocator *allocator)
{
    sic_array_free(allocator, &tables->leaves, sizeof(struct sic_handle_leaf));
    sic_index_free(allocator, &tables->index);
}

bool sic_handles_can_be_read(const struct sic_objects *objects)
{
    const struct sic_layout *layout = objects->layout;

    return objects->are_types_known && objects->indexes[SIC_OBJECT_SECTION] != SIC_OBJECT_TYPE_UNKNOWN &&
           sic_layout_has(layout, SIC_FIELD_EPROCESS_OBJECT_TABLE) &&
           sic_layout_has(layout, SIC_FIELD_HANDLE_TABLE_TABLE_CODE) &&
           sic_layout_has(layout, SIC_FIELD_HANDLE_TABLE_ENTRY_SIZE) &&
           sic_layout_offset(layout, SIC_FIELD_HANDLE_TABLE_ENTRY_SIZE) == ENTRY_SIZE;
}

/* A leaf of another table, or the same again, is damage: no more is then looked for in this table. */
static bool add_leaf(struct search *search, uint64_t va, uint32_t position)
{
    struct sic_array *leaves = &search->tables->leaves;
    struct sic_handle_leaf *leaf;
    uint32_t known;

    if (!sic_is_kernel_pointer(va, PAGE_SIZE) || leaves->count >= SIC_HANDLE_LEAF_LIMIT ||
        sic_index_find(&search->tables->index, leaves, sizeof(*leaf), va, &known)) {
        search->is_damaged = true;
        return true;
    }
    leaf = sic_array_append(search->allocator, leaves, sizeof(*leaf));
    if (!leaf)
        return false;
    *leaf = (struct sic_handle_leaf){.va = va, .first_value = position * LEAF_SPAN};
    return sic_index_add(search->allocator, &search->tables->index, va, leaves->count - 1);
}

/* The leaves that a page of pointers leads to. */
static bool add_leaves(struct search *search, uint64_t middle_va, uint32_t first_position)
{
    if (!sic_is_kernel_pointer(middle_va, PAGE_SIZE)) {
        search->is_damaged = true;
        return true;
    }
    for (uint32_t i = 0; i < MIDDLE_POINTERS && !search->is_damaged; i += PIECE_SIZE / 8) {
        uint8_t scratch[PIECE_SIZE];
        const uint8_t *piece = sic_reader_bytes(search->reader, middle_va + 8ull * i, scratch, PIECE_SIZE);

        if (sic_reader_is_cancelled(search->reader))
            return false;
        search->is_damaged = piece == NULL;
        for (uint32_t j = 0; j < PIECE_SIZE / 8 && !search->is_damaged; j++) {
            uint64_t leaf_va = sic_load64(piece + 8 * j);

            if (leaf_va != 0 && !add_leaf(search, leaf_va, first_position + i + j))
                return false;
        }
    }
    return true;
}

static bool add_middles(struct search *search, uint64_t top_va)
{
    for (uint32_t i = 0; i < TOP_POINTERS && !search->is_damaged; i++) {
        uint64_t middle_va;

        if (!sic_reader_u64(search->reader, top_va + 8ull * i, &middle_va))
            search->is_damaged = true;
        else if (middle_va != 0 && !add_leaves(search, middle_va, i * MIDDLE_POINTERS))
            return false;
    }
    return true;
}

static bool find_leaves(struct search *search, uint64_t table_code)
{
    uint64_t va = table_code & ~TABLE_CODE_MASK;

    if (!sic_is_kernel_pointer(va, 8)) {
        search->is_damaged = true;
        return true;
    }
    switch (table_code & LEVEL_MASK) {
    case 0:
        return add_leaf(search, va, 0);
    case 1:
        return add_leaves(search, va, 0);
    case 2:
        return add_middles(search, va);
    default:
        search->is_damaged = true;
        return true;
    }
}

/* QuotaProcess is 0 in the kernel's own tables: then the pid must do. What the layout lacks contradicts nothing. */
static bool is_table_of(const struct sic_reader *reader, const struct sic_layout *layout, uint64_t table_va,
                        const struct sic_process *process)
{
    uint64_t owner_va = 0;
    uint8_t id[4];

    if (sic_layout_has(layout, SIC_FIELD_HANDLE_TABLE_QUOTA_PROCESS) &&
        !sic_reader_u64(reader, table_va + sic_layout_offset(layout, SIC_FIELD_HANDLE_TABLE_QUOTA_PROCESS), &owner_va))
        return false;
    if (owner_va != 0)
        return owner_va == process->eprocess_va;
    if (!sic_layout_has(layout, SIC_FIELD_HANDLE_TABLE_UNIQUE_PROCESS_ID))
        return true;
    return reader->read(reader->context, table_va + sic_layout_offset(layout, SIC_FIELD_HANDLE_TABLE_UNIQUE_PROCESS_ID),
                        id, sizeof(id)) &&
           sic_load32(id) == (uint32_t)process->id;
}

bool sic_handle_table_find(struct sic_handle_tables *tables, struct sic_scan *scan, const struct sic_reader *reader,
                           const struct sic_layout *layout, uint32_t process_index, struct sic_handle_range *range)
{
    struct sic_process *process = sic_scan_process(scan, process_index);
    struct search search = {.tables = tables, .allocator = &scan->allocator, .reader = reader};
    uint64_t table_va, table_code;
    bool done = true;

    *range = (struct sic_handle_range){.first = tables->leaves.count};
    if (!sic_reader_u64(reader, process->eprocess_va + sic_layout_offset(layout, SIC_FIELD_EPROCESS_OBJECT_TABLE),
                        &table_va))
        search.is_damaged = true;
    else if (table_va != 0) {
        process->handle_table_va = sic_is_kernel_pointer(table_va, 8) ? table_va : 0;
        if (sic_is_kernel_pointer(table_va, 8) && is_table_of(reader, layout, table_va, process) &&
            sic_reader_u64(reader, table_va + sic_layout_offset(layout, SIC_FIELD_HANDLE_TABLE_TABLE_CODE),
                           &table_code))
            done = find_leaves(&search, table_code);
        else
            search.is_damaged = true;
    }
    range->count = tables->leaves.count - range->first;
    if (search.is_damaged)
        process->flags |= SIC_PROCESS_HANDLES_INCOMPLETE;
    return done;
}

/*
 * The header of the object that an entry leads to; 0: a free entry. 8.1 and later keep bits 4 to 47 of its address,
 * 8 bits 3 to 43, kernels with 57-bit addresses bits 4 to 56, each with the highest as the sign. Older ones keep all,
 * with flags in the lowest three bits.
 */
static uint64_t entry_header(const struct sic_layout *layout, const uint8_t *entry)
{
    const struct sic_layout_field *field = &layout->fields[SIC_FIELD_HANDLE_TABLE_ENTRY_OBJECT];
    unsigned first_bit = field->offset % 8 * 8 + field->first_bit;
    uint64_t word;

    if (field->offset == SIC_FIELD_ABSENT || field->bit_count == 0)
        return sic_load64(entry) & ~7ull;
    word = sic_load64(entry + (field->offset & 8)) << (64 - first_bit - field->bit_count);
    return (uint64_t)((int64_t)word >> (64 - field->bit_count)) << (field->bit_count == 41 ? 3 : 4);
}

static uint32_t entry_access(const struct sic_layout *layout, const uint8_t *entry)
{
    const struct sic_layout_field *field = &layout->fields[SIC_FIELD_HANDLE_TABLE_ENTRY_ACCESS];

    if (field->offset == SIC_FIELD_ABSENT || field->bit_count == 0)
        return sic_load32(entry + 8) & ACCESS_MASK;
    return (uint32_t)sic_layout_bits(layout, SIC_FIELD_HANDLE_TABLE_ENTRY_ACCESS,
                                     sic_load64(entry + (field->offset & 8))) &
           ACCESS_MASK;
}

/* One table's way into the scan. */
struct reading {
    struct sic_scan *scan;
    const struct sic_reader *reader;
    const struct sic_objects *objects;
    uint32_t process;
    bool is_damaged;
};

static bool add_handle(struct reading *reading, const uint8_t *entry, uint64_t object_va, uint32_t value)
{
    struct sic_scan *scan = reading->scan;
    struct sic_handle *handle;

    if (scan->handles.count >= SIC_HANDLE_LIMIT) {
        reading->is_damaged = true;
        return true;
    }
    handle = sic_array_append(&scan->allocator, &scan->handles, sizeof(*handle));
    if (!handle)
        return false;
    *handle = (struct sic_handle){.object_va = object_va,
                                  .value = value,
                                  .access = entry_access(reading->objects->layout, entry),
                                  .process = reading->process,
                                  .section = SIC_NONE};
    return true;
}

static bool read_entry(struct reading *reading, const uint8_t *entry, uint32_t value)
{
    const struct sic_layout *layout = reading->objects->layout;
    uint64_t header_va = entry_header(layout, entry);
    uint64_t object_va = header_va + sic_layout_offset(layout, SIC_FIELD_OBJECT_HEADER_BODY);
    bool is_section;

    if (header_va == 0)
        return true;
    if (!sic_is_kernel_pointer(header_va, 8) ||
        !sic_object_is(reading->objects, reading->reader, object_va, SIC_OBJECT_SECTION, &is_section)) {
        reading->is_damaged = true;
        return true;
    }
    return !is_section || add_handle(reading, entry, object_va, value);
}

static void prefetch_headers(const struct reading *reading, const uint8_t *piece)
{
    for (uint32_t i = 0; i < PIECE_SIZE; i += ENTRY_SIZE) {
        uint64_t header_va = entry_header(reading->objects->layout, piece + i);

        if (sic_is_kernel_pointer(header_va, 8))
            sic_reader_prefetch(reading->reader, header_va);
    }
}

/* Entry 0 stands for no handle. */
static bool read_leaf(struct reading *reading, const struct sic_handle_leaf *leaf)
{
    for (uint32_t at = 0; at < PAGE_SIZE; at += PIECE_SIZE) {
        uint8_t scratch[PIECE_SIZE];
        const uint8_t *piece = sic_reader_bytes(reading->reader, leaf->va + at, scratch, PIECE_SIZE);

        if (sic_reader_is_cancelled(reading->reader))
            return false;
        if (!piece) {
            reading->is_damaged = true;
            continue;
        }
        prefetch_headers(reading, piece);
        for (uint32_t i = at == 0 ? ENTRY_SIZE : 0; i < PIECE_SIZE; i += ENTRY_SIZE) {
            if (!read_entry(reading, piece + i, leaf->first_value + (at + i) / ENTRY_SIZE * VALUE_STEP))
                return false;
        }
    }
    return true;
}

bool sic_handle_table_read(const struct sic_handle_tables *tables, struct sic_handle_range range, struct sic_scan *scan,
                           const struct sic_reader *reader, const struct sic_objects *objects, uint32_t process_index)
{
    struct reading reading = {.scan = scan, .reader = reader, .objects = objects, .process = process_index};
    const struct sic_handle_leaf *leaves = tables->leaves.elements;
    struct sic_process *process = sic_scan_process(scan, process_index);

    for (uint32_t i = range.first; i < range.first + range.count; i++) {
        if (!read_leaf(&reading, &leaves[i]))
            return false;
    }
    if (reading.is_damaged)
        process->flags |= SIC_PROCESS_HANDLES_INCOMPLETE;
    else if (!(process->flags & SIC_PROCESS_HANDLES_INCOMPLETE))
        process->flags |= SIC_PROCESS_HANDLES_READ;
    return true;
}

/* A section object that handles lead to. */
struct known_object {
    uint64_t va;
    uint32_t section;
    uint32_t reserved;
};

static bool resolve(struct sic_scan *scan, const struct sic_reader *reader, const struct sic_layout *layout,
                    struct sic_array *objects, struct sic_index *index, struct sic_handle *handle)
{
    struct known_object *object;
    uint32_t known;

    if (!sic_index_find(index, objects, sizeof(*object), handle->object_va, &known)) {
        object = sic_array_append(&scan->allocator, objects, sizeof(*object));
        if (!object)
            return false;
        *object = (struct known_object){.va = handle->object_va,
                                        .section = sic_section_of_object(scan, reader, layout, handle->object_va)};
        known = objects->count - 1;
        if (!sic_index_add(&scan->allocator, index, handle->object_va, known))
            return false;
    }
    handle->section = ((const struct known_object *)objects->elements)[known].section;
    return true;
}

bool sic_handles_resolve(struct sic_scan *scan, const struct sic_reader *reader, const struct sic_layout *layout)
{
    struct sic_handle *handles = scan->handles.elements;
    struct sic_array objects = {0};
    struct sic_index index = {0};
    bool resolved = true;

    for (uint32_t i = 0; i < scan->handles.count && resolved; i++)
        resolved = !sic_reader_is_cancelled(reader) && resolve(scan, reader, layout, &objects, &index, &handles[i]);
    sic_array_free(&scan->allocator, &objects, sizeof(struct known_object));
    sic_index_free(&scan->allocator, &index);
    return resolved;
}
