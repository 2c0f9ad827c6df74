#include "cli/cross.h"

#include "cli/text.h"
#include "crossing/sentence.h"
#include "meaning/unread.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

/* Processes of a side that have a line; more are for --json, with --details as many as the crossing lists. */
#define PROCESS_LINES 4u

struct sic_crossing_request sic_cross_request(const struct sic_listing *listing)
{
    return (struct sic_crossing_request){.scan = &listing->scan,
                                         .meaning = &listing->meaning,
                                         .regions = &listing->regions,
                                         .parts = &listing->shared_writable,
                                         .selected = listing->selected};
}

/* Whether something that crossings rest on was not read. */
static bool is_short(const struct sic_listing *listing)
{
    struct sic_unread unread;

    sic_unread_count(&listing->meaning, &unread);
    return unread.object_directories || unread.handle_tables > 0 || unread.tokens > 0;
}

bool sic_cross_find_all(struct sic_listing *listing)
{
    struct sic_crossing_request request = sic_cross_request(listing);

    request.selected = NULL;
    listing->is_crossing_short = is_short(listing);
    return sic_crossings_find(&request, &listing->crossings);
}

bool sic_cross_select(struct sic_listing *listing)
{
    struct sic_crossing_request request = sic_cross_request(listing);

    if (!sic_crossings_find(&request, &listing->crossings))
        return false;
    for (uint32_t i = 0; i < listing->regions.count; i++)
        listing->selected[i] = false;
    listing->selected_count = 0;
    for (uint32_t i = 0; i < listing->crossings.count; i++) {
        uint32_t region = listing->crossings.crossings[i].region;

        listing->selected_count += !listing->selected[region];
        listing->selected[region] = true;
    }
    listing->is_crossing_short = is_short(listing);
    return true;
}

/* What only a file's ACL could decide is nearly everywhere: its sentences are for those who want all. */
static bool is_shown(const struct sic_crossing *crossing, const struct sic_options *options)
{
    return crossing->way != SIC_CROSSING_FILE || options->details || options->explain;
}

static void put_side(const struct sic_listing *listing, const char *title, const struct sic_crossing_side *side,
                     bool with_details, struct sic_output *output)
{
    const uint32_t *processes = listing->crossings.processes.elements;
    const struct sic_crossing_list *list = &side->processes;
    uint32_t shown = with_details || list->listed <= PROCESS_LINES ? list->listed : PROCESS_LINES;
    const struct sic_trust trust = sic_trust_of_class(side->trust);
    char words[SIC_TRUST_TEXT_SIZE];

    if (!with_details && list->count <= SIC_SENTENCE_PROCESSES)
        return;
    for (uint32_t i = 0; i < shown; i++) {
        const struct sic_process *process = sic_scan_process(&listing->scan, processes[list->first + i]);

        sic_output_format(output, "    %s: ", title);
        sic_output_text(output, listing->names[processes[list->first + i]]);
        sic_output_format(output, " (PID: %" PRIu64 ", EPROCESS: %016" PRIx64 ") %s\n", process->id,
                          process->eprocess_va, sic_trust_format(&trust, words));
    }
    if (trust.is_kernel)
        sic_output_format(output, "    %s: kernel\n", title);
    if (shown < list->count)
        sic_output_format(output, "    %s: %u more\n", title, list->count - shown);
}

static bool put_crossing(const struct sic_listing *listing, const struct sic_crossing *crossing, bool with_details,
                         struct sic_output *output)
{
    struct sic_crossing_request request = sic_cross_request(listing);
    char *sentence = sic_crossing_sentence(&request, &listing->crossings, crossing, listing->names);

    if (!sentence)
        return false;
    sic_output_text(output, "  Crossing: ");
    sic_output_text(output, sentence);
    sic_output_text(output, "\n");
    free(sentence);
    put_side(listing, crossing->way == SIC_CROSSING_VIEW ? "Writes" : "Could write", &crossing->writers, with_details,
             output);
    put_side(listing, "Shows", &crossing->readers, with_details, output);
    return true;
}

