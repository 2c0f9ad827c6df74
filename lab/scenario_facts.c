/*
 * The statements that say what memory is and whose it is, from text and back to it.
 */
#include "parser.h"

#include <stdlib.h>
#include <string.h>

typedef unsigned long long ull;

#define SECTION_ALL_ACCESS 0xf001f

/* Fails on what is no SID, so that the error names the line. */
static char *sid_option(struct lab_parser *parser, const char *name)
{
    const char *text = lab_parser_option(parser, name);
    if (!text)
        return NULL;
    if (strncmp(text, "S-1-", 4) && *text && strcmp(text, "none"))
        LAB_REJECT(parser, "%s= takes SIDs: S-1-…", name);
    return lab_copy_text(text);
}

static const struct {
    const char *name;
    uint32_t rid;
} levels[] = {{"untrusted", 0}, {"low", 0x1000}, {"medium", 0x2000}, {"high", 0x3000}, {"system", 0x4000}};

#define LEVELS (sizeof levels / sizeof *levels)

static uint64_t integrity_option(struct lab_parser *parser)
{
    const char *text = lab_parser_option(parser, "integrity");
    if (!text)
        return LAB_CHOOSE;
    for (size_t i = 0; i < LEVELS; i++)
        if (!strcmp(levels[i].name, text))
            return levels[i].rid;
    return lab_parser_number(parser, text, 16, "integrity");
}

void lab_parse_identity(struct lab_parser *parser, struct lab_process *process)
{
    struct lab_identity *identity = &process->identity;
    identity->session = lab_parser_count(parser, "session", LAB_CHOOSE);
    identity->user = sid_option(parser, "user");
    identity->groups = sid_option(parser, "groups");
    identity->package = sid_option(parser, "package");
    identity->capabilities = sid_option(parser, "capabilities");
    identity->restricted = sid_option(parser, "restricted");
    identity->deny_only = sid_option(parser, "deny-only");
    identity->policy = lab_parser_hex(parser, "mandatory-policy", LAB_CHOOSE);
    identity->write_restricted = lab_parser_flag(parser, "write-restricted");
    identity->no_traverse = lab_parser_flag(parser, "no-traverse");
    identity->integrity = integrity_option(parser);
    identity->protection = lab_parser_hex(parser, "protection", LAB_CHOOSE);
    identity->low_privilege = lab_parser_flag(parser, "lpac");
    identity->wow64 = lab_parser_flag(parser, "wow64");
    identity->exiting = lab_parser_flag(parser, "exiting");
    process->other_handles = (uint32_t)lab_parser_count(parser, "handles", LAB_SOME_HANDLES);
    if (identity->low_privilege && !identity->package)
        LAB_REJECT(parser, "lpac needs package=");
    if (identity->write_restricted && !identity->restricted)
        LAB_REJECT(parser, "write-restricted needs restricted=");
}

static void print_text_option(const char *name, const char *text, FILE *file)
{
    if (text)
        fprintf(file, " %s=%s", name, text);
}

void lab_print_identity(const struct lab_process *process, FILE *file)
{
    const struct lab_identity *identity = &process->identity;
    if (identity->session != LAB_CHOOSE)
        fprintf(file, " session=%llu", (ull)identity->session);
    print_text_option("user", identity->user, file);
    print_text_option("groups", identity->groups, file);
    print_text_option("package", identity->package, file);
    print_text_option("capabilities", identity->capabilities, file);
    print_text_option("restricted", identity->restricted, file);
    print_text_option("deny-only", identity->deny_only, file);
    if (identity->policy != LAB_CHOOSE)
        fprintf(file, " mandatory-policy=%llx", (ull)identity->policy);
    if (identity->integrity != LAB_CHOOSE)
        fprintf(file, " integrity=%llx", (ull)identity->integrity);
    if (identity->protection != LAB_CHOOSE)
        fprintf(file, " protection=%llx", (ull)identity->protection);
    if (process->other_handles != LAB_SOME_HANDLES)
        fprintf(file, " handles=%u", process->other_handles);
    fprintf(file, "%s%s", identity->write_restricted ? " write-restricted" : "",
            identity->no_traverse ? " no-traverse" : "");
    fprintf(file, "%s%s%s", identity->low_privilege ? " lpac" : "", identity->wow64 ? " wow64" : "",
            identity->exiting ? " exiting" : "");
}

static const char *path_word(struct lab_parser *parser, int index)
{
    const char *path = lab_parser_word(parser, index, "the object's path");
    if (path[0] != '\\' || strlen(path) > 400)
        LAB_REJECT(parser, "%s is no path of an object: it begins with \\", path);
    return path;
}

/* name SECTION PATH */
void lab_parse_name(struct lab_parser *parser)
{
    uint32_t section = lab_parser_section(parser, lab_parser_word(parser, 1, "the section's id"));
    lab_add_name(parser->scenario, section, path_word(parser, 2));
}

/* handle PID SECTION [access=HEX] [value=HEX] [own] */
void lab_parse_handle(struct lab_parser *parser)
{
    uint32_t process = lab_parser_process(parser, lab_parser_word(parser, 1, "the process's pid"));
    uint32_t section = lab_parser_section(parser, lab_parser_word(parser, 2, "the section's id"));
    uint32_t access = (uint32_t)lab_parser_hex(parser, "access", SECTION_ALL_ACCESS);
    struct lab_handle *handle = lab_add_handle(parser->scenario, process, section, access);
    handle->value = (uint32_t)lab_parser_hex(parser, "value", 0);
    handle->own = lab_parser_flag(parser, "own");
}

