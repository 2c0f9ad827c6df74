#include "crossing/crossing.h"

#include "crossing/pair.h"

#include <stdlib.h>
#include <string.h>

/* Whether the writer's class is one from which the reader's is to be protected. */
static bool find_relation(unsigned writer, unsigned reader, enum sic_crossing_relation *relation)
{
    const struct sic_trust left = sic_trust_of_class(writer), right = sic_trust_of_class(reader);

    switch (sic_trust_compare(&left, &right)) {
    case SIC_TRUST_LESS:
        *relation = SIC_CROSSING_LESS;
        return true;
    case SIC_TRUST_EQUAL:
        *relation = SIC_CROSSING_APART;
        return true;
    case SIC_TRUST_INCOMPARABLE:
        *relation = SIC_CROSSING_UNKNOWN;
        return true;
    default:
        return false;
    }
}

static bool judge_pair(struct sic_ground *ground, unsigned writer, unsigned reader, struct sic_crossings *crossings,
                       struct sic_array *all)
{
    struct sic_pair pair = {.ground = ground, .crossings = crossings, .writer = writer, .reader = reader};
    bool found = false, done = true;

    if (!find_relation(writer, reader, &pair.relation))
        return true;
    pair.crossing.region = (uint32_t)(ground->region - ground->request->regions->regions);
    pair.crossing.relation = pair.relation;
    done = sic_pair_find_way(&pair, &found) && (!found || sic_pair_add(&pair, all));
    free(pair.writers.processes);
    free(pair.readers.processes);
    free(pair.reaches);
    return done;
}

/* Most regions are one process's, and nobody else holds a handle or knows a name. */
static bool is_nobody_elses(const struct sic_ground *ground, const struct sic_region *region)
{
    const struct sic_meaning *meaning = ground->request->meaning;
    uint32_t handles, names;

    if (region->count > 1 || region->kernel_count > 0)
        return false;
    sic_handles_find(&meaning->handles, region->section, &handles);
    sic_object_names_find(&meaning->names, region->section, &names);
    return handles == 0 && names == 0;
}

static bool judge_region(struct sic_ground *ground, const struct sic_region *region, struct sic_crossings *crossings,
                         struct sic_array *all)
{
    uint8_t readers[SIC_TRUST_CLASS_LIMIT];
    unsigned count = 0;

    if (is_nobody_elses(ground, region))
        return true;
    if (!sic_ground_enter(ground, region))
        return false;
    for (unsigned i = 0; i < SIC_TRUST_CLASS_LIMIT; i++) {
        if (sic_ground_can_read(ground, i))
            readers[count++] = (uint8_t)i;
    }
    for (unsigned i = 0; i < SIC_TRUST_CLASS_LIMIT && count > 0; i++) {
        if (!sic_ground_can_write(ground, i))
            continue;
        for (unsigned j = 0; j < count; j++) {
            if (!judge_pair(ground, i, readers[j], crossings, all))
                return false;
        }
    }
    return true;
}

static int compare_crossings(const void *left, const void *right)
{
    const struct sic_crossing *a = left, *b = right;
    const unsigned keys[][2] = {{b->width, a->width},
                                {a->relation, b->relation},
                                {b->is_certain, a->is_certain},
                                {a->way, b->way},
                                {a->region, b->region},
                                {a->writers.trust, b->writers.trust},
                                {a->readers.trust, b->readers.trust}};

    for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
        if (keys[i][0] != keys[i][1])
            return keys[i][0] < keys[i][1] ? -1 : 1;
    }
    return 0;
}

static void count_unknown(const struct sic_scan *scan, struct sic_crossings *crossings)
{
    for (uint32_t i = 0; i < scan->processes.count; i++) {
        const struct sic_process *process = sic_scan_process(scan, i);
        const struct sic_token *token = sic_process_token(scan, process);

        if (!(process->flags & SIC_PROCESS_EXITED) && (!token || !(token->flags & SIC_TOKEN_READ)))
            crossings->processes_unknown++;
    }
}

bool sic_crossings_find(const struct sic_crossing_request *request, struct sic_crossings *crossings)
{
    struct sic_ground *ground = malloc(sizeof(*ground));
    struct sic_array all = {0};
    bool done;

    *crossings = (struct sic_crossings){0};
    if (!ground)
        return false;
    done = sic_ground_init(request, ground);
    for (uint32_t i = 0; i < request->regions->count && done; i++) {
        if (!request->selected || request->selected[i])
            done = judge_region(ground, &request->regions->regions[i], crossings, &all);
    }
    crossings->names_unjudged = ground->names_unjudged;
    sic_ground_deinit(ground);
    free(ground);
    sic_array_trim(&request->scan->allocator, &all, sizeof(struct sic_crossing));
    crossings->crossings = all.elements;
    crossings->count = all.count;
    crossings->allocator = &request->scan->allocator;
    if (done && crossings->count > 0)
        qsort(crossings->crossings, crossings->count, sizeof(*crossings->crossings), compare_crossings);
    count_unknown(request->scan, crossings);
    return done;
}

void sic_crossings_deinit(struct sic_crossings *crossings)
{
    struct sic_array all = {.elements = crossings->crossings, .count = crossings->count, .capacity = crossings->count};

    if (!crossings->allocator)
        return;
    sic_array_free(crossings->allocator, &all, sizeof(struct sic_crossing));
    sic_array_free(crossings->allocator, &crossings->processes, sizeof(uint32_t));
    sic_array_free(crossings->allocator, &crossings->views, sizeof(uint32_t));
    sic_array_free(crossings->allocator, &crossings->handles, sizeof(uint32_t));
    sic_array_free(crossings->allocator, &crossings->names, sizeof(struct sic_crossing_name));
    *crossings = (struct sic_crossings){0};
}
