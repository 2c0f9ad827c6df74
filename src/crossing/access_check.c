#include "crossing/access_parts.h"

/* TOKEN_IS_RESTRICTED and TOKEN_IS_FILTERED of a token's flags */
#define TOKEN_RESTRICTED_OR_FILTERED 0x810u

static const struct {
    uint32_t mask;
    bool is_write;
} wishes[] = {
    /* SECTION_MAP_WRITE; GENERIC_WRITE, GENERIC_ALL */
    [SIC_WISH_MAP_WRITE] = {.mask = 0x2 | 0x40000000 | 0x10000000, .is_write = true},
    /* DIRECTORY_TRAVERSE; GENERIC_READ, GENERIC_EXECUTE, GENERIC_ALL */
    [SIC_WISH_TRAVERSE] = {.mask = 0x2 | 0x80000000 | 0x20000000 | 0x10000000, .is_write = false},
};

uint32_t sic_wish_mask(enum sic_wish wish)
{
    return wishes[wish].mask;
}

bool sic_wish_is_write(enum sic_wish wish)
{
    return wishes[wish].is_write;
}

/* The one that forbids, else the one that does not know, else `last`. */
static struct sic_access combine(const struct sic_access *checks, unsigned count)
{
    for (unsigned i = 0; i < count; i++) {
        if (checks[i].answer == SIC_ANSWER_NO)
            return checks[i];
    }
    for (unsigned i = 0; i < count; i++) {
        if (checks[i].answer == SIC_ANSWER_UNKNOWN)
            return checks[i];
    }
    return checks[count - 1];
}

struct sic_access sic_access_check(const struct sic_subject *subject, enum sic_wish wish, const uint8_t *bytes,
                                   uint32_t size, uint64_t *work)
{
    uint64_t unused = 0;
    struct sic_check check = {.subject = subject, .wish = wish, .work = work ? work : &unused};
    struct sic_access checks[3];

    if (!bytes)
        return sic_access_make(SIC_ANSWER_YES, SIC_ACCESS_NO_DESCRIPTOR);
    if (!sic_descriptor_read(bytes, size, &check.descriptor))
        return sic_access_make(SIC_ANSWER_UNKNOWN, SIC_ACCESS_UNREADABLE);
    *check.work += check.descriptor.sacl.count + check.descriptor.dacl.count;
    checks[0] = sic_check_limits(&check);
    checks[1] = sic_check_label(&check);
    checks[2] = sic_check_dacl(&check);
    return combine(checks, 3);
}

/*
 * SeFastTraverseCheck: lets pass when nothing is denied to anybody before Everyone is granted, whether or not that
 * counts for the token, unless the token was restricted or filtered.
 */
static bool passes_fast(const struct sic_subject *subject, const struct sic_descriptor *descriptor)
{
    static const uint8_t everyone[] = {1, 1, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0};
    struct sic_acl_cursor cursor = {0};
    struct sic_ace ace;

    if (!descriptor->has_dacl || !descriptor->dacl.bytes)
        return true;
    if (!subject->token || subject->token->kernel_flags & TOKEN_RESTRICTED_OR_FILTERED)
        return false;
    while (sic_acl_next(&descriptor->dacl, &cursor, &ace)) {
        if (ace.flags & SIC_ACE_INHERIT_ONLY || (ace.has_mask && !(ace.mask & sic_wish_mask(SIC_WISH_TRAVERSE))))
            continue;
        if (sic_ace_effect_of(ace.type) == SIC_ACE_DENIES)
            return false;
        if (ace.type == SIC_ACE_ALLOWED &&
            sic_sid_bytes_equal(ace.sid, (struct sic_sid_bytes){everyone, sizeof(everyone)}))
            return true;
    }
    return false;
}

struct sic_access sic_access_check_traversal(const struct sic_subject *subject, const uint8_t *bytes, uint32_t size,
                                             uint64_t *work)
{
    struct sic_descriptor descriptor;

    if (bytes && sic_descriptor_read(bytes, size, &descriptor) && passes_fast(subject, &descriptor))
        return sic_access_make(SIC_ANSWER_YES, SIC_ACCESS_GRANTED);
    return sic_access_check(subject, SIC_WISH_TRAVERSE, bytes, size, work);
}
