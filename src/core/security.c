#include "core/security.h"

/* EX_FAST_REF: the low bits count references. */
#define FAST_REF_MASK (~0xfull)

#define REVISION            1u
#define CONTROL_DACL        0x4u    /* SE_DACL_PRESENT */
#define CONTROL_SACL        0x10u   /* SE_SACL_PRESENT */
#define CONTROL_RELATIVE    0x8000u /* SE_SELF_RELATIVE */
#define SID_HEADER_SIZE     8u
#define SID_COUNT_LIMIT     15u
#define ACL_HEADER_SIZE     8u
#define ACL_REVISION_LOWEST 2u /* what RtlValidAcl accepts */
#define ACL_REVISION_LAST   4u
#define ACE_HEADER_SIZE     4u

enum part { PART_OWNER, PART_GROUP, PART_SACL, PART_DACL, PART_COUNT };

/* Where in the header the parts' offsets stand, and the bit without which the offset says nothing. */
static const struct {
    uint8_t at;
    bool is_acl;
    uint16_t control;
} parts[PART_COUNT] = {
    [PART_OWNER] = {.at = 4},
    [PART_GROUP] = {.at = 8},
    [PART_SACL] = {.at = 12, .is_acl = true, .control = CONTROL_SACL},
    [PART_DACL] = {.at = 16, .is_acl = true, .control = CONTROL_DACL},
};

/* Offset of a part; 0: there is none. */
static uint32_t part_offset(const uint8_t *header, enum part part)
{
    if (parts[part].is_acl && !(sic_load16(header + 2) & parts[part].control))
        return 0;
    return sic_load32(header + parts[part].at);
}

static bool is_sound_header(const uint8_t *header)
{
    return header[0] == REVISION && sic_load16(header + 2) & CONTROL_RELATIVE;
}

/* Bytes of a part, by its first eight; 0: neither a SID nor an ACL begins so. */
static uint32_t part_size(const uint8_t *start, enum part part)
{
    if (parts[part].is_acl)
        return start[0] >= ACL_REVISION_LOWEST && start[0] <= ACL_REVISION_LAST &&
                       sic_load16(start + 2) >= ACL_HEADER_SIZE
                   ? sic_load16(start + 2)
                   : 0;
    return start[0] == REVISION && start[1] <= SID_COUNT_LIMIT ? SID_HEADER_SIZE + 4u * start[1] : 0;
}

/* Behind the header, at a multiple of 4, with room for what says how long it is. */
static bool is_place(uint32_t offset)
{
    return offset >= SIC_SECURITY_HEADER_SIZE && offset % 4 == 0 && offset <= SIC_SECURITY_SIZE_LIMIT - ACL_HEADER_SIZE;
}

static bool are_aces_inside(const uint8_t *acl, uint32_t size)
{
    uint32_t count = sic_load16(acl + 4), at = ACL_HEADER_SIZE;

    for (uint32_t i = 0; i < count; i++) {
        uint32_t ace_size;

        if (size - at < ACE_HEADER_SIZE)
            return false;
        ace_size = sic_load16(acl + at + 2);
        if (ace_size < ACE_HEADER_SIZE || ace_size > size - at)
            return false;
        at += ace_size;
    }
    return true;
}

/* The end of a part that begins at `offset` of `bytes`; 0: it is none, or does not fit. */
static uint32_t part_end(const uint8_t *bytes, uint32_t size, uint32_t offset, enum part part)
{
    uint32_t length;

    if (!is_place(offset) || offset > size || size - offset < ACL_HEADER_SIZE)
        return 0;
    length = part_size(bytes + offset, part);
    if (length == 0 || length > size - offset || (parts[part].is_acl && !are_aces_inside(bytes + offset, length)))
        return 0;
    return offset + length;
}

bool sic_security_is_sound(const uint8_t *bytes, uint32_t size)
{
    uint32_t whole = SIC_SECURITY_HEADER_SIZE;

    if (size < SIC_SECURITY_HEADER_SIZE || size > SIC_SECURITY_SIZE_LIMIT || !is_sound_header(bytes))
        return false;
    for (unsigned i = 0; i < PART_COUNT; i++) {
        uint32_t offset = part_offset(bytes, i), end;

        if (offset == 0)
            continue;
        end = part_end(bytes, size, offset, i);
        if (end == 0)
            return false;
        whole = end > whole ? end : whole;
    }
    return whole == size;
}

/* A descriptor that was looked at; `va` comes first: it is the index's key. */
struct known {
    uint64_t va;
    struct sic_blob blob; /* length 0: it cannot be read, or contradicts itself */
};

struct reading {
    struct sic_scan *scan;
    const struct sic_reader *reader;
    const struct sic_objects *objects;
    struct sic_array known;
    struct sic_index index;
    uint32_t bytes_left;
};

