#include "crossing/crossing.h"

#include "crossing/ground.h"

#include <stdlib.h>
#include <string.h>

/* Processes of one side, or other indexes: each once and ascending, unless they are being gathered. */
struct side {
    uint32_t *processes;
    uint32_t count;
};

/* One pair of classes of one region. */
struct pair {
    struct sic_ground *ground;
    struct sic_crossings *crossings;
    unsigned writer;
    unsigned reader;
    enum sic_crossing_relation relation;
    struct sic_crossing crossing;
    struct side writers;
    struct side readers;
    struct sic_reach *reaches; /* of both sides, where views cross */
    uint32_t reach_count;
};

static const struct sic_allocator *allocator_of(const struct pair *pair)
{
    return &pair->ground->request->scan->allocator;
}

/* Those who are none to each other: a side of its own, or, within a class, those of one user and session. */
static uint32_t party_of(const struct pair *pair, uint32_t process, bool is_writer)
{
    if (pair->writer != pair->reader)
        return is_writer;
    return pair->relation == SIC_CROSSING_APART ? pair->ground->trusts.identities[process] : process;
}

static int compare_u32(const void *left, const void *right)
{
    uint32_t a = *(const uint32_t *)left, b = *(const uint32_t *)right;

    return a < b ? -1 : a > b;
}

static void sort_side(struct side *side)
{
    uint32_t kept = 0;

    if (side->count > 0)
        qsort(side->processes, side->count, sizeof(*side->processes), compare_u32);
    for (uint32_t i = 0; i < side->count; i++) {
        if (kept == 0 || side->processes[kept - 1] != side->processes[i])
            side->processes[kept++] = side->processes[i];
    }
    side->count = kept;
}

static bool make_room(struct side *side, uint32_t count)
{
    free(side->processes);
    *side = (struct side){.processes = malloc(((size_t)count + 1) * sizeof(*side->processes))};
    return side->processes != NULL;
}

/* --- views ------------------------------------------------------------------------------------------------------ */

static const struct sic_ground_reach *reaches_of(const struct sic_ground *ground, unsigned class_index, uint32_t *count)
{
    *count = 0;
    if (class_index == SIC_TRUST_KERNEL)
        return ground->reaches.elements;
    *count = ground->reach_starts[class_index + 1] - ground->reach_starts[class_index];
    return (const struct sic_ground_reach *)ground->reaches.elements + ground->reach_starts[class_index];
}

static void add_reaches(struct pair *pair, unsigned class_index, bool is_writer)
{
    uint32_t count;
    const struct sic_ground_reach *reaches = reaches_of(pair->ground, class_index, &count);

    for (uint32_t i = 0; i < count; i++) {
        if (!(is_writer ? reaches[i].writes : reaches[i].shows))
            continue;
        pair->reaches[pair->reach_count] = reaches[i].reach;
        pair->reaches[pair->reach_count].is_writer = is_writer;
        pair->reaches[pair->reach_count++].party = party_of(pair, reaches[i].process, is_writer);
    }
}

static bool gather_reaches(struct pair *pair)
{
    uint32_t writers, readers;

    reaches_of(pair->ground, pair->writer, &writers);
    reaches_of(pair->ground, pair->reader, &readers);
    pair->reaches = malloc(((size_t)writers + readers + 1) * sizeof(*pair->reaches));
    if (!pair->reaches)
        return false;
    add_reaches(pair, pair->writer, true);
    add_reaches(pair, pair->reader, false);
    return true;
}

/* Those whose views cross, on both sides. */
static bool take_crossing_views(struct pair *pair)
{
    const struct sic_scan *scan = pair->ground->request->scan;

    if (!make_room(&pair->writers, pair->reach_count) || !make_room(&pair->readers, pair->reach_count))
        return false;
    for (uint32_t i = 0; i < pair->reach_count; i++) {
        struct side *side = pair->reaches[i].is_writer ? &pair->writers : &pair->readers;

        if (pair->reaches[i].is_crossing)
            side->processes[side->count++] = sic_scan_view(scan, pair->reaches[i].view)->process;
    }
    sort_side(&pair->writers);
    sort_side(&pair->readers);
    return true;
}

