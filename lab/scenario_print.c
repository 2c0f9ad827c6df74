#include "memory.h"
#include "parser.h"

#include <string.h>

typedef unsigned long long ull;

static const char *switch_text(bool value)
{
    return value ? "on" : "off";
}

static void print_settings(const struct lab_scenario *scenario, FILE *file)
{
    if (scenario->guid_age)
        fprintf(file, "guid %s\n", scenario->guid_age);
    if (scenario->kernel)
        fprintf(file, "kernel %s\n", scenario->kernel);
    if (scenario->layout)
        fprintf(file, "layout %s\n", scenario->layout);
    fprintf(file, "kernel-base %llx\n", (ull)scenario->kernel_base);
    if (scenario->memory)
        fprintf(file, "memory %lluM\n", (ull)scenario->memory >> 20);
    fprintf(file, "system-time %llx\n", (ull)scenario->system_time);
    fprintf(file, "nonpaged-pool %llx\npaged-pool %llx\n", (ull)scenario->nonpaged_pool, (ull)scenario->paged_pool);
    fprintf(file, "self-reference %x\n", scenario->self_reference);
    if (scenario->levels)
        fprintf(file, "levels %u\n", scenario->levels);
    fprintf(file, "swizzle %s mask=%llx\n", switch_text(scenario->swizzle), (ull)scenario->invalid_pte_mask);
    fprintf(file, "transition %u\nnonpaged-transition %u\nseed %llx\n", scenario->transition_percent,
            scenario->nonpaged_transition_percent, (ull)scenario->seed);
    fprintf(file, "low-stub %s\nlarge-pages %s\ngiant-page %s\ncompanions %s\nkdbg %s\n",
            switch_text(scenario->low_stub), switch_text(scenario->large_pages), switch_text(scenario->giant_page),
            switch_text(scenario->companions), switch_text(scenario->kdbg));
    for (size_t i = 0; i < scenario->hole_count; i++)
        fprintf(file, "hole %llx %llx\n", (ull)scenario->holes[i].first, (ull)scenario->holes[i].count);
}

static void print_process(const struct lab_process *process, FILE *file)
{
    fprintf(file, "process \"%s\" pid=%llu parent=%llu", process->name, (ull)process->pid, (ull)process->parent);
    if (process->eprocess)
        fprintf(file, " eprocess=%llx", (ull)process->eprocess);
    if (process->dtb)
        fprintf(file, " dtb=%llx", (ull)process->dtb);
    if (process->created)
        fprintf(file, " created=%llx", (ull)process->created);
    if (process->exited)
        fprintf(file, " exited=%llx", (ull)process->exited);
    if (process->peb != LAB_CHOOSE)
        fprintf(file, " peb=%llx", (ull)process->peb);
    if (process->vad_count >= 0)
        fprintf(file, " vad-count=%lld", (long long)process->vad_count);
    if (process->path)
        fprintf(file, " path=\"%s\"", process->path);
    lab_print_identity(process, file);
    fputc('\n', file);
}

static void print_subsection(const struct lab_section *section, const struct lab_subsection *subsection, FILE *file)
{
    fprintf(file, "subsection %s pages=%llu protection=%u", section->id, (ull)subsection->pages,
            subsection->protection);
    if (subsection->prototype)
        fprintf(file, " prototype=%llx", (ull)subsection->prototype);
    fprintf(file, "%s%s\n", subsection->shared ? " shared" : "", subsection->absent ? " absent" : "");
}

static void print_content(const struct lab_section *section, const struct lab_page_content *content, FILE *file)
{
    fprintf(file, "page %s %llu %s", section->id, (ull)content->page, lab_page_state_name(content->state));
    if (content->frame != LAB_NO_FRAME)
        fprintf(file, " frame=%llx", (ull)content->frame);
    if (content->size)
        fputs(" bytes=", file);
    for (size_t i = 0; i < content->size; i++)
        fprintf(file, "%02x", content->bytes[i]);
    fputc('\n', file);
}

static void print_section(const struct lab_section *section, FILE *file)
{
    fprintf(file, "section %s %s", section->id, lab_section_kind_name(section->kind));
    if (section->name)
        fprintf(file, " \"%s\"", section->name);
    if (section->size)
        fprintf(file, " size=%llu", (ull)section->size);
    if (section->cache_views)
        fprintf(file, " cache-views=%u", section->cache_views);
    if (section->frame)
        fprintf(file, " frame=%llx", (ull)section->frame);
    if (section->states != LAB_PAGE_MIX)
        fprintf(file, " states=%s", lab_page_state_name(section->states));
    if (section->device)
        fprintf(file, " device=\"%s\"", *section->device ? section->device : "none");
    fprintf(file, "%s%s%s\n", section->reserve ? " reserve" : "", section->name_absent ? " name-paged-out" : "",
            section->large_pages ? " large-pages" : "");
    for (size_t i = 0; i < section->subsection_count; i++)
        print_subsection(section, &section->subsections[i], file);
    for (size_t i = 0; i < section->content_count; i++)
        print_content(section, &section->contents[i], file);
}

static void print_node(const struct lab_scenario *scenario, const struct lab_node *node, FILE *file)
{
    ull pid = scenario->processes[node->process].pid;
    if (node->kind == LAB_NODE_VIEW)
        fprintf(file, "view %llu %s offset=%llu", pid, scenario->sections[node->section].id, (ull)node->offset);
    else
        fprintf(file, "private %llu%s%s", pid, node->kind == LAB_NODE_PRIVATE_LONG ? " long" : "",
                node->garbage ? " garbage" : "");
    fprintf(file, " pages=%llu", (ull)lab_node_pages(node));
    if (node->protection < 8)
        fprintf(file, " protection=%s", lab_protection_letters(node->protection));
    else
        fprintf(file, " protection=0x%x", node->protection);
    if (node->start != LAB_CHOOSE)
        fprintf(file, " start=%llx", (ull)node->start);
    fprintf(file, "%s%s%s%s%s\n", node->copied ? " copied" : "", node->deleting ? " deleting" : "",
            node->unlinked ? " unlinked" : "", node->unlisted ? " unlisted" : "", node->touch ? "" : " untouched");
}

void lab_scenario_print(const struct lab_scenario *scenario, FILE *file)
{
    print_settings(scenario, file);
    for (size_t i = 0; i < scenario->process_count; i++)
        print_process(&scenario->processes[i], file);
    for (size_t i = 0; i < scenario->section_count; i++)
        print_section(&scenario->sections[i], file);
    for (size_t i = 0; i < scenario->node_count; i++)
        print_node(scenario, &scenario->nodes[i], file);
    lab_print_facts(scenario, file);
    lab_print_securities(scenario, file);
}
