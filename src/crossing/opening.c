#include "crossing/opening.h"

#include "core/directory.h"

#include <stdlib.h>
#include <string.h>

/* Of a token's flags those that access checks look at: restricted, write-restricted, filtered. */
#define KERNEL_FLAGS 0x818u
/* Of its privileges: SeChangeNotifyPrivilege. */
#define PRIVILEGES (1ull << 23)

static struct sic_subject subject_of(const struct sic_scan *scan, uint32_t index)
{
    const struct sic_process *process = sic_scan_process(scan, index);

    return (struct sic_subject){
        .scan = scan,
        .token = sic_process_token(scan, process),
        .is_protected = !(process->flags & SIC_PROCESS_PROTECTION_KNOWN) ? SIC_ANSWER_UNKNOWN
                        : process->protection & 7                        ? SIC_ANSWER_YES
                                                                         : SIC_ANSWER_NO,
    };
}

static int compare_numbers(uint64_t left, uint64_t right)
{
    return left < right ? -1 : left > right;
}

static int compare_lists(const struct sic_scan *scan, uint32_t left, uint32_t left_count, uint32_t right,
                         uint32_t right_count)
{
    const struct sic_sid *a = sic_token_sids(scan, left, left_count), *b = sic_token_sids(scan, right, right_count);

    if (left_count != right_count || !a || !b)
        return compare_numbers(a ? left_count + 1ull : 0, b ? right_count + 1ull : 0);
    return left_count == 0 ? 0 : memcmp(a, b, left_count * sizeof(*a));
}

static int compare_tokens(const struct sic_scan *scan, const struct sic_token *left, const struct sic_token *right)
{
    const uint64_t numbers[][2] = {
        {left->flags, right->flags},
        {left->kernel_flags & KERNEL_FLAGS, right->kernel_flags & KERNEL_FLAGS},
        {left->integrity, right->integrity},
        {left->mandatory_policy, right->mandatory_policy},
        {left->privileges & PRIVILEGES, right->privileges & PRIVILEGES},
        {left->package.offset, right->package.offset},
        {left->package.length, right->package.length},
    };
    int order = 0;

    for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]) && order == 0; i++)
        order = compare_numbers(numbers[i][0], numbers[i][1]);
    if (order == 0)
        order = compare_lists(scan, left->first_group, left->group_count, right->first_group, right->group_count);
    if (order == 0)
        order = compare_lists(scan, left->first_restricted, left->restricted_count, right->first_restricted,
                              right->restricted_count);
    if (order == 0)
        order = compare_lists(scan, left->first_capability, left->capability_count, right->first_capability,
                              right->capability_count);
    return order;
}

static int compare_subjects(const struct sic_subject *left, const struct sic_subject *right)
{
    if (left->is_protected != right->is_protected)
        return left->is_protected < right->is_protected ? -1 : 1;
    if (left->token == right->token || !left->token || !right->token)
        return (left->token != NULL) - (right->token != NULL);
    return compare_tokens(left->scan, left->token, right->token);
}

struct entry {
    struct sic_subject subject;
    uint32_t process;
};

static int compare_entries(const void *left, const void *right)
{
    const struct entry *a = left, *b = right;
    int order = compare_subjects(&a->subject, &b->subject);

    return order != 0 ? order : compare_numbers(a->process, b->process);
}

static void gather(struct sic_openings *openings, struct entry *entries)
{
    uint32_t count = openings->scan->processes.count;

    for (uint32_t i = 0; i < count; i++)
        entries[i] = (struct entry){.subject = subject_of(openings->scan, i), .process = i};
    if (count > 0)
        qsort(entries, count, sizeof(*entries), compare_entries);
    for (uint32_t i = 0; i < count; i++) {
        if (i == 0 || compare_subjects(&entries[i - 1].subject, &entries[i].subject) != 0)
            openings->tokens[openings->token_count++] = entries[i].subject;
        openings->subjects[entries[i].process] = openings->token_count - 1;
    }
}

/* Few descriptors are shared by most sections: their answers are kept, in so many slots, and so much room. */
#define SLOTS_MOST 256u
#define KEPT_LIMIT (64u << 20)

static bool make_slots(struct sic_openings *openings)
{
    size_t size = ((size_t)openings->token_count + 1) * sizeof(*openings->kept);

    openings->slot_count = size > KEPT_LIMIT                ? 1
                           : KEPT_LIMIT / size < SLOTS_MOST ? (uint32_t)(KEPT_LIMIT / size)
                                                            : SLOTS_MOST;
    openings->kept = malloc(openings->slot_count * size);
    openings->kept_of = malloc(openings->slot_count * sizeof(*openings->kept_of));
    for (uint32_t i = 0; openings->kept_of && i < openings->slot_count; i++)
        openings->kept_of[i] = SIC_NONE;
    return openings->kept && openings->kept_of;
}

bool sic_openings_init(const struct sic_scan *scan, struct sic_openings *openings)
{
    size_t count = (size_t)scan->processes.count + 1;
    struct entry *entries = calloc(count, sizeof(*entries));

    *openings = (struct sic_openings){.scan = scan,
                                      .subjects = calloc(count, sizeof(*openings->subjects)),
                                      .tokens = calloc(count, sizeof(*openings->tokens)),
                                      .answers = calloc(count, sizeof(*openings->answers))};
    if (!entries || !openings->subjects || !openings->tokens || !openings->answers) {
        free(entries);
        return false;
    }
    gather(openings, entries);
    free(entries);
    return make_slots(openings);
}

