/*
 * The truth of a world as JSON. Regions are found page by page: each prototype PTE of each view is looked up in one
 * large table, and views that meet in a PTE are joined. No interval is ever compared, so that programs which do can be
 * held against it.
 */
#include "world.h"

#include "bytes.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef unsigned long long ull;

#define NO_VIEW UINT32_MAX

struct views {
    uint32_t *nodes;  /* index of each view's node */
    uint32_t *joined; /* union-find: a view of the same region */
    size_t count;
};

struct cell {
    uint64_t pte;
    uint32_t view;
};

struct table {
    struct cell *cells;
    size_t mask;
};

static bool is_view(const struct lab_scenario *scenario, const struct lab_node *node)
{
    return node->kind == LAB_NODE_VIEW && !node->deleting &&
           scenario->sections[node->section].kind != LAB_SECTION_PHYSICAL;
}

/* All views in the order of the processes, ascending by address. */
static void collect(const struct lab_world *world, struct views *views)
{
    const struct lab_scenario *scenario = world->scenario;
    views->nodes = lab_allocate(scenario->node_count, sizeof *views->nodes);
    views->joined = lab_allocate(scenario->node_count, sizeof *views->joined);
    views->count = 0;
    for (size_t i = 0; i < world->first_node[scenario->process_count]; i++) {
        if (is_view(scenario, &scenario->nodes[world->order[i]])) {
            views->joined[views->count] = (uint32_t)views->count;
            views->nodes[views->count++] = world->order[i];
        }
    }
}

static uint32_t leader(struct views *views, uint32_t view)
{
    while (views->joined[view] != view) {
        views->joined[view] = views->joined[views->joined[view]];
        view = views->joined[view];
    }
    return view;
}

static void meet(struct views *views, struct table *table, uint64_t pte, uint32_t view)
{
    size_t i = lab_mix(pte) & table->mask;
    while (table->cells[i].pte && table->cells[i].pte != pte)
        i = (i + 1) & table->mask;
    if (!table->cells[i].pte)
        table->cells[i] = (struct cell){pte, view};
    else
        views->joined[leader(views, view)] = leader(views, table->cells[i].view);
}

static void join(const struct lab_scenario *scenario, struct views *views)
{
    size_t pages = 0, cells = 1024;
    for (size_t i = 0; i < views->count; i++)
        pages += lab_node_pages(&scenario->nodes[views->nodes[i]]);
    while (cells < pages * 2)
        cells *= 2;
    struct table table = {lab_allocate(cells, sizeof *table.cells), cells - 1};
    for (uint32_t i = 0; i < views->count; i++) {
        const struct lab_node *node = &scenario->nodes[views->nodes[i]];
        for (uint64_t page = 0; page < lab_node_pages(node); page++) {
            uint64_t pte = lab_section_pte(&scenario->sections[node->section], node->offset + page);
            if (pte)
                meet(views, &table, pte, i);
        }
    }
    free(table.cells);
}

static void print_process(const struct lab_world *world, size_t index, FILE *file)
{
    const struct lab_scenario *scenario = world->scenario;
    const struct lab_process *process = &scenario->processes[index];
    size_t first = world->first_node[index], end = world->first_node[index + 1], privates = 0, views = 0;
    for (size_t i = first; i < end; i++) {
        const struct lab_node *node = &scenario->nodes[world->order[i]];
        privates += node->kind != LAB_NODE_VIEW && !node->deleting;
        views += is_view(scenario, node);
    }
    fprintf(file, "%s\n  {\"pid\": %llu, \"process\": ", index ? "," : "", (ull)process->pid);
    lab_truth_text(file, process->name);
    fprintf(file, ", \"image_file_name\": \"%.14s\", \"eprocess\": \"0x%llx\", \"parent\": %llu", process->name,
            (ull)process->eprocess, (ull)process->parent);
    fprintf(file, ", \"path\": ");
    lab_truth_text(file, process->path);
    fprintf(file, ", \"create_time\": \"0x%llx\", \"dtb\": \"0x%llx\", \"exited\": %s", (ull)process->created,
            (ull)process->dtb, process->exited ? "true" : "false");
    fprintf(file, ", \"vads\": %zu, \"private\": %zu, \"views\": %zu", end - first, privates, views);
    lab_truth_process(world, index, file);
    fputc('}', file);
}

static void print_sections(const struct lab_world *world, FILE *file)
{
    const struct lab_scenario *scenario = world->scenario;
    for (size_t i = 0; i < scenario->section_count; i++) {
        const struct lab_section *section = &scenario->sections[i];
        fprintf(file, "%s\n  {\"control_area\": \"0x%llx\", \"segment\": \"0x%llx\", \"kind\": \"%s\", \"name\": ",
                i ? "," : "", (ull)section->control_area, (ull)section->segment, lab_section_kind_name(section->kind));
        lab_truth_text(file, section->name_absent ? NULL : section->name);
        fprintf(file, ", \"pages\": %llu, \"size\": %llu", (ull)section->pages, (ull)section->size);
        lab_truth_section(world, i, file);
        fputc('}', file);
    }
}

