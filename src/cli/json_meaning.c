#include "cli/json_meaning.h"

#include "cli/name_list.h"
#include "cli/text_meaning.h"
#include "meaning/file_path.h"
#include "meaning/identity.h"
#include "meaning/memory.h"
#include "meaning/page.h"
#include "meaning/rights.h"
#include "meaning/sid.h"
#include "meaning/time.h"
#include "sharing/kernel_view.h"
#include "util/escape.h"

#include <stdio.h>
#include <stdlib.h>

/* A section has one name or two. */
#define NAMES_AS_EVIDENCE 16u

static void put_answer(struct sic_json *json, const char *key, enum sic_answer answer)
{
    if (answer == SIC_ANSWER_UNKNOWN)
        sic_json_string(json, key, NULL);
    else
        sic_json_bool(json, key, answer == SIC_ANSWER_YES);
}

static void put_owned_string(struct sic_json *json, const char *key, char *text)
{
    sic_json_string(json, key, text);
    free(text);
}

/* {"sid", "name"}, with the attributes of a group's; null: unknown. */
static void put_sid(struct sic_json *json, const char *key, const struct sic_scan *scan, struct sic_blob sid,
                    const uint32_t *attributes)
{
    char text[SIC_SID_TEXT_SIZE], name[SIC_SID_NAME_SIZE];

    if (!sic_sid_format(scan, sid, text)) {
        sic_json_string(json, key, NULL);
        return;
    }
    sic_json_open_object(json, key);
    sic_json_string(json, "sid", text);
    sic_json_string(json, "name", sic_sid_name(text, name) ? name : NULL);
    if (attributes)
        sic_json_number(json, "attributes", *attributes);
    sic_json_close_object(json);
}

/* Each SID is known or not by itself. */
static void put_sids(struct sic_json *json, const char *key, const struct sic_scan *scan, bool is_whole, uint32_t first,
                     uint32_t count)
{
    const struct sic_sid *sids = is_whole || count > 0 ? sic_token_sids(scan, first, count) : NULL;

    if (!sids) {
        sic_json_string(json, key, NULL);
        return;
    }
    sic_json_open_array(json, key);
    for (uint32_t i = 0; i < count && i < SIC_LISTED_LIMIT; i++)
        put_sid(json, NULL, scan, sids[i].sid, &sids[i].attributes);
    sic_json_close_array(json);
}

static void put_count(struct sic_json *json, const char *key, bool is_whole, uint32_t count)
{
    if (is_whole || count > 0)
        sic_json_number(json, key, count);
    else
        sic_json_string(json, key, NULL);
}

static void put_lists(struct sic_json *json, const struct sic_scan *scan, const struct sic_token *token)
{
    static const struct sic_token unknown;
    const struct sic_token *known = token ? token : &unknown;
    bool has_groups = known->flags & SIC_TOKEN_READ, has_capabilities = known->flags & SIC_TOKEN_CAPABILITIES_KNOWN;
    bool has_restricted = known->flags & SIC_TOKEN_RESTRICTED_KNOWN;

    put_count(json, "group_count", has_groups, known->group_count);
    put_sids(json, "groups", scan, has_groups, known->first_group, known->group_count);
    put_count(json, "capability_count", has_capabilities, known->capability_count);
    put_sids(json, "capabilities", scan, has_capabilities, known->first_capability, known->capability_count);
    put_count(json, "restricted_count", has_restricted, known->restricted_count);
    put_sids(json, "restricted", scan, has_restricted, known->first_restricted, known->restricted_count);
}

static void put_integrity(struct sic_json *json, const struct sic_token *token)
{
    if (!token || token->integrity == SIC_NONE) {
        sic_json_string(json, "integrity", NULL);
        return;
    }
    sic_json_open_object(json, "integrity");
    sic_json_number(json, "rid", token->integrity);
    sic_json_string(json, "name", sic_integrity_name(token->integrity));
    sic_json_close_object(json);
}

static void put_protection(struct sic_json *json, const struct sic_process *process)
{
    char text[SIC_PROTECTED_TEXT_SIZE];

    if (!(process->flags & SIC_PROCESS_PROTECTION_KNOWN)) {
        sic_json_string(json, "protection", NULL);
        return;
    }
    sic_json_open_object(json, "protection");
    sic_json_number(json, "value", process->protection);
    sic_json_string(json, "type", sic_protection_type(process->protection));
    sic_json_string(json, "signer", sic_protection_signer(process->protection));
    sic_json_string(json, "text", sic_protected_text(process, text));
    sic_json_close_object(json);
}

