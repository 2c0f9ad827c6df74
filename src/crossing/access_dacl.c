#include "crossing/access_parts.h"

#include <string.h>

/* A package's SID has so many sub-authorities (SECURITY_APP_PACKAGE_RID_COUNT); well-known ones have two. */
#define PACKAGE_PARTS 8u

/* Whether a question whose answer may be unknown counts as answered yes; `favours` tells whether yes grants more. */
static bool assume(const struct sic_check *check, enum sic_answer answer, bool favours)
{
    return answer == SIC_ANSWER_UNKNOWN ? check->is_optimistic == favours : answer == SIC_ANSWER_YES;
}

/* How far a list has brought a token: what it still lacks. */
struct progress {
    bool is_granted;   /* to the user and the groups, or to the restricting SIDs */
    bool is_contained; /* to the AppContainer; true of tokens that are none */
};

enum sic_ace_effect sic_ace_effect_of(uint8_t type)
{
    switch (type) {
    case SIC_ACE_ALLOWED:
    case SIC_ACE_ALLOWED_COMPOUND:
    case SIC_ACE_ALLOWED_OBJECT:
    case SIC_ACE_ALLOWED_CALLBACK:
    case SIC_ACE_ALLOWED_CALLBACK_OBJECT:
        return SIC_ACE_GRANTS;
    case SIC_ACE_DENIED:
    case SIC_ACE_DENIED_OBJECT:
    case SIC_ACE_DENIED_CALLBACK:
    case SIC_ACE_DENIED_CALLBACK_OBJECT:
        return SIC_ACE_DENIES;
    default:
        return SIC_ACE_WITHOUT_EFFECT;
    }
}

/* Whether the entry names its SID where plain ones do. */
static bool has_plain_sid(const struct sic_ace *ace)
{
    bool is_plain = ace->type == SIC_ACE_ALLOWED || ace->type == SIC_ACE_DENIED ||
                    ace->type == SIC_ACE_ALLOWED_CALLBACK || ace->type == SIC_ACE_DENIED_CALLBACK;

    return is_plain && ace->sid.size > 0;
}

/* OWNER RIGHTS, S-1-3-4, stands for the owner. */
static struct sic_sid_bytes sid_of(const struct sic_check *check, const struct sic_ace *ace)
{
    static const uint8_t owner_rights[] = {1, 1, 0, 0, 0, 0, 0, 3, 4, 0, 0, 0};

    if (sic_sid_bytes_equal(ace->sid, (struct sic_sid_bytes){owner_rights, sizeof(owner_rights)}))
        return check->descriptor.owner;
    return ace->sid;
}

static enum sic_answer has_sid(const struct sic_check *check, const struct sic_ace *ace, bool is_restricted,
                               enum sic_use use)
{
    struct sic_sid_bytes sid;

    if (!has_plain_sid(ace))
        return SIC_ANSWER_UNKNOWN;
    sid = sid_of(check, ace);
    if (sid.size == 0)
        return SIC_ANSWER_NO;
    return is_restricted ? sic_subject_has_restricting(check->subject, sid)
                         : sic_subject_has_group(check->subject, sid, use);
}

/* Whether its effect depends on more than its SID and its mask. */
static bool is_uncertain(const struct sic_ace *ace)
{
    return (ace->type != SIC_ACE_ALLOWED && ace->type != SIC_ACE_DENIED) || !has_plain_sid(ace) || !ace->has_mask;
}

static void allow(struct sic_check *check, const struct sic_ace *ace, bool is_restricted, struct progress *progress)
{
    enum sic_answer group = has_sid(check, ace, is_restricted, SIC_USE_ALLOW);
    enum sic_answer package = is_restricted || group == SIC_ANSWER_YES ? SIC_ANSWER_NO
                              : has_plain_sid(ace) ? sic_subject_has_package(check->subject, sid_of(check, ace))
                                                   : SIC_ANSWER_UNKNOWN;

    if (is_uncertain(ace) && (group != SIC_ANSWER_NO || package != SIC_ANSWER_NO)) {
        check->met_unknown_entry = true;
        if (!check->is_optimistic)
            return;
    }
    progress->is_granted = progress->is_granted || assume(check, group, true);
    progress->is_contained = progress->is_contained || assume(check, package, true);
}

/* False: it denies what is not granted yet. */
static bool deny(struct sic_check *check, const struct sic_ace *ace, bool is_restricted,
                 const struct progress *progress)
{
    enum sic_answer group = has_sid(check, ace, is_restricted, SIC_USE_DENY);

    if (progress->is_granted || !assume(check, group, false))
        return true;
    if (is_uncertain(ace)) {
        check->met_unknown_entry = true;
        return check->is_optimistic;
    }
    return false;
}

/* One way through the list: for the user and the groups, or for the restricting SIDs. */
static struct sic_access walk_dacl(struct sic_check *check, bool is_restricted)
{
    bool is_container = assume(check, sic_token_is_app_container(check->subject->token), false);
    struct progress progress = {.is_contained = is_restricted || !is_container};
    struct sic_acl_cursor cursor = {0};
    struct sic_ace ace;

