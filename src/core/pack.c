#include "core/pack.h"

#include "core/pack_private.h"

static const uint32_t element_sizes[SIC_WIRE_TABLE_COUNT] = {
    [SIC_WIRE_PROCESSES] = sizeof(struct sic_wire_process),
    [SIC_WIRE_VIEWS] = sizeof(struct sic_wire_view),
    [SIC_WIRE_SUBSECTIONS] = sizeof(struct sic_wire_subsection),
    [SIC_WIRE_SECTIONS] = sizeof(struct sic_wire_section),
    [SIC_WIRE_PROBLEMS] = sizeof(struct sic_wire_problem),
    [SIC_WIRE_NOTES] = sizeof(struct sic_wire_note),
    [SIC_WIRE_TOKENS] = sizeof(struct sic_wire_token),
    [SIC_WIRE_SIDS] = sizeof(struct sic_wire_sid),
    [SIC_WIRE_NAMES] = sizeof(struct sic_wire_name),
    [SIC_WIRE_HANDLES] = sizeof(struct sic_wire_handle),
    [SIC_WIRE_DEVICES] = sizeof(struct sic_wire_device),
    [SIC_WIRE_KERNEL_VIEWS] = sizeof(struct sic_wire_kernel_view),
    [SIC_WIRE_PEB_POINTERS] = sizeof(struct sic_wire_peb_pointer),
    [SIC_WIRE_PAGES] = sizeof(struct sic_wire_page),
    [SIC_WIRE_FIELDS] = sizeof(struct sic_wire_field),
    [SIC_WIRE_STRINGS] = sizeof(uint16_t),
    [SIC_WIRE_BYTES] = sizeof(uint8_t),
};

uint32_t sic_pack_element_size(enum sic_wire_table_id table)
{
    return element_sizes[table];
}

/* Fills in the places of all tables and returns the size of the whole: below 2^43, as counts have 32 bits. */
static uint64_t place_tables(const struct sic_scan *scan, const struct sic_layout *layout,
                             struct sic_wire_table *tables)
{
    const uint32_t counts[SIC_WIRE_TABLE_COUNT] = {
        [SIC_WIRE_PROCESSES] = scan->processes.count,
        [SIC_WIRE_VIEWS] = scan->views.count,
        [SIC_WIRE_SUBSECTIONS] = scan->subsections.count,
        [SIC_WIRE_SECTIONS] = scan->sections.count,
        [SIC_WIRE_PROBLEMS] = scan->problems.count,
        [SIC_WIRE_NOTES] = scan->notes.count,
        [SIC_WIRE_TOKENS] = scan->tokens.count,
        [SIC_WIRE_SIDS] = scan->sids.count,
        [SIC_WIRE_NAMES] = scan->names.count,
        [SIC_WIRE_HANDLES] = scan->handles.count,
        [SIC_WIRE_DEVICES] = scan->devices.count,
        [SIC_WIRE_KERNEL_VIEWS] = scan->kernel_views.count,
        [SIC_WIRE_PEB_POINTERS] = scan->peb_pointers.count,
        [SIC_WIRE_PAGES] = scan->pages.count,
        [SIC_WIRE_FIELDS] = layout ? SIC_FIELD_COUNT : 0,
        [SIC_WIRE_STRINGS] = scan->strings.count,
        [SIC_WIRE_BYTES] = scan->bytes.count,
    };
    uint64_t offset = sizeof(struct sic_wire_scan);

    for (unsigned i = 0; i < SIC_WIRE_TABLE_COUNT; i++) {
        tables[i] = (struct sic_wire_table){.offset = offset, .count = counts[i], .element_size = element_sizes[i]};
        offset += (uint64_t)counts[i] * element_sizes[i];
        offset = (offset + SIC_WIRE_ALIGNMENT - 1) & ~(uint64_t)(SIC_WIRE_ALIGNMENT - 1);
    }
    return offset;
}

uint64_t sic_pack_size(const struct sic_scan *scan, const struct sic_layout *layout)
{
    struct sic_wire_table tables[SIC_WIRE_TABLE_COUNT];

    return place_tables(scan, layout, tables);
}

void sic_pack_put(struct sic_packer *packer, const void *bytes, uint64_t size)
{
    if (size > 0)
        __builtin_memcpy(packer->bytes + packer->used, bytes, size);
    packer->used += size;
}