/* link PATH TARGET */
void lab_parse_link(struct lab_parser *parser)
{
    const char *path = path_word(parser, 1);
    lab_add_link(parser->scenario, path, lab_parser_word(parser, 2, "the link's target"));
}

void lab_parse_directory(struct lab_parser *parser)
{
    lab_add_directory(parser->scenario, path_word(parser, 1));
}

/* peb PID FIELD=SECTION … or FIELD=0xADDRESS */
void lab_parse_peb(struct lab_parser *parser)
{
    uint32_t process = lab_parser_process(parser, lab_parser_word(parser, 1, "the process's pid"));
    for (int i = 0; i < LAB_PEB_POINTER_COUNT; i++) {
        enum lab_peb_field field = (enum lab_peb_field)i;
        const char *text = lab_parser_option(parser, lab_peb_field_name(field));
        if (!text)
            continue;
        bool address = !strncmp(text, "0x", 2);
        uint32_t section = address ? UINT32_MAX : lab_parser_section(parser, text);
        lab_add_peb_pointer(parser->scenario, process, field, section)->address =
            address ? lab_parser_number(parser, text, 16, "the address") : 0;
    }
}

/* kernel-view SECTION session=N | system | cache [page=N] [pages=N]; [va=ADDR] */
void lab_parse_kernel_view(struct lab_parser *parser)
{
    uint32_t section = lab_parser_section(parser, lab_parser_word(parser, 1, "the section's id"));
    bool cache = lab_parser_flag(parser, "cache"), system = lab_parser_flag(parser, "system");
    uint64_t session = lab_parser_count(parser, "session", LAB_CHOOSE);
    if (cache + system + (session != LAB_CHOOSE) != 1)
        LAB_REJECT(parser, "a kernel's view is of session=N, system, or cache");
    struct lab_kernel_view *view = lab_add_kernel_view(parser->scenario, section,
                                                       cache    ? LAB_VIEW_CACHE
                                                       : system ? LAB_VIEW_SYSTEM
                                                                : LAB_VIEW_SESSION);
    view->session = cache || system ? 0 : (uint32_t)session;
    view->va = lab_parser_hex(parser, "va", LAB_CHOOSE);
    view->page = lab_parser_count(parser, "page", 0);
    view->page_count = (uint32_t)lab_parser_count(parser, "pages", cache);
    if (view->va != LAB_CHOOSE && (view->va % 0x1000 || view->va >> 47 != 0x1ffff))
        LAB_REJECT(parser, "the address is not that of a page in the kernel's half");
    if (view->page_count > 63)
        LAB_REJECT(parser, "a view of the system cache has at most 63 pages here");
}

/* damage KIND …: damage.c has the kinds */
void lab_parse_damage(struct lab_parser *parser)
{
    struct lab_damage *damage = lab_add_damage(parser->scenario, parser->line);
    if (parser->count < 2 || parser->count > LAB_DAMAGE_WORDS)
        LAB_REJECT(parser, "damage takes what is harmed, and how, in at most %d words", LAB_DAMAGE_WORDS);
    while ((int)damage->count + 1 < parser->count) {
        damage->words[damage->count] = lab_copy_text(lab_parser_word(parser, (int)damage->count + 1, "a word"));
        damage->count++;
    }
}

static void print_peb(const struct lab_scenario *scenario, const struct lab_peb_pointer *pointer, FILE *file)
{
    fprintf(file, "peb %llu %s=", (ull)scenario->processes[pointer->process].pid, lab_peb_field_name(pointer->field));
    if (pointer->section == UINT32_MAX)
        fprintf(file, "0x%llx\n", (ull)pointer->address);
    else
        fprintf(file, "%s\n", scenario->sections[pointer->section].id);
}

static void print_kernel_view(const struct lab_scenario *scenario, const struct lab_kernel_view *view, FILE *file)
{
    fprintf(file, "kernel-view %s", scenario->sections[view->section].id);
    if (view->kind == LAB_VIEW_SESSION)
        fprintf(file, " session=%u", view->session);
    else if (view->kind == LAB_VIEW_SYSTEM)
        fputs(" system", file);
    else
        fprintf(file, " cache page=%llu pages=%u", (ull)view->page, view->page_count);
    if (view->va != LAB_CHOOSE)
        fprintf(file, " va=%llx", (ull)view->va);
    fputc('\n', file);
}

void lab_print_facts(const struct lab_scenario *scenario, FILE *file)
{
    for (size_t i = 0; i < scenario->directory_count; i++)
        fprintf(file, "directory \"%s\"\n", scenario->directories[i]);
    for (size_t i = 0; i < scenario->link_count; i++)
        fprintf(file, "link \"%s\" \"%s\"\n", scenario->links[i].path, scenario->links[i].target);
    for (size_t i = 0; i < scenario->name_count; i++)
        fprintf(file, "name %s \"%s\"\n", scenario->sections[scenario->names[i].section].id, scenario->names[i].path);
    for (size_t i = 0; i < scenario->handle_count; i++) {
        const struct lab_handle *handle = &scenario->handles[i];
        fprintf(file, "handle %llu %s access=%x", (ull)scenario->processes[handle->process].pid,
                scenario->sections[handle->section].id, handle->access);
        if (handle->value)
            fprintf(file, " value=%x", handle->value);
        fputs(handle->own ? " own\n" : "\n", file);
    }
    for (size_t i = 0; i < scenario->peb_pointer_count; i++)
        print_peb(scenario, &scenario->peb_pointers[i], file);
    for (size_t i = 0; i < scenario->kernel_view_count; i++)
        print_kernel_view(scenario, &scenario->kernel_views[i], file);
}