    while (!(progress.is_granted && progress.is_contained) && *check->work <= SIC_ACCESS_WORK_LIMIT &&
           sic_acl_next(&check->descriptor.dacl, &cursor, &ace)) {
        enum sic_ace_effect kind = sic_ace_effect_of(ace.type);

        *check->work += sic_subject_size(check->subject);
        if (ace.flags & SIC_ACE_INHERIT_ONLY || kind == SIC_ACE_WITHOUT_EFFECT ||
            (ace.has_mask && !(ace.mask & sic_wish_mask(check->wish))))
            continue;
        if (kind == SIC_ACE_GRANTS)
            allow(check, &ace, is_restricted, &progress);
        else if (!deny(check, &ace, is_restricted, &progress))
            return sic_access_make(SIC_ANSWER_NO, SIC_ACCESS_DENIED);
    }
    if (!progress.is_granted)
        return sic_access_make(SIC_ANSWER_NO, SIC_ACCESS_NOT_GRANTED);
    return progress.is_contained ? sic_access_make(SIC_ANSWER_YES, SIC_ACCESS_GRANTED)
                                 : sic_access_make(SIC_ANSWER_NO, SIC_ACCESS_NOT_CONTAINER);
}

/* Whether an entry grants something to a package: S-1-15-2 and seven parts that tell which, or more. */
static bool names_package(const struct sic_acl *acl)
{
    static const uint8_t start[] = {0, 0, 0, 0, 0, 15, 2, 0, 0, 0};
    struct sic_acl_cursor cursor = {0};
    struct sic_ace ace;

    while (sic_acl_next(acl, &cursor, &ace)) {
        if (ace.type == SIC_ACE_ALLOWED && !(ace.flags & SIC_ACE_INHERIT_ONLY) && ace.sid.size > 0 &&
            ace.sid.bytes[1] >= PACKAGE_PARTS && memcmp(ace.sid.bytes + 2, start, sizeof(start)) == 0)
            return true;
    }
    return false;
}

/* Sandboxes of low integrity that are no AppContainers are kept out of what belongs to a package. */
static enum sic_answer is_kept_out(const struct sic_check *check)
{
    const struct sic_token *token = check->subject->token;
    enum sic_answer container = sic_token_is_app_container(token);

    if (!names_package(&check->descriptor.dacl) || container == SIC_ANSWER_YES)
        return SIC_ANSWER_NO;
    if (!token || token->integrity == SIC_NONE)
        return SIC_ANSWER_UNKNOWN;
    if (token->integrity >= SIC_LEVEL_MEDIUM)
        return SIC_ANSWER_NO;
    /* Told of the low level; of others below medium it is not known. */
    return token->integrity == SIC_LEVEL_LOW && container == SIC_ANSWER_NO ? SIC_ANSWER_YES : SIC_ANSWER_UNKNOWN;
}

static struct sic_access check_dacl_once(struct sic_check *check)
{
    const struct sic_subject *subject = check->subject;
    bool is_restricted = assume(check, sic_subject_is_restricted(subject), false);
    struct sic_access access;

    if (!check->descriptor.has_dacl || !check->descriptor.dacl.bytes)
        return assume(check, sic_token_is_app_container(subject->token), false)
                   ? sic_access_make(SIC_ANSWER_NO, SIC_ACCESS_NOT_CONTAINER)
                   : sic_access_make(SIC_ANSWER_YES, SIC_ACCESS_NULL_DACL);
    if (assume(check, is_kept_out(check), false))
        return sic_access_make(SIC_ANSWER_NO, SIC_ACCESS_PACKAGE_LOW);
    access = walk_dacl(check, false);
    if (access.answer != SIC_ANSWER_YES || !is_restricted ||
        (!sic_wish_is_write(check->wish) && assume(check, sic_subject_is_write_restricted(subject), true)))
        return access;
    return walk_dacl(check, true).answer == SIC_ANSWER_YES ? access
                                                           : sic_access_make(SIC_ANSWER_NO, SIC_ACCESS_NOT_RESTRICTED);
}

/* What is granted at worst is granted, what is not at best is not; between the two the answer is unknown. */
struct sic_access sic_check_dacl(struct sic_check *check)
{
    struct sic_access best, worst;

    check->is_optimistic = true;
    best = check_dacl_once(check);
    if (best.answer == SIC_ANSWER_NO && *check->work <= SIC_ACCESS_WORK_LIMIT)
        return best;
    check->is_optimistic = false;
    worst = check_dacl_once(check);
    if (*check->work > SIC_ACCESS_WORK_LIMIT)
        return sic_access_make(SIC_ANSWER_UNKNOWN, SIC_ACCESS_TOO_MUCH);
    if (worst.answer == SIC_ANSWER_YES)
        return worst;
    return sic_access_make(SIC_ANSWER_UNKNOWN,
                           check->met_unknown_entry ? SIC_ACCESS_ENTRY_UNKNOWN : SIC_ACCESS_TOKEN_UNKNOWN);
}
