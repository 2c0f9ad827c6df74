#include "crossing/access_check.h"

#include "core/reader.h"

#include <stddef.h>
#include <string.h>

/* Mandatory policies of a label's mask, and TOKEN_MANDATORY_POLICY_NO_WRITE_UP */
#define NO_WRITE_UP        0x1u
#define NO_READ_UP         0x2u
#define NO_EXECUTE_UP      0x4u
#define POLICY_NO_WRITE_UP 0x1u

#define LEVEL_LOW    0x1000u
#define LEVEL_MEDIUM 0x2000u

/* TOKEN_IS_RESTRICTED and TOKEN_IS_FILTERED of a token's flags */
#define TOKEN_RESTRICTED_OR_FILTERED 0x810u

/* A package's SID has so many sub-authorities (SECURITY_APP_PACKAGE_RID_COUNT); well-known ones have two. */
#define PACKAGE_PARTS 8u

/* What a mask may grant: the right itself, or a generic one that the object's type maps to it. */
static const struct {
    uint32_t mask;
    bool is_write; /* by the type's generic mapping: it belongs to GENERIC_WRITE, and to nothing else */
} wishes[] = {
    /* SECTION_MAP_WRITE; GENERIC_WRITE, GENERIC_ALL */
    [SIC_WISH_MAP_WRITE] = {.mask = 0x2 | 0x40000000 | 0x10000000, .is_write = true},
    /* DIRECTORY_TRAVERSE; GENERIC_READ, GENERIC_EXECUTE, GENERIC_ALL */
    [SIC_WISH_TRAVERSE] = {.mask = 0x2 | 0x80000000 | 0x20000000 | 0x10000000, .is_write = false},
};

/* One check. What is unknown is taken for the best once and for the worst once. */
struct check {
    const struct sic_subject *subject;
    struct sic_descriptor descriptor;
    enum sic_wish wish;
    bool is_optimistic;
    bool met_unknown_entry; /* an assumption was made of an entry */
    uint64_t *work;
};

static struct sic_access make(enum sic_answer answer, enum sic_access_reason reason)
{
    return (struct sic_access){.answer = answer, .reason = reason};
}

/* Whether a question whose answer may be unknown counts as answered yes; `favours` tells whether yes grants more. */
static bool assume(const struct check *check, enum sic_answer answer, bool favours)
{
    return answer == SIC_ANSWER_UNKNOWN ? check->is_optimistic == favours : answer == SIC_ANSWER_YES;
}

/* --- mandatory -------------------------------------------------------------------------------------------------- */

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
    if (wishes[wish].is_write)
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
    if (level <= LEVEL_MEDIUM && container == SIC_ANSWER_YES)
        return SIC_ANSWER_YES;
    if (token->integrity == SIC_NONE || !(token->flags & SIC_TOKEN_POLICY_KNOWN) ||
        (level <= LEVEL_MEDIUM && container == SIC_ANSWER_UNKNOWN))
        return SIC_ANSWER_UNKNOWN;
    return SIC_ANSWER_NO;
}

static struct sic_access check_label(const struct check *check)
{
    uint32_t level = LEVEL_MEDIUM, policy = NO_WRITE_UP;
    enum sic_answer passes;
    struct sic_ace ace;

    if (find_entry(&check->descriptor.sacl, SIC_ACE_MANDATORY_LABEL, &ace)) {
        if (!label_level(ace.sid, &level))
            return make(SIC_ANSWER_UNKNOWN, SIC_ACCESS_ENTRY_UNKNOWN);
        policy = ace.mask;
    }
    if (is_left_below(check->wish, policy))
        return make(SIC_ANSWER_YES, SIC_ACCESS_GRANTED);
    passes = passes_level(check->subject->token, level);
    return make(passes, passes == SIC_ANSWER_NO ? SIC_ACCESS_LABEL : SIC_ACCESS_TOKEN_UNKNOWN);
}

/* Entries that leave only their mask's rights: to those less protected, or to those who fail a condition. */
static struct sic_access check_limits(const struct check *check)
{
    struct sic_acl_cursor cursor = {0};
    struct sic_ace ace;

    if (find_entry(&check->descriptor.sacl, SIC_ACE_TRUST_LABEL, &ace) && !(ace.mask & wishes[check->wish].mask)) {
        if (check->subject->is_protected == SIC_ANSWER_NO)
            return make(SIC_ANSWER_NO, SIC_ACCESS_TRUST_LABEL);
        return make(SIC_ANSWER_UNKNOWN, SIC_ACCESS_TOKEN_UNKNOWN);
    }
    while (sic_acl_next(&check->descriptor.sacl, &cursor, &ace)) {
        bool is_limit = ace.type == SIC_ACE_SCOPED_POLICY ||
                        (ace.type == SIC_ACE_ACCESS_FILTER && !(ace.mask & wishes[check->wish].mask));

        if (is_limit && !(ace.flags & SIC_ACE_INHERIT_ONLY))
            return make(SIC_ANSWER_UNKNOWN, SIC_ACCESS_ENTRY_UNKNOWN);
    }
    return make(SIC_ANSWER_YES, SIC_ACCESS_GRANTED);
}

