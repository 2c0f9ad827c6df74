#include "core/unpack.h"

#include "core/pack.h"
#include "core/soundness.h"
#include "core/unpack_private.h"

static const char *const misplaced[SIC_WIRE_TABLE_COUNT] = {
    [SIC_WIRE_PROCESSES] = "its table of processes is not where it must be",
    [SIC_WIRE_VIEWS] = "its table of views is not where it must be",
    [SIC_WIRE_SUBSECTIONS] = "its table of subsections is not where it must be",
    [SIC_WIRE_SECTIONS] = "its table of sections is not where it must be",
    [SIC_WIRE_PROBLEMS] = "its table of problems is not where it must be",
    [SIC_WIRE_NOTES] = "its table of notes is not where it must be",
    [SIC_WIRE_TOKENS] = "its table of tokens is not where it must be",
    [SIC_WIRE_SIDS] = "its table of SIDs is not where it must be",
    [SIC_WIRE_NAMES] = "its table of names is not where it must be",
    [SIC_WIRE_HANDLES] = "its table of handles is not where it must be",
    [SIC_WIRE_DEVICES] = "its table of devices is not where it must be",
    [SIC_WIRE_KERNEL_VIEWS] = "its table of the kernel's views is not where it must be",
    [SIC_WIRE_PEB_POINTERS] = "its table of pointers of PEBs is not where it must be",
    [SIC_WIRE_PAGES] = "its table of pages is not where it must be",
    [SIC_WIRE_FIELDS] = "its layout is not where it must be",
    [SIC_WIRE_STRINGS] = "its strings are not where they must be",
    [SIC_WIRE_BYTES] = "its bytes are not where they must be",
};

const char sic_unpack_no_memory[] = "there is not enough memory for it";

bool sic_unpack_is_scan(const void *bytes, size_t size)
{
    return size >= SIC_WIRE_SCAN_MAGIC_SIZE &&
           __builtin_memcmp(bytes, SIC_WIRE_SCAN_MAGIC, SIC_WIRE_SCAN_MAGIC_SIZE) == 0;
}

/* Tables follow each other without gaps but for alignment: there is one place where each can be. */
static const char *check_tables(const struct sic_unpacker *unpacker)
{
    uint64_t expected = sizeof(struct sic_wire_scan);

    for (unsigned i = 0; i < SIC_WIRE_TABLE_COUNT; i++) {
        const struct sic_wire_table *table = &unpacker->tables[i];

        if (table->element_size != sic_pack_element_size(i) || table->offset != expected ||
            (uint64_t)table->count * table->element_size > unpacker->size - expected)
            return misplaced[i];
        expected += (uint64_t)table->count * table->element_size;
        expected = (expected + SIC_WIRE_ALIGNMENT - 1) & ~(uint64_t)(SIC_WIRE_ALIGNMENT - 1);
        if (expected > unpacker->size)
            return misplaced[i];
    }
    return expected == unpacker->size ? NULL : "something follows where it must end";
}

static const char *check_header(struct sic_unpacker *unpacker, struct sic_unpacked *unpacked)
{
    struct sic_wire_scan header;

    if (!sic_unpack_is_scan(unpacker->bytes, unpacker->size))
        return "it does not begin as a saved scan does";
    if (unpacker->size < sizeof(header))
        return "it is cut short";
    __builtin_memcpy(&header, unpacker->bytes, sizeof(header));
    if (header.version != SIC_WIRE_VERSION || header.header_size != sizeof(header))
        return "it was saved by another version of SiC";
    if (header.size != unpacker->size)
        return header.size > unpacker->size ? "it is cut short" : "something follows where it must end";
    if (header.flags & ~SIC_WIRE_SCAN_FIVE_LEVELS)
        return "its header has flags that nobody knows";
    __builtin_memcpy(unpacker->tables, header.tables, sizeof(header.tables));
    unpacker->scan->paging_levels = header.flags & SIC_WIRE_SCAN_FIVE_LEVELS ? 5 : 4;
    unpacker->scan->skipped_processes = header.skipped_processes;
    unpacked->origin = header.origin;
    return check_tables(unpacker);
}

/* Zero-terminated, printable ASCII up to there, zeros behind. */
static bool is_text(const char *text, size_t size)
{
    size_t length = 0;

    while (length < size && text[length] >= 0x20 && text[length] < 0x7f)
        length++;
    for (size_t i = length; i < size; i++) {
        if (text[i] != '\0')
            return false;
    }
    return length < size;
}

/* Zero-terminated, zeros behind: a path may hold any other byte. */
static bool is_path(const char *path, size_t size)
{
    size_t length = 0;

    while (length < size && path[length] != '\0')
        length++;
    for (size_t i = length; i < size; i++) {
        if (path[i] != '\0')
            return false;
    }
    return length < size;
}

