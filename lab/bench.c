/*
 * Large worlds. The mix is that of a desktop after some hours: nearly half of the nodes private, a third of them views
 * of DLLs that nearly all processes map, then data files, sections shared by a few, and sections mapped once.
 */
#include "generate.h"

#include "bytes.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct bench {
    struct lab_scenario *scenario;
    uint64_t state;
    uint32_t processes;
};

/* A node and when it was allocated: nodes are allocated in this order, so it is how they lie in the pool. */
struct timed {
    uint64_t when;
    struct lab_node node;
};

static void add_processes(struct bench *bench)
{
    static const char *const names[] = {"svchost.exe", "chrome.exe", "RuntimeBroker.exe", "msedgewebview2.exe"};
    lab_add_process(bench->scenario, "System", 4);
    lab_add_process(bench->scenario, "Registry", 100);
    lab_add_process(bench->scenario, "smss.exe", 368);
    for (uint32_t i = 3; i < bench->processes; i++)
        lab_add_process(bench->scenario, names[lab_random_below(&bench->state, 4)], 500 + i * 8);
}

static uint32_t add_section(struct bench *bench, enum lab_section_kind kind, uint64_t pages)
{
    static const enum lab_page_state states[] = {LAB_PAGE_SUBSECTION, LAB_PAGE_SUBSECTION, LAB_PAGE_ZERO};
    uint32_t index = (uint32_t)bench->scenario->section_count;
    char id[24], name[48];
    snprintf(id, sizeof id, "s%u", index);
    snprintf(name, sizeof name, "\\%s-%u.%s", kind == LAB_SECTION_IMAGE ? "Windows\\System32\\lib" : "Data\\file",
             index, kind == LAB_SECTION_IMAGE ? "dll" : "dat");
    struct lab_section *section =
        lab_add_section(bench->scenario, id, kind, kind == LAB_SECTION_PAGING_FILE ? NULL : name);
    section->states = states[kind];
    if (kind != LAB_SECTION_IMAGE) {
        lab_add_subsection(section, pages, 4);
        return index;
    }
    lab_add_subsection(section, 1, 1);
    lab_add_subsection(section, pages, 3);
    lab_add_subsection(section, pages / 3 + 1, 1);
    lab_add_subsection(section, 2, 5);
    return index;
}

static void add_view(struct bench *bench, uint32_t process, uint32_t section)
{
    const struct lab_section *of = &bench->scenario->sections[section];
    uint8_t protection = of->kind == LAB_SECTION_IMAGE ? 7 : lab_random_below(&bench->state, 3) ? 1 : 4;
    struct lab_node *node = lab_add_view(bench->scenario, process, section, 0, of->pages, protection);
    node->touch = lab_random_below(&bench->state, 200) == 0;
}

static void add_dlls(struct bench *bench, size_t until)
{
    while (bench->scenario->node_count < until) {
        uint32_t section = add_section(bench, LAB_SECTION_IMAGE, 4 + lab_random_below(&bench->state, 60));
        for (uint32_t i = 1; i < bench->processes && bench->scenario->node_count < until; i++)
            if (lab_random_below(&bench->state, 10))
                add_view(bench, i, section);
    }
}

/* Sections that `least` to `most` processes map. */
static void add_shared(struct bench *bench, enum lab_section_kind kind, size_t until, uint64_t least, uint64_t most)
{
    while (bench->scenario->node_count < until) {
        uint32_t section = add_section(bench, kind, 1 + lab_random_below(&bench->state, 24));
        uint64_t first = lab_random(&bench->state), count = least + lab_random_below(&bench->state, most - least + 1);
        for (uint64_t i = 0; i < count && bench->scenario->node_count < until; i++)
            add_view(bench, 1 + (uint32_t)((first + i * 7) % (bench->processes - 1)), section);
    }
}

static void add_privates(struct bench *bench, size_t until)
{
    while (bench->scenario->node_count < until) {
        uint32_t process = 1 + (uint32_t)lab_random_below(&bench->state, bench->processes - 1);
        enum lab_node_kind kind = lab_random_below(&bench->state, 12) ? LAB_NODE_PRIVATE : LAB_NODE_PRIVATE_LONG;
        struct lab_node *node =
            lab_add_node(bench->scenario, process, kind, 1 + lab_random_below(&bench->state, 64), 4);
        node->touch = lab_random_below(&bench->state, 200) == 0;
    }
}