/* --- discretionary ---------------------------------------------------------------------------------------------- */

/* How far a list has brought a token: what it still lacks. */
struct progress {
    bool is_granted;   /* to the user and the groups, or to the restricting SIDs */
    bool is_contained; /* to the AppContainer; true of tokens that are none */
};

enum ace_kind { ACE_OTHER, ACE_ALLOWS, ACE_DENIES };

static enum ace_kind kind_of(uint8_t type)
{
    switch (type) {
    case SIC_ACE_ALLOWED:
    case SIC_ACE_ALLOWED_COMPOUND:
    case SIC_ACE_ALLOWED_OBJECT:
    case SIC_ACE_ALLOWED_CALLBACK:
    case SIC_ACE_ALLOWED_CALLBACK_OBJECT:
        return ACE_ALLOWS;
    case SIC_ACE_DENIED:
    case SIC_ACE_DENIED_OBJECT:
    case SIC_ACE_DENIED_CALLBACK:
    case SIC_ACE_DENIED_CALLBACK_OBJECT:
        return ACE_DENIES;
    default:
        return ACE_OTHER;
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
static struct sic_sid_bytes sid_of(const struct check *check, const struct sic_ace *ace)
{
    static const uint8_t owner_rights[] = {1, 1, 0, 0, 0, 0, 0, 3, 4, 0, 0, 0};

    if (sic_sid_bytes_equal(ace->sid, (struct sic_sid_bytes){owner_rights, sizeof(owner_rights)}))
        return check->descriptor.owner;
    return ace->sid;
}

static enum sic_answer has_sid(const struct check *check, const struct sic_ace *ace, bool is_restricted,
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

static void allow(struct check *check, const struct sic_ace *ace, bool is_restricted, struct progress *progress)
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
static bool deny(struct check *check, const struct sic_ace *ace, bool is_restricted, const struct progress *progress)
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
static struct sic_access walk_dacl(struct check *check, bool is_restricted)
{
    bool is_container = assume(check, sic_token_is_app_container(check->subject->token), false);
    struct progress progress = {.is_contained = is_restricted || !is_container};
    struct sic_acl_cursor cursor = {0};
    struct sic_ace ace;

    while (!(progress.is_granted && progress.is_contained) && sic_acl_next(&check->descriptor.dacl, &cursor, &ace)) {
        enum ace_kind kind = kind_of(ace.type);

        *check->work += sic_subject_size(check->subject);
        if (ace.flags & SIC_ACE_INHERIT_ONLY || kind == ACE_OTHER ||
            (ace.has_mask && !(ace.mask & wishes[check->wish].mask)))
            continue;
        if (kind == ACE_ALLOWS)
            allow(check, &ace, is_restricted, &progress);
        else if (!deny(check, &ace, is_restricted, &progress))
            return make(SIC_ANSWER_NO, SIC_ACCESS_DENIED);
    }
    if (!progress.is_granted)
        return make(SIC_ANSWER_NO, SIC_ACCESS_NOT_GRANTED);
    return progress.is_contained ? make(SIC_ANSWER_YES, SIC_ACCESS_GRANTED)
                                 : make(SIC_ANSWER_NO, SIC_ACCESS_NOT_CONTAINER);
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
static enum sic_answer is_kept_out(const struct check *check)
{
    const struct sic_token *token = check->subject->token;
    enum sic_answer container = sic_token_is_app_container(token);

    if (!names_package(&check->descriptor.dacl) || container == SIC_ANSWER_YES)
        return SIC_ANSWER_NO;
    if (!token || token->integrity == SIC_NONE)
        return SIC_ANSWER_UNKNOWN;
    if (token->integrity >= LEVEL_MEDIUM)
        return SIC_ANSWER_NO;
    /* Told of the low level; of others below medium it is not known. */
    return token->integrity == LEVEL_LOW && container == SIC_ANSWER_NO ? SIC_ANSWER_YES : SIC_ANSWER_UNKNOWN;
}

static struct sic_access check_dacl_once(struct check *check)
{
    const struct sic_subject *subject = check->subject;
    bool is_restricted = assume(check, sic_subject_is_restricted(subject), false);
    struct sic_access access;

    if (!check->descriptor.has_dacl || !check->descriptor.dacl.bytes)
        return assume(check, sic_token_is_app_container(subject->token), false)
                   ? make(SIC_ANSWER_NO, SIC_ACCESS_NOT_CONTAINER)
                   : make(SIC_ANSWER_YES, SIC_ACCESS_NULL_DACL);
    if (assume(check, is_kept_out(check), false))
        return make(SIC_ANSWER_NO, SIC_ACCESS_PACKAGE_LOW);
    access = walk_dacl(check, false);
    if (access.answer != SIC_ANSWER_YES || !is_restricted ||
        (!wishes[check->wish].is_write && assume(check, sic_subject_is_write_restricted(subject), true)))
        return access;
    return walk_dacl(check, true).answer == SIC_ANSWER_YES ? access : make(SIC_ANSWER_NO, SIC_ACCESS_NOT_RESTRICTED);
}

/* What is granted at worst is granted, what is not at best is not; between the two the answer is unknown. */
static struct sic_access check_dacl(struct check *check)
{
    struct sic_access best, worst;

    check->is_optimistic = true;
    best = check_dacl_once(check);
    if (best.answer == SIC_ANSWER_NO)
        return best;
    check->is_optimistic = false;
    worst = check_dacl_once(check);
    if (worst.answer == SIC_ANSWER_YES)
        return worst;
    return make(SIC_ANSWER_UNKNOWN, check->met_unknown_entry ? SIC_ACCESS_ENTRY_UNKNOWN : SIC_ACCESS_TOKEN_UNKNOWN);
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
    struct check check = {.subject = subject, .wish = wish, .work = work ? work : &unused};
    struct sic_access checks[3];

    if (!bytes)
        return make(SIC_ANSWER_YES, SIC_ACCESS_NO_DESCRIPTOR);
    if (!sic_descriptor_read(bytes, size, &check.descriptor))
        return make(SIC_ANSWER_UNKNOWN, SIC_ACCESS_UNREADABLE);
    *check.work += check.descriptor.sacl.count + check.descriptor.dacl.count;
    checks[0] = check_limits(&check);
    checks[1] = check_label(&check);
    checks[2] = check_dacl(&check);
    return combine(checks, 3);
}

/* --- directories ------------------------------------------------------------------------------------------------ */

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
        if (ace.flags & SIC_ACE_INHERIT_ONLY || (ace.has_mask && !(ace.mask & wishes[SIC_WISH_TRAVERSE].mask)))
            continue;
        if (kind_of(ace.type) == ACE_DENIES)
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
        return make(SIC_ANSWER_YES, SIC_ACCESS_GRANTED);
    return sic_access_check(subject, SIC_WISH_TRAVERSE, bytes, size, work);
}

/* --- words ------------------------------------------------------------------------------------------------------ */

static const struct {
    const char *token;
    const char *text;
} reasons[SIC_ACCESS_REASON_COUNT] = {
    [SIC_ACCESS_GRANTED] = {"granted", "its access control list grants it"},
    [SIC_ACCESS_NO_DESCRIPTOR] = {"no-descriptor", "it has no security descriptor"},
    [SIC_ACCESS_NULL_DACL] = {"null-dacl", "it has no access control list"},
    [SIC_ACCESS_BYPASSED] = {"bypassed", "directories are not checked for it"},
    [SIC_ACCESS_LABEL] = {"mandatory-label", "its mandatory label forbids it"},
    [SIC_ACCESS_TRUST_LABEL] = {"trust-label", "its process trust label forbids it"},
    [SIC_ACCESS_DENIED] = {"denied", "an entry denies it"},
    [SIC_ACCESS_NOT_GRANTED] = {"not-granted", "no entry grants it"},
    [SIC_ACCESS_NOT_RESTRICTED] = {"not-restricted", "no entry grants it to the restricting SIDs"},
    [SIC_ACCESS_NOT_CONTAINER] = {"not-container", "no entry grants it to the AppContainer"},
    [SIC_ACCESS_PACKAGE_LOW] = {"package-low", "it belongs to a package, which keeps low integrity out"},
    [SIC_ACCESS_DIRECTORY] = {"directory", "a directory on the way cannot be traversed"},
    [SIC_ACCESS_UNREADABLE] = {"unreadable", "its security descriptor could not be read"},
    [SIC_ACCESS_DIRECTORY_UNKNOWN] = {"directory-unknown", "a directory on the way may keep it out"},
    [SIC_ACCESS_ENTRY_UNKNOWN] = {"entry-unknown", "an entry decides that is more than a grant to a SID"},
    [SIC_ACCESS_TOKEN_UNKNOWN] = {"token-unknown", "parts of its token decide that were not read"},
    [SIC_ACCESS_TOO_MUCH] = {"too-much", "there is too much to judge"},
};

const char *sic_access_reason_text(enum sic_access_reason reason)
{
    return reasons[reason].text;
}

const char *sic_access_reason_token(enum sic_access_reason reason)
{
    return reasons[reason].token;
}
