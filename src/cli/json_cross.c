#include "cli/cross.h"

#include "crossing/sentence.h"

#include <stdlib.h>

static void put_answer(struct sic_json *json, const char *key, enum sic_answer answer)
{
    if (answer == SIC_ANSWER_UNKNOWN)
        sic_json_string(json, key, NULL);
    else
        sic_json_bool(json, key, answer == SIC_ANSWER_YES);
}

static void put_process(struct sic_json *json, const struct sic_listing *listing, uint32_t index)
{
    const struct sic_process *process = sic_scan_process(&listing->scan, index);

    sic_json_id(json, "pid", process->id);
    sic_json_string(json, "process", listing->names[index]);
    sic_json_address(json, "eprocess", process->eprocess_va);
}

static void put_side(struct sic_json *json, const char *key, const struct sic_listing *listing,
                     const struct sic_crossing_side *side)
{
    const uint32_t *processes = listing->crossings.processes.elements;
    const struct sic_trust trust = sic_trust_of_class(side->trust);

    sic_json_open_object(json, key);
    sic_json_bool(json, "kernel", trust.is_kernel);
    if (!trust.is_kernel) {
        put_answer(json, "protected", trust.is_protected);
        sic_json_string(json, "integrity", trust.level == SIC_TRUST_UNKNOWN ? NULL : sic_trust_level_name(trust.level));
        put_answer(json, "app_container", trust.is_in_container);
    }
    sic_json_number(json, "process_count", side->processes.count);
    sic_json_open_array(json, "processes");
    for (uint32_t i = 0; i < side->processes.listed; i++) {
        sic_json_open_object(json, NULL);
        put_process(json, listing, processes[side->processes.first + i]);
        sic_json_close_object(json);
    }
    sic_json_close_array(json);
    sic_json_close_object(json);
}

static void put_gap(struct sic_json *json, const struct sic_crossing *crossing)
{
    const struct sic_trust_gap *gap = &crossing->gap;

    if (crossing->relation == SIC_CROSSING_UNKNOWN) {
        sic_json_string(json, "gap", NULL);
        return;
    }
    sic_json_open_object(json, "gap");
    sic_json_number(json, "width", crossing->width);
    sic_json_bool(json, "kernel", gap->is_kernel);
    sic_json_bool(json, "protection", gap->is_protection);
    sic_json_number(json, "integrity_levels", gap->levels);
    sic_json_bool(json, "app_container", gap->is_container);
    sic_json_bool(json, "user", gap->is_user);
    sic_json_bool(json, "session", gap->is_session);
    sic_json_close_object(json);
}

static void put_views(struct sic_json *json, const struct sic_listing *listing, const struct sic_crossing *crossing)
{
    const uint32_t *views = listing->crossings.views.elements;

    sic_json_number(json, "view_count", crossing->views.count);
    sic_json_open_array(json, "views");
    for (uint32_t i = 0; i < crossing->views.listed; i++) {
        const struct sic_view *view = sic_scan_view(&listing->scan, views[crossing->views.first + i]);

        sic_json_open_object(json, NULL);
        put_process(json, listing, view->process);
        sic_json_address(json, "start", sic_view_start_va(view));
        sic_json_address(json, "end", (view->end_vpn << 12) + 0xfff);
        sic_json_string(json, "protection", sic_protection_text(view->protection));
        sic_json_close_object(json);
    }
    sic_json_close_array(json);
}

static void put_handles(struct sic_json *json, const struct sic_listing *listing, const struct sic_crossing *crossing)
{
    const uint32_t *handles = listing->crossings.handles.elements;
    char rights[SIC_ACCESS_TEXT_SIZE];

    sic_json_number(json, "handle_count", crossing->handles.count);
    sic_json_open_array(json, "handles");
    for (uint32_t i = 0; i < crossing->handles.listed; i++) {
        const struct sic_handle *handle =
            (const struct sic_handle *)listing->scan.handles.elements + handles[crossing->handles.first + i];

        sic_access_format(handle->access, rights);
        sic_json_open_object(json, NULL);
        put_process(json, listing, handle->process);
        sic_json_number(json, "value", handle->value);
        sic_json_number(json, "access", handle->access);
        sic_json_string(json, "rights", rights);
        sic_json_close_object(json);
    }
    sic_json_close_array(json);
}

