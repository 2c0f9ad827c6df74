/*
 * Facts by chance: who runs what, which names and handles sections have, which views the kernel has of them.
 */
#include "generate.h"

#include "bytes.h"
#include "chooser.h"
#include "memory.h"

#include <stdio.h>
#include <string.h>

static char *random_sid(struct lab_chooser *chooser, const char *start, unsigned parts)
{
    char text[200];
    int used = snprintf(text, sizeof text, "%s", start);
    for (unsigned i = 0; i < parts; i++)
        used += snprintf(text + used, sizeof text - (size_t)used, "-%u", (uint32_t)lab_random(&chooser->state));
    return lab_copy_text(text);
}

static void random_container(struct lab_chooser *chooser, struct lab_identity *identity)
{
    static const char *const lists[] = {"", "S-1-15-3-1", "S-1-15-3-1,S-1-15-3-8,S-1-15-3-1024-1-2-3-4-5-6-7-8"};
    identity->package = random_sid(chooser, "S-1-15-2", 7);
    identity->capabilities = lab_copy_text(lists[lab_choose_below(chooser, 3)]);
    identity->low_privilege = lab_choose_chance(chooser, 40);
    identity->integrity = 0x1000;
}

static void random_identity(struct lab_chooser *chooser, struct lab_process *process)
{
    static const uint64_t levels[] = {0, 0x1000, 0x2000, 0x2100, 0x3000, 0x4000};
    static const uint8_t protections[] = {0x11, 0x31, 0x41, 0x51, 0x61, 0x62, 0x72};
    struct lab_identity *identity = &process->identity;
    if (lab_choose_chance(chooser, 30))
        identity->session = lab_choose_below(chooser, 4);
    if (lab_choose_chance(chooser, 25))
        identity->user = random_sid(chooser, "S-1-5-21", 4);
    else if (lab_choose_chance(chooser, 5))
        identity->user = lab_copy_text("none");
    if (lab_choose_chance(chooser, 25))
        identity->integrity = levels[lab_choose_below(chooser, 6)];
    if (lab_choose_chance(chooser, 20))
        random_container(chooser, identity);
    if (lab_choose_chance(chooser, 15))
        identity->restricted = random_sid(chooser, "S-1-5-5-0", 1);
    if (lab_choose_chance(chooser, 15))
        identity->groups = lab_copy_text("S-1-1-0,S-1-5-80-1-2-3-4-5,S-1-5-32-545");
    if (lab_choose_chance(chooser, 20))
        identity->protection = protections[lab_choose_below(chooser, 7)];
    identity->wow64 = lab_choose_chance(chooser, 20);
    identity->exiting = lab_choose_chance(chooser, 10);
    if (lab_choose_chance(chooser, 20))
        process->other_handles = (uint32_t)lab_choose_below(chooser, lab_choose_chance(chooser, 10) ? 700 : 60);
}

static void random_name(struct lab_chooser *chooser, uint32_t section)
{
    static const char *const folders[] = {"\\BaseNamedObjects",
                                          "\\Sessions\\1\\BaseNamedObjects",
                                          "\\KnownDlls",
                                          "\\RPC Control",
                                          "\\BaseNamedObjects\\Private",
                                          "\\Sessions\\2\\AppContainerNamedObjects\\S-1-15-2-1-2-3-4-5-6-7"};
    static const char *const words[] = {"map", "windows_shell_global_counters", "\xc3\xa9tat", "a b",
                                        "\xf0\x9f\x98\x80"};
    char path[256];
    snprintf(path, sizeof path, "%s\\%s-%llu", folders[lab_choose_below(chooser, 6)],
             words[lab_choose_below(chooser, 5)], (unsigned long long)chooser->scenario->name_count);
    lab_add_name(chooser->scenario, section, path);
}

static uint32_t live_process(struct lab_chooser *chooser)
{
    for (;;) {
        uint32_t process = (uint32_t)lab_choose_below(chooser, chooser->scenario->process_count);
        if (!chooser->scenario->processes[process].exited)
            return process;
    }
}

static void random_handle(struct lab_chooser *chooser, uint32_t section)
{
    static const uint32_t rights[] = {4, 6, 2, 0xf0007, 0xf001f, 0xd, 1};
    uint32_t process = live_process(chooser);
    struct lab_handle *handle =
        lab_add_handle(chooser->scenario, process, section, rights[lab_choose_below(chooser, 7)]);
    handle->own = lab_choose_chance(chooser, 20);
    /* Each explicit value is the count's, so that no two are the same; a few lie far out, for tables of two levels. */
    if (lab_choose_chance(chooser, 20))
        handle->value = 0x200 + 8 * (uint32_t)chooser->scenario->handle_count;
    else if (lab_choose_chance(chooser, 5))
        handle->value = 0x8004 + 8 * (uint32_t)chooser->scenario->handle_count;
    if (handle->value % 0x400 == 0)
        handle->value = 0;
}