/* The size that the parts give to the descriptor; 0: it cannot be read, or contradicts itself. */
static uint32_t measure(const struct reading *reading, uint64_t va)
{
    const struct sic_reader *reader = reading->reader;
    uint8_t header[SIC_SECURITY_HEADER_SIZE], start[ACL_HEADER_SIZE];
    uint32_t whole = SIC_SECURITY_HEADER_SIZE;

    if (!reader->read(reader->context, va, header, sizeof(header)) || !is_sound_header(header))
        return 0;
    for (unsigned i = 0; i < PART_COUNT; i++) {
        uint32_t offset = part_offset(header, i), size;

        if (offset == 0)
            continue;
        if (!is_place(offset) || !reader->read(reader->context, va + offset, start, sizeof(start)))
            return 0;
        size = part_size(start, i);
        if (size == 0 || size > SIC_SECURITY_SIZE_LIMIT - offset)
            return 0;
        whole = offset + size > whole ? offset + size : whole;
    }
    return whole;
}

/* Into scan->bytes. What changed since it was measured no longer fits, and is left out. */
static bool copy(struct reading *reading, uint64_t va, struct sic_blob *blob)
{
    struct sic_scan *scan = reading->scan;
    uint32_t size = measure(reading, va);
    uint8_t *bytes;

    *blob = (struct sic_blob){.offset = SIC_NONE};
    if (size == 0 || size > reading->bytes_left)
        return true;
    if (!sic_array_reserve(&scan->allocator, &scan->bytes, 1, size))
        return false;
    bytes = (uint8_t *)scan->bytes.elements + scan->bytes.count;
    if (!reading->reader->read(reading->reader->context, va, bytes, size) || !sic_security_is_sound(bytes, size))
        return true;
    *blob = (struct sic_blob){.offset = scan->bytes.count, .length = size};
    scan->bytes.count += size;
    reading->bytes_left -= size;
    return true;
}

/* The descriptor at `va`, copied when it is met for the first time. */
static bool find(struct reading *reading, uint64_t va, struct sic_blob *blob)
{
    const struct sic_allocator *allocator = &reading->scan->allocator;
    struct known *known;
    uint32_t index;

    if (sic_index_find(&reading->index, &reading->known, sizeof(*known), va, &index)) {
        *blob = ((const struct known *)reading->known.elements)[index].blob;
        return true;
    }
    if (!copy(reading, va, blob))
        return false;
    known = sic_array_append(allocator, &reading->known, sizeof(*known));
    if (!known)
        return false;
    *known = (struct known){.va = va, .blob = *blob};
    return sic_index_add(allocator, &reading->index, va, reading->known.count - 1);
}

/* Nothing that stands at the top of the address space: its end would wrap around. */
static bool is_descriptor_pointer(const struct reading *reading, uint64_t va)
{
    return sic_is_kernel_pointer(reading->reader, va, 16) && va <= UINT64_MAX - SIC_SECURITY_SIZE_LIMIT;
}

/* An object that is freed meanwhile no longer is of its type, as a rule: what it points to is nobody's then. */
static bool is_still(const struct reading *reading, const struct sic_name *name)
{
    enum sic_object_type type = name->kind == SIC_NAME_SECTION ? SIC_OBJECT_SECTION : SIC_OBJECT_DIRECTORY;
    bool is_type;

    return sic_object_is(reading->objects, reading->reader, name->object_va, type, &is_type) && is_type;
}

static bool read_one(struct reading *reading, struct sic_name *name)
{
    const struct sic_layout *layout = reading->objects->layout;
    uint64_t header_va = name->object_va - sic_layout_offset(layout, SIC_FIELD_OBJECT_HEADER_BODY), va;

    if (!sic_reader_u64(reading->reader,
                        header_va + sic_layout_offset(layout, SIC_FIELD_OBJECT_HEADER_SECURITY_DESCRIPTOR), &va) ||
        !is_still(reading, name))
        return true;
    va &= FAST_REF_MASK;
    if (va == 0) {
        name->flags |= SIC_NAME_SECURITY_READ;
        return true;
    }
    if (!is_descriptor_pointer(reading, va))
        return true;
    if (!find(reading, va, &name->security))
        return false;
    if (name->security.length > 0)
        name->flags |= SIC_NAME_SECURITY_READ;
    return true;
}

bool sic_securities_read(struct sic_scan *scan, const struct sic_reader *reader, const struct sic_objects *objects)
{
    struct reading reading = {
        .scan = scan, .reader = reader, .objects = objects, .bytes_left = SIC_SECURITY_BYTES_LIMIT};
    struct sic_name *names = scan->names.elements;
    bool done = true;

    if (scan->names.count == 0 || !sic_layout_has(objects->layout, SIC_FIELD_OBJECT_HEADER_SECURITY_DESCRIPTOR))
        return true;
    for (uint32_t i = 0; i < scan->names.count && done; i++) {
        if (sic_reader_is_cancelled(reader))
            done = false;
        else if (names[i].kind != SIC_NAME_SYMBOLIC_LINK)
            done = read_one(&reading, &names[i]);
    }
    sic_array_free(&scan->allocator, &reading.known, sizeof(struct known));
    sic_index_free(&scan->allocator, &reading.index);
    return done;
}