static void put_names(struct sic_json *json, const struct sic_listing *listing, const struct sic_crossing *crossing)
{
    const struct sic_crossing_name *names = listing->crossings.names.elements;

    sic_json_open_array(json, "names");
    for (uint32_t i = 0; i < crossing->names.listed; i++) {
        const struct sic_crossing_name *name = &names[crossing->names.first + i];
        char *path = sic_object_path(&listing->meaning.names, name->name);

        sic_json_open_object(json, NULL);
        sic_json_string(json, "path", path);
        put_answer(json, "opens", name->access.answer);
        sic_json_string(json, "reason", sic_access_reason_token(name->access.reason));
        sic_json_number(json, "process_count", name->processes);
        sic_json_close_object(json);
        free(path);
    }
    sic_json_close_array(json);
}

static void put_evidence(struct sic_json *json, const struct sic_listing *listing, const struct sic_crossing *crossing)
{
    sic_json_open_object(json, "evidence");
    if (crossing->pages.pages > 0) {
        sic_json_number(json, "pages", crossing->pages.pages);
        sic_json_number(json, "page_ranges", crossing->pages.range_count);
    } else {
        sic_json_string(json, "pages", NULL);
        sic_json_string(json, "page_ranges", NULL);
    }
    put_views(json, listing, crossing);
    put_handles(json, listing, crossing);
    put_names(json, listing, crossing);
    sic_json_close_object(json);
}

void sic_cross_put_judgement(struct sic_json *json, const struct sic_listing *listing,
                             const struct sic_crossing *crossing)
{
    static const char *const ways[] = {"view", "handle", "name", "file"};
    static const char *const relations[] = {"less", "apart", "unknown"};
    struct sic_crossing_request request = sic_cross_request(listing);
    char *sentence = sic_crossing_sentence(&request, &listing->crossings, crossing, listing->names);

    sic_json_string(json, "kind", crossing->way == SIC_CROSSING_VIEW ? "has" : "could");
    sic_json_string(json, "way", ways[crossing->way]);
    sic_json_bool(json, "certain", crossing->is_certain);
    sic_json_string(json, "relation", relations[crossing->relation]);
    sic_json_string(json, "reason", sentence);
    free(sentence);
}

void sic_cross_put_sides(struct sic_json *json, const struct sic_listing *listing, const struct sic_crossing *crossing)
{
    put_gap(json, crossing);
    put_side(json, "writers", listing, &crossing->writers);
    put_side(json, "readers", listing, &crossing->readers);
}

static void put_crossing(struct sic_json *json, const struct sic_listing *listing, const struct sic_crossing *crossing,
                         const uint32_t *numbers)
{
    sic_json_open_object(json, NULL);
    sic_cross_put_judgement(json, listing, crossing);
    sic_json_number(json, "region", numbers[crossing->region]);
    sic_cross_put_sides(json, listing, crossing);
    put_evidence(json, listing, crossing);
    sic_json_close_object(json);
}

void sic_cross_put_json(struct sic_json *json, const struct sic_listing *listing, const uint32_t *numbers)
{
    sic_json_open_array(json, "crossings");
    for (uint32_t i = 0; i < listing->crossings.count; i++)
        put_crossing(json, listing, &listing->crossings.crossings[i], numbers);
    sic_json_close_array(json);
    sic_json_open_object(json, "crossings_unknown");
    sic_json_number(json, "processes", listing->crossings.processes_unknown);
    sic_json_number(json, "names", listing->crossings.names_unjudged);
    sic_json_number(json, "left_out", listing->crossings.left_out);
    sic_json_close_object(json);
}