static bool put_region(const struct sic_listing *listing, const struct sic_options *options, uint32_t region,
                       const uint32_t *next, uint32_t first, bool with_color, struct sic_output *output)
{
    sic_text_put_region_head(listing, &listing->regions.regions[region], options->details || options->explain,
                             with_color, output);
    for (uint32_t i = first; i != SIC_NONE; i = next[i]) {
        const struct sic_crossing *crossing = &listing->crossings.crossings[i];

        if (is_shown(crossing, options) &&
            !put_crossing(listing, crossing, options->details || options->explain, output))
            return false;
    }
    return true;
}

static void put_summary(const struct sic_listing *listing, const struct sic_options *options, uint32_t regions,
                        struct sic_output *output)
{
    const struct sic_crossings *crossings = &listing->crossings;
    uint32_t counts[2] = {0}, unknown = 0;

    for (uint32_t i = 0; i < crossings->count; i++) {
        const struct sic_crossing *crossing = &crossings->crossings[i];

        if (crossing->is_certain)
            counts[crossing->way != SIC_CROSSING_VIEW]++;
        else
            unknown += is_shown(crossing, options);
    }
    sic_output_format(output, "Crossings: %u are there, %u could be, %u are uncertain, in %u region%s", counts[0],
                      counts[1], unknown, regions, regions == 1 ? "" : "s");
    if (crossings->files_unknown > 0 && !(options->details || options->explain))
        sic_output_format(output, "; %u more that only a file's access control list decides, which is not in memory",
                          crossings->files_unknown);
    if (crossings->processes_unknown > 0)
        sic_output_format(output, "; %u process%s whose token was not, or not wholly, read",
                          crossings->processes_unknown, crossings->processes_unknown == 1 ? "" : "es");
    if (crossings->names_unjudged > 0)
        sic_output_format(output, "; %u name%s not judged", crossings->names_unjudged,
                          crossings->names_unjudged == 1 ? "" : "s");
    if (crossings->left_out > 0)
        sic_output_format(output, "; %u more crossings not kept", crossings->left_out);
    sic_output_text(output, "\n");
}

/* Links the crossings of a region behind its first, which is its widest. */
static uint32_t *link_by_region(const struct sic_listing *listing, uint32_t *firsts)
{
    const struct sic_crossings *crossings = &listing->crossings;
    uint32_t *next = malloc(((size_t)crossings->count + 1) * sizeof(*next));

    for (uint32_t i = 0; i < listing->regions.count; i++)
        firsts[i] = SIC_NONE;
    for (uint32_t i = crossings->count; next && i-- > 0;) {
        next[i] = firsts[crossings->crossings[i].region];
        firsts[crossings->crossings[i].region] = i;
    }
    return next;
}

/* Whether the text shows something of the region. */
static bool has_shown(const struct sic_listing *listing, const struct sic_options *options, const uint32_t *next,
                      uint32_t first)
{
    for (uint32_t i = first; i != SIC_NONE; i = next[i]) {
        if (is_shown(&listing->crossings.crossings[i], options))
            return true;
    }
    return false;
}

bool sic_cross_print(const struct sic_listing *listing, const struct sic_options *options, bool with_color,
                     struct sic_output *output)
{
    uint32_t *firsts = malloc(((size_t)listing->regions.count + 1) * sizeof(*firsts));
    uint32_t *next = firsts ? link_by_region(listing, firsts) : NULL;
    uint32_t regions = 0;
    bool printed = next != NULL;

    for (uint32_t i = 0; printed && i < listing->crossings.count; i++) {
        uint32_t region = listing->crossings.crossings[i].region, first = firsts[region];

        /* A region stands where its widest gap does. */
        firsts[region] = SIC_NONE;
        if (first == SIC_NONE || !has_shown(listing, options, next, first))
            continue;
        regions++;
        printed = put_region(listing, options, region, next, first, with_color, output);
    }
    if (printed)
        put_summary(listing, options, regions, output);
    free(firsts);
    free(next);
    return printed;
}
