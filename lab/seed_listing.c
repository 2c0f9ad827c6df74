/*
 * From a listing of shared memory back to a machine that has it. The listing shows owners in the reverse order of the
 * process list, names in lower case, and as END the address of a view's last page.
 */
#include "generate.h"

#include "bytes.h"
#include "memory.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SYSTEM32 "Windows\\System32\\"
#define APPS     "Windows\\SystemApps\\"

/* Names whose case lower-casing lost, and where the files lie. Others are themselves, in System32. */
static const struct {
    const char *name, *folder;
} programs[] = {{"ApplicationFrameHost.exe", SYSTEM32},
                {"browser_broker.exe", SYSTEM32},
                {"explorer.exe", "Windows\\"},
                {"LogonUI.exe", SYSTEM32},
                {"Microsoft.Photos.exe",
                 "Program Files\\WindowsApps\\Microsoft.Windows.Photos_2020.19111.24110.0_x64__8wekyb3d8bbwe\\"},
                {"MicrosoftEdge.exe", APPS "Microsoft.MicrosoftEdge_8wekyb3d8bbwe\\"},
                {"MicrosoftEdgeCP.exe", SYSTEM32},
                {"MicrosoftEdgeSH.exe", SYSTEM32},
                {"MpCmdRun.exe", "ProgramData\\Microsoft\\Windows Defender\\Platform\\4.18.2005.5-0\\"},
                {"MsMpEng.exe", "ProgramData\\Microsoft\\Windows Defender\\Platform\\4.18.2005.5-0\\"},
                {"OneDrive.exe", "Users\\over\\AppData\\Local\\Microsoft\\OneDrive\\"},
                {"powershell.exe", SYSTEM32 "WindowsPowerShell\\v1.0\\"},
                {"RuntimeBroker.exe", SYSTEM32},
                {"SearchIndexer.exe", SYSTEM32},
                {"SearchUI.exe", APPS "Microsoft.Windows.Cortana_cw5n1h2txyewy\\"},
                {"SecurityHealthHost.exe", SYSTEM32},
                {"SecurityHealthService.exe", SYSTEM32},
                {"SecurityHealthSystray.exe", SYSTEM32},
                {"SgrmBroker.exe", SYSTEM32},
                {"ShellExperienceHost.exe", APPS "ShellExperienceHost_cw5n1h2txyewy\\"},
                {"sic.exe", "Users\\over\\Desktop\\"},
                {"SkypeApp.exe", "Program Files\\WindowsApps\\Microsoft.SkypeApp_15.61.87.0_x86__kzf8qxf38zg5c\\"},
                {"StartMenuExperienceHost.exe", APPS "Microsoft.Windows.StartMenuExperienceHost_cw5n1h2txyewy\\"},
                {"TabTip.exe", "Program Files\\Common Files\\microsoft shared\\ink\\"},
                {"VSSVC.exe", SYSTEM32},
                {"Windows.WARP.JITService.exe", SYSTEM32},
                {"WindowsInternal.ComposableShell.Experiences.TextInput.InputApp.exe", APPS "InputApp_cw5n1h2txyewy\\"},
                {"WUDFHost.exe", SYSTEM32}};

/* Sections of the listing that are known by what they are. */
static const struct known_section {
    uint64_t prototype;
    enum lab_section_kind kind;
    uint8_t protection;
    const char *name;
    uint8_t bytes[9];
    size_t size;
    uint64_t frame;
} known_sections[] = {
    /* The API set map: its header's version 6 and its size. */
    {0xffffd80cdc802050ull, LAB_SECTION_PAGING_FILE, 1, NULL, {6, 0, 0, 0, 0x8c, 0xa1, 1, 0}, 8, LAB_NO_FRAME},
    {0xffffd80ce21e4d70ull,
     LAB_SECTION_FILE,
     4,
     "\\Users\\over\\AppData\\Local\\Microsoft\\Windows\\Explorer\\thumbcache_idx.db",
     {0x0c, 0, 0x30, 0x20, 'I', 'M', 'M', 'M', 0x20},
     9,
     0x20bcb}};

/* Page-table roots that are known. */
static const struct {
    uint64_t eprocess, dtb;
} known_roots[] = {{0xffffc50b824f6080ull, 0x15fd2000}};

struct entry {
    uint64_t prototype, pid, eprocess, start, end;
    char name[128];
};

struct listing {
    struct entry *items;
    size_t count, capacity;
};

static void read_listing(FILE *file, const char *name, struct listing *listing)
{
    char line[1024];
    uint64_t prototype = 0;
    for (unsigned number = 1; fgets(line, sizeof line, file); number++) {
        struct entry entry = {0};
        if (sscanf(line, "ProtoPTE: %" SCNx64, &prototype) == 1)
            continue;
        if (sscanf(line, " Name: %127s (PID: %" SCNu64 ", EPROCESS: %" SCNx64 ") at %" SCNx64 "-%" SCNx64, entry.name,
                   &entry.pid, &entry.eprocess, &entry.start, &entry.end) != 5 ||
            !prototype || entry.end < entry.start)
            lab_fail("%s:%u: not a line of a listing", name, number);
        entry.prototype = prototype;
        listing->items = lab_grow(listing->items, listing->count, &listing->capacity, sizeof *listing->items);
        listing->items[listing->count++] = entry;
    }
}

