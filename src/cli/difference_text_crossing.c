#include "cli/difference_text.h"

#include <inttypes.h>
#include <stdlib.h>

bool sic_difference_text_list_classes(struct sic_difference_text *text)
{
    const struct sic_difference *difference = &text->comparison->difference;
    const struct sic_process_class *classes = difference->classes.elements;
    const uint32_t *olds = difference->old_members.elements, *news = difference->new_members.elements;

    for (unsigned side = 0; side < 2; side++) {
        text->classes[side] = calloc((size_t)text->listings[side]->scan.processes.count + 1, sizeof(uint32_t));
        if (!text->classes[side])
            return false;
    }
    for (uint32_t i = 0; i < difference->classes.count; i++) {
        for (uint32_t j = classes[i].first_old; j < classes[i].first_old + classes[i].old_count; j++)
            text->classes[0][olds[j]] = i;
        for (uint32_t j = classes[i].first_new; j < classes[i].first_new + classes[i].new_count; j++)
            text->classes[1][news[j]] = i;
    }
    return true;
}

static const uint32_t *listed(const struct sic_difference_text *text, unsigned side,
                              const struct sic_crossing_side *crossing_side)
{
    return (const uint32_t *)text->listings[side]->crossings.processes.elements + crossing_side->processes.first;
}

/* The processes of `side` that the other one lacks, of several of a class as many as it has more. */
static void put_lacking(const struct sic_difference_text *text, unsigned side, const struct sic_crossing_side *ours,
                        const struct sic_crossing_side *theirs, const char **separator)
{
    const uint32_t *processes = listed(text, side, ours), *others = listed(text, !side, theirs);
    bool is_taken[SIC_CROSSING_LISTED] = {false};

    for (uint32_t i = 0; i < ours->processes.count; i++) {
        uint32_t class_index = text->classes[side][processes[i]], place = 0;

        while (place < theirs->processes.count &&
               (is_taken[place] || text->classes[!side][others[place]] != class_index))
            place++;
        if (place < theirs->processes.count) {
            is_taken[place] = true;
            continue;
        }
        sic_output_format(text->output, "%s%c ", *separator, side ? '+' : '-');
        sic_output_text(text->output, text->listings[side]->names[processes[i]]);
        sic_output_format(text->output, " (PID %" PRIu64 ")",
                          sic_scan_process(&text->listings[side]->scan, processes[i])->id);
        *separator = ", ";
    }
}

static bool is_listed(const struct sic_crossing_side *side)
{
    return side->processes.listed == side->processes.count && side->processes.count <= SIC_CROSSING_LISTED;
}

bool sic_difference_text_put_crossers(const struct sic_difference_text *text, const struct sic_crossing_change *change)
{
    const struct sic_crossing *left = &text->listings[0]->crossings.crossings[change->old_index];
    const struct sic_crossing *right = &text->listings[1]->crossings.crossings[change->new_index];
    const char *separator = "; who writes: ";

    if (change->what != SIC_CROSSING_CHANGE_PROCESSES || !is_listed(&left->writers) || !is_listed(&right->writers) ||
        !is_listed(&left->readers) || !is_listed(&right->readers))
        return false;
    put_lacking(text, 1, &right->writers, &left->writers, &separator);
    put_lacking(text, 0, &left->writers, &right->writers, &separator);
    separator = "; who shows: ";
    put_lacking(text, 1, &right->readers, &left->readers, &separator);
    put_lacking(text, 0, &left->readers, &right->readers, &separator);
    return true;
}
