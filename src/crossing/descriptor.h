/*
 * A security descriptor's bytes: read within their bounds, whatever they say.
 */
#ifndef SIC_CROSSING_DESCRIPTOR_H
#define SIC_CROSSING_DESCRIPTOR_H

#include <stdbool.h>
#include <stdint.h>

/* Bytes of a SID as they lie in memory; size 0: none. */
struct sic_sid_bytes {
    const uint8_t *bytes;
    uint32_t size;
};

/* An access control list; bytes NULL: absent. */
struct sic_acl {
    const uint8_t *bytes;
    uint32_t size;
    uint32_t count;
};

struct sic_descriptor {
    struct sic_sid_bytes owner; /* size 0: none */
    struct sic_acl sacl;
    struct sic_acl dacl;
    bool has_dacl; /* SE_DACL_PRESENT; without, or with a NULL DACL, nothing is denied */
};

/* False when the bytes are no sound descriptor. What it holds borrows them. */
bool sic_descriptor_read(const uint8_t *bytes, uint32_t size, struct sic_descriptor *descriptor);

/* Types of winnt.h. */
enum {
    SIC_ACE_ALLOWED = 0,
    SIC_ACE_DENIED = 1,
    SIC_ACE_ALLOWED_COMPOUND = 4,
    SIC_ACE_ALLOWED_OBJECT = 5,
    SIC_ACE_DENIED_OBJECT = 6,
    SIC_ACE_ALLOWED_CALLBACK = 9,
    SIC_ACE_DENIED_CALLBACK = 0xa,
    SIC_ACE_ALLOWED_CALLBACK_OBJECT = 0xb,
    SIC_ACE_DENIED_CALLBACK_OBJECT = 0xc,
    SIC_ACE_MANDATORY_LABEL = 0x11,
    SIC_ACE_SCOPED_POLICY = 0x13,
    SIC_ACE_TRUST_LABEL = 0x14,
    SIC_ACE_ACCESS_FILTER = 0x15
};

#define SIC_ACE_INHERIT_ONLY 0x8u

/* An entry. All types that are named above hold a mask; the SID stands behind it, but for objects' and compounds'. */
struct sic_ace {
    uint8_t type;
    uint8_t flags;
    bool has_mask; /* the entry is long enough for one */
    uint32_t mask;
    struct sic_sid_bytes sid; /* size 0: it is none, or stands elsewhere */
};

/* A place in a list; all zeros: its beginning. */
struct sic_acl_cursor {
    uint32_t index;
    uint32_t offset;
};

/* The entry at the cursor, which moves on. False at the end. Of a list that sic_descriptor_read gave. */
bool sic_acl_next(const struct sic_acl *acl, struct sic_acl_cursor *cursor, struct sic_ace *ace);

bool sic_sid_bytes_equal(struct sic_sid_bytes left, struct sic_sid_bytes right);

#endif
