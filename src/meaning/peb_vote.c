#include "meaning/peb_vote.h"

#include "meaning/identity.h"
#include "meaning/keys.h"
#include "util/memory.h"

#include <stdlib.h>

/* Sessions are numbered from 0; a number that no machine reaches, and an unknown one, are one scope of their own. */
#define SCOPE_UNKNOWN 0xffffu
#define SCOPE_MACHINE 0u

/* csrss.exe and win32k make these for each session. */
static bool is_per_session(unsigned field)
{
    return field == SIC_PEB_GDI_SHARED_HANDLE_TABLE || field == SIC_PEB_READ_ONLY_SHARED_MEMORY_BASE ||
           field == SIC_PEB_READ_ONLY_STATIC_SERVER_DATA || field == SIC_PEB_SYSTEM_DEFAULT_ACTIVATION_CONTEXT_DATA ||
           field == SIC_PEB_SYSTEM_ASSEMBLY_STORAGE_MAP;
}

static uint32_t scope_of(const struct sic_scan *scan, uint32_t process, unsigned field)
{
    const struct sic_token *token;

    if (!is_per_session(field))
        return SCOPE_MACHINE;
    token = sic_process_token(scan, sic_scan_process(scan, process));
    return token && token->session_id < SCOPE_UNKNOWN ? token->session_id : SCOPE_UNKNOWN;
}

static const struct sic_peb_pointer *pointer_of(const struct sic_peb_evidence *evidence, const struct sic_key *key)
{
    return (const struct sic_peb_pointer *)evidence->scan->peb_pointers.elements + key->value;
}

/* One vote for each process and field: {field << 48 | scope << 32 | section, process}. */
static uint32_t gather(const struct sic_peb_evidence *evidence, uint32_t *voted, struct sic_key *ballots)
{
    const struct sic_scan *scan = evidence->scan;
    uint32_t count = 0;

    for (uint32_t i = 0; i < evidence->count; i++) {
        const struct sic_peb_pointer *pointer = pointer_of(evidence, &evidence->keys[i]);
        const struct sic_view *view = sic_scan_view(scan, (uint32_t)evidence->keys[i].key);
        uint32_t section = sic_scan_subsection(scan, view->subsection)->section;

        if (voted[pointer->process] >> pointer->field & 1 || section == SIC_NONE)
            continue;
        voted[pointer->process] |= 1u << pointer->field;
        ballots[count++] = (struct sic_key){
            .key = (uint64_t)pointer->field << 48 | (uint64_t)scope_of(scan, pointer->process, pointer->field) << 32 |
                   section,
            .value = pointer->process,
        };
    }
    return count;
}

/* The ballots are sorted: each section's stand together, and each scope's sections do. */
static void count_ballots(const struct sic_key *ballots, uint32_t count, struct sic_peb_votes *votes)
{
    uint32_t best = 0;

    for (uint32_t first = 0, end; first < count; first = end) {
        struct sic_key *winner;

        for (end = first + 1; end < count && ballots[end].key == ballots[first].key;)
            end++;
        if (votes->count == 0 || votes->winners[votes->count - 1].key != ballots[first].key >> 32) {
            votes->winners[votes->count++] = (struct sic_key){.key = ballots[first].key >> 32, .value = SIC_NONE};
            best = 0;
        }
        winner = &votes->winners[votes->count - 1];
        if (end - first >= best)
            winner->value = end - first > best ? (uint32_t)ballots[first].key : SIC_NONE;
        best = end - first > best ? end - first : best;
    }
}

bool sic_peb_votes_init(const struct sic_peb_evidence *evidence, struct sic_peb_votes *votes)
{
    uint32_t *voted = calloc((size_t)evidence->scan->processes.count + 1, sizeof(*voted)), count = 0;
    struct sic_key *ballots = malloc(((size_t)evidence->count + 1) * sizeof(*ballots));
    bool done;

    *votes = (struct sic_peb_votes){.winners = malloc(((size_t)evidence->count + 1) * sizeof(*votes->winners))};
    done = voted && ballots && votes->winners;
    if (done)
        count = gather(evidence, voted, ballots);
    done = done && sic_sort_keys(sic_heap_allocator(), ballots, count);
    if (done)
        count_ballots(ballots, count, votes);
    free(voted);
    free(ballots);
    return done;
}

void sic_peb_votes_deinit(struct sic_peb_votes *votes)
{
    free(votes->winners);
    *votes = (struct sic_peb_votes){0};
}

uint32_t sic_peb_votes_winner(const struct sic_peb_votes *votes, const struct sic_scan *scan, uint32_t process,
                              unsigned field)
{
    uint32_t found;
    const struct sic_key *winner =
        sic_keys_equal(votes->winners, votes->count, (uint64_t)field << 16 | scope_of(scan, process, field), &found);

    return winner ? (uint32_t)winner->value : SIC_NONE;
}
