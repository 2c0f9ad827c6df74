#include "difference/process_pair.h"

#include "difference/rank.h"

#include <stdlib.h>
#include <string.h>

/* A SID has at most 68 bytes. */
#define SID_NUMBERS 9u

#define FACT_COUNT 8u

/* In the order of SIC_PROCESS_CHANGE_…; 0: unknown. */
struct facts {
    uint64_t numbers[FACT_COUNT];
};

#define USER_FACT    6u
#define SESSION_FACT 7u

static struct sic_blob user_of(const struct sic_scan *scan, const struct sic_process *process)
{
    const struct sic_sid *user = sic_token_user(scan, sic_process_token(scan, process));
    struct sic_blob none = {.offset = SIC_NONE};

    return user && user->sid.offset <= scan->bytes.count && user->sid.length <= scan->bytes.count - user->sid.offset
               ? user->sid
               : none;
}

/* All but the user, whose SID is no number. */
static struct facts find_facts(const struct sic_scan *scan, const struct sic_process *process)
{
    const struct sic_token *token = sic_process_token(scan, process);
    struct facts facts = {{
        1u + !!(process->flags & SIC_PROCESS_EXITED),
        /* Of what has exited the bits that say so stay set. */
        process->flags & SIC_PROCESS_EXITED ? 0 : sic_process_is_exiting(process),
        1u + !!(process->flags & SIC_PROCESS_UNLISTED),
        token && token->integrity != SIC_NONE ? (uint64_t)token->integrity + 1 : 0,
        process->flags & SIC_PROCESS_PROTECTION_KNOWN ? process->protection + 1u : 0,
        sic_token_is_app_container(token),
        0,
        token && token->session_id != SIC_NONE ? (uint64_t)token->session_id + 1 : 0,
    }};

    return facts;
}

static bool is_same_user(const struct sic_scan *left_scan, struct sic_blob left, const struct sic_scan *right_scan,
                         struct sic_blob right)
{
    return left.length == right.length &&
           memcmp((const uint8_t *)left_scan->bytes.elements + left.offset,
                  (const uint8_t *)right_scan->bytes.elements + right.offset, left.length) == 0;
}

uint32_t sic_process_pair_compare(const struct sic_matching *matching, uint32_t old_index, uint32_t new_index)
{
    const struct sic_scan *scans[2] = {matching->sides[SIC_OLD].scan, matching->sides[SIC_NEW].scan};
    const struct sic_process *processes[2] = {sic_scan_process(scans[SIC_OLD], old_index),
                                              sic_scan_process(scans[SIC_NEW], new_index)};
    const struct facts left = find_facts(scans[SIC_OLD], processes[SIC_OLD]);
    const struct facts right = find_facts(scans[SIC_NEW], processes[SIC_NEW]);
    struct sic_blob users[2] = {user_of(scans[SIC_OLD], processes[SIC_OLD]),
                                user_of(scans[SIC_NEW], processes[SIC_NEW])};
    uint32_t what = 0;

    for (unsigned i = 0; i < FACT_COUNT; i++) {
        if (left.numbers[i] != 0 && right.numbers[i] != 0 && left.numbers[i] != right.numbers[i])
            what |= 1u << i;
    }
    if (users[SIC_OLD].offset != SIC_NONE && users[SIC_NEW].offset != SIC_NONE &&
        !is_same_user(scans[SIC_OLD], users[SIC_OLD], scans[SIC_NEW], users[SIC_NEW]))
        what |= SIC_PROCESS_CHANGE_USER;
    return what;
}

/* Ranks of the users of both sides' processes, the old ones first; 0: unknown. */
static bool rank_users(const struct sic_matching *matching, uint32_t count, uint32_t *ranks)
{
    uint64_t *fields = malloc(((size_t)count + 1) * (SID_NUMBERS + 1) * sizeof(*fields));
    uint32_t item = 0;
    bool done = fields != NULL;

    for (unsigned side = 0; done && side < 2; side++) {
        const struct sic_scan *scan = matching->sides[side].scan;

        for (uint32_t i = 0; i < scan->processes.count; i++, item++) {
            struct sic_blob user = user_of(scan, sic_scan_process(scan, i));
            uint64_t *record = fields + (size_t)item * (SID_NUMBERS + 1);
            size_t size = user.length < SID_NUMBERS * sizeof(*fields) ? user.length : SID_NUMBERS * sizeof(*fields);

            memset(record, 0, (SID_NUMBERS + 1) * sizeof(*record));
            if (user.offset == SIC_NONE)
                continue;
            record[0] = user.length + 1u;
            memcpy(record + 1, (const uint8_t *)scan->bytes.elements + user.offset, size);
        }
    }
    done = done && sic_rank_records(fields, SID_NUMBERS + 1, count, ranks, NULL);
    free(fields);
    return done;
}

/* By class, and what is weighed of the facts: all, session and user, nothing. */
static bool pair_by(struct sic_matching *matching, uint32_t facts_count, uint32_t count, const uint32_t *users,
                    uint32_t *ranks)
{
    struct sic_pairing_entries entries = {0};
    uint64_t *fields = calloc((size_t)count + 1, (FACT_COUNT + 1) * sizeof(*fields));
    uint32_t old_count = matching->sides[SIC_OLD].scan->processes.count;
    bool done = fields != NULL;

    for (uint32_t i = 0; done && i < count; i++) {
        const struct sic_matching_side *side = &matching->sides[i >= old_count];
        uint32_t index = i >= old_count ? i - old_count : i;
        struct facts facts = find_facts(side->scan, sic_scan_process(side->scan, index));
        uint64_t *record = fields + (size_t)i * (FACT_COUNT + 1);

        facts.numbers[USER_FACT] = users[i];
        record[0] = side->classes[index];
        for (unsigned j = 0; j < FACT_COUNT; j++)
            record[1 + j] = j >= FACT_COUNT - facts_count ? facts.numbers[j] : 0;
    }
    done = done && sic_rank_records(fields, FACT_COUNT + 1, count, ranks, NULL);
    free(fields);
    for (uint32_t i = 0; done && i < count; i++)
        done = sic_pairing_entries_add(&entries, ranks[i], i >= old_count, i >= old_count ? i - old_count : i);
    done = done && sic_pairing_match_equal(&matching->processes, &entries);
    sic_pairing_entries_deinit(&entries);
    return done;
}

bool sic_process_pairs_find(struct sic_matching *matching)
{
    uint32_t old_count = matching->sides[SIC_OLD].scan->processes.count;
    uint32_t new_count = matching->sides[SIC_NEW].scan->processes.count, count = old_count + new_count;
    uint32_t *users = malloc(((size_t)count + 1) * sizeof(*users));
    uint32_t *ranks = malloc(((size_t)count + 1) * sizeof(*ranks));
    bool done = users && ranks && sic_pairing_init(old_count, new_count, &matching->processes) &&
                rank_users(matching, count, users) && pair_by(matching, FACT_COUNT, count, users, ranks) &&
                pair_by(matching, FACT_COUNT - USER_FACT, count, users, ranks) &&
                pair_by(matching, 0, count, users, ranks);

    free(users);
    free(ranks);
    return done;
}
