#include "cli/difference_text.h"

#include "cli/cross.h"
#include "cli/difference_words.h"
#include "cli/origin.h"
#include "crossing/sentence.h"
#include "meaning/file_path.h"
#include "meaning/identity.h"
#include "meaning/sid.h"
#include "meaning/time.h"
#include "util/escape.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

static const char *const side_names[2] = {"OLD", "NEW"};

void sic_difference_text_begin(const struct sic_difference_text *text, unsigned depth, enum sic_change change)
{
    static const char *const colors[] = {"\033[1;32m", "\033[1;31m", "\033[1;33m"};
    static const char signs[] = "+-~";

    sic_output_format(text->output, "%*s%s%c%s ", (int)(4 * depth), "", text->with_color ? colors[change] : "",
                      signs[change], text->with_color ? "\033[0m" : "");
}

void sic_difference_text_end(const struct sic_difference_text *text, enum sic_change change, bool is_certain)
{
    static const char *const reasons[] = {
        " (maybe: something could not be read in OLD)",
        " (maybe: something could not be read in NEW)",
        " (maybe: something could not be read)",
    };

    sic_output_text(text->output, is_certain ? "\n" : reasons[change]);
    if (!is_certain)
        sic_output_text(text->output, "\n");
}

void sic_difference_text_put_process(const struct sic_difference_text *text, unsigned side, uint32_t index)
{
    const struct sic_process *process = sic_scan_process(&text->listings[side]->scan, index);

    sic_output_text(text->output, text->listings[side]->names[index]);
    sic_output_format(text->output, " (PID: %" PRIu64 ", EPROCESS: %016" PRIx64 ")", process->id, process->eprocess_va);
}

static void put_side(struct sic_difference_text *text, unsigned side, const char *name)
{
    const struct sic_listing *listing = text->listings[side];
    char pdb[SIC_PDB_REFERENCE_TEXT_SIZE], *shown = name ? malloc(strlen(name) * SIC_ESCAPE_UNIT_SIZE + 1) : NULL;

    sic_output_text(text->output, side_names[side]);
    if (shown) {
        sic_escape_bytes((const uint8_t *)name, strlen(name), shown);
        sic_output_text(text->output, " ");
        sic_output_text(text->output, shown);
    }
    text->failed = text->failed || (name && !shown);
    free(shown);
    sic_origin_pdb(&listing->origin, pdb);
    sic_output_format(text->output, ": %s%s; Windows build %u, %s\n",
                      listing->image || listing->is_live ? "" : "saved scan of a ", listing->origin.container,
                      listing->origin.build, pdb);
}

static void put_head(struct sic_difference_text *text)
{
    const struct sic_difference *difference = &text->comparison->difference;

    put_side(text, 0, text->comparison->old_name);
    put_side(text, 1, text->comparison->new_name);
    if (difference->basis == SIC_DIFFERENCE_BY_START)
        sic_output_format(text->output, "Same boot (%s): processes are matched by pid and start time.\n",
                          difference->basis_reason);
}

/* Said without a head too: otherwise it would be taken for a machine in which all is new. */
static void put_by_path(const struct sic_difference_text *text)
{
    const struct sic_difference *difference = &text->comparison->difference;

    if (difference->basis == SIC_DIFFERENCE_BY_PATH)
        sic_output_format(text->output, "By path (%s): processes are matched by their paths.\n",
                          difference->basis_reason);
}

static void put_counts(const struct sic_difference_text *text, const struct sic_difference_counts *counts)
{
    sic_output_format(text->output, "%u came, %u went, %u changed", counts->by_change[SIC_CAME],
                      counts->by_change[SIC_WENT], counts->by_change[SIC_CHANGED]);
}

static void put_user(const struct sic_difference_text *text, const struct sic_listing *listing, uint32_t index)
{
    const struct sic_scan *scan = &listing->scan;
    const struct sic_sid *user = sic_token_user(scan, sic_process_token(scan, sic_scan_process(scan, index)));
    char sid[SIC_SID_TEXT_SIZE], name[SIC_SID_NAME_SIZE];

    if (!user || !sic_sid_format(scan, user->sid, sid))
        sic_output_text(text->output, "unknown");
    else
        sic_output_text(text->output, sic_sid_name(sid, name) ? name : sid);
}

static const char *answer_text(enum sic_answer answer)
{
    static const char *const texts[] = {"unknown", "no", "yes"};

    return texts[answer];
}