static int by_time(const void *left, const void *right)
{
    const struct timed *a = left, *b = right;
    return a->when < b->when ? -1 : a->when > b->when;
}

/* Processes start one after the other, a few at a time; a fifth of the nodes come at any time later. */
static void order_by_time(struct bench *bench)
{
    struct lab_scenario *scenario = bench->scenario;
    const uint64_t start = 1u << 20;
    struct timed *timed = lab_allocate(scenario->node_count, sizeof *timed);
    for (size_t i = 0; i < scenario->node_count; i++) {
        uint64_t when = scenario->nodes[i].process * start + lab_random_below(&bench->state, 4 * start);
        if (!lab_random_below(&bench->state, 5))
            when += lab_random_below(&bench->state, bench->processes * start);
        timed[i] = (struct timed){when, scenario->nodes[i]};
    }
    qsort(timed, scenario->node_count, sizeof *timed, by_time);
    for (size_t i = 0; i < scenario->node_count; i++)
        scenario->nodes[i] = timed[i].node;
    free(timed);
}

/* Handles to sections of its own views; what is left is handles to other objects. */
static void add_handles(struct bench *bench, uint32_t handles)
{
    static const uint32_t rights[] = {0xf001f, 6, 4, 0xd};
    struct lab_scenario *scenario = bench->scenario;
    uint32_t *given = lab_allocate(scenario->process_count, sizeof *given);
    for (size_t i = 0; i < scenario->node_count; i++) {
        const struct lab_node *node = &scenario->nodes[i];
        if (node->kind != LAB_NODE_VIEW || given[node->process] >= handles / 5 ||
            scenario->sections[node->section].kind != LAB_SECTION_PAGING_FILE)
            continue;
        given[node->process]++;
        lab_add_handle(scenario, node->process, node->section, rights[lab_random_below(&bench->state, 4)]);
    }
    for (size_t i = 0; i < scenario->process_count; i++)
        scenario->processes[i].other_handles = handles - given[i];
    free(given);
}

/* Of the paging file's sections a tenth has a name; of the files a tenth is in the system cache, too. */
static void add_names(struct bench *bench)
{
    struct lab_scenario *scenario = bench->scenario;
    char path[64];
    for (uint32_t i = 0; i < scenario->section_count; i++) {
        enum lab_section_kind kind = scenario->sections[i].kind;
        if (kind == LAB_SECTION_IMAGE || lab_random_below(&bench->state, 10))
            continue;
        if (kind == LAB_SECTION_FILE) {
            lab_add_kernel_view(scenario, i, LAB_VIEW_CACHE)->page_count = 1;
            continue;
        }
        snprintf(path, sizeof path, "%s\\BaseNamedObjects\\map-%u", i % 3 ? "\\Sessions\\1" : "", i);
        lab_add_name(scenario, i, path);
    }
}

void lab_generate_bench(uint32_t processes, uint32_t vads, uint32_t handles, uint64_t seed,
                        struct lab_scenario *scenario)
{
    struct bench bench = {.scenario = scenario, .state = lab_mix(seed), .processes = processes < 16 ? 16 : processes};
    lab_scenario_init(scenario);
    scenario->seed = seed;
    /* The PEBs' nodes and System's view come with the companions. */
    size_t total = vads > bench.processes * 2 ? vads - bench.processes : bench.processes;
    add_processes(&bench);
    add_dlls(&bench, total * 30 / 100);
    add_shared(&bench, LAB_SECTION_FILE, total * 40 / 100, 1, 4);
    add_shared(&bench, LAB_SECTION_PAGING_FILE, total * 50 / 100, 2, 10);
    add_shared(&bench, LAB_SECTION_PAGING_FILE, total * 55 / 100, 1, 1);
    add_privates(&bench, total);
    order_by_time(&bench);
    if (handles) {
        add_handles(&bench, handles);
        add_names(&bench);
    }
}
