#include "scenario.h"

#include "bytes.h"
#include "memory.h"

#include <stdlib.h>
#include <string.h>

void lab_scenario_init(struct lab_scenario *scenario)
{
    memset(scenario, 0, sizeof *scenario);
    scenario->kernel_base = 0xfffff80451e00000ull;
    scenario->system_time = 0x01d64f3a5c2e8d10ull; /* 30 June 2020 */
    scenario->invalid_pte_mask = 0x0000200000000000ull;
    scenario->nonpaged_pool = LAB_NONPAGED_POOL;
    scenario->paged_pool = LAB_PAGED_POOL;
    scenario->self_reference = 0x1ed;
    scenario->transition_percent = 5;
    scenario->swizzle = scenario->low_stub = scenario->large_pages = scenario->companions = scenario->kdbg = true;
}

static void free_process(struct lab_process *process)
{
    struct lab_identity *identity = &process->identity;
    free(process->name);
    free(process->path);
    free(identity->user);
    free(identity->groups);
    free(identity->package);
    free(identity->capabilities);
    free(identity->restricted);
    free(identity->deny_only);
    free(identity->group_text);
}

static void free_facts(struct lab_scenario *scenario)
{
    for (size_t i = 0; i < scenario->name_count; i++)
        free(scenario->names[i].path);
    for (size_t i = 0; i < scenario->link_count; i++) {
        free(scenario->links[i].path);
        free(scenario->links[i].target);
    }
    for (size_t i = 0; i < scenario->directory_count; i++)
        free(scenario->directories[i]);
    for (size_t i = 0; i < scenario->security_count; i++) {
        free(scenario->securities[i].path);
        free(scenario->securities[i].sddl);
    }
    free(scenario->securities);
    free(scenario->names);
    free(scenario->handles);
    free(scenario->links);
    free(scenario->directories);
    free(scenario->peb_pointers);
    free(scenario->kernel_views);
}

void lab_scenario_deinit(struct lab_scenario *scenario)
{
    for (size_t i = 0; i < scenario->process_count; i++)
        free_process(&scenario->processes[i]);
    for (size_t i = 0; i < scenario->section_count; i++) {
        struct lab_section *section = &scenario->sections[i];
        free(section->id);
        free(section->name);
        free(section->device);
        free(section->subsections);
        free(section->contents);
    }
    free_facts(scenario);
    for (size_t i = 0; i < scenario->damage_count; i++)
        for (size_t j = 0; j < scenario->damage[i].count; j++)
            free(scenario->damage[i].words[j]);
    free(scenario->damage);
    free(scenario->guid_age);
    free(scenario->kernel);
    free(scenario->layout);
    free(scenario->holes);
    free(scenario->processes);
    free(scenario->sections);
    free(scenario->nodes);
    memset(scenario, 0, sizeof *scenario);
}

struct lab_process *lab_add_process(struct lab_scenario *scenario, const char *name, uint64_t pid)
{
    scenario->processes = lab_grow(scenario->processes, scenario->process_count, &scenario->process_capacity,
                                   sizeof *scenario->processes);
    struct lab_process *process = &scenario->processes[scenario->process_count++];
    process->name = lab_copy_text(name);
    process->pid = pid;
    process->parent = pid == 4 ? 0 : 4;
    process->peb = pid == 4 ? 0 : LAB_CHOOSE;
    process->vad_count = -1;
    process->identity.session = process->identity.integrity = process->identity.protection = LAB_CHOOSE;
    process->identity.policy = LAB_CHOOSE;
    process->other_handles = LAB_SOME_HANDLES;
    return process;
}

struct lab_section *lab_add_section(struct lab_scenario *scenario, const char *id, enum lab_section_kind kind,
                                    const char *name)
{
    scenario->sections =
        lab_grow(scenario->sections, scenario->section_count, &scenario->section_capacity, sizeof *scenario->sections);
    struct lab_section *section = &scenario->sections[scenario->section_count++];
    section->id = lab_copy_text(id);
    section->kind = kind;
    section->name = name ? lab_copy_text(name) : NULL;
    return section;
}

struct lab_subsection *lab_add_subsection(struct lab_section *section, uint64_t pages, uint8_t protection)
{
    section->subsections = lab_grow(section->subsections, section->subsection_count, &section->subsection_capacity,
                                    sizeof *section->subsections);
    struct lab_subsection *subsection = &section->subsections[section->subsection_count++];
    subsection->pages = pages;
    subsection->protection = protection;
    section->pages += pages;
    return subsection;
}

struct lab_page_content *lab_add_content(struct lab_section *section, uint64_t page)
{
    section->contents =
        lab_grow(section->contents, section->content_count, &section->content_capacity, sizeof *section->contents);
    struct lab_page_content *content = &section->contents[section->content_count++];
    content->page = page;
    content->frame = LAB_NO_FRAME;
    content->state = LAB_PAGE_VALID;
    return content;
}

struct lab_node *lab_add_node(struct lab_scenario *scenario, uint32_t process, enum lab_node_kind kind, uint64_t pages,
                              uint8_t protection)
{
    scenario->nodes =
        lab_grow(scenario->nodes, scenario->node_count, &scenario->node_capacity, sizeof *scenario->nodes);
    struct lab_node *node = &scenario->nodes[scenario->node_count++];
    node->process = process;
    node->kind = kind;
    node->start = LAB_CHOOSE;
    node->protection = protection;
    node->touch = true;
    lab_node_set_pages(node, pages);
    return node;
}