/* --- handles, names, files -------------------------------------------------------------------------------------- */

static bool is_opener(const struct pair *pair, uint32_t process, enum sic_answer answer)
{
    return pair->ground->best[process].answer == answer;
}

static bool gather_openers(struct pair *pair, enum sic_answer answer)
{
    const struct sic_ground *ground = pair->ground;
    uint32_t first = ground->class_starts[pair->writer], end = ground->class_starts[pair->writer + 1];

    if (!make_room(&pair->writers, end - first))
        return false;
    for (uint32_t i = first; ground->opens[pair->writer] && i < end; i++) {
        if (is_opener(pair, ground->members[i], answer))
            pair->writers.processes[pair->writers.count++] = ground->members[i];
    }
    return true;
}

static bool gather_holders(struct pair *pair)
{
    const struct sic_ground_holder *holders = pair->ground->holders.elements;

    if (!make_room(&pair->writers, pair->ground->holders.count))
        return false;
    for (uint32_t i = 0; i < pair->ground->holders.count; i++) {
        if (holders[i].class_index == pair->writer)
            pair->writers.processes[pair->writers.count++] = holders[i].process;
    }
    sort_side(&pair->writers);
    return true;
}

/* The processes of a class that show something, or write. */
static bool gather_viewers(struct pair *pair, unsigned class_index, bool writes, struct side *side)
{
    uint32_t count;
    const struct sic_ground_reach *reaches = reaches_of(pair->ground, class_index, &count);

    if (!make_room(side, count))
        return false;
    for (uint32_t i = 0; i < count; i++) {
        if (writes ? reaches[i].writes : reaches[i].shows)
            side->processes[side->count++] = reaches[i].process;
    }
    sort_side(side);
    return true;
}

/* Which parties a side has: one, or several. */
struct parties {
    uint32_t first;
    bool are_many;
};

static struct parties parties_of(const struct pair *pair, const struct side *side, bool is_writer)
{
    struct parties parties = {.first = SIC_NONE};

    for (uint32_t i = 0; i < side->count; i++) {
        uint32_t party = party_of(pair, side->processes[i], is_writer);

        parties.are_many |= i > 0 && party != parties.first;
        parties.first = i == 0 ? party : parties.first;
    }
    return parties;
}

static void keep_those_with_others(const struct pair *pair, struct side *side, bool is_writer,
                                   const struct parties *others)
{
    uint32_t kept = 0;

    for (uint32_t i = 0; i < side->count; i++) {
        if (others->are_many || party_of(pair, side->processes[i], is_writer) != others->first)
            side->processes[kept++] = side->processes[i];
    }
    side->count = kept;
}

/* Leaves on both sides those who have somebody else on the other. True when there are such. */
static bool oppose(struct pair *pair)
{
    struct parties writers, readers;

    if (pair->reader == SIC_TRUST_KERNEL)
        return pair->writers.count > 0;
    if (pair->writers.count == 0 || pair->readers.count == 0)
        return false;
    writers = parties_of(pair, &pair->writers, true);
    readers = parties_of(pair, &pair->readers, false);
    keep_those_with_others(pair, &pair->writers, true, &readers);
    keep_those_with_others(pair, &pair->readers, false, &writers);
    return pair->writers.count > 0;
}

/* --- the strongest way ------------------------------------------------------------------------------------------ */

/* The ways, the strongest first; of those that something unknown decides, after all others. */
static const struct attempt {
    enum sic_crossing_way way;
    bool is_certain;
    bool needs_relation; /* nothing is said on top of an unknown relation */
} attempts[] = {{SIC_CROSSING_HANDLE, true, false},
                {SIC_CROSSING_NAME, true, true},
                {SIC_CROSSING_VIEW, false, true},
                {SIC_CROSSING_NAME, false, true},
                {SIC_CROSSING_FILE, false, true}};