static int find_process(const struct lab_scenario *scenario, uint64_t eprocess)
{
    for (size_t i = 0; i < scenario->process_count; i++)
        if (scenario->processes[i].eprocess == eprocess)
            return (int)i;
    return -1;
}

static uint64_t pid_of(const struct listing *listing, const char *name)
{
    for (size_t i = 0; i < listing->count; i++)
        if (!strcmp(listing->items[i].name, name))
            return listing->items[i].pid;
    return 4;
}

/* Who starts what, as on a real machine. */
static uint64_t parent_of(const struct listing *listing, const struct entry *entry)
{
    static const struct {
        const char *name, *parent;
    } parents[] = {{"smss.exe", ""},
                   {"csrss.exe", "smss.exe"},
                   {"wininit.exe", "smss.exe"},
                   {"winlogon.exe", "smss.exe"},
                   {"services.exe", "wininit.exe"},
                   {"lsass.exe", "wininit.exe"},
                   {"fontdrvhost.exe", "wininit.exe"},
                   {"dwm.exe", "winlogon.exe"},
                   {"logonui.exe", "winlogon.exe"},
                   {"explorer.exe", "winlogon.exe"},
                   {"powershell.exe", "explorer.exe"},
                   {"cmd.exe", "explorer.exe"},
                   {"conhost.exe", "powershell.exe"},
                   {"sic.exe", "cmd.exe"},
                   {"onedrive.exe", "explorer.exe"},
                   {"securityhealthsystray.exe", "explorer.exe"}};
    for (size_t i = 0; i < sizeof parents / sizeof *parents; i++)
        if (!strcmp(parents[i].name, entry->name))
            return pid_of(listing, parents[i].parent);
    return pid_of(listing, "services.exe");
}

static void add_process(struct lab_scenario *scenario, const struct listing *listing, const struct entry *entry)
{
    const char *name = entry->name, *folder = SYSTEM32;
    char path[512];
    for (size_t i = 0; i < sizeof programs / sizeof *programs; i++) {
        if (!strcasecmp(programs[i].name, entry->name)) {
            name = programs[i].name;
            folder = programs[i].folder;
        }
    }
    struct lab_process *process = lab_add_process(scenario, name, entry->pid);
    snprintf(path, sizeof path, "\\Device\\HarddiskVolume2\\%s%s", folder, name);
    process->path = lab_copy_text(path);
    process->eprocess = entry->eprocess;
    process->parent = parent_of(listing, entry);
    for (size_t i = 0; i < sizeof known_roots / sizeof *known_roots; i++)
        if (known_roots[i].eprocess == entry->eprocess)
            process->dtb = known_roots[i].dtb;
}

/* The prototype PTE that most lines stand under: its owners give the order of the process list. */
static uint64_t largest_region(const struct listing *listing)
{
    size_t most = 0;
    uint64_t largest = 0;
    for (size_t i = 0, end; i < listing->count; i = end) {
        for (end = i + 1; end < listing->count && listing->items[end].prototype == listing->items[i].prototype;)
            end++;
        if (end - i > most) {
            most = end - i;
            largest = listing->items[i].prototype;
        }
    }
    return largest;
}

static void add_processes(struct lab_scenario *scenario, const struct listing *listing)
{
    uint64_t largest = largest_region(listing);
    lab_add_process(scenario, "System", 4);
    lab_add_process(scenario, "Registry", 88);
    for (unsigned pass = 0; pass < 2; pass++)
        for (size_t i = listing->count; i-- > 0;)
            if ((pass || listing->items[i].prototype == largest) &&
                find_process(scenario, listing->items[i].eprocess) < 0)
                add_process(scenario, listing, &listing->items[i]);
}

static int find_section(const struct lab_scenario *scenario, uint64_t prototype)
{
    for (size_t i = 0; i < scenario->section_count; i++)
        if (scenario->sections[i].subsections[0].prototype == prototype)
            return (int)i;
    return -1;
}

static void add_section(struct lab_scenario *scenario, uint64_t prototype, uint64_t pages)
{
    static const struct known_section unknown = {
        .kind = LAB_SECTION_PAGING_FILE, .protection = 4, .frame = LAB_NO_FRAME};
    const struct known_section *known = &unknown;
    char id[32];
    for (size_t i = 0; i < sizeof known_sections / sizeof *known_sections; i++)
        if (known_sections[i].prototype == prototype)
            known = &known_sections[i];
    snprintf(id, sizeof id, "shared-%zu", scenario->section_count);
    struct lab_section *section = lab_add_section(scenario, id, known->kind, known->name);
    lab_add_subsection(section, pages, 4)->prototype = prototype;
    if (known->size) {
        struct lab_page_content *content = lab_add_content(section, 0);
        memcpy(content->bytes, known->bytes, known->size);
        content->size = known->size;
        content->frame = known->frame;
    }
}

