#include "difference/section_match.h"

#include "difference/section_overlap.h"
#include "util/memory.h"

#include <stdlib.h>

struct matcher {
    struct sic_matching *matching;
    const struct sic_section_keys *keys;
};

/* Adds the section to the groups in which it looks for its like. False when memory ran out. */
typedef bool group_function(const struct matcher *matcher, unsigned side, uint32_t section,
                            struct sic_pairing_entries *groups);

/* Sections that are told from each other by something, and are held against each other. */
struct pass {
    group_function *group;
    /* Which sections of the old side, and which of the new one; NULL: all. */
    bool (*is_wanted[2])(const struct matcher *matcher, unsigned side, uint32_t section);
    bool is_identity;  /* a group is one section, or few: they need have nothing else in common */
    bool is_by_places; /* only views in the same place count */
    bool is_by_views;  /* processes that they have in common are not enough */
};

static bool has_name(const struct matcher *matcher, unsigned side, uint32_t section)
{
    const struct sic_matching_side *ours = &matcher->matching->sides[side];

    if (matcher->keys->sorts[side][section] == SIC_SORT_IMAGE || matcher->keys->sorts[side][section] == SIC_SORT_FILE)
        return matcher->keys->files[side][section] != SIC_NONE;
    return ours->name_start[section + 1] > ours->name_start[section];
}

static bool has_no_name(const struct matcher *matcher, unsigned side, uint32_t section)
{
    return !has_name(matcher, side, section);
}

static bool is_loose(const struct matcher *matcher, unsigned side, uint32_t section)
{
    return matcher->keys->is_loose[side][section];
}

static bool is_tight(const struct matcher *matcher, unsigned side, uint32_t section)
{
    return !matcher->keys->is_loose[side][section];
}

static bool is_sized(const struct matcher *matcher, unsigned side, uint32_t section)
{
    return sic_section_is_sized(sic_scan_section(matcher->matching->sides[side].scan, section));
}

static bool is_unsized(const struct matcher *matcher, unsigned side, uint32_t section)
{
    return !is_sized(matcher, side, section) && has_no_name(matcher, side, section);
}

static bool is_unread(const struct matcher *matcher, unsigned side, uint32_t section)
{
    return matcher->keys->sorts[side][section] == SIC_SORT_UNREAD;
}

static bool is_read(const struct matcher *matcher, unsigned side, uint32_t section)
{
    return matcher->keys->sorts[side][section] != SIC_SORT_UNREAD;
}

/* A section may have several names; those of files go by their files. */
static bool group_by_name(const struct matcher *matcher, unsigned side, uint32_t section,
                          struct sic_pairing_entries *groups)
{
    const struct sic_matching_side *ours = &matcher->matching->sides[side];
    uint64_t sort = matcher->keys->sorts[side][section];

    if (sort == SIC_SORT_IMAGE || sort == SIC_SORT_FILE)
        return true;
    for (uint32_t i = ours->name_start[section]; i < ours->name_start[section + 1]; i++) {
        if (!sic_pairing_entries_add(groups, sort << 32 | ours->name_ids[i], side, section))
            return false;
    }
    return true;
}

static bool add_unless_none(uint32_t key, unsigned side, uint32_t section, struct sic_pairing_entries *groups)
{
    return key == SIC_NONE || sic_pairing_entries_add(groups, key, side, section);
}

static bool group_by_file(const struct matcher *matcher, unsigned side, uint32_t section,
                          struct sic_pairing_entries *groups)
{
    return add_unless_none(matcher->keys->files[side][section], side, section, groups);
}

static bool group_by_volume(const struct matcher *matcher, unsigned side, uint32_t section,
                            struct sic_pairing_entries *groups)
{
    return add_unless_none(matcher->keys->volumes[side][section], side, section, groups);
}

static bool group_by_shape(const struct matcher *matcher, unsigned side, uint32_t section,
                           struct sic_pairing_entries *groups)
{
    return sic_pairing_entries_add(groups, matcher->keys->shapes[side][section], side, section);
}

static bool group_by_sort(const struct matcher *matcher, unsigned side, uint32_t section,
                          struct sic_pairing_entries *groups)
{
    return sic_pairing_entries_add(groups, matcher->keys->sorts[side][section], side, section);
}

static bool group_all(const struct matcher *matcher, unsigned side, uint32_t section,
                      struct sic_pairing_entries *groups)
{
    (void)matcher;
    return sic_pairing_entries_add(groups, 0, side, section);
}

/*
 * In this order. Where the sides are asked for different things, the same pass follows with the sides exchanged; the
 * two have no section in common, so that it is the same which one comes first.
 */