static const char *check_origin(const struct sic_wire_origin *origin)
{
    if (origin->flags & ~SIC_WIRE_ORIGIN_MASK)
        return "its origin has flags that nobody knows";
    if (!is_text(origin->container, sizeof(origin->container)) ||
        !is_text(origin->pdb_name, sizeof(origin->pdb_name)) || !is_text(origin->guid_age, sizeof(origin->guid_age)) ||
        !is_text(origin->layout_name, sizeof(origin->layout_name)) ||
        !is_text(origin->layout_source, sizeof(origin->layout_source)) ||
        !is_text(origin->layout_detail, sizeof(origin->layout_detail)) ||
        !is_path(origin->layout_origin, sizeof(origin->layout_origin)) ||
        !is_text(origin->layout_confidence, sizeof(origin->layout_confidence)))
        return "its origin is no text";
    return NULL;
}

static const char *unpack_layout(const struct sic_unpacker *unpacker, struct sic_unpacked *unpacked)
{
    const struct sic_wire_table *table = &unpacker->tables[SIC_WIRE_FIELDS];

    unpacked->has_layout = table->count > 0;
    if (table->count == 0)
        return NULL;
    if (table->count != SIC_FIELD_COUNT)
        return "its layout is that of another version of SiC";
    for (unsigned i = 0; i < SIC_FIELD_COUNT; i++) {
        struct sic_wire_field wire;

        __builtin_memcpy(&wire, unpacker->bytes + table->offset + i * sizeof(wire), sizeof(wire));
        if (wire.reserved != 0)
            return "its layout has members that nobody knows";
        unpacked->layout.fields[i] =
            (struct sic_layout_field){.offset = wire.offset, .first_bit = wire.first_bit, .bit_count = wire.bit_count};
    }
    return sic_layout_first_bad_field(&unpacked->layout) == SIC_FIELD_COUNT ? NULL : "its layout is out of bounds";
}

bool sic_unpack_make_room(struct sic_scan *scan, struct sic_array *array, size_t element_size, uint32_t count)
{
    if (!sic_array_reserve(&scan->allocator, array, element_size, count))
        return false;
    array->count = count;
    return true;
}

void sic_unpack_record(const struct sic_unpacker *unpacker, enum sic_wire_table_id table, uint32_t index, void *record)
{
    size_t size = sic_pack_element_size(table);

    __builtin_memcpy(record, unpacker->bytes + unpacker->tables[table].offset + index * size, size);
}

bool sic_unpack_is_string(const struct sic_unpacker *unpacker, const struct sic_wire_string *string, bool is_known)
{
    uint32_t count = unpacker->tables[SIC_WIRE_STRINGS].count;

    if (!is_known)
        return string->offset == SIC_WIRE_NONE && string->length == 0;
    return string->length > 0 && string->length <= SIC_STRING_SIZE_LIMIT / 2 && string->offset <= count &&
           string->length <= count - string->offset;
}

/* Copies a table of plain numbers; what fills it up to the next one is 0. */
static const char *unpack_plain(const struct sic_unpacker *unpacker, enum sic_wire_table_id id, struct sic_array *array)
{
    const struct sic_wire_table *table = &unpacker->tables[id];
    size_t size = (size_t)table->count * sic_pack_element_size(id), end = (size_t)table->offset + size;

    if (!sic_unpack_make_room(unpacker->scan, array, sic_pack_element_size(id), table->count))
        return sic_unpack_no_memory;
    if (size > 0)
        __builtin_memcpy(array->elements, unpacker->bytes + table->offset, size);
    for (; end % SIC_WIRE_ALIGNMENT != 0; end++) {
        if (unpacker->bytes[end] != 0)
            return "its gaps are not zero";
    }
    return NULL;
}

const char *sic_unpack(const void *bytes, size_t size, struct sic_scan *scan, struct sic_unpacked *unpacked)
{
    struct sic_unpacker unpacker = {.bytes = bytes, .size = size, .scan = scan};
    const char *refusal;

    __builtin_memset(unpacked, 0, sizeof(*unpacked));
    refusal = check_header(&unpacker, unpacked);
    if (!refusal)
        refusal = check_origin(&unpacked->origin);
    if (!refusal)
        refusal = unpack_layout(&unpacker, unpacked);
    if (!refusal)
        refusal = sic_unpack_walk(&unpacker);
    if (!refusal)
        refusal = sic_unpack_facts(&unpacker);
    if (!refusal)
        refusal = unpack_plain(&unpacker, SIC_WIRE_STRINGS, &scan->strings);
    if (!refusal)
        refusal = unpack_plain(&unpacker, SIC_WIRE_BYTES, &scan->bytes);
    if (!refusal)
        refusal = sic_scan_make_sound(scan);
    return refusal ? refusal : sic_facts_check(scan);
}