static uint8_t view_protection(uint64_t prototype)
{
    for (size_t i = 0; i < sizeof known_sections / sizeof *known_sections; i++)
        if (known_sections[i].prototype == prototype)
            return known_sections[i].protection;
    return 4;
}

static bool has_handle(const struct lab_scenario *scenario, uint32_t process)
{
    for (size_t i = 0; i < scenario->handle_count; i++)
        if (scenario->handles[i].process == process)
            return true;
    return false;
}

/* The PEB of whoever maps the API set map leads to it: that is what names it. */
static void point_to_api_sets(struct lab_scenario *scenario, uint32_t process, uint32_t section)
{
    for (size_t i = 0; i < scenario->peb_pointer_count; i++)
        if (scenario->peb_pointers[i].process == process)
            return;
    lab_add_peb_pointer(scenario, process, LAB_PEB_POINTER_APISETMAP, section);
}

/* What a view of a known section brings with it: a pointer of the PEB, or a handle. */
static void add_evidence(struct lab_scenario *scenario, uint32_t process, uint32_t section)
{
    uint64_t prototype = scenario->sections[section].subsections[0].prototype;
    if (prototype == known_sections[0].prototype)
        point_to_api_sets(scenario, process, section);
    else if (prototype == known_sections[1].prototype && !has_handle(scenario, process))
        lab_add_handle(scenario, process, section, 6);
}

static void add_views(struct lab_scenario *scenario, const struct listing *listing)
{
    for (size_t i = 0; i < listing->count; i++) {
        const struct entry *entry = &listing->items[i];
        uint64_t pages = (entry->end - entry->start) / LAB_PAGE + 1;
        if (find_section(scenario, entry->prototype) < 0)
            add_section(scenario, entry->prototype, pages);
        uint32_t section = (uint32_t)find_section(scenario, entry->prototype);
        uint32_t process = (uint32_t)find_process(scenario, entry->eprocess);
        lab_add_view(scenario, process, section, 0, pages, view_protection(entry->prototype))->start = entry->start;
        add_evidence(scenario, process, section);
    }
}

static bool is_only_one(const struct lab_scenario *scenario, size_t index)
{
    for (size_t i = 0; i < scenario->process_count; i++)
        if (i != index && !strcmp(scenario->processes[i].name, scenario->processes[index].name))
            return false;
    return true;
}

static void map_once(struct lab_scenario *scenario, size_t process, enum lab_section_kind kind, const char *name)
{
    uint64_t *state = &scenario->seed;
    char id[32];
    snprintf(id, sizeof id, "own-%zu", scenario->section_count);
    struct lab_section *section = lab_add_section(scenario, id, kind, name);
    if (kind == LAB_SECTION_IMAGE)
        lab_add_subsection(section, 1, 1);
    lab_add_subsection(section, 4 + lab_random_below(state, 30), kind == LAB_SECTION_IMAGE ? 3 : 4);
    if (kind == LAB_SECTION_IMAGE)
        lab_add_subsection(section, 3, 5);
    uint8_t protection = kind == LAB_SECTION_IMAGE ? 7 : 4;
    lab_add_view(scenario, (uint32_t)process, (uint32_t)scenario->section_count - 1, 0, section->pages, protection);
}

/* What else a process has: private memory, and sections that nobody else maps. */
static void add_surroundings(struct lab_scenario *scenario)
{
    char name[512];
    for (size_t i = 0; i < scenario->process_count; i++) {
        const struct lab_process *process = &scenario->processes[i];
        for (uint64_t j = 4 + lab_random_below(&scenario->seed, 6); j > 0; j--)
            lab_add_node(scenario, (uint32_t)i, j % 4 ? LAB_NODE_PRIVATE : LAB_NODE_PRIVATE_LONG,
                         1 + lab_random_below(&scenario->seed, 64), 4)
                ->garbage = j % 4 == 1;
        map_once(scenario, i, LAB_SECTION_PAGING_FILE, NULL);
        snprintf(name, sizeof name, "\\ProgramData\\%s-%llu.dat", process->name, (unsigned long long)process->pid);
        map_once(scenario, i, LAB_SECTION_FILE, name);
        if (i == 0)
            map_once(scenario, i, LAB_SECTION_IMAGE, "\\Windows\\System32\\vertdll.dll");
        else if (process->path && is_only_one(scenario, i))
            map_once(scenario, i, LAB_SECTION_IMAGE, strchr(process->path + 8, '\\'));
    }
}

void lab_generate_from_listing(FILE *file, const char *name, struct lab_scenario *scenario)
{
    struct listing listing = {0};
    read_listing(file, name, &listing);
    lab_scenario_init(scenario);
    scenario->kernel = lab_copy_text("10.0.19041.329");
    scenario->memory = 1ull << 30;
    add_processes(scenario, &listing);
    add_views(scenario, &listing);
    add_surroundings(scenario);
    scenario->seed = 0x51c;
    free(listing.items);
}
