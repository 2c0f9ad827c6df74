#include "cli/select.h"

#include "meaning/file_path.h"
#include "meaning/identity.h"
#include "meaning/memory.h"
#include "meaning/rights.h"
#include "util/fold.h"
#include "util/pattern.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool does_process_match(const struct sic_listing *listing, uint32_t process, const struct sic_words *filters)
{
    char pid[24];

    snprintf(pid, sizeof(pid), "%" PRIu64, sic_scan_process(&listing->scan, process)->id);
    for (unsigned i = 0; i < filters->count; i++) {
        if (strcmp(pid, filters->words[i]) == 0 ||
            sic_contains_ignoring_case(listing->names[process], filters->words[i]))
            return true;
    }
    return filters->count == 0;
}

static bool does_owner_match(const struct sic_listing *listing, const struct sic_region *region, const bool *matches)
{
    for (uint32_t i = region->first; i < region->first + region->count; i++) {
        if (matches[sic_scan_view(&listing->scan, listing->regions.views[i])->process])
            return true;
    }
    return false;
}

/* An unreadable section is of no kind; one of large pages is the paging file's as well. */
static bool does_kind_match(const struct sic_section *section, uint32_t kinds)
{
    uint32_t kind = section->flags & SIC_SECTION_IMAGE      ? SIC_SELECT_IMAGE
                    : section->flags & SIC_SECTION_FILE     ? SIC_SELECT_FILE
                    : section->flags & SIC_SECTION_PHYSICAL ? SIC_SELECT_PHYSICAL
                                                            : SIC_SELECT_PAGING_FILE;

    if (kinds == 0)
        return true;
    if (section->flags & SIC_SECTION_UNREAD)
        return false;
    return kinds & (kind | (section->flags & SIC_SECTION_LARGE_PAGES ? SIC_SELECT_LARGE_PAGE : 0));
}

/* A pattern fits a text or its last part. */
static bool does_text_match(const char *text, const struct sic_words *patterns)
{
    const char *last = text ? strrchr(text, '\\') : NULL;

    for (unsigned i = 0; text && i < patterns->count; i++) {
        if (sic_pattern_matches(patterns->words[i], text) ||
            (last && sic_pattern_matches(patterns->words[i], last + 1)))
            return true;
    }
    return false;
}

static bool does_owned_text_match(char *text, const struct sic_words *patterns)
{
    bool matches = does_text_match(text, patterns);

    free(text);
    return matches;
}

/* All names, those too that are not listed. */
static bool does_section_match(const struct sic_listing *listing, uint32_t index, const struct sic_words *patterns)
{
    const struct sic_section *section = sic_scan_section(&listing->scan, index);
    const struct sic_meaning *meaning = &listing->meaning;
    uint32_t count;
    const struct sic_key *keys = sic_object_names_find(&meaning->names, index, &count);

    if (does_owned_text_match(sic_section_name(&listing->scan, section), patterns) ||
        does_owned_text_match(sic_section_path(&listing->scan, &meaning->drives, section), patterns))
        return true;
    for (uint32_t i = 0; i < count; i++) {
        if (does_owned_text_match(sic_object_path(&meaning->names, (uint32_t)keys[i].value), patterns))
            return true;
    }
    return false;
}

/* A section can have many regions: its texts are looked at once. */
static bool does_name_match(const struct sic_listing *listing, const struct sic_region *region,
                            const struct sic_words *patterns, uint8_t *sections)
{
    uint8_t *answer = &sections[region->section];
    struct sic_memory memory;

    if (*answer == SIC_ANSWER_UNKNOWN)
        *answer = does_section_match(listing, region->section, patterns) ? SIC_ANSWER_YES : SIC_ANSWER_NO;
    if (*answer == SIC_ANSWER_YES)
        return true;
    sic_memory_judge(&listing->meaning, &listing->regions, region, &memory);
    return does_text_match(sic_known_memory_name(memory.known), patterns);
}

static bool is_named(const struct sic_listing *listing, uint32_t section)
{
    uint32_t count;

    return sic_object_names_find(&listing->meaning.names, section, &count) != NULL;
}

struct answers {
    bool *processes;   /* by process: passes --filter */
    uint8_t *sections; /* by section: enum sic_answer, whether a text of it passes --name */
};

/* What is cheap to tell comes first. */
static bool does_region_match(const struct sic_listing *listing, const struct sic_region *region,
                              const struct sic_selection *selection, const struct answers *answers)
{
    return does_kind_match(sic_scan_section(&listing->scan, region->section), selection->kinds) &&
           (!selection->named || is_named(listing, region->section)) &&
           (selection->filters.count == 0 || does_owner_match(listing, region, answers->processes)) &&
           (selection->minimum_processes <= 1 ||
            sic_region_processes(&listing->scan, &listing->regions, region) >= selection->minimum_processes) &&
           (!selection->writable ||
            sic_region_is_writable(&listing->scan, &listing->regions, region, &listing->shared_writable)) &&
           (selection->names.count == 0 || does_name_match(listing, region, &selection->names, answers->sections));
}