/* Session, user, integrity, and whether it is an AppContainer's. */
static void put_owner(struct sic_json *json, const struct sic_scan *scan, const struct sic_token *token)
{
    struct sic_blob unknown = {.offset = SIC_NONE};
    const struct sic_sid *user = sic_token_user(scan, token);

    if (token && token->session_id != SIC_NONE)
        sic_json_number(json, "session", token->session_id);
    else
        sic_json_string(json, "session", NULL);
    put_sid(json, "user", scan, user ? user->sid : unknown, NULL);
    put_integrity(json, token);
    put_answer(json, "app_container", sic_token_is_app_container(token));
}

static void put_token(struct sic_json *json, const struct sic_scan *scan, const struct sic_token *token)
{
    struct sic_blob unknown = {.offset = SIC_NONE};

    put_owner(json, scan, token);
    put_sid(json, "package", scan, sic_token_is_app_container(token) == SIC_ANSWER_YES ? token->package : unknown,
            NULL);
    put_answer(json, "low_privilege", sic_token_is_low_privilege(token));
    put_lists(json, scan, token);
}

/* {"ApiSetMap": "0x…"}: those that are not 0; null: the PEB was not read. */
static void put_peb(struct sic_json *json, const struct sic_listing *listing, uint32_t index)
{
    const struct sic_peb_evidence *evidence = &listing->meaning.evidence;
    const struct sic_process *process = sic_scan_process(&listing->scan, index);
    uint32_t count, done = 0;

    sic_json_address_or_null(json, "peb", process->peb_va);
    if (!(process->flags & SIC_PROCESS_PEB_READ)) {
        sic_json_string(json, "peb_pointers", NULL);
        return;
    }
    sic_json_open_object(json, "peb_pointers");
    count = sic_peb_evidence_count(evidence, index);
    for (uint32_t i = 0; i < count; i++) {
        const struct sic_peb_pointer *pointer = sic_peb_evidence_pointer(evidence, index, i);

        if (!(done >> pointer->field & 1))
            sic_json_address(json, sic_peb_field_name(pointer->field), pointer->value);
        done |= 1u << pointer->field;
    }
    sic_json_close_object(json);
}

void sic_json_put_identity(struct sic_json *json, const struct sic_listing *listing, const struct sic_parents *parents,
                           uint32_t index)
{
    const struct sic_scan *scan = &listing->scan;
    const struct sic_process *process = sic_scan_process(scan, index);
    static const char *const parent_states[] = {"none", "found", "gone", "unknown"};
    uint32_t parent = sic_parents_find(parents, index);
    char time[SIC_TIME_TEXT_SIZE];

    put_owned_string(json, "full_path", sic_process_path(scan, &listing->meaning.drives, process));
    sic_json_address_or_null(json, "parent_eprocess",
                             parent == SIC_NONE ? 0 : sic_scan_process(scan, parent)->eprocess_va);
    sic_json_string(json, "parent_state", parent_states[sic_parents_state(parents, index)]);
    sic_json_string(json, "started", sic_time_format(process->create_time, time) ? time : NULL);
    put_answer(json, "exiting", sic_process_is_exiting(process));
    put_answer(json, "wow64", sic_process_is_wow64(process));
    put_protection(json, process);
    put_token(json, scan, sic_process_token(scan, process));
    put_peb(json, listing, index);
    sic_json_string(json, "handle_table",
                    process->flags & SIC_PROCESS_HANDLES_INCOMPLETE ? "incomplete"
                    : process->flags & SIC_PROCESS_HANDLES_READ     ? "read"
                                                                    : "unknown");
}

void sic_json_put_trust(struct sic_json *json, const struct sic_listing *listing, uint32_t index)
{
    const struct sic_process *process = sic_scan_process(&listing->scan, index);

    put_answer(json, "exiting", sic_process_is_exiting(process));
    put_protection(json, process);
    put_owner(json, &listing->scan, sic_process_token(&listing->scan, process));
}

void sic_json_put_name_lists(struct sic_json *json, struct sic_name_list *list, bool is_unknown)
{
    char *path;
    bool is_told = sic_name_list_next(list, &path);

    if (is_unknown) {
        sic_json_string(json, "names", NULL);
    } else {
        sic_json_open_array(json, "names");
        for (; is_told && !list->is_outside; is_told = sic_name_list_next(list, &path))
            put_owned_string(json, NULL, path);
        sic_json_close_array(json);
    }
    sic_json_open_array(json, "names_outside_root");
    for (; is_told; is_told = sic_name_list_next(list, &path))
        put_owned_string(json, NULL, path);
    sic_json_close_array(json);
}

