#include "crossing/subject.h"

#include <string.h>

/* SE_GROUP_… of winnt.h */
#define GROUP_ENABLED   0x4u
#define GROUP_DENY_ONLY 0x10u

/* TOKEN_WRITE_RESTRICTED of ntifs.h */
#define TOKEN_WRITE_RESTRICTED 0x8u

/* LUID of SeChangeNotifyPrivilege */
#define CHANGE_NOTIFY (1ull << 23)

static struct sic_sid_bytes bytes_of(const struct sic_scan *scan, struct sic_blob blob)
{
    if (blob.length == 0 || blob.offset > scan->bytes.count || blob.length > scan->bytes.count - blob.offset)
        return (struct sic_sid_bytes){0};
    return (struct sic_sid_bytes){.bytes = (const uint8_t *)scan->bytes.elements + blob.offset, .size = blob.length};
}

/* What is not found may be among what was not read. */
static enum sic_answer not_found(const struct sic_subject *subject, uint32_t whole_flag)
{
    return subject->token && subject->token->flags & whole_flag ? SIC_ANSWER_NO : SIC_ANSWER_UNKNOWN;
}

/* The user, which comes first, counts without being enabled. */
static bool does_group_count(uint32_t attributes, bool is_user, enum sic_use use)
{
    if (attributes & GROUP_DENY_ONLY)
        return use == SIC_USE_DENY;
    return is_user || attributes & GROUP_ENABLED;
}

enum sic_answer sic_subject_has_group(const struct sic_subject *subject, struct sic_sid_bytes sid, enum sic_use use)
{
    const struct sic_token *token = subject->token;
    const struct sic_sid *groups = token ? sic_token_sids(subject->scan, token->first_group, token->group_count) : NULL;

    for (uint32_t i = 0; groups && i < token->group_count; i++) {
        if (does_group_count(groups[i].attributes, i == 0, use) &&
            sic_sid_bytes_equal(sid, bytes_of(subject->scan, groups[i].sid)))
            return SIC_ANSWER_YES;
    }
    return not_found(subject, SIC_TOKEN_READ);
}

enum sic_answer sic_subject_has_restricting(const struct sic_subject *subject, struct sic_sid_bytes sid)
{
    const struct sic_token *token = subject->token;
    const struct sic_sid *sids =
        token ? sic_token_sids(subject->scan, token->first_restricted, token->restricted_count) : NULL;

    for (uint32_t i = 0; sids && i < token->restricted_count; i++) {
        if (sic_sid_bytes_equal(sid, bytes_of(subject->scan, sids[i].sid)))
            return SIC_ANSWER_YES;
    }
    return not_found(subject, SIC_TOKEN_RESTRICTED_KNOWN);
}

static enum sic_answer has_capability(const struct sic_subject *subject, struct sic_sid_bytes sid)
{
    const struct sic_token *token = subject->token;
    const struct sic_sid *sids =
        token ? sic_token_sids(subject->scan, token->first_capability, token->capability_count) : NULL;

    for (uint32_t i = 0; sids && i < token->capability_count; i++) {
        if (sids[i].attributes & GROUP_ENABLED && sic_sid_bytes_equal(sid, bytes_of(subject->scan, sids[i].sid)))
            return SIC_ANSWER_YES;
    }
    return not_found(subject, SIC_TOKEN_CAPABILITIES_KNOWN);
}

enum sic_answer sic_subject_has_package(const struct sic_subject *subject, struct sic_sid_bytes sid)
{
    /* S-1-15-2-1 and S-1-15-2-2 */
    static const uint8_t all[] = {1, 2, 0, 0, 0, 0, 0, 15, 2, 0, 0, 0, 1, 0, 0, 0};
    static const uint8_t all_restricted[] = {1, 2, 0, 0, 0, 0, 0, 15, 2, 0, 0, 0, 2, 0, 0, 0};

    if (sic_sid_bytes_equal(sid, (struct sic_sid_bytes){all_restricted, sizeof(all_restricted)}))
        return SIC_ANSWER_YES;
    if (sic_sid_bytes_equal(sid, (struct sic_sid_bytes){all, sizeof(all)})) {
        enum sic_answer is_low = sic_token_is_low_privilege(subject->token);

        return is_low == SIC_ANSWER_UNKNOWN ? is_low : is_low == SIC_ANSWER_YES ? SIC_ANSWER_NO : SIC_ANSWER_YES;
    }
    if (subject->token && sic_sid_bytes_equal(sid, bytes_of(subject->scan, subject->token->package)))
        return SIC_ANSWER_YES;
    return has_capability(subject, sid);
}

enum sic_answer sic_subject_is_restricted(const struct sic_subject *subject)
{
    if (subject->token && subject->token->restricted_count > 0)
        return SIC_ANSWER_YES;
    return not_found(subject, SIC_TOKEN_RESTRICTED_KNOWN);
}

enum sic_answer sic_subject_is_write_restricted(const struct sic_subject *subject)
{
    /* The bit came with Vista, as mandatory policies did: before, it tells of administrators (TOKEN_HAS_ADMIN_GROUP).
     */
    if (!subject->token || !(subject->token->kernel_flags & TOKEN_WRITE_RESTRICTED))
        return SIC_ANSWER_NO;
    return subject->token->flags & SIC_TOKEN_POLICY_KNOWN ? SIC_ANSWER_YES : SIC_ANSWER_UNKNOWN;
}

enum sic_answer sic_subject_bypasses_traversal(const struct sic_subject *subject)
{
    if (!subject->token || !(subject->token->flags & SIC_TOKEN_PRIVILEGES_KNOWN))
        return SIC_ANSWER_UNKNOWN;
    return subject->token->privileges & CHANGE_NOTIFY ? SIC_ANSWER_YES : SIC_ANSWER_NO;
}

uint32_t sic_subject_size(const struct sic_subject *subject)
{
    if (!subject->token)
        return 1;
    return 1 + subject->token->group_count + subject->token->restricted_count + subject->token->capability_count;
}