/* One fact of a process as it is on a side. */
static void put_fact(const struct sic_difference_text *text, unsigned side, uint32_t index, uint32_t what)
{
    const struct sic_listing *listing = text->listings[side];
    const struct sic_process *process = sic_scan_process(&listing->scan, index);
    const struct sic_token *token = sic_process_token(&listing->scan, process);
    char integrity[SIC_INTEGRITY_TEXT_SIZE], protection[SIC_PROTECTED_TEXT_SIZE];

    switch (what) {
    case SIC_PROCESS_CHANGE_EXITED:
        sic_output_text(text->output, process->flags & SIC_PROCESS_EXITED ? "yes" : "no");
        break;
    case SIC_PROCESS_CHANGE_EXITING:
        sic_output_text(text->output, answer_text(sic_process_is_exiting(process)));
        break;
    case SIC_PROCESS_CHANGE_LISTED:
        sic_output_text(text->output, process->flags & SIC_PROCESS_UNLISTED ? "no" : "yes");
        break;
    case SIC_PROCESS_CHANGE_INTEGRITY:
        sic_output_text(text->output, sic_integrity_text(token, integrity));
        break;
    case SIC_PROCESS_CHANGE_PROTECTION:
        sic_output_text(text->output, sic_protected_text(process, protection));
        break;
    case SIC_PROCESS_CHANGE_CONTAINER:
        sic_output_text(text->output, answer_text(sic_token_is_app_container(token)));
        break;
    case SIC_PROCESS_CHANGE_USER:
        put_user(text, listing, index);
        break;
    default:
        sic_output_format(text->output, "%u", token ? token->session_id : 0);
        break;
    }
}

/* ": integrity low -> medium, exited no -> yes" */
static void put_facts(const struct sic_difference_text *text, const struct sic_process_change *change)
{
    static const char *const titles[SIC_PROCESS_CHANGE_COUNT] = {
        "exited", "exiting", "in the process list", "integrity", "protection", "AppContainer", "user", "session",
    };
    const char *separator = ": ";

    for (unsigned i = 0; i < SIC_PROCESS_CHANGE_COUNT; i++) {
        if (!(change->what >> i & 1))
            continue;
        sic_output_format(text->output, "%s%s ", separator, titles[i]);
        put_fact(text, 0, change->old_index, 1u << i);
        sic_output_text(text->output, " -> ");
        put_fact(text, 1, change->new_index, 1u << i);
        separator = ", ";
    }
}

/* " started 2020-06-30T23:13:31Z, C:\Windows\System32\calc.exe, 1 view" */
static void put_start(const struct sic_difference_text *text, unsigned side, uint32_t index)
{
    const struct sic_listing *listing = text->listings[side];
    const struct sic_process *process = sic_scan_process(&listing->scan, index);
    char time[SIC_TIME_TEXT_SIZE];
    char *path = sic_process_path(&listing->scan, &listing->meaning.drives, process);

    if (sic_time_format(process->create_time, time))
        sic_output_format(text->output, " started %s,", time);
    if (path) {
        sic_output_text(text->output, " ");
        sic_output_text(text->output, path);
        sic_output_text(text->output, ",");
    }
    free(path);
    sic_output_format(text->output, " %u view%s", process->view_count, process->view_count == 1 ? "" : "s");
}

/* Some of those of a path: which ones is not known. */
static void put_some_of_path(struct sic_difference_text *text, const struct sic_process_change *change)
{
    const struct sic_process_class *record =
        (const struct sic_process_class *)text->comparison->difference.classes.elements + change->class_index;
    unsigned side = change->new_index != SIC_NONE;
    uint32_t index = side ? change->new_index : change->old_index;
    const struct sic_listing *listing = text->listings[side];
    char *path = sic_process_path(&listing->scan, &listing->meaning.drives, sic_scan_process(&listing->scan, index));

    sic_output_text(text->output, path ? path : listing->names[index]);
    sic_output_format(text->output, ": %u -> %u processes", record->old_count, record->new_count);
    free(path);
}

static void put_process(struct sic_difference_text *text, const struct sic_process_change *change)
{
    unsigned side = change->new_index != SIC_NONE;
    uint32_t index = side ? change->new_index : change->old_index;

    sic_difference_text_begin(text, 0, change->change);
    if (change->change == SIC_CHANGED) {
        sic_difference_text_put_process(text, side, index);
        put_facts(text, change);
    } else if (change->is_exact) {
        sic_difference_text_put_process(text, side, index);
        put_start(text, side, index);
    } else {
        put_some_of_path(text, change);
    }
    sic_difference_text_end(text, change->change, change->is_certain);
}