static void put_header(struct sic_packer *packer, const struct sic_scan *scan, const struct sic_wire_origin *origin,
                       const struct sic_layout *layout)
{
    static const struct sic_wire_origin unknown;
    struct sic_wire_table tables[SIC_WIRE_TABLE_COUNT];
    uint64_t size = place_tables(scan, layout, tables);
    uint32_t version = SIC_WIRE_VERSION, header_size = sizeof(struct sic_wire_scan),
             flags = scan->paging_levels == 5 ? SIC_WIRE_SCAN_FIVE_LEVELS : 0;

    /* Piece by piece: the whole header would fill half of what a kernel function's frame may be. */
    sic_pack_put(packer, SIC_WIRE_SCAN_MAGIC, SIC_WIRE_SCAN_MAGIC_SIZE);
    sic_pack_put(packer, &version, sizeof(version));
    sic_pack_put(packer, &header_size, sizeof(header_size));
    sic_pack_put(packer, &size, sizeof(size));
    sic_pack_put(packer, &flags, sizeof(flags));
    sic_pack_put(packer, &scan->skipped_processes, sizeof(scan->skipped_processes));
    sic_pack_put(packer, tables, sizeof(tables));
    sic_pack_put(packer, origin ? origin : &unknown, sizeof(*origin));
}

static void put_fields(struct sic_packer *packer, const struct sic_layout *layout)
{
    for (unsigned i = 0; layout && i < SIC_FIELD_COUNT; i++) {
        const struct sic_layout_field *field = &layout->fields[i];
        struct sic_wire_field wire = {
            .offset = field->offset, .first_bit = field->first_bit, .bit_count = field->bit_count};

        sic_pack_put(packer, &wire, sizeof(wire));
    }
}

/* Of a size that can leave a gap, as no record is. */
static void put_padded(struct sic_packer *packer, const void *bytes, uint64_t size)
{
    static const uint8_t zeros[SIC_WIRE_ALIGNMENT];

    sic_pack_put(packer, bytes, size);
    sic_pack_put(packer, zeros, -packer->used & (SIC_WIRE_ALIGNMENT - 1));
}

SIC_WIRE_ASSERT(sizeof(struct sic_wire_process) % SIC_WIRE_ALIGNMENT == 0);
SIC_WIRE_ASSERT(sizeof(struct sic_wire_view) % SIC_WIRE_ALIGNMENT == 0);
SIC_WIRE_ASSERT(sizeof(struct sic_wire_subsection) % SIC_WIRE_ALIGNMENT == 0);
SIC_WIRE_ASSERT(sizeof(struct sic_wire_section) % SIC_WIRE_ALIGNMENT == 0);
SIC_WIRE_ASSERT(sizeof(struct sic_wire_problem) % SIC_WIRE_ALIGNMENT == 0);
SIC_WIRE_ASSERT(sizeof(struct sic_wire_note) % SIC_WIRE_ALIGNMENT == 0);
SIC_WIRE_ASSERT(sizeof(struct sic_wire_token) % SIC_WIRE_ALIGNMENT == 0);
SIC_WIRE_ASSERT(sizeof(struct sic_wire_sid) % SIC_WIRE_ALIGNMENT == 0);
SIC_WIRE_ASSERT(sizeof(struct sic_wire_name) % SIC_WIRE_ALIGNMENT == 0);
SIC_WIRE_ASSERT(sizeof(struct sic_wire_handle) % SIC_WIRE_ALIGNMENT == 0);
SIC_WIRE_ASSERT(sizeof(struct sic_wire_device) % SIC_WIRE_ALIGNMENT == 0);
SIC_WIRE_ASSERT(sizeof(struct sic_wire_kernel_view) % SIC_WIRE_ALIGNMENT == 0);
SIC_WIRE_ASSERT(sizeof(struct sic_wire_peb_pointer) % SIC_WIRE_ALIGNMENT == 0);
SIC_WIRE_ASSERT(sizeof(struct sic_wire_page) % SIC_WIRE_ALIGNMENT == 0);
SIC_WIRE_ASSERT(sizeof(struct sic_wire_field) % SIC_WIRE_ALIGNMENT == 0);

bool sic_pack(const struct sic_scan *scan, const struct sic_wire_origin *origin, const struct sic_layout *layout,
              void *buffer, size_t size)
{
    struct sic_packer packer = {.bytes = buffer};

    if (size != sic_pack_size(scan, layout))
        return false;
    put_header(&packer, scan, origin, layout);
    sic_pack_put_walk(&packer, scan);
    sic_pack_put_facts(&packer, scan);
    put_fields(&packer, layout);
    put_padded(&packer, scan->strings.elements, (uint64_t)scan->strings.count * sizeof(uint16_t));
    put_padded(&packer, scan->bytes.elements, scan->bytes.count);
    return true;
}
