#include "difference/section_compare.h"

#include "difference/kernel_view_match.h"
#include "difference/rank.h"
#include "difference/region_match.h"
#include "util/memory.h"

#include <stdlib.h>

#define ORDER_WIDTH 6u

/* Two sections that are one, or one without a like. */
struct subject {
    const struct sic_matching *matching;
    const struct sic_section_keys *keys;
    uint32_t sections[2];
    struct sic_section_change change;
    bool has_certain; /* something that differs is certain */
};

bool sic_section_is_shown(const struct sic_matching_side *side, uint32_t section)
{
    return !side->given->sections_shown || side->given->sections_shown[section];
}

/* Classes of the processes that have views of the section, each process once, ascending. NULL when memory ran out. */
static uint32_t *list_owners(const struct sic_matching_side *side, uint32_t section, uint32_t *count)
{
    uint32_t views = section == SIC_NONE ? 0 : sic_matching_view_count(side, section);
    struct sic_key *keys = malloc(((size_t)views + 1) * sizeof(*keys));
    uint32_t *owners = malloc(((size_t)views + 1) * sizeof(*owners));

    *count = 0;
    for (uint32_t i = 0; keys && i < views; i++) {
        uint32_t process = sic_scan_view(side->scan, side->section_views[side->section_starts[section] + i])->process;

        keys[i].key = (uint64_t)side->classes[process] << 32 | process;
    }
    if (!keys || !owners || !sic_sort_keys(sic_heap_allocator(), keys, views)) {
        free(keys);
        free(owners);
        return NULL;
    }
    for (uint32_t i = 0; i < views; i++) {
        if (i == 0 || keys[i].key != keys[i - 1].key)
            owners[(*count)++] = (uint32_t)(keys[i].key >> 32);
    }
    free(keys);
    return owners;
}

/* Counts the processes, and compares whose they are. */
static bool compare_owners(struct subject *subject)
{
    const struct sic_matching *matching = subject->matching;
    uint32_t *olds = list_owners(&matching->sides[SIC_OLD], subject->sections[SIC_OLD], &subject->change.old_processes);
    uint32_t *news = list_owners(&matching->sides[SIC_NEW], subject->sections[SIC_NEW], &subject->change.new_processes);
    bool done = olds && news, is_same = subject->change.old_processes == subject->change.new_processes;

    for (uint32_t i = 0; done && is_same && i < subject->change.old_processes; i++)
        is_same = olds[i] == news[i];
    if (!is_same)
        subject->change.what |= SIC_SECTION_CHANGE_OWNERS;
    free(olds);
    free(news);
    return done;
}

static void compare_sizes(struct subject *subject)
{
    const struct sic_section *left = sic_scan_section(subject->matching->sides[SIC_OLD].scan, subject->sections[0]);
    const struct sic_section *right = sic_scan_section(subject->matching->sides[SIC_NEW].scan, subject->sections[1]);

    if (!sic_section_is_sized(left) || !sic_section_is_sized(right) || left->size == right->size)
        return;
    subject->change.what |= SIC_SECTION_CHANGE_SIZE;
    subject->has_certain = true;
}

/* Whether the side lacks a name that the other has. */
static bool lacks_name(const struct sic_matching *matching, const uint32_t sections[2], unsigned number)
{
    const struct sic_matching_side *ours = &matching->sides[number], *theirs = &matching->sides[!number];
    uint32_t i = ours->name_start[sections[number]], end = ours->name_start[sections[number] + 1];

    for (uint32_t j = theirs->name_start[sections[!number]]; j < theirs->name_start[sections[!number] + 1]; j++) {
        while (i < end && ours->name_ids[i] < theirs->name_ids[j])
            i++;
        if (i == end || ours->name_ids[i] != theirs->name_ids[j])
            return true;
    }
    return false;
}

/* The object of a section that was not read leads to nothing. */
static bool are_names_complete(const struct subject *subject, unsigned number)
{
    const struct sic_matching_side *side = &subject->matching->sides[number];

    return side->given->meaning->names.complete &&
           !(sic_scan_section(side->scan, subject->sections[number])->flags & SIC_SECTION_UNREAD);
}

