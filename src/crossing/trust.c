#include "crossing/trust.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LEVELS (SIC_TRUST_UNKNOWN + 1u)

/* Exactly those below the first level's lower bound are untrusted (SECURITY_MANDATORY_…_RID of winnt.h). */
static enum sic_trust_level level_of(const struct sic_token *token)
{
    if (!token || token->integrity == SIC_NONE)
        return SIC_TRUST_UNKNOWN;
    if (token->integrity >= 0x4000)
        return SIC_TRUST_SYSTEM;
    return (enum sic_trust_level)(token->integrity >> 12);
}

static enum sic_answer protection_of(const struct sic_process *process)
{
    if (!(process->flags & SIC_PROCESS_PROTECTION_KNOWN))
        return SIC_ANSWER_UNKNOWN;
    /* PS_PROTECTION.Type: 0 is none, whatever the signer. */
    return process->protection & 7 ? SIC_ANSWER_YES : SIC_ANSWER_NO;
}

static unsigned class_of(const struct sic_trust *trust)
{
    unsigned index = trust->is_protected;

    index = index * LEVELS + trust->level;
    index = index * 3 + trust->is_in_container;
    return index * 2 + trust->has_identity;
}

struct sic_trust sic_trust_of_class(unsigned class_index)
{
    struct sic_trust trust = {.has_identity = class_index % 2};

    if (class_index == SIC_TRUST_KERNEL)
        return (struct sic_trust){.is_kernel = true};
    trust.is_in_container = (enum sic_answer)(class_index / 2 % 3);
    trust.level = (enum sic_trust_level)(class_index / 6 % LEVELS);
    trust.is_protected = (enum sic_answer)(class_index / (6 * LEVELS) % 3);
    return trust;
}

/* A token's user as bytes; NULL: unknown. */
static const uint8_t *user_bytes(const struct sic_scan *scan, const struct sic_token *token, uint32_t *length)
{
    const struct sic_sid *user = sic_token_user(scan, token);

    if (!user || user->sid.length == 0 || user->sid.offset > scan->bytes.count ||
        user->sid.length > scan->bytes.count - user->sid.offset)
        return NULL;
    *length = user->sid.length;
    return (const uint8_t *)scan->bytes.elements + user->sid.offset;
}

/* A process and what it is sorted by. */
struct person {
    const uint8_t *user;
    uint32_t length;
    uint32_t session;
    uint32_t process;
};

static int compare_users(const struct person *left, const struct person *right)
{
    if (left->length != right->length)
        return left->length < right->length ? -1 : 1;
    return memcmp(left->user, right->user, left->length);
}

static int compare_persons(const void *left, const void *right)
{
    const struct person *a = left, *b = right;
    int order = compare_users(a, b);

    if (order != 0)
        return order;
    if (a->session != b->session)
        return a->session < b->session ? -1 : 1;
    return a->process < b->process ? -1 : a->process > b->process;
}

/* Numbers users, and users in sessions, so that equal ones have equal numbers. */
static void number_persons(struct sic_trusts *trusts, struct person *persons, uint32_t count)
{
    uint32_t user = 0, identity = 0;

    if (count > 0)
        qsort(persons, count, sizeof(*persons), compare_persons);
    for (uint32_t i = 0; i < count; i++) {
        bool is_other_user = i > 0 && compare_users(&persons[i - 1], &persons[i]) != 0;

        user += is_other_user;
        identity += i > 0 && (is_other_user || persons[i - 1].session != persons[i].session);
        trusts->users[persons[i].process] = user;
        trusts->identities[persons[i].process] = identity;
    }
}

static void judge(struct sic_trusts *trusts, struct person *persons)
{
    const struct sic_scan *scan = trusts->scan;
    uint32_t count = 0;

    for (uint32_t i = 0; i < scan->processes.count; i++) {
        const struct sic_process *process = sic_scan_process(scan, i);
        const struct sic_token *token = sic_process_token(scan, process);
        struct person person = {.session = token ? token->session_id : SIC_NONE, .process = i};
        struct sic_trust trust = {.is_protected = protection_of(process),
                                  .level = level_of(token),
                                  .is_in_container = sic_token_is_app_container(token)};

        person.user = token ? user_bytes(scan, token, &person.length) : NULL;
        trust.has_identity = person.user && person.session != SIC_NONE;
        trusts->users[i] = trusts->identities[i] = SIC_NONE;
        trusts->sessions[i] = person.session;
        if (trust.has_identity)
            persons[count++] = person;
        trusts->classes[i] = (uint8_t)class_of(&trust);
    }
    number_persons(trusts, persons, count);
}

