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
    scenario->nonpaged_pool = 0xffffc50a00000000ull;
    scenario->paged_pool = 0xffffd80800000000ull;
    scenario->self_reference = 0x1ed;
    scenario->transition_percent = 5;
    scenario->swizzle = scenario->low_stub = scenario->large_pages = scenario->companions = scenario->kdbg = true;
}

void lab_scenario_deinit(struct lab_scenario *scenario)
{
    for (size_t i = 0; i < scenario->process_count; i++) {
        free(scenario->processes[i].name);
        free(scenario->processes[i].path);
    }
    for (size_t i = 0; i < scenario->section_count; i++) {
        struct lab_section *section = &scenario->sections[i];
        free(section->id);
        free(section->name);
        free(section->subsections);
        free(section->contents);
    }
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
