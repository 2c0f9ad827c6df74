#include "difference/process_class.h"

#include "difference/folded.h"
#include "difference/rank.h"
#include "meaning/text.h"
#include "util/memory.h"

#include <stdlib.h>

/* A process as a number of both sides together: the old ones come first. */
struct list {
    const struct sic_matching *matching;
    uint32_t old_count;
    uint32_t count;
    uint32_t *classes;
    uint32_t *shorts; /* by path: ranks of the short names */
    bool *has_path;
};

static unsigned side_of(const struct list *list, uint32_t item)
{
    return item >= list->old_count;
}

static const struct sic_process *process_of(const struct list *list, uint32_t item)
{
    unsigned side = side_of(list, item);

    return sic_scan_process(list->matching->sides[side].scan, side ? item - list->old_count : item);
}

static bool rank_by_start(struct list *list, uint32_t *class_count)
{
    uint64_t *fields = malloc(((size_t)list->count + 1) * 2 * sizeof(*fields));
    bool done = fields != NULL;

    for (uint32_t i = 0; done && i < list->count; i++) {
        fields[2 * (size_t)i] = process_of(list, i)->id;
        fields[2 * (size_t)i + 1] = process_of(list, i)->create_time;
    }
    done = done && sic_rank_records(fields, 2, list->count, list->classes, class_count);
    free(fields);
    return done;
}

/* Eight bytes without their case, the first the weightiest. */
static uint64_t fold_bytes(const uint8_t *bytes, unsigned count)
{
    uint64_t number = 0;

    for (unsigned i = 0; i < count; i++) {
        uint8_t byte = bytes[i] >= 'A' && bytes[i] <= 'Z' ? (uint8_t)(bytes[i] + ('a' - 'A')) : bytes[i];

        number |= (uint64_t)byte << (8 * (7 - i));
    }
    return number;
}

/* The kernel keeps 14 bytes of a name, ended by a zero. */
static bool rank_shorts(struct list *list)
{
    uint64_t *fields = malloc(((size_t)list->count + 1) * 2 * sizeof(*fields));
    bool done = fields != NULL;

    for (uint32_t i = 0; done && i < list->count; i++) {
        const uint8_t *name = process_of(list, i)->image_file_name;
        uint8_t clean[14] = {0};

        for (unsigned j = 0; j < sizeof(clean) && name[j] != 0; j++)
            clean[j] = name[j];
        fields[2 * (size_t)i] = fold_bytes(clean, 8);
        fields[2 * (size_t)i + 1] = fold_bytes(clean + 8, 6);
    }
    done = done && sic_rank_records(fields, 2, list->count, list->shorts, NULL);
    free(fields);
    return done;
}

/* What of the path is said by a drive's letter, which becomes *letter; 0 units, and letter 0: nothing. */
static uint32_t find_drive(const struct sic_matching *matching, unsigned side, const struct sic_process *process,
                           uint64_t *letter)
{
    const struct sic_drives *ours = &matching->sides[side].given->meaning->drives;
    const struct sic_drives *theirs = &matching->sides[!side].given->meaning->drives;
    const struct sic_scan *scan = matching->sides[side].scan;
    const struct sic_drive *drive = NULL;

    /* Another machine's volumes have other numbers. */
    if (ours->count > 0 && theirs->count > 0)
        drive = sic_drives_find(ours, sic_text_units(scan, process->path), process->path.length);
    *letter = drive ? (uint8_t)drive->letter : 0;
    return drive ? drive->length : 0;
}

/* fields: letter and rank of what follows; of those without a path the short name. */
static bool fill_paths(struct list *list, uint64_t *fields, struct sic_folded_text *texts, uint32_t *ranks)
{
    const struct sic_scan *const scans[2] = {list->matching->sides[0].scan, list->matching->sides[1].scan};

    for (uint32_t i = 0; i < list->count; i++) {
        const struct sic_process *process = process_of(list, i);
        unsigned side = side_of(list, i);
        uint64_t letter = 0;

        list->has_path[i] = process->flags & SIC_PROCESS_HAS_PATH && sic_text_is_known(scans[side], process->path) &&
                            process->path.length > 0;
        texts[i] = (struct sic_folded_text){.side = side};
        if (list->has_path[i]) {
            uint32_t cut = find_drive(list->matching, side, process, &letter);

            texts[i].string.offset = process->path.offset + cut;
            texts[i].string.length = process->path.length - cut;
        }
        fields[3 * (size_t)i] = list->has_path[i];
        fields[3 * (size_t)i + 1] = letter;
    }
    if (!sic_folded_rank(scans, texts, list->count, ranks))
        return false;
    for (uint32_t i = 0; i < list->count; i++)
        fields[3 * (size_t)i + 2] = list->has_path[i] ? ranks[i] : list->shorts[i];
    return true;
}

static bool rank_by_path(struct list *list, uint32_t *class_count)
{
    uint64_t *fields = malloc(((size_t)list->count + 1) * 3 * sizeof(*fields));
    struct sic_folded_text *texts = malloc(((size_t)list->count + 1) * sizeof(*texts));
    uint32_t *ranks = malloc(((size_t)list->count + 1) * sizeof(*ranks));
    bool done = fields && texts && ranks && rank_shorts(list) && fill_paths(list, fields, texts, ranks) &&
                sic_rank_records(fields, 3, list->count, list->classes, class_count);

    free(fields);
    free(texts);
    free(ranks);
    return done;
}