static void compare_names(struct subject *subject)
{
    for (unsigned number = 0; number < 2; number++) {
        const struct sic_object_names *names = &subject->matching->sides[number].given->meaning->names;

        /* Where no directory was read nothing is known of names. */
        if (!names->known || !lacks_name(subject->matching, subject->sections, number))
            continue;
        subject->change.what |= SIC_SECTION_CHANGE_NAME;
        subject->has_certain = subject->has_certain || are_names_complete(subject, number);
    }
}

static bool add_view(struct subject *subject, uint32_t old_view, uint32_t new_view, enum sic_view_state state,
                     struct sic_difference *difference)
{
    struct sic_view_change *change =
        sic_array_append(sic_heap_allocator(), &difference->views, sizeof(struct sic_view_change));

    if (!change)
        return false;
    *change = (struct sic_view_change){
        .change = sic_change_of(old_view, new_view),
        .is_certain = state != SIC_VIEW_UNSURE,
        .old_index = old_view,
        .new_index = new_view,
    };
    subject->has_certain = subject->has_certain || change->is_certain;
    subject->change.what |= SIC_SECTION_CHANGE_VIEWS;
    return true;
}

/* Came first, then went, then changed. */
static bool compare_views(struct subject *subject, struct sic_difference *difference)
{
    static const unsigned sides[] = {SIC_NEW, SIC_OLD, SIC_OLD};
    const struct sic_matching *matching = subject->matching;

    for (unsigned turn = 0; turn < 3; turn++) {
        const struct sic_matching_side *side = &matching->sides[sides[turn]];
        uint32_t section = subject->sections[sides[turn]];

        if (section == SIC_NONE)
            continue;
        for (uint32_t i = side->section_starts[section]; i < side->section_starts[section + 1]; i++) {
            uint32_t view = side->section_views[i];
            enum sic_view_state state = side->view_states[view];
            bool is_absent = state == SIC_VIEW_ABSENT || state == SIC_VIEW_UNSURE;
            bool added = true;

            if (turn == 0 && is_absent)
                added = add_view(subject, SIC_NONE, view, state, difference);
            else if (turn == 1 && is_absent)
                added = add_view(subject, view, SIC_NONE, state, difference);
            else if (turn == 2 && state == SIC_VIEW_CHANGED)
                added = add_view(subject, view, matching->views.partners[SIC_OLD][view], state, difference);
            if (!added)
                return false;
        }
    }
    return true;
}

static bool is_shared(const struct sic_matching_side *side, uint32_t section)
{
    return section != SIC_NONE && side->region_starts[section + 1] > side->region_starts[section];
}

/* Where the views are the same the regions are, unless the kernel's views make the difference. */
static bool compare_parts(struct subject *subject, struct sic_difference *difference)
{
    const struct sic_matching *matching = subject->matching;
    struct sic_section_change *change = &subject->change;
    bool is_certain = false;

    change->first_view = difference->views.count;
    change->first_region = difference->regions.count;
    change->first_kernel_view = difference->kernel_views.count;
    change->old_shared = is_shared(&matching->sides[SIC_OLD], subject->sections[SIC_OLD]);
    change->new_shared = is_shared(&matching->sides[SIC_NEW], subject->sections[SIC_NEW]);
    if (!compare_views(subject, difference) ||
        !sic_kernel_views_compare(matching, subject->sections[SIC_OLD], subject->sections[SIC_NEW], difference,
                                  &is_certain))
        return false;
    change->view_count = difference->views.count - change->first_view;
    change->kernel_view_count = difference->kernel_views.count - change->first_kernel_view;
    if (change->kernel_view_count > 0)
        change->what |= SIC_SECTION_CHANGE_VIEWS;
    subject->has_certain = subject->has_certain || is_certain;
    if (change->view_count + change->kernel_view_count == 0)
        return true;
    if (!sic_regions_compare(matching, subject->sections[SIC_OLD], subject->sections[SIC_NEW], difference))
        return false;
    change->region_count = difference->regions.count - change->first_region;
    if (change->region_count > 0)
        change->what |= SIC_SECTION_CHANGE_REGIONS;
    return true;
}

static bool add(struct subject *subject, struct sic_difference *difference)
{
    struct sic_section_change *change;

    if (!compare_owners(subject))
        return false;
    change = sic_array_append(sic_heap_allocator(), &difference->sections, sizeof(struct sic_section_change));
    if (!change)
        return false;
    *change = subject->change;
    return true;
}