static void random_kernel_view(struct lab_chooser *chooser, uint32_t index)
{
    const struct lab_section *section = &chooser->scenario->sections[index];
    bool cacheable = section->kind == LAB_SECTION_FILE;
    enum lab_kernel_view_kind kind = (enum lab_kernel_view_kind)lab_choose_below(chooser, cacheable ? 3 : 2);
    struct lab_kernel_view *view = lab_add_kernel_view(chooser->scenario, index, kind);
    view->session = kind == LAB_VIEW_SESSION ? (uint32_t)lab_choose_below(chooser, 4) : 0;
    if (kind == LAB_VIEW_CACHE) {
        view->page = lab_choose_below(chooser, section->pages);
        view->page_count = 1 + (uint32_t)lab_choose_below(chooser, 63);
    }
}

static void random_pointers(struct lab_chooser *chooser)
{
    struct lab_scenario *scenario = chooser->scenario;
    for (size_t i = 0; i < scenario->node_count; i++) {
        const struct lab_node *node = &scenario->nodes[i];
        if (node->kind != LAB_NODE_VIEW || node->deleting || !lab_choose_chance(chooser, 15))
            continue;
        if (scenario->processes[node->process].exited || !scenario->processes[node->process].peb)
            continue;
        enum lab_peb_field field = (enum lab_peb_field)lab_choose_below(chooser, LAB_PEB_POINTER_COUNT);
        struct lab_peb_pointer *pointer = lab_add_peb_pointer(scenario, node->process, field, node->section);
        /* To nothing that is there; or an address of csrss.exe's, which says nothing of the process's own memory. */
        if (lab_choose_chance(chooser, 20) || field == LAB_PEB_POINTER_CSRSERVERREADONLYSHAREDMEMORYBASE) {
            pointer->section = UINT32_MAX;
            pointer->address = 0x10000 * (1 + lab_choose_below(chooser, 0x1000));
        }
    }
}

static void random_file(struct lab_chooser *chooser, struct lab_section *section)
{
    static const char *const devices[] = {"\\Device\\HarddiskVolume3", "\\Device\\HarddiskVolume9", "\\Device\\Mup",
                                          ""};
    if (section->kind != LAB_SECTION_FILE && section->kind != LAB_SECTION_IMAGE)
        return;
    if (lab_choose_chance(chooser, 30))
        section->device = lab_copy_text(devices[lab_choose_below(chooser, 4)]);
    section->name_absent = lab_choose_chance(chooser, 8);
}

void lab_random_facts(struct lab_scenario *scenario, uint64_t seed)
{
    struct lab_chooser chooser = {scenario, lab_mix(seed + 0xfac75)};
    lab_add_link(scenario, "\\GLOBAL??\\D:", "\\Device\\HarddiskVolume3");
    for (size_t i = 0; i < scenario->process_count; i++)
        random_identity(&chooser, &scenario->processes[i]);
    for (uint32_t i = 0; i < scenario->section_count; i++) {
        random_file(&chooser, &scenario->sections[i]);
        if (scenario->sections[i].kind == LAB_SECTION_PAGING_FILE)
            scenario->sections[i].large_pages = lab_choose_chance(&chooser, 4);
        for (uint64_t j = lab_choose_chance(&chooser, 35) ? 1 + lab_choose_below(&chooser, 2) : 0; j > 0; j--)
            random_name(&chooser, i);
        for (uint64_t j = lab_choose_chance(&chooser, 50) ? 1 + lab_choose_below(&chooser, 3) : 0; j > 0; j--)
            random_handle(&chooser, i);
        for (uint64_t j = lab_choose_chance(&chooser, 25) ? 1 + lab_choose_below(&chooser, 3) : 0; j > 0; j--)
            random_kernel_view(&chooser, i);
    }
    random_pointers(&chooser);
    for (size_t i = 0; i < scenario->node_count; i++)
        if (scenario->nodes[i].kind == LAB_NODE_VIEW && (scenario->nodes[i].protection & 7) == 5)
            scenario->nodes[i].copied = lab_choose_chance(&chooser, 30);
}
