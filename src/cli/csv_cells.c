#include "cli/csv_cells.h"

#include "cli/name_list.h"
#include "meaning/file_path.h"
#include "meaning/identity.h"
#include "meaning/memory.h"
#include "meaning/rights.h"
#include "meaning/sid.h"
#include "meaning/time.h"

#include <stdio.h>
#include <stdlib.h>

#define UNKNOWN SIC_CSV_UNKNOWN

const char *sic_csv_answer(enum sic_answer answer)
{
    static const char *const texts[] = {UNKNOWN, "no", "yes"};

    return texts[answer];
}

static void put_owned_text(struct sic_csv *csv, char *text, const char *otherwise)
{
    if (text)
        sic_csv_text(csv, text);
    else
        sic_csv_word(csv, otherwise);
    free(text);
}

static void put_path(struct sic_csv *csv, const struct sic_listing *listing, const struct sic_section *section)
{
    switch (sic_section_path_state(&listing->scan, &listing->meaning.drives, section)) {
    case SIC_PATH_NONE:
        sic_csv_word(csv, NULL);
        break;
    case SIC_PATH_FULL:
    case SIC_PATH_DEVICE:
        put_owned_text(csv, sic_section_path(&listing->scan, &listing->meaning.drives, section), UNKNOWN);
        break;
    case SIC_PATH_UNKNOWN_DEVICE:
    case SIC_PATH_UNKNOWN_FOLDER:
        put_owned_text(csv, sic_section_name(&listing->scan, section), UNKNOWN);
        break;
    default:
        sic_csv_word(csv, UNKNOWN);
    }
}

/* Several names stand side by side, " | " between them. */
static void put_names(struct sic_csv *csv, const struct sic_object_names *names, uint32_t section)
{
    struct sic_name_list list;
    const char *separator = "";
    char *path, rest[40];

    /* Each name takes its separator with it, of which three bytes; the end's zero counts for the first. */
    sic_name_list_begin(&list, names, section, SIC_CSV_NAMES_SIZE);
    if (list.count == 0) {
        sic_csv_word(csv, names->complete ? NULL : UNKNOWN);
        return;
    }
    sic_csv_open_cell(csv);
    while (sic_name_list_next(&list, &path)) {
        sic_csv_continue(csv, separator);
        sic_csv_continue(csv, list.is_outside ? SIC_OUTSIDE_LABEL : "");
        sic_csv_continue(csv, path ? path : UNKNOWN);
        separator = " | ";
        free(path);
    }
    if (list.next < list.count) {
        snprintf(rest, sizeof(rest), "%sand %u more names", separator, list.count - list.next);
        sic_csv_continue(csv, rest);
    }
    sic_csv_close_cell(csv);
}

void sic_csv_put_region(struct sic_csv *csv, const struct sic_listing *listing, const struct sic_region *region,
                        const struct sic_summary *summary)
{
    const struct sic_section *section = sic_scan_section(&listing->scan, region->section);
    uint32_t handles;

    sic_csv_address(csv, region->prototype_pte);
    sic_csv_address(csv, section->control_area_va);
    sic_csv_word(csv, sic_section_kind_token(section));
    if (section->flags & (SIC_SECTION_UNREAD | SIC_SECTION_SIZE_UNKNOWN))
        sic_csv_word(csv, UNKNOWN);
    else
        sic_csv_number(csv, section->size);
    sic_csv_word(csv, section->flags & SIC_SECTION_UNREAD        ? UNKNOWN
                      : section->flags & SIC_SECTION_LARGE_PAGES ? "yes"
                                                                 : "no");
    put_path(csv, listing, section);
    put_names(csv, &listing->meaning.names, region->section);
    sic_csv_word(csv, sic_known_memory_name(summary->known));
    sic_csv_word(csv, summary->is_writable ? "yes" : "no");
    sic_csv_number(csv, summary->processes);
    sic_handles_find(&listing->meaning.handles, region->section, &handles);
    if (handles > 0 || listing->meaning.handles.complete)
        sic_csv_number(csv, handles);
    else
        sic_csv_word(csv, UNKNOWN);
}

void sic_csv_put_counts(struct sic_csv *csv, const struct sic_section *section)
{
    bool is_known = !(section->flags & SIC_SECTION_UNREAD);

    if (is_known) {
        sic_csv_address(csv, section->control_area_flags);
        sic_csv_number(csv, section->mapped_views);
        sic_csv_number(csv, section->section_references);
    }
    for (unsigned i = 0; !is_known && i < 3; i++)
        sic_csv_word(csv, UNKNOWN);
    sic_csv_number(csv, section->view_count);
}

static void put_user(struct sic_csv *csv, const struct sic_scan *scan, const struct sic_token *token)
{
    const struct sic_sid *user = sic_token_user(scan, token);
    char text[SIC_SID_TEXT_SIZE], name[SIC_SID_NAME_SIZE];
    bool is_known = user && sic_sid_format(scan, user->sid, text);

    sic_csv_word(csv, is_known ? text : UNKNOWN);
    sic_csv_word(csv, is_known && sic_sid_name(text, name) ? name : NULL);
}

static void put_container(struct sic_csv *csv, const struct sic_scan *scan, const struct sic_token *token)
{
    char text[SIC_SID_TEXT_SIZE];
    enum sic_answer is_container = sic_token_is_app_container(token);

    if (is_container != SIC_ANSWER_YES)
        sic_csv_word(csv, sic_csv_answer(is_container));
    else
        sic_csv_word(csv, sic_sid_format(scan, token->package, text) ? text : "yes");
    sic_csv_word(csv, sic_csv_answer(sic_token_is_low_privilege(token)));
}

void sic_csv_put_process(struct sic_csv *csv, const struct sic_listing *listing, uint32_t index)
{
    const struct sic_scan *scan = &listing->scan;
    const struct sic_process *process = sic_scan_process(scan, index);
    const struct sic_token *token = sic_process_token(scan, process);
    char time[SIC_TIME_TEXT_SIZE], integrity[SIC_INTEGRITY_TEXT_SIZE], protection[SIC_PROTECTED_TEXT_SIZE];

    sic_csv_word(csv, "process");
    sic_csv_text(csv, listing->names[index]);
    sic_csv_number(csv, process->id);
    sic_csv_address(csv, process->eprocess_va);
    put_owned_text(csv, sic_process_path(scan, &listing->meaning.drives, process), UNKNOWN);
    sic_csv_number(csv, process->parent_id);
    sic_csv_word(csv, sic_time_format(process->create_time, time) ? time : UNKNOWN);
    if (token && token->session_id != SIC_NONE)
        sic_csv_number(csv, token->session_id);
    else
        sic_csv_word(csv, UNKNOWN);
    put_user(csv, scan, token);
    sic_csv_word(csv, sic_integrity_text(token, integrity));
    put_container(csv, scan, token);
    sic_csv_word(csv, sic_protected_text(process, protection));
    sic_csv_word(csv, sic_csv_answer(sic_process_is_wow64(process)));
    sic_csv_word(csv, sic_csv_answer(sic_process_is_exiting(process)));
}