/* Processes of one short name, by class: first those without a path. */
struct namesakes {
    const struct sic_key *items; /* value: the item */
    uint32_t count;
    uint32_t unread[2]; /* without a path, by side */
};

/* The last `wanted` of those without a path on `side` that have no new class yet get one. */
static void reassign(struct list *list, const struct namesakes *namesakes, unsigned side, uint32_t wanted,
                     uint32_t class_index, uint32_t *next)
{
    while (wanted > 0 && *next > 0) {
        uint32_t item = (uint32_t)namesakes->items[--*next].value;

        if (side_of(list, item) != side)
            continue;
        list->classes[item] = class_index;
        wanted--;
    }
}

/* The side that has more without a path gives them to paths that the other side has more of. */
static void fill_gaps(struct list *list, const struct namesakes *namesakes)
{
    unsigned side = namesakes->unread[1] > namesakes->unread[0];
    uint32_t unread = namesakes->unread[0] + namesakes->unread[1];
    uint32_t excess = namesakes->unread[side] - namesakes->unread[!side], next = unread;

    for (uint32_t first = unread, end; first < namesakes->count && excess > 0; first = end) {
        uint32_t class_index = list->classes[namesakes->items[first].value], counts[2] = {0}, missing;

        for (end = first; end < namesakes->count && list->classes[namesakes->items[end].value] == class_index; end++)
            counts[side_of(list, (uint32_t)namesakes->items[end].value)]++;
        missing = counts[!side] > counts[side] ? counts[!side] - counts[side] : 0;
        missing = missing < excess ? missing : excess;
        reassign(list, namesakes, side, missing, class_index, &next);
        excess -= missing;
    }
}

/* By short name, in it by class: those of no path come first, their classes are the lowest. */
static bool place_unread(struct list *list)
{
    uint64_t *fields = malloc(((size_t)list->count + 1) * 2 * sizeof(*fields));
    uint32_t *ranks = malloc(((size_t)list->count + 1) * sizeof(*ranks));
    struct sic_key *keys = malloc(((size_t)list->count + 1) * sizeof(*keys));
    bool done = fields && ranks && keys;

    for (uint32_t i = 0; done && i < list->count; i++) {
        fields[2 * (size_t)i] = list->shorts[i];
        fields[2 * (size_t)i + 1] = list->classes[i];
    }
    done = done && sic_rank_records(fields, 2, list->count, ranks, NULL);
    for (uint32_t i = 0; done && i < list->count; i++)
        keys[i] = (struct sic_key){.key = ranks[i], .value = i};
    done = done && sic_sort_keys(sic_heap_allocator(), keys, list->count);
    for (uint32_t first = 0, end; done && first < list->count; first = end) {
        struct namesakes namesakes = {.items = keys + first};

        for (end = first; end < list->count && list->shorts[keys[end].value] == list->shorts[keys[first].value]; end++)
            namesakes.unread[side_of(list, (uint32_t)keys[end].value)] += !list->has_path[keys[end].value];
        namesakes.count = end - first;
        fill_gaps(list, &namesakes);
    }
    free(fields);
    free(ranks);
    free(keys);
    return done;
}

static bool find_classes(struct list *list, struct sic_matching *matching)
{
    if (matching->basis == SIC_DIFFERENCE_BY_START)
        return rank_by_start(list, &matching->class_count);
    return rank_by_path(list, &matching->class_count) && place_unread(list);
}

static bool hand_out(struct sic_matching *matching, unsigned side, const uint32_t *classes)
{
    uint32_t count = matching->sides[side].scan->processes.count;
    uint32_t *starts = calloc((size_t)matching->class_count + 2, sizeof(*starts));
    uint32_t *members = malloc(((size_t)count + 1) * sizeof(*members));

    matching->sides[side].classes = malloc(((size_t)count + 1) * sizeof(uint32_t));
    matching->member_starts[side] = starts;
    matching->members[side] = members;
    if (!starts || !members || !matching->sides[side].classes)
        return false;
    for (uint32_t i = 0; i < count; i++) {
        matching->sides[side].classes[i] = classes[i];
        starts[classes[i] + 2]++;
    }
    /* Where a class begins moves on with its members, and ends where the next one begins. */
    for (uint32_t i = 2; i < matching->class_count + 2; i++)
        starts[i] += starts[i - 1];
    for (uint32_t i = 0; i < count; i++)
        members[starts[classes[i] + 1]++] = i;
    return true;
}

bool sic_process_classes_find(struct sic_matching *matching)
{
    struct list list = {.matching = matching, .old_count = matching->sides[SIC_OLD].scan->processes.count};
    bool done;

    list.count = list.old_count + matching->sides[SIC_NEW].scan->processes.count;
    list.classes = malloc(((size_t)list.count + 1) * sizeof(*list.classes));
    list.shorts = malloc(((size_t)list.count + 1) * sizeof(*list.shorts));
    list.has_path = malloc((size_t)list.count + 1);
    done = list.classes && list.shorts && list.has_path && find_classes(&list, matching) &&
           hand_out(matching, SIC_OLD, list.classes) && hand_out(matching, SIC_NEW, list.classes + list.old_count);
    free(list.classes);
    free(list.shorts);
    free(list.has_path);
    return done;
}