/* The writers of an attempt; false when memory ran out. */
static bool gather_writers(struct pair *pair, const struct attempt *attempt)
{
    switch (attempt->way) {
    case SIC_CROSSING_HANDLE:
        return gather_holders(pair);
    case SIC_CROSSING_NAME:
        return gather_openers(pair, attempt->is_certain ? SIC_ANSWER_YES : SIC_ANSWER_UNKNOWN);
    case SIC_CROSSING_VIEW:
        /* Views of the kernel's own do not tell their extent. */
        pair->writers.count = 0;
        return pair->reader != SIC_TRUST_KERNEL || gather_viewers(pair, pair->writer, true, &pair->writers);
    default:
        pair->writers.count = 0;
        return !pair->ground->has_file_in_doubt || gather_viewers(pair, pair->writer, false, &pair->writers);
    }
}

/* *found: there is a way, which the crossing names. */
static bool try_views(struct pair *pair, bool *found)
{
    *found = false;
    if (!pair->ground->writes[pair->writer] || pair->reader == SIC_TRUST_KERNEL)
        return true;
    if (!gather_reaches(pair) || !sic_overlap_find(pair->reaches, pair->reach_count, &pair->crossing.pages))
        return false;
    if (pair->crossing.pages.pages == 0)
        return true;
    pair->crossing.way = SIC_CROSSING_VIEW;
    pair->crossing.is_certain = pair->relation != SIC_CROSSING_UNKNOWN;
    *found = true;
    return take_crossing_views(pair);
}

static bool find_way(struct pair *pair, bool *found)
{
    if (!try_views(pair, found))
        return false;
    for (size_t i = 0; i < sizeof(attempts) / sizeof(attempts[0]) && !*found; i++) {
        if (attempts[i].needs_relation && pair->relation == SIC_CROSSING_UNKNOWN)
            continue;
        if (!gather_writers(pair, &attempts[i]) || !gather_viewers(pair, pair->reader, false, &pair->readers))
            return false;
        *found = oppose(pair);
        pair->crossing.way = attempts[i].way;
        pair->crossing.is_certain = attempts[i].is_certain && pair->relation != SIC_CROSSING_UNKNOWN;
    }
    return true;
}

/* --- evidence --------------------------------------------------------------------------------------------------- */

static bool add_u32(const struct pair *pair, struct sic_array *array, uint32_t value, struct sic_crossing_list *list)
{
    uint32_t *place;

    if (list->count++ == 0)
        list->first = array->count;
    if (list->listed == SIC_CROSSING_LISTED)
        return true;
    place = sic_array_append(allocator_of(pair), array, sizeof(*place));
    if (!place)
        return false;
    *place = value;
    list->listed++;
    return true;
}

static bool add_side(struct pair *pair, const struct side *side, unsigned class_index, struct sic_crossing_side *out)
{
    out->trust = class_index;
    for (uint32_t i = 0; i < side->count; i++) {
        if (!add_u32(pair, &pair->crossings->processes, side->processes[i], &out->processes))
            return false;
    }
    return true;
}

/* A view that writes and shows crosses twice, one of an image as often as it has parts: each is listed once. */
static bool add_views(struct pair *pair)
{
    struct side views = {0};
    bool added = make_room(&views, pair->reach_count);

    for (uint32_t i = 0; added && i < pair->reach_count; i++) {
        if (pair->reaches[i].is_crossing)
            views.processes[views.count++] = pair->reaches[i].view;
    }
    sort_side(&views);
    for (uint32_t i = 0; added && i < views.count; i++)
        added = add_u32(pair, &pair->crossings->views, views.processes[i], &pair->crossing.views);
    free(views.processes);
    return added;
}

static bool is_in_side(const struct side *side, uint32_t process)
{
    return side->count > 0 && bsearch(&process, side->processes, side->count, sizeof(process), compare_u32) != NULL;
}