static const struct pass passes[] = {
    {.group = group_by_name, .is_identity = true},
    {.group = group_by_file, .is_identity = true},
    /* Where a file lies is not known of all. */
    {.group = group_by_volume, .is_wanted = {is_loose, is_loose}, .is_identity = true},
    {.group = group_by_volume, .is_wanted = {is_loose, is_tight}, .is_identity = true},
    {.group = group_by_volume, .is_wanted = {is_tight, is_loose}, .is_identity = true},
    {.group = group_by_shape, .is_wanted = {has_no_name, has_no_name}},
    /* It lost its name, or the name was not read: its views are where they were. Who has made a new section with a
     * name, and left another of its size, has another one. */
    {.group = group_by_shape, .is_wanted = {has_name, has_no_name}, .is_by_views = true},
    {.group = group_by_shape, .is_wanted = {has_no_name, has_name}, .is_by_views = true},
    /* Its size was not read, and the name may have been on the same page. */
    {.group = group_by_sort, .is_wanted = {is_sized, is_unsized}, .is_by_views = true},
    {.group = group_by_sort, .is_wanted = {is_unsized, is_sized}, .is_by_views = true},
    /* Nothing of it was read but its views. */
    {.group = group_all, .is_wanted = {is_unread, is_read}, .is_by_places = true},
    {.group = group_all, .is_wanted = {is_read, is_unread}, .is_by_places = true},
};

/* Sections without a partner, in their groups. Those of one side stand by their ranks. */
static bool gather(const struct matcher *matcher, const struct pass *pass, struct sic_pairing_entries *groups)
{
    const struct sic_matching *matching = matcher->matching;

    for (unsigned side = 0; side < 2; side++) {
        const struct sic_matching_side *ours = &matching->sides[side];
        uint32_t count = ours->scan->sections.count;
        uint32_t *by_rank = malloc(((size_t)count + 1) * sizeof(*by_rank));
        bool done = by_rank != NULL;

        for (uint32_t i = 0; done && i < count; i++)
            by_rank[ours->ranks[i]] = i;
        for (uint32_t i = 0; done && i < count; i++) {
            uint32_t section = by_rank[i];

            if (ours->is_owned[section] && matching->sections.partners[side][section] == SIC_NONE &&
                (!pass->is_wanted[side] || pass->is_wanted[side](matcher, side, section)))
                done = pass->group(matcher, side, section, groups);
        }
        free(by_rank);
        if (!done)
            return false;
    }
    return true;
}

/* Pairs in each group those of equal `numbers`, by side and section; NULL: any. */
static bool match_in_groups(const struct matcher *matcher, const struct sic_pairing_entries *groups,
                            uint32_t *const numbers[2])
{
    struct sic_pairing_entries entries;
    bool done = sic_section_groups_rank(groups, numbers, &entries);

    done = done && sic_pairing_match_equal(&matcher->matching->sections, &entries);
    sic_pairing_entries_deinit(&entries);
    return done;
}

static bool run_pass(const struct matcher *matcher, const struct pass *pass)
{
    static const enum sic_overlap_of kinds[] = {SIC_OVERLAP_OF_VIEWS, SIC_OVERLAP_OF_PLACES, SIC_OVERLAP_OF_PROCESSES};
    struct sic_pairing_entries groups = {0};
    bool done = gather(matcher, pass, &groups);

    if (!pass->is_by_places)
        done = done && match_in_groups(matcher, &groups, matcher->keys->contents);
    for (unsigned i = 0; done && i < 3; i++) {
        bool is_asked = (!pass->is_by_places || kinds[i] == SIC_OVERLAP_OF_PLACES) &&
                        (!pass->is_by_views || kinds[i] != SIC_OVERLAP_OF_PROCESSES);

        if (is_asked)
            done = sic_sections_match_overlapping(matcher->matching, &groups, kinds[i]);
    }
    if (pass->is_identity)
        done =
            done && match_in_groups(matcher, &groups, matcher->keys->shapes) && match_in_groups(matcher, &groups, NULL);
    sic_pairing_entries_deinit(&groups);
    return done;
}

bool sic_sections_match(struct sic_matching *matching, const struct sic_section_keys *keys)
{
    const struct matcher matcher = {.matching = matching, .keys = keys};
    bool done = sic_pairing_init(matching->sides[SIC_OLD].scan->sections.count,
                                 matching->sides[SIC_NEW].scan->sections.count, &matching->sections);

    for (size_t i = 0; done && i < sizeof(passes) / sizeof(passes[0]); i++) {
        /* By path a place is none: it tells the pages, and not where in the process they are. */
        if (!passes[i].is_by_places || matching->basis == SIC_DIFFERENCE_BY_START)
            done = run_pass(&matcher, &passes[i]);
    }
    return done;
}
