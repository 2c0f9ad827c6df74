#include "world.h"

#include "bytes.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define WANTED_PROCESSES 12u

static bool has_pid(const struct lab_scenario *scenario, uint64_t pid)
{
    for (size_t i = 0; i < scenario->process_count; i++)
        if (scenario->processes[i].pid == pid)
            return true;
    return false;
}

static uint64_t free_pid(const struct lab_scenario *scenario, uint64_t pid)
{
    while (has_pid(scenario, pid))
        pid += 4;
    return pid;
}

/* Adds a process at the list's end with two private nodes, and takes it to place `index`. */
static void insert_process(struct lab_scenario *scenario, size_t index, const char *name, uint64_t pid)
{
    lab_add_process(scenario, name, pid);
    size_t last = scenario->process_count - 1;
    struct lab_process process = scenario->processes[last];
    memmove(scenario->processes + index + 1, scenario->processes + index, (last - index) * sizeof process);
    scenario->processes[index] = process;
    for (size_t i = 0; i < scenario->node_count; i++)
        scenario->nodes[i].process += scenario->nodes[i].process >= index;
    for (size_t i = 0; i < scenario->handle_count; i++)
        scenario->handles[i].process += scenario->handles[i].process >= index;
    for (size_t i = 0; i < scenario->peb_pointer_count; i++)
        scenario->peb_pointers[i].process += scenario->peb_pointers[i].process >= index;
    lab_add_node(scenario, (uint32_t)index, LAB_NODE_PRIVATE, 16, 4);
    lab_add_node(scenario, (uint32_t)index, LAB_NODE_PRIVATE, 4, 4);
}

/* System maps one image, as it does on real machines. */
static void give_system_a_view(struct lab_scenario *scenario)
{
    for (size_t i = 0; i < scenario->node_count; i++)
        if (scenario->processes[scenario->nodes[i].process].pid == 4 && scenario->nodes[i].kind == LAB_NODE_VIEW)
            return;
    struct lab_section *section =
        lab_add_section(scenario, "system-image", LAB_SECTION_IMAGE, "\\Windows\\System32\\vertdll.dll");
    lab_add_subsection(section, 1, 1);
    lab_add_subsection(section, 20, 3);
    lab_add_subsection(section, 5, 5);
    for (size_t i = 0; i < scenario->process_count; i++)
        if (scenario->processes[i].pid == 4)
            lab_add_view(scenario, (uint32_t)i, (uint32_t)scenario->section_count - 1, 0, 26, 7);
}

static bool covered(const struct lab_scenario *scenario, uint32_t process, uint64_t va)
{
    for (size_t i = 0; i < scenario->node_count; i++) {
        const struct lab_node *node = &scenario->nodes[i];
        if (node->process == process && node->start <= va && va - node->start < lab_node_pages(node) * LAB_PAGE)
            return true;
    }
    return false;
}

static void add_pebs(struct lab_scenario *scenario)
{
    bool large = scenario->node_count > 100000; /* generated worlds name no address down there */
    for (size_t i = 0; i < scenario->process_count; i++) {
        struct lab_process *process = &scenario->processes[i];
        if (process->exited && process->peb == LAB_CHOOSE)
            process->peb = 0;
        if (process->peb == LAB_CHOOSE)
            process->peb = 0x000000a000000000ull + (lab_mix(process->pid + i * 0x100000) & 0xffff) * 0x10000 + 0x5000;
        if (process->peb && !process->exited && (large || !covered(scenario, (uint32_t)i, process->peb)))
            lab_add_node(scenario, (uint32_t)i, LAB_NODE_PRIVATE, 1, 4)->start = process->peb;
    }
}

static void add_paths(struct lab_scenario *scenario)
{
    char path[512];
    for (size_t i = 0; i < scenario->process_count; i++) {
        struct lab_process *process = &scenario->processes[i];
        if (process->path || process->pid == 4)
            continue;
        bool registry = !strcmp(process->name, "Registry");
        snprintf(path, sizeof path, "%s%s", registry ? "" : "\\Device\\HarddiskVolume2\\Windows\\System32\\",
                 process->name);
        process->path = lab_copy_text(path);
    }
}

void lab_companions_add(struct lab_scenario *scenario)
{
    if (scenario->companions) {
        if (!has_pid(scenario, 4)) {
            insert_process(scenario, 0, "System", 4);
            insert_process(scenario, 1, "Registry", free_pid(scenario, 100));
            insert_process(scenario, 2, "smss.exe", free_pid(scenario, 368));
        }
        while (scenario->process_count < WANTED_PROCESSES)
            insert_process(scenario, scenario->process_count, "svchost.exe",
                           free_pid(scenario, 600 + scenario->process_count * 36));
        give_system_a_view(scenario);
    }
    if (!has_pid(scenario, 4))
        lab_fail("the scenario has no process with pid 4: leave companions on, or add System");
    add_pebs(scenario);
    add_paths(scenario);
    for (size_t i = 0; i < scenario->process_count; i++)
        lab_identity_complete(scenario, &scenario->processes[i]);
}