static bool compare_pair(struct subject *subject, struct sic_difference *difference)
{
    subject->change.change = SIC_CHANGED;
    compare_sizes(subject);
    compare_names(subject);
    if (!compare_parts(subject, difference))
        return false;
    subject->change.is_certain = subject->has_certain;
    return subject->change.what == 0 || add(subject, difference);
}

static bool add_single(struct subject *subject, unsigned number, struct sic_difference *difference)
{
    subject->change.change = number == SIC_OLD ? SIC_WENT : SIC_CAME;
    if (!compare_parts(subject, difference))
        return false;
    subject->change.is_certain =
        subject->has_certain && !subject->matching->sides[number].has_unsure[subject->sections[number]];
    if (!add(subject, difference))
        return false;
    /* That all of it came or went says the rest. */
    ((struct sic_section_change *)difference->sections.elements)[difference->sections.count - 1].what = 0;
    return true;
}

/* A section of a side, if it is to be told on its own or with its like; those of pairs go by the old one. */
static bool compare_section(const struct sic_matching *matching, const struct sic_section_keys *keys, unsigned number,
                            uint32_t section, struct sic_difference *difference)
{
    uint32_t partner = matching->sections.partners[number][section];
    struct subject subject = {.matching = matching, .keys = keys, .sections = {SIC_NONE, SIC_NONE}};
    bool is_shown = sic_section_is_shown(&matching->sides[number], section);

    subject.sections[number] = section;
    subject.sections[!number] = partner;
    subject.change.old_index = subject.sections[SIC_OLD];
    subject.change.new_index = subject.sections[SIC_NEW];
    if (partner == SIC_NONE)
        return !is_shown || !matching->sides[number].is_owned[section] || add_single(&subject, number, difference);
    if (number == SIC_NEW || !(is_shown || sic_section_is_shown(&matching->sides[SIC_NEW], partner)))
        return true;
    return compare_pair(&subject, difference);
}

/* By what became of them, then by file or name, then by what they are. */
static bool sort_changes(const struct sic_matching *matching, const struct sic_section_keys *keys,
                         struct sic_difference *difference)
{
    struct sic_section_change *changes = difference->sections.elements, *sorted;
    uint32_t count = difference->sections.count;
    uint64_t *fields = malloc(((size_t)count + 1) * ORDER_WIDTH * sizeof(*fields));
    uint32_t *ranks = malloc(((size_t)count + 1) * sizeof(*ranks));
    struct sic_key *order = malloc(((size_t)count + 1) * sizeof(*order));
    bool done = fields && ranks && order;

    for (uint32_t i = 0; done && i < count; i++) {
        unsigned number = changes[i].change == SIC_CAME;
        uint32_t section = number ? changes[i].new_index : changes[i].old_index;
        const struct sic_matching_side *side = &matching->sides[number];
        bool has_name = side->name_start[section + 1] > side->name_start[section];
        uint64_t *record = fields + ORDER_WIDTH * (size_t)i;

        record[0] = changes[i].change;
        record[1] = keys->files[number][section];
        record[2] = has_name ? side->name_ids[side->name_start[section]] : SIC_NONE;
        record[3] = keys->shapes[number][section];
        record[4] = keys->contents[number][section];
        record[5] = side->ranks[section];
    }
    done = done && sic_rank_records(fields, ORDER_WIDTH, count, ranks, NULL);
    for (uint32_t i = 0; done && i < count; i++)
        order[i] = (struct sic_key){.key = ranks[i], .value = i};
    done = done && sic_sort_keys(sic_heap_allocator(), order, count);
    sorted = done ? malloc(((size_t)count + 1) * sizeof(*sorted)) : NULL;
    for (uint32_t i = 0; sorted && i < count; i++)
        sorted[i] = changes[order[i].value];
    for (uint32_t i = 0; sorted && i < count; i++)
        changes[i] = sorted[i];
    done = sorted != NULL;
    free(fields);
    free(ranks);
    free(order);
    free(sorted);
    return done;
}

bool sic_sections_compare(const struct sic_matching *matching, const struct sic_section_keys *keys,
                          struct sic_difference *difference)
{
    for (unsigned number = 0; number < 2; number++) {
        for (uint32_t i = 0; i < matching->sections.counts[number]; i++) {
            if (!compare_section(matching, keys, number, i, difference))
                return false;
        }
    }
    return sort_changes(matching, keys, difference);
}
