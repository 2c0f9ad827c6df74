#include "crossing/descriptor.h"

#include "core/reader.h"

#include <stddef.h>
#include <string.h>

/* SECURITY_DESCRIPTOR_RELATIVE: {u8 revision, u8, u16 control, u32 owner, u32 group, u32 SACL, u32 DACL} */
#define HEADER_SIZE     20u
#define OWNER_OFFSET    4u
#define SACL_OFFSET     12u
#define DACL_OFFSET     16u
#define DACL_PRESENT    0x4u
#define SACL_PRESENT    0x10u
#define SELF_RELATIVE   0x8000u
#define ACL_HEADER_SIZE 8u
#define ACE_HEADER_SIZE 4u
#define ACE_SID_OFFSET  8u

/* The SID that begins `bytes`, of which there are `size`; size 0: there is none. */
static struct sic_sid_bytes sid_at(const uint8_t *bytes, uint32_t size)
{
    uint32_t needed;

    if (size < 8 || bytes[0] != 1 || bytes[1] > 15)
        return (struct sic_sid_bytes){0};
    needed = 8 + 4u * bytes[1];
    return needed <= size ? (struct sic_sid_bytes){.bytes = bytes, .size = needed} : (struct sic_sid_bytes){0};
}

/* Whether the entries lie in the list one behind the other. */
static bool are_entries_sound(const struct sic_acl *acl)
{
    uint32_t at = ACL_HEADER_SIZE;

    for (uint32_t i = 0; i < acl->count; i++) {
        uint32_t size;

        if (acl->size - at < ACE_HEADER_SIZE)
            return false;
        size = sic_load16(acl->bytes + at + 2);
        if (size < ACE_HEADER_SIZE || size > acl->size - at)
            return false;
        at += size;
    }
    return true;
}

/* `bytes` stays NULL for offset 0: a NULL list. */
static bool read_acl(const uint8_t *bytes, uint32_t size, uint32_t offset, struct sic_acl *acl)
{
    *acl = (struct sic_acl){0};
    if (offset == 0)
        return true;
    if (offset < HEADER_SIZE || offset > size || size - offset < ACL_HEADER_SIZE)
        return false;
    acl->bytes = bytes + offset;
    acl->size = sic_load16(acl->bytes + 2);
    acl->count = sic_load16(acl->bytes + 4);
    return acl->size >= ACL_HEADER_SIZE && acl->size <= size - offset && are_entries_sound(acl);
}

bool sic_descriptor_read(const uint8_t *bytes, uint32_t size, struct sic_descriptor *descriptor)
{
    uint32_t control, owner;

    *descriptor = (struct sic_descriptor){0};
    if (size < HEADER_SIZE || bytes[0] != 1)
        return false;
    control = sic_load16(bytes + 2);
    if (!(control & SELF_RELATIVE))
        return false;
    owner = sic_load32(bytes + OWNER_OFFSET);
    if (owner != 0) {
        if (owner < HEADER_SIZE || owner > size)
            return false;
        descriptor->owner = sid_at(bytes + owner, size - owner);
        if (descriptor->owner.size == 0)
            return false;
    }
    descriptor->has_dacl = control & DACL_PRESENT;
    if (descriptor->has_dacl && !read_acl(bytes, size, sic_load32(bytes + DACL_OFFSET), &descriptor->dacl))
        return false;
    return !(control & SACL_PRESENT) || read_acl(bytes, size, sic_load32(bytes + SACL_OFFSET), &descriptor->sacl);
}

bool sic_acl_next(const struct sic_acl *acl, struct sic_acl_cursor *cursor, struct sic_ace *ace)
{
    uint32_t at = cursor->index == 0 ? ACL_HEADER_SIZE : cursor->offset, size;
    const uint8_t *bytes;

    if (!acl->bytes || cursor->index >= acl->count)
        return false;
    bytes = acl->bytes + at;
    size = sic_load16(bytes + 2);
    *ace = (struct sic_ace){.type = bytes[0], .flags = bytes[1], .has_mask = size >= ACE_SID_OFFSET};
    if (ace->has_mask) {
        ace->mask = sic_load32(bytes + ACE_HEADER_SIZE);
        ace->sid = sid_at(bytes + ACE_SID_OFFSET, size - ACE_SID_OFFSET);
    }
    *cursor = (struct sic_acl_cursor){.index = cursor->index + 1, .offset = at + size};
    return true;
}

bool sic_sid_bytes_equal(struct sic_sid_bytes left, struct sic_sid_bytes right)
{
    return left.size == right.size && left.size > 0 && memcmp(left.bytes, right.bytes, left.size) == 0;
}