static void print_view(const struct lab_world *world, const struct lab_node *node, FILE *file)
{
    const struct lab_scenario *scenario = world->scenario;
    const struct lab_process *process = &scenario->processes[node->process];
    fprintf(file, "  {\"pid\": %llu, \"process\": ", (ull)process->pid);
    lab_truth_text(file, process->name);
    fprintf(file, ", \"eprocess\": \"0x%llx\", \"start\": \"0x%llx\", \"end\": \"0x%llx\"", (ull)process->eprocess,
            (ull)node->start, (ull)(node->start + lab_node_pages(node) * LAB_PAGE - 1));
    fprintf(file, ", \"first_prototype_pte\": \"0x%llx\", \"protection\": \"%s\", \"protection_value\": %u",
            (ull)lab_section_pte(&scenario->sections[node->section], node->offset),
            lab_protection_letters(node->protection), node->protection);
    fprintf(file, ", \"section\": %u, \"section_offset\": %llu", node->section, (ull)node->offset * LAB_PAGE);
    lab_truth_view(world, node, file);
    fputc('}', file);
}

struct member {
    uint64_t lowest; /* of its region; the sort's first key */
    uint32_t region, view, process;
    uint64_t start;
};

static int by_region(const void *left, const void *right)
{
    const struct member *a = left, *b = right;
    if (a->lowest != b->lowest)
        return a->lowest < b->lowest ? -1 : 1;
    if (a->region != b->region)
        return a->region < b->region ? -1 : 1;
    if (a->process != b->process)
        return a->process > b->process ? -1 : 1;
    return a->start > b->start ? -1 : a->start < b->start;
}

static uint64_t first_pte(const struct lab_scenario *scenario, const struct lab_node *node)
{
    return lab_section_pte(&scenario->sections[node->section], node->offset);
}

static struct member *list_members(const struct lab_scenario *scenario, struct views *views)
{
    struct member *members = lab_allocate(views->count, sizeof *members);
    uint64_t *lowest = lab_allocate(views->count, sizeof *lowest);
    for (uint32_t i = 0; i < views->count; i++) {
        uint32_t region = leader(views, i);
        uint64_t pte = first_pte(scenario, &scenario->nodes[views->nodes[i]]);
        if (!lowest[region] || pte < lowest[region])
            lowest[region] = pte;
    }
    for (uint32_t i = 0; i < views->count; i++) {
        const struct lab_node *node = &scenario->nodes[views->nodes[i]];
        uint32_t region = leader(views, i);
        members[i] = (struct member){lowest[region], region, i, node->process, node->start};
    }
    free(lowest);
    qsort(members, views->count, sizeof *members, by_region);
    return members;
}

static void print_regions(const struct lab_scenario *scenario, struct views *views, FILE *file)
{
    struct member *members = list_members(scenario, views);
    bool any = false;
    for (size_t i = 0, end; i < views->count; i = end) {
        for (end = i + 1; end < views->count && members[end].region == members[i].region;)
            end++;
        if (end - i < 2)
            continue;
        fprintf(file, "%s\n  {\"prototype_pte\": \"0x%llx\", \"section\": %u, \"views\": [", any ? "," : "",
                (ull)members[i].lowest, scenario->nodes[views->nodes[members[i].view]].section);
        for (size_t j = i; j < end; j++)
            fprintf(file, "%s%u", j > i ? ", " : "", members[j].view);
        fputs("]}", file);
        any = true;
    }
    free(members);
}

void lab_write_truth(const struct lab_world *world, const char *prefix)
{
    const struct lab_scenario *scenario = world->scenario;
    char path[4096];
    struct views views;
    if (snprintf(path, sizeof path, "%s.truth.json", prefix) >= (int)sizeof path)
        lab_fail("the output's name is too long");
    FILE *file = fopen(path, "w");
    if (!file)
        lab_fail("cannot create %s", path);
    collect(world, &views);
    join(scenario, &views);
    fprintf(file, "{\"build\": %u, \"revision\": %u, \"layout\": \"%s\", \"guid_age\": \"%s\", \"real_kernel\": %s,\n",
            world->layout.build, world->layout.revision, world->layout.name, world->layout.guid_age,
            world->layout.real_kernel ? "true" : "false");
    fprintf(file, " \"kernel_base\": \"0x%llx\", \"dtb\": \"0x%llx\",\n \"processes\": [", (ull)world->kernel_base,
            (ull)world->memory.root << 12);
    for (size_t i = 0; i < scenario->process_count; i++)
        print_process(world, i, file);
    fputs("],\n", file);
    lab_truth_namespace(world, file);
    fputs(" \"sections\": [", file);
    print_sections(world, file);
    fputs("],\n \"views\": [", file);
    for (size_t i = 0; i < views.count; i++) {
        fputs(i ? ",\n" : "\n", file);
        print_view(world, &scenario->nodes[views.nodes[i]], file);
    }
    fputs("],\n \"regions\": [", file);
    print_regions(scenario, &views, file);
    fputs("]}\n", file);
    if (fclose(file))
        lab_fail("cannot write %s", path);
    free(views.nodes);
    free(views.joined);
}
