#include "crossing/access_parts.h"

#include "core/reader.h"

#include <string.h>

/* Mandatory policies of a label's mask, and TOKEN_MANDATORY_POLICY_NO_WRITE_UP */
#define NO_WRITE_UP        0x1u
#define NO_READ_UP         0x2u
#define NO_EXECUTE_UP      0x4u
#define POLICY_NO_WRITE_UP 0x1u

/* The first entry of `type` that is more than inherited by others. */
static bool find_entry(const struct sic_acl *acl, uint8_t type, struct sic_ace *ace)
{
    struct sic_acl_cursor cursor = {0};

    while (sic_acl_next(acl, &cursor, ace)) {
        if (ace->type == type && !(ace->flags & SIC_ACE_INHERIT_ONLY))
            return true;
    }
    return false;
}

/* Whether a label's policy leaves the right to those below it. */
static bool is_left_below(enum sic_wish wish, uint32_t policy)
{
    if (sic_wish_is_write(wish))
        return !(policy & NO_WRITE_UP);
    return !(policy & NO_READ_UP) || !(policy & NO_EXECUTE_UP);
}

/* S-1-16-RID */
static bool label_level(struct sic_sid_bytes sid, uint32_t *level)
{
    static const uint8_t start[] = {1, 1, 0, 0, 0, 0, 0, 16};

    if (sid.size != 12 || memcmp(sid.bytes, start, sizeof(start)) != 0)
        return false;
    *level = sic_load32(sid.bytes + sizeof(start));
    return true;
}

static enum sic_answer passes_level(const struct sic_token *token, uint32_t level)
{
    enum sic_answer container = sic_token_is_app_container(token);

    if (!token)
        return SIC_ANSWER_UNKNOWN;
    if (token->integrity != SIC_NONE && token->integrity >= level)
        return SIC_ANSWER_YES;
    if (token->flags & SIC_TOKEN_POLICY_KNOWN && !(token->mandatory_policy & POLICY_NO_WRITE_UP))
        return SIC_ANSWER_YES;
    /* What a package or its capabilities were granted up to medium is theirs, though their level is low. */
    if (level <= SIC_LEVEL_MEDIUM && container == SIC_ANSWER_YES)
        return SIC_ANSWER_YES;
    if (token->integrity == SIC_NONE || !(token->flags & SIC_TOKEN_POLICY_KNOWN) ||
        (level <= SIC_LEVEL_MEDIUM && container == SIC_ANSWER_UNKNOWN))
        return SIC_ANSWER_UNKNOWN;
    return SIC_ANSWER_NO;
}

struct sic_access sic_check_label(const struct sic_check *check)
{
    uint32_t level = SIC_LEVEL_MEDIUM, policy = NO_WRITE_UP;
    enum sic_answer passes;
    struct sic_ace ace;

    if (find_entry(&check->descriptor.sacl, SIC_ACE_MANDATORY_LABEL, &ace)) {
        if (!label_level(ace.sid, &level))
            return sic_access_make(SIC_ANSWER_UNKNOWN, SIC_ACCESS_ENTRY_UNKNOWN);
        policy = ace.mask;
    }
    if (is_left_below(check->wish, policy))
        return sic_access_make(SIC_ANSWER_YES, SIC_ACCESS_GRANTED);
    passes = passes_level(check->subject->token, level);
    return sic_access_make(passes, passes == SIC_ANSWER_NO ? SIC_ACCESS_LABEL : SIC_ACCESS_TOKEN_UNKNOWN);
}

struct sic_access sic_check_limits(const struct sic_check *check)
{
    struct sic_acl_cursor cursor = {0};
    struct sic_ace ace;

    if (find_entry(&check->descriptor.sacl, SIC_ACE_TRUST_LABEL, &ace) && !(ace.mask & sic_wish_mask(check->wish))) {
        if (check->subject->is_protected == SIC_ANSWER_NO)
            return sic_access_make(SIC_ANSWER_NO, SIC_ACCESS_TRUST_LABEL);
        return sic_access_make(SIC_ANSWER_UNKNOWN, SIC_ACCESS_TOKEN_UNKNOWN);
    }
    while (sic_acl_next(&check->descriptor.sacl, &cursor, &ace)) {
        bool is_limit = ace.type == SIC_ACE_SCOPED_POLICY ||
                        (ace.type == SIC_ACE_ACCESS_FILTER && !(ace.mask & sic_wish_mask(check->wish)));

        if (is_limit && !(ace.flags & SIC_ACE_INHERIT_ONLY))
            return sic_access_make(SIC_ANSWER_UNKNOWN, SIC_ACCESS_ENTRY_UNKNOWN);
    }
    return sic_access_make(SIC_ANSWER_YES, SIC_ACCESS_GRANTED);
}