struct lab_node *lab_add_view(struct lab_scenario *scenario, uint32_t process, uint32_t section, uint64_t offset,
                              uint64_t pages, uint8_t protection)
{
    struct lab_node *node = lab_add_node(scenario, process, LAB_NODE_VIEW, pages, protection);
    node->section = section;
    node->offset = offset;
    return node;
}

void lab_add_hole(struct lab_scenario *scenario, uint64_t first, uint64_t count)
{
    scenario->holes =
        lab_grow(scenario->holes, scenario->hole_count, &scenario->hole_capacity, sizeof *scenario->holes);
    scenario->holes[scenario->hole_count++] = (struct lab_hole){first, count};
}

void lab_add_name(struct lab_scenario *scenario, uint32_t section, const char *path)
{
    scenario->names =
        lab_grow(scenario->names, scenario->name_count, &scenario->name_capacity, sizeof *scenario->names);
    scenario->names[scenario->name_count++] = (struct lab_name){.section = section, .path = lab_copy_text(path)};
}

struct lab_handle *lab_add_handle(struct lab_scenario *scenario, uint32_t process, uint32_t section, uint32_t access)
{
    scenario->handles =
        lab_grow(scenario->handles, scenario->handle_count, &scenario->handle_capacity, sizeof *scenario->handles);
    struct lab_handle *handle = &scenario->handles[scenario->handle_count++];
    *handle = (struct lab_handle){.process = process, .section = section, .access = access};
    return handle;
}

void lab_add_link(struct lab_scenario *scenario, const char *path, const char *target)
{
    scenario->links =
        lab_grow(scenario->links, scenario->link_count, &scenario->link_capacity, sizeof *scenario->links);
    scenario->links[scenario->link_count++] = (struct lab_link){lab_copy_text(path), lab_copy_text(target)};
}

void lab_add_directory(struct lab_scenario *scenario, const char *path)
{
    for (size_t i = 0; i < scenario->directory_count; i++)
        if (!strcasecmp(scenario->directories[i], path))
            return;
    scenario->directories = lab_grow(scenario->directories, scenario->directory_count, &scenario->directory_capacity,
                                     sizeof *scenario->directories);
    scenario->directories[scenario->directory_count++] = lab_copy_text(path);
}

void lab_add_security(struct lab_scenario *scenario, const char *path, const char *sddl, enum lab_security_state state)
{
    scenario->securities = lab_grow(scenario->securities, scenario->security_count, &scenario->security_capacity,
                                    sizeof *scenario->securities);
    scenario->securities[scenario->security_count++] =
        (struct lab_security){lab_copy_text(path), sddl ? lab_copy_text(sddl) : NULL, state};
}

struct lab_peb_pointer *lab_add_peb_pointer(struct lab_scenario *scenario, uint32_t process, enum lab_peb_field field,
                                            uint32_t section)
{
    scenario->peb_pointers = lab_grow(scenario->peb_pointers, scenario->peb_pointer_count,
                                      &scenario->peb_pointer_capacity, sizeof *scenario->peb_pointers);
    struct lab_peb_pointer *pointer = &scenario->peb_pointers[scenario->peb_pointer_count++];
    *pointer = (struct lab_peb_pointer){.process = process, .field = field, .section = section};
    return pointer;
}

struct lab_kernel_view *lab_add_kernel_view(struct lab_scenario *scenario, uint32_t section,
                                            enum lab_kernel_view_kind kind)
{
    scenario->kernel_views = lab_grow(scenario->kernel_views, scenario->kernel_view_count,
                                      &scenario->kernel_view_capacity, sizeof *scenario->kernel_views);
    struct lab_kernel_view *view = &scenario->kernel_views[scenario->kernel_view_count++];
    *view = (struct lab_kernel_view){.section = section, .kind = kind, .va = LAB_CHOOSE};
    return view;
}

struct lab_damage *lab_add_damage(struct lab_scenario *scenario, unsigned line)
{
    scenario->damage =
        lab_grow(scenario->damage, scenario->damage_count, &scenario->damage_capacity, sizeof *scenario->damage);
    struct lab_damage *damage = &scenario->damage[scenario->damage_count++];
    *damage = (struct lab_damage){.line = line};
    return damage;
}

const char *lab_peb_field_name(enum lab_peb_field field)
{
    static const char *const names[] = {
#define LAB_PEB_NAME(name, id) #name,
        LAB_PEB_POINTERS(LAB_PEB_NAME)
#undef LAB_PEB_NAME
    };
    return names[field];
}

uint64_t lab_node_pages(const struct lab_node *node)
{
    return node->pages_low | (uint64_t)node->pages_high << 32;
}

void lab_node_set_pages(struct lab_node *node, uint64_t pages)
{
    node->pages_low = (uint32_t)pages;
    node->pages_high = (uint16_t)(pages >> 32);
}

static const char *const letters[8] = {"---", "r--", "--x", "r-x", "rw-", "rc-", "rwx", "rcx"};

const char *lab_protection_letters(unsigned protection)
{
    return letters[protection & 7];
}

bool lab_protection_parse(const char *text, uint8_t *protection)
{
    char *end;
    for (uint8_t i = 0; i < 8; i++) {
        if (!strcmp(text, letters[i])) {
            *protection = i;
            return true;
        }
    }
    unsigned long value = strtoul(text, &end, 0);
    if (!*text || *end || value > 31)
        return false;
    *protection = (uint8_t)value;
    return true;
}

const char *lab_section_kind_name(enum lab_section_kind kind)
{
    static const char *const names[] = {"file", "image", "paging-file", "physical"};
    return names[kind];
}

const char *lab_page_state_name(enum lab_page_state state)
{
    static const char *const names[] = {"mix", "valid", "transition", "zero", "page-file", "subsection"};
    return names[state];
}