static bool add_handles(struct pair *pair)
{
    const struct sic_ground_holder *holders = pair->ground->holders.elements;

    for (uint32_t i = 0; i < pair->ground->holders.count; i++) {
        if (is_in_side(&pair->writers, holders[i].process) &&
            !add_u32(pair, &pair->crossings->handles, holders[i].handle, &pair->crossing.handles))
            return false;
    }
    return true;
}

static bool add_names(struct pair *pair)
{
    struct sic_crossing_list *list = &pair->crossing.names;

    for (uint32_t i = 0; i < pair->ground->name_count; i++) {
        const struct sic_ground_answer *answer = &pair->ground->names[i].answers[pair->writer];
        struct sic_crossing_name *name;

        if (answer->processes == 0)
            continue;
        name = sic_array_append(allocator_of(pair), &pair->crossings->names, sizeof(*name));
        if (!name)
            return false;
        *name = (struct sic_crossing_name){
            .name = pair->ground->names[i].name, .access = answer->access, .processes = answer->processes};
        list->first = list->count++ == 0 ? pair->crossings->names.count - 1 : list->first;
        list->listed++;
    }
    return true;
}

/* Whether somebody here differs from somebody there; `values` by process, SIC_NONE where unknown. */
static bool do_differ(const struct pair *pair, const uint32_t *values)
{
    const struct side *sides[] = {&pair->writers, &pair->readers};
    uint32_t first = SIC_NONE;

    for (unsigned i = 0; i < 2; i++) {
        for (uint32_t j = 0; j < sides[i]->count; j++) {
            uint32_t value = values[sides[i]->processes[j]];

            if (value != SIC_NONE && first != SIC_NONE && value != first)
                return true;
            first = first == SIC_NONE ? value : first;
        }
    }
    return false;
}

static void measure_gap(struct pair *pair)
{
    const struct sic_trust writer = sic_trust_of_class(pair->writer), reader = sic_trust_of_class(pair->reader);
    struct sic_trust_gap *gap = &pair->crossing.gap;

    if (pair->relation == SIC_CROSSING_UNKNOWN)
        return;
    *gap = sic_trust_gap_between(&writer, &reader);
    if (pair->reader != SIC_TRUST_KERNEL) {
        gap->is_user = do_differ(pair, pair->ground->trusts.users);
        gap->is_session = do_differ(pair, pair->ground->trusts.sessions);
    }
    pair->crossing.width = sic_trust_gap_width(gap);
}

static bool add_crossing(struct pair *pair, struct sic_array *all)
{
    struct sic_crossing *place;

    measure_gap(pair);
    if (!add_side(pair, &pair->writers, pair->writer, &pair->crossing.writers) ||
        !add_side(pair, &pair->readers, pair->reader, &pair->crossing.readers) || !add_views(pair) ||
        !add_handles(pair) || !add_names(pair))
        return false;
    place = sic_array_append(allocator_of(pair), all, sizeof(*place));
    if (!place)
        return false;
    *place = pair->crossing;
    pair->crossings->files_unknown += pair->crossing.way == SIC_CROSSING_FILE;
    return true;
}

/* --- all regions ------------------------------------------------------------------------------------------------ */

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
    struct pair pair = {.ground = ground, .crossings = crossings, .writer = writer, .reader = reader};
    bool found = false, done = true;

    if (!find_relation(writer, reader, &pair.relation))
        return true;
    pair.crossing.region = (uint32_t)(ground->region - ground->request->regions->regions);
    pair.crossing.relation = pair.relation;
    done = find_way(&pair, &found) && (!found || add_crossing(&pair, all));
    free(pair.writers.processes);
    free(pair.readers.processes);
    free(pair.reaches);
    return done;
}

static bool judge_region(struct sic_ground *ground, const struct sic_region *region, struct sic_crossings *crossings,
                         struct sic_array *all)
{
    uint8_t readers[SIC_TRUST_CLASS_LIMIT];
    unsigned count = 0;

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
                                {a->region, b->region},
                                {a->way, b->way},
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