void sic_openings_deinit(struct sic_openings *openings)
{
    free(openings->subjects);
    free(openings->tokens);
    free(openings->answers);
    free(openings->kept);
    free(openings->kept_of);
    *openings = (struct sic_openings){0};
}

static const struct sic_name *name_at(const struct sic_openings *openings, uint32_t index)
{
    return (const struct sic_name *)openings->scan->names.elements + index;
}

/* False: the name's descriptor was not read. NULL and true: the object has none. */
static bool find_descriptor(const struct sic_openings *openings, const struct sic_name *name, const uint8_t **bytes)
{
    const struct sic_array *all = &openings->scan->bytes;

    *bytes = NULL;
    if (!(name->flags & SIC_NAME_SECURITY_READ))
        return false;
    if (name->security.offset == SIC_NONE)
        return true;
    if (name->security.offset > all->count || name->security.length > all->count - name->security.offset)
        return false;
    *bytes = (const uint8_t *)all->elements + name->security.offset;
    return true;
}

/* What the section itself answers, by token: kept from before, or judged. */
static const struct sic_access *judge_section(struct sic_openings *openings, const struct sic_name *name)
{
    const uint8_t *bytes;
    bool is_read = find_descriptor(openings, name, &bytes);
    uint32_t slot = bytes ? name->security.offset / 4 % openings->slot_count : 0;
    struct sic_access *answers = openings->kept + (size_t)slot * ((size_t)openings->token_count + 1);

    if (bytes && openings->kept_of[slot] == name->security.offset)
        return answers;
    openings->kept_of[slot] = bytes ? name->security.offset : SIC_NONE;
    for (uint32_t i = 0; i < openings->token_count; i++) {
        if (!is_read)
            answers[i] = (struct sic_access){SIC_ANSWER_UNKNOWN, SIC_ACCESS_UNREADABLE};
        else if (openings->work > SIC_ACCESS_WORK_LIMIT)
            answers[i] = (struct sic_access){SIC_ANSWER_UNKNOWN, SIC_ACCESS_TOO_MUCH};
        else
            answers[i] = sic_access_check(&openings->tokens[i], SIC_WISH_MAP_WRITE, bytes, name->security.length,
                                          &openings->work);
    }
    return answers;
}

static enum sic_answer passes_directory(struct sic_openings *openings, const struct sic_subject *subject,
                                        uint32_t directory)
{
    const struct sic_name *name = name_at(openings, directory);
    const uint8_t *bytes;

    openings->work++;
    if (!find_descriptor(openings, name, &bytes) || openings->work > SIC_ACCESS_WORK_LIMIT)
        return SIC_ANSWER_UNKNOWN;
    return sic_access_check_traversal(subject, bytes, name->security.length, &openings->work).answer;
}

/*
 * All the directories above the name, up to the root: one that forbids is enough. Private namespaces stand beside the
 * root: who may open one depends on its boundary, whatever the token's privileges are.
 */
static enum sic_answer passes_directories(struct sic_openings *openings, const struct sic_subject *subject,
                                          uint32_t name)
{
    enum sic_answer bypasses = sic_subject_bypasses_traversal(subject), passes = SIC_ANSWER_YES;
    uint32_t at = name_at(openings, name)->parent;

    if (name_at(openings, name)->flags & SIC_NAME_OUTSIDE_ROOT)
        return SIC_ANSWER_UNKNOWN;
    if (bypasses == SIC_ANSWER_YES)
        return SIC_ANSWER_YES;
    for (unsigned depth = 0; at < openings->scan->names.count && depth <= SIC_DIRECTORY_DEPTH_LIMIT; depth++) {
        enum sic_answer here = passes_directory(openings, subject, at);

        if (here == SIC_ANSWER_NO)
            return bypasses == SIC_ANSWER_NO ? SIC_ANSWER_NO : SIC_ANSWER_UNKNOWN;
        passes = here == SIC_ANSWER_UNKNOWN ? here : passes;
        at = name_at(openings, at)->parent;
    }
    return at == SIC_NONE ? passes : SIC_ANSWER_UNKNOWN;
}

bool sic_openings_judge(struct sic_openings *openings, uint32_t name)
{
    const struct sic_access *of_section;

    if (openings->work > SIC_ACCESS_WORK_LIMIT)
        return false;
    of_section = judge_section(openings, name_at(openings, name));
    openings->work += openings->token_count;
    for (uint32_t i = 0; i < openings->token_count; i++) {
        struct sic_access *answer = &openings->answers[i];
        enum sic_answer passes;

        *answer = of_section[i];
        if (answer->answer == SIC_ANSWER_NO)
            continue;
        passes = passes_directories(openings, &openings->tokens[i], name);
        if (passes == SIC_ANSWER_NO)
            *answer = (struct sic_access){passes, SIC_ACCESS_DIRECTORY};
        else if (passes == SIC_ANSWER_UNKNOWN && answer->answer == SIC_ANSWER_YES)
            *answer = (struct sic_access){passes, SIC_ACCESS_DIRECTORY_UNKNOWN};
    }
    return true;
}

struct sic_access sic_openings_answer(const struct sic_openings *openings, uint32_t process)
{
    return openings->answers[openings->subjects[process]];
}