enum sic_status sic_listing_select(struct sic_listing *listing, const struct sic_options *options,
                                   struct sic_error *error)
{
    const struct sic_selection *selection = &options->selection;
    struct answers answers = {
        .processes = calloc((size_t)listing->scan.processes.count + 1, sizeof(*answers.processes)),
        .sections = calloc((size_t)listing->scan.sections.count + 1, sizeof(*answers.sections)),
    };
    bool is_ready = answers.processes && answers.sections;

    listing->selected = calloc((size_t)listing->regions.count + 1, sizeof(*listing->selected));
    is_ready = is_ready && listing->selected;
    for (uint32_t i = 0; is_ready && i < listing->scan.processes.count; i++)
        answers.processes[i] = does_process_match(listing, i, &selection->filters);
    for (uint32_t i = 0; is_ready && i < listing->regions.count; i++) {
        listing->selected[i] = does_region_match(listing, &listing->regions.regions[i], selection, &answers);
        listing->selected_count += listing->selected[i];
    }
    listing->is_selection_short = (selection->named || selection->names.count > 0) && !listing->meaning.names.complete;
    free(answers.processes);
    free(answers.sections);
    if (!is_ready)
        return sic_error_set(error, SIC_NO_MEMORY, "out of memory; close other programs and try again");
    return SIC_OK;
}

bool sic_selection_is_empty(const struct sic_selection *selection)
{
    return selection->filters.count == 0 && selection->names.count == 0 && selection->kinds == 0 &&
           selection->minimum_processes <= 1 && !selection->writable && !selection->named;
}

/* By section: whether a process that passes has views, and how many processes have; behind them is room for as many. */
static void count_views(const struct sic_listing *listing, const struct sic_selection *selection, bool *has_owner,
                        uint32_t *processes)
{
    const struct sic_scan *scan = &listing->scan;
    uint32_t *last = processes + scan->sections.count;

    for (uint32_t i = 0; i < scan->sections.count; i++)
        last[i] = SIC_NONE;
    for (uint32_t i = 0; i < scan->processes.count; i++) {
        const struct sic_process *process = sic_scan_process(scan, i);
        bool passes = does_process_match(listing, i, &selection->filters);

        for (uint32_t j = process->first_view; j < process->first_view + process->view_count; j++) {
            uint32_t section = sic_scan_subsection(scan, sic_scan_view(scan, j)->subsection)->section;

            has_owner[section] = has_owner[section] || passes;
            processes[section] += last[section] != i;
            last[section] = i;
        }
    }
}

/* What nobody shares passes as a region would. */
static bool does_single_match(const struct sic_listing *listing, const struct sic_selection *selection,
                              uint32_t section, bool has_owner, uint32_t processes)
{
    return !selection->writable && does_kind_match(sic_scan_section(&listing->scan, section), selection->kinds) &&
           (!selection->named || is_named(listing, section)) && (selection->filters.count == 0 || has_owner) &&
           processes >= selection->minimum_processes &&
           (selection->names.count == 0 || does_section_match(listing, section, &selection->names));
}

bool sic_listing_select_sections(const struct sic_listing *listing, const struct sic_selection *selection,
                                 bool *sections)
{
    uint32_t count = listing->scan.sections.count;
    uint32_t *processes = calloc(2 * (size_t)count + 1, sizeof(*processes));
    bool *has_owner = calloc((size_t)count + 1, sizeof(*has_owner));
    bool *has_region = calloc((size_t)count + 1, sizeof(*has_region)), done = processes && has_owner && has_region;

    if (done)
        count_views(listing, selection, has_owner, processes);
    for (uint32_t i = 0; done && i < count; i++)
        sections[i] = false;
    for (uint32_t i = 0; done && i < listing->regions.count; i++) {
        uint32_t section = listing->regions.regions[i].section;

        if (!sic_region_is_shared(&listing->scan, &listing->regions.regions[i]))
            continue;
        has_region[section] = true;
        sections[section] = sections[section] || listing->selected[i];
    }
    for (uint32_t i = 0; done && i < count; i++)
        sections[i] =
            has_region[i] ? sections[i] : does_single_match(listing, selection, i, has_owner[i], processes[i]);
    free(processes);
    free(has_owner);
    free(has_region);
    return done;
}

void sic_listing_select_processes(const struct sic_listing *listing, const struct sic_selection *selection,
                                  bool *processes)
{
    for (uint32_t i = 0; i < listing->scan.processes.count; i++)
        processes[i] = does_process_match(listing, i, &selection->filters);
}