bool sic_trusts_init(const struct sic_scan *scan, struct sic_trusts *trusts)
{
    size_t count = (size_t)scan->processes.count + 1;
    struct person *persons = calloc(count, sizeof(*persons));

    *trusts = (struct sic_trusts){.scan = scan,
                                  .classes = calloc(count, sizeof(*trusts->classes)),
                                  .identities = calloc(count, sizeof(*trusts->identities)),
                                  .users = calloc(count, sizeof(*trusts->users)),
                                  .sessions = calloc(count, sizeof(*trusts->sessions))};
    if (persons && trusts->classes && trusts->identities && trusts->users && trusts->sessions)
        judge(trusts, persons);
    else
        sic_trusts_deinit(trusts);
    free(persons);
    return trusts->classes != NULL;
}

void sic_trusts_deinit(struct sic_trusts *trusts)
{
    free(trusts->classes);
    free(trusts->identities);
    free(trusts->users);
    free(trusts->sessions);
    *trusts = (struct sic_trusts){0};
}

/* `high` answers as the more trusted do. */
static enum sic_trust_relation compare_answers(enum sic_answer left, enum sic_answer right, enum sic_answer high)
{
    if (left == SIC_ANSWER_UNKNOWN || right == SIC_ANSWER_UNKNOWN)
        return SIC_TRUST_INCOMPARABLE;
    if (left == right)
        return SIC_TRUST_EQUAL;
    return left == high ? SIC_TRUST_MORE : SIC_TRUST_LESS;
}

static enum sic_trust_relation compare_levels(enum sic_trust_level left, enum sic_trust_level right)
{
    if (left == SIC_TRUST_UNKNOWN || right == SIC_TRUST_UNKNOWN)
        return SIC_TRUST_INCOMPARABLE;
    if (left == right)
        return SIC_TRUST_EQUAL;
    return left < right ? SIC_TRUST_LESS : SIC_TRUST_MORE;
}

enum sic_trust_relation sic_trust_compare(const struct sic_trust *left, const struct sic_trust *right)
{
    enum sic_trust_relation relation;

    if (left->is_kernel || right->is_kernel)
        return left->is_kernel == right->is_kernel ? SIC_TRUST_EQUAL
               : left->is_kernel                   ? SIC_TRUST_MORE
                                                   : SIC_TRUST_LESS;
    relation = compare_answers(left->is_protected, right->is_protected, SIC_ANSWER_YES);
    if (relation == SIC_TRUST_EQUAL)
        relation = compare_levels(left->level, right->level);
    if (relation == SIC_TRUST_EQUAL)
        relation = compare_answers(left->is_in_container, right->is_in_container, SIC_ANSWER_NO);
    if (relation == SIC_TRUST_EQUAL && !(left->has_identity && right->has_identity))
        relation = SIC_TRUST_INCOMPARABLE;
    return relation;
}

/* The kernel counts as protected, of the highest level, in no container. */
struct sic_trust_gap sic_trust_gap_between(const struct sic_trust *less, const struct sic_trust *more)
{
    static const struct sic_trust highest = {
        .is_protected = SIC_ANSWER_YES, .level = SIC_TRUST_SYSTEM, .is_in_container = SIC_ANSWER_NO};
    const struct sic_trust *reader = more->is_kernel ? &highest : more;
    struct sic_trust_gap gap = {.is_kernel = more->is_kernel};

    gap.is_protection = compare_answers(less->is_protected, reader->is_protected, SIC_ANSWER_YES) == SIC_TRUST_LESS;
    if (compare_levels(less->level, reader->level) == SIC_TRUST_LESS)
        gap.levels = (uint8_t)(reader->level - less->level);
    gap.is_container = compare_answers(less->is_in_container, reader->is_in_container, SIC_ANSWER_NO) == SIC_TRUST_LESS;
    return gap;
}

unsigned sic_trust_gap_width(const struct sic_trust_gap *gap)
{
    return (unsigned)gap->is_kernel << 7 | (unsigned)gap->is_protection << 6 | (unsigned)gap->levels << 3 |
           (unsigned)gap->is_container << 2 | (unsigned)gap->is_user << 1 | (unsigned)gap->is_session;
}

const char *sic_trust_level_name(enum sic_trust_level level)
{
    static const char *const names[] = {"untrusted", "low", "medium", "high", "system", "unknown"};

    return names[level];
}

const char *sic_trust_format(const struct sic_trust *trust, char text[SIC_TRUST_TEXT_SIZE])
{
    static const char *const protections[] = {"protection unknown, ", "", "protected, "};
    static const char *const containers[] = {", AppContainer unknown", "", ", in an AppContainer"};

    if (trust->is_kernel)
        snprintf(text, SIC_TRUST_TEXT_SIZE, "kernel");
    else if (trust->level == SIC_TRUST_UNKNOWN)
        snprintf(text, SIC_TRUST_TEXT_SIZE, "%sintegrity unknown", protections[trust->is_protected]);
    else
        snprintf(text, SIC_TRUST_TEXT_SIZE, "%s%s integrity%s", protections[trust->is_protected],
                 sic_trust_level_name(trust->level), containers[trust->is_in_container]);
    return text;
}