static void put_names(struct sic_json *json, const struct sic_object_names *names, uint32_t section)
{
    struct sic_name_list list;

    sic_name_list_begin(&list, names, section, SIC_NAMES_SIZE_LIMIT);
    put_count(json, "name_count", names->complete, list.count);
    sic_json_put_name_lists(json, &list, list.count == 0 && !names->complete);
    sic_json_bool(json, "names_complete", names->complete && list.next == list.count && !list.is_outside);
}

static void put_handles(struct sic_json *json, const struct sic_listing *listing, uint32_t section)
{
    const struct sic_handle *handles = listing->scan.handles.elements;
    uint32_t count;
    const struct sic_key *keys = sic_handles_find(&listing->meaning.handles, section, &count);
    char access[SIC_ACCESS_TEXT_SIZE];

    if (count == 0 && !listing->meaning.handles.complete) {
        sic_json_string(json, "handle_count", NULL);
        sic_json_string(json, "handles", NULL);
        return;
    }
    sic_json_number(json, "handle_count", count);
    sic_json_open_array(json, "handles");
    for (uint32_t i = 0; i < count && i < SIC_LISTED_LIMIT; i++) {
        const struct sic_handle *handle = &handles[keys[i].value];

        sic_access_format(handle->access, access);
        sic_json_open_object(json, NULL);
        sic_json_id(json, "pid", sic_scan_process(&listing->scan, handle->process)->id);
        sic_json_address(json, "eprocess", sic_scan_process(&listing->scan, handle->process)->eprocess_va);
        sic_json_number(json, "value", handle->value);
        sic_json_number(json, "access", handle->access);
        sic_json_string(json, "rights", access);
        sic_json_address(json, "object", handle->object_va);
        sic_json_close_object(json);
    }
    sic_json_close_array(json);
}

void sic_json_put_section_names(struct sic_json *json, const struct sic_listing *listing,
                                const struct sic_region *region)
{
    const struct sic_section *section = sic_scan_section(&listing->scan, region->section);
    const struct sic_meaning *meaning = &listing->meaning;

    if (section->flags & SIC_SECTION_UNREAD)
        sic_json_string(json, "large_pages", NULL);
    else
        sic_json_bool(json, "large_pages", section->flags & SIC_SECTION_LARGE_PAGES);
    put_owned_string(json, "full_path", sic_section_path(&listing->scan, &meaning->drives, section));
    put_owned_string(json, "device", sic_section_device(&listing->scan, section));
    put_names(json, &meaning->names, region->section);
    put_handles(json, listing, region->section);
    sic_json_bool(json, "handles_complete", meaning->handles.complete);
}

static void put_proof(struct sic_json *json, const struct sic_memory *memory, const struct sic_memory_proof *proof)
{
    sic_json_open_object(json, NULL);
    sic_json_string(json, "source", "peb");
    sic_json_string(json, "field", sic_peb_field_name(proof->field));
    sic_json_string(json, "says", sic_known_memory_name(sic_peb_field_meaning(proof->field)));
    sic_json_number(json, "owners", memory->owners);
    sic_json_number(json, "here", proof->here);
    sic_json_number(json, "elsewhere", proof->elsewhere);
    sic_json_number(json, "unknown", memory->owners_unknown);
    sic_json_close_object(json);
}

static void put_evidence(struct sic_json *json, const struct sic_listing *listing, const struct sic_region *region,
                         const struct sic_memory *memory)
{
    const struct sic_section *section = sic_scan_section(&listing->scan, region->section);
    struct sic_name_list list;
    char *path;

    sic_json_open_array(json, "evidence");
    for (uint32_t i = 0; i < memory->proof_count; i++)
        put_proof(json, memory, &memory->proofs[i]);
    if (memory->system_name != SIC_KNOWN_NOTHING) {
        sic_json_open_object(json, NULL);
        sic_json_string(json, "source", "system-name");
        sic_json_string(json, "says", sic_known_memory_name(memory->system_name));
        sic_json_close_object(json);
    }
    /* All of them stand among the section's names. */
    sic_name_list_begin(&list, &listing->meaning.names, region->section, SIC_NAMES_SIZE_LIMIT);
    while (list.next < NAMES_AS_EVIDENCE && sic_name_list_next(&list, &path)) {
        sic_json_open_object(json, NULL);
        sic_json_string(json, "source", "object-name");
        put_owned_string(json, "says", path);
        sic_json_close_object(json);
    }
    if (section->flags & (SIC_SECTION_FILE | SIC_SECTION_IMAGE) && !(section->flags & SIC_SECTION_UNREAD)) {
        sic_json_open_object(json, NULL);
        sic_json_string(json, "source", "file");
        put_owned_string(json, "says", sic_section_name(&listing->scan, section));
        sic_json_close_object(json);
    }
    sic_json_close_array(json);
}

