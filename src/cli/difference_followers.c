#include "cli/difference_followers.h"

#include "meaning/rights.h"

#include <stdlib.h>

/* An ended process that somebody holds open stays in the list, without memory. */
#define ENDS (SIC_PROCESS_CHANGE_EXITED | SIC_PROCESS_CHANGE_EXITING)

/* By path it is not known which of a class it was: all of them count. */
static void mark(const struct sic_difference *difference, uint32_t class_index, bool *const moved[2])
{
    const struct sic_process_class *record =
        (const struct sic_process_class *)difference->classes.elements + class_index;
    const uint32_t *olds = difference->old_members.elements, *news = difference->new_members.elements;

    for (uint32_t i = record->first_old; i < record->first_old + record->old_count; i++)
        moved[0][olds[i]] = true;
    for (uint32_t i = record->first_new; i < record->first_new + record->new_count; i++)
        moved[1][news[i]] = true;
}

bool sic_followers_init(const struct sic_difference_text *text, struct sic_followers *followers)
{
    const struct sic_difference *difference = &text->comparison->difference;
    const struct sic_process_change *changes = difference->processes.elements;
    bool *is_marked = calloc((size_t)difference->classes.count + 1, sizeof(*is_marked));

    *followers = (struct sic_followers){.text = text};
    for (unsigned side = 0; side < 2; side++)
        followers->moved[side] = calloc((size_t)text->listings[side]->scan.processes.count + 1, sizeof(bool));
    if (!is_marked || !followers->moved[0] || !followers->moved[1]) {
        free(is_marked);
        sic_followers_deinit(followers);
        return false;
    }
    for (uint32_t i = 0; i < difference->processes.count; i++) {
        if (changes[i].change == SIC_CHANGED && changes[i].what & ENDS) {
            followers->moved[0][changes[i].old_index] = true;
            followers->moved[1][changes[i].new_index] = true;
        }
        if (changes[i].change == SIC_CHANGED || is_marked[changes[i].class_index])
            continue;
        is_marked[changes[i].class_index] = true;
        mark(difference, changes[i].class_index, followers->moved);
    }
    free(is_marked);
    return true;
}

void sic_followers_deinit(struct sic_followers *followers)
{
    free(followers->moved[0]);
    free(followers->moved[1]);
    *followers = (struct sic_followers){0};
}

static bool is_writable(const struct sic_listing *listing, uint32_t region)
{
    return sic_region_is_writable(&listing->scan, &listing->regions, &listing->regions.regions[region],
                                  &listing->shared_writable);
}

static bool do_views_follow(const struct sic_followers *followers, const struct sic_section_change *section)
{
    const struct sic_view_change *changes =
        (const struct sic_view_change *)followers->text->comparison->difference.views.elements + section->first_view;

    for (uint32_t i = 0; i < section->view_count; i++) {
        unsigned side = changes[i].change == SIC_CAME;
        uint32_t index = side ? changes[i].new_index : changes[i].old_index;
        const struct sic_scan *scan = &followers->text->listings[side]->scan;

        if (changes[i].change == SIC_CHANGED || !followers->moved[side][sic_scan_view(scan, index)->process])
            return false;
    }
    return true;
}

bool sic_followers_have(const struct sic_followers *followers, const struct sic_section_change *change)
{
    const struct sic_listing *const *listings = followers->text->listings;
    const struct sic_region_change *regions =
        (const struct sic_region_change *)followers->text->comparison->difference.regions.elements +
        change->first_region;
    const uint32_t shared_kinds = SIC_SECTION_IMAGE | SIC_SECTION_FILE;

    if (change->change != SIC_CHANGED || change->what & (SIC_SECTION_CHANGE_SIZE | SIC_SECTION_CHANGE_NAME) ||
        change->kernel_view_count > 0 ||
        !(sic_scan_section(&listings[1]->scan, change->new_index)->flags & shared_kinds))
        return false;
    for (uint32_t i = 0; i < change->region_count; i++) {
        if (regions[i].change != SIC_CHANGED || is_writable(listings[0], regions[i].old_index) ||
            is_writable(listings[1], regions[i].new_index))
            return false;
    }
    return do_views_follow(followers, change);
}