static void put_processes(struct sic_difference_text *text)
{
    const struct sic_difference *difference = &text->comparison->difference;
    const struct sic_process_change *changes = difference->processes.elements;
    bool *is_told = calloc((size_t)difference->classes.count + 1, sizeof(*is_told));

    text->failed = text->failed || !is_told;
    sic_output_text(text->output, "\nProcesses: ");
    put_counts(text, &difference->process_counts);
    sic_output_text(text->output, "\n");
    for (uint32_t i = 0; is_told && i < difference->processes.count; i++) {
        /* Those of which nobody knows which they are have one line. */
        if (changes[i].is_exact || changes[i].change == SIC_CHANGED || !is_told[changes[i].class_index])
            put_process(text, &changes[i]);
        is_told[changes[i].class_index] = is_told[changes[i].class_index] || !changes[i].is_exact;
    }
    free(is_told);
}

static const struct sic_crossing *crossing_at(const struct sic_difference_text *text, unsigned side, uint32_t index)
{
    return &text->listings[side]->crossings.crossings[index];
}

static void put_sentence(struct sic_difference_text *text, unsigned side, uint32_t index)
{
    const struct sic_listing *listing = text->listings[side];
    struct sic_crossing_request request = sic_cross_request(listing);
    char *sentence =
        sic_crossing_sentence(&request, &listing->crossings, crossing_at(text, side, index), listing->names);

    text->failed = text->failed || !sentence;
    sic_output_text(text->output, sentence ? sentence : "");
    free(sentence);
}

/* The sentence, and whose memory it is. Of a changed one what it was before. */
static void put_crossing(struct sic_difference_text *text, const struct sic_crossing_change *change)
{
    unsigned side = change->new_index != SIC_NONE;
    uint32_t index = side ? change->new_index : change->old_index;
    const struct sic_listing *listing = text->listings[side];
    uint32_t section = listing->regions.regions[crossing_at(text, side, index)->region].section;
    char *title = sic_section_title(listing, section);

    sic_difference_text_begin(text, 0, change->change);
    put_sentence(text, side, index);
    sic_output_format(text->output, " In: %s", sic_section_kind(sic_scan_section(&listing->scan, section)));
    if (title) {
        sic_output_text(text->output, " ");
        sic_output_text(text->output, title);
    }
    free(title);
    if (change->change == SIC_CHANGED && !sic_difference_text_put_crossers(text, change)) {
        sic_output_text(text->output, "; before: ");
        put_sentence(text, 0, change->old_index);
    }
    /* What was not read may be the tokens of those who cross: on the side that has the crossing. */
    sic_difference_text_end(text, SIC_CHANGED, change->is_certain);
}

/* What only a file's ACL could decide is nearly everywhere: its sentences are for those who want all. */
static bool is_crossing_shown(const struct sic_difference_text *text, const struct sic_crossing_change *change)
{
    return text->with_details ||
           (change->old_index != SIC_NONE && crossing_at(text, 0, change->old_index)->way != SIC_CROSSING_FILE) ||
           (change->new_index != SIC_NONE && crossing_at(text, 1, change->new_index)->way != SIC_CROSSING_FILE);
}

static void put_crossings(struct sic_difference_text *text)
{
    const struct sic_difference *difference = &text->comparison->difference;
    const struct sic_crossing_change *changes = difference->crossings.elements;
    uint32_t hidden = 0;

    for (uint32_t i = 0; i < difference->crossings.count; i++)
        hidden += !is_crossing_shown(text, &changes[i]);
    sic_output_text(text->output, "\nCrossings: ");
    put_counts(text, &difference->crossing_counts);
    if (hidden > 0)
        sic_output_format(text->output, "; %u of them only a file's access control list decides: see --details",
                          hidden);
    sic_output_text(text->output, "\n");
    for (uint32_t i = 0; i < difference->crossings.count; i++) {
        if (is_crossing_shown(text, &changes[i]))
            put_crossing(text, &changes[i]);
    }
}

bool sic_comparison_print_text(const struct sic_comparison *comparison, const struct sic_options *options,
                               bool with_head, bool with_color, struct sic_output *output)
{
    struct sic_difference_text text = {
        .comparison = comparison,
        .listings = {comparison->old_listing, comparison->new_listing},
        .with_details = options->details,
        .with_color = with_color,
        .output = output,
    };

    if (with_head)
        put_head(&text);
    put_by_path(&text);
    if (!comparison->difference.is_different) {
        sic_output_text(output, sic_comparison_is_complete(comparison)
                                    ? "Nothing differs.\n"
                                    : "Nothing was found to differ, but not all could be read.\n");
        return !text.failed;
    }
    if (!sic_difference_text_list_classes(&text)) {
        free(text.classes[0]);
        free(text.classes[1]);
        return false;
    }
    put_processes(&text);
    /* Crossings are few, and what people look for; memory can be long. */
    put_crossings(&text);
    sic_difference_text_put_memory(&text);
    free(text.classes[0]);
    free(text.classes[1]);
    return !text.failed;
}