static void put_kernel_view(struct sic_json *json, const struct sic_kernel_view *view)
{
    bool is_cached = view->kind == SIC_KERNEL_VIEW_CACHE;

    sic_json_open_object(json, NULL);
    sic_json_string(json, "kind", sic_kernel_view_token(view));
    sic_json_address(json, "start", view->va);
    if (!is_cached && view->session_id != SIC_NONE)
        sic_json_number(json, "session", view->session_id);
    else
        sic_json_string(json, "session", NULL);
    if (is_cached && view->page_count != 0) {
        sic_json_number(json, "section_offset", view->first_page << 12);
        sic_json_number(json, "pages", view->page_count);
    } else {
        sic_json_string(json, "section_offset", NULL);
        sic_json_string(json, "pages", NULL);
    }
    sic_json_close_object(json);
}

void sic_json_put_memory(struct sic_json *json, const struct sic_listing *listing, const struct sic_region *region)
{
    const struct sic_scan *scan = &listing->scan;
    struct sic_memory memory;

    sic_memory_judge(&listing->meaning, &listing->regions, region, &memory);
    sic_json_open_object(json, "memory");
    sic_json_string(json, "name", sic_known_memory_name(memory.known));
    sic_json_string(json, "source", sic_memory_source_token(memory.source));
    sic_json_bool(json, "contradictory", memory.is_contradictory);
    put_evidence(json, listing, region, &memory);
    sic_json_close_object(json);
    sic_json_number(json, "processes", sic_region_processes(scan, &listing->regions, region));
    sic_json_bool(json, "writable", sic_region_is_writable(scan, &listing->regions, region, &listing->shared_writable));
    sic_json_number(json, "kernel_view_count", region->kernel_count);
    sic_json_open_array(json, "kernel_views");
    for (uint32_t i = region->first_kernel;
         i < region->first_kernel + region->kernel_count && i - region->first_kernel < SIC_LISTED_LIMIT; i++)
        put_kernel_view(json, sic_scan_kernel_view(scan, i));
    sic_json_close_array(json);
}

static void put_page(struct sic_json *json, const struct sic_page *page, unsigned protection)
{
    uint32_t flags = page ? page->flags : 0;
    char bytes[33] = "", tag[4 * SIC_ESCAPE_UNIT_SIZE + 1];

    if (flags & SIC_PAGE_HAS_TAG)
        sic_escape_bytes(page->pool_tag, sizeof(page->pool_tag), tag);
    for (unsigned i = 0; flags & SIC_PAGE_HAS_BYTES && i < 16; i++)
        snprintf(bytes + 2 * i, 3, "%02x", page->bytes[i]);
    sic_json_open_object(json, "first_page");
    put_answer(json, "in_memory", sic_page_is_in_memory(page, protection));
    if (flags & SIC_PAGE_HAS_PHYSICAL)
        sic_json_address(json, "physical", page->physical);
    else
        sic_json_string(json, "physical", NULL);
    sic_json_string(json, "bytes", flags & SIC_PAGE_HAS_BYTES ? bytes : NULL);
    if (flags & SIC_PAGE_HAS_PTE)
        sic_json_address(json, "pte", page->pte);
    else
        sic_json_string(json, "pte", NULL);
    sic_json_string(json, "pool_tag", flags & SIC_PAGE_HAS_TAG ? tag : NULL);
    sic_json_close_object(json);
}

void sic_json_put_view_meaning(struct sic_json *json, const struct sic_listing *listing, uint32_t index,
                               bool is_writable, bool with_page)
{
    const struct sic_scan *scan = &listing->scan;
    const struct sic_view *view = sic_scan_view(scan, index);
    uint32_t fields = sic_peb_evidence_fields(&listing->meaning.evidence, index);

    sic_json_string(json, "protection_words", sic_protection_words(view->protection));
    sic_json_string(json, "writes", sic_writes_text(sic_view_writes(scan, view, is_writable)));
    sic_json_open_array(json, "peb_fields");
    for (unsigned i = 0; i < SIC_PEB_FIELD_COUNT; i++) {
        if (fields >> i & 1)
            sic_json_string(json, NULL, sic_peb_field_name(i));
    }
    sic_json_close_array(json);
    if (with_page)
        put_page(json, sic_meaning_page(&listing->meaning, index), view->protection);
}
