/*
 * Reads the PEBs and first pages of running processes as the agent does, and prints them as JSON: read_processes.exe.
 * What they should be stands beside it: the child puts a copy of its PEB where both see it.
 */
#include "core/evidence.h"
#include "core/peb.h"
#include "live/native.h"
#include "live/process_memory.h"
#include "symbols/profile.h"
#include "util/memory.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MAPPING          L"Local\\sic-read-processes"
#define READY            L"Local\\sic-read-processes-ready"
#define DONE             L"Local\\sic-read-processes-done"
#define PEB_SIZE         0x7c0u
#define LAYOUT           "19041.264"
#define INFORMATION_SIZE 0x400000u

struct shared {
    char text[16];
    uint64_t view_va; /* of the child's view of this memory */
    uint64_t peb_va;
    uint8_t peb[PEB_SIZE];
};

static void fail(const char *what)
{
    fprintf(stderr, "read_processes: %s: error %lu\n", what, GetLastError());
    exit(99);
}

typedef void *(NTAPI *get_peb_function)(void);

/* Not by NtCurrentTeb: mingw-w64's makes this compiler warn. */
static const uint8_t *own_peb(void)
{
    get_peb_function get_peb = SIC_ROUTINE(get_peb_function, L"ntdll.dll", "RtlGetCurrentPeb");

    if (!get_peb)
        fail("RtlGetCurrentPeb");
    return get_peb();
}

static void describe_self(struct shared *shared)
{
    const uint8_t *peb = own_peb();

    memcpy(shared->text, "shared by a test", sizeof(shared->text));
    shared->view_va = (uintptr_t)shared;
    shared->peb_va = (uintptr_t)peb;
    memcpy(shared->peb, peb, PEB_SIZE);
}

static struct shared *map(void)
{
    HANDLE mapping = CreateFileMappingW(INVALID_HANDLE_VALUE, NULL, PAGE_READWRITE, 0, sizeof(struct shared), MAPPING);
    struct shared *shared = mapping ? MapViewOfFile(mapping, FILE_MAP_WRITE, 0, 0, 0) : NULL;

    if (!shared)
        fail("the mapping");
    return shared;
}

static int run_child(void)
{
    struct shared *shared = map();
    HANDLE ready = CreateEventW(NULL, TRUE, FALSE, READY), done = CreateEventW(NULL, TRUE, FALSE, DONE);

    describe_self(shared);
    SetEvent(ready);
    WaitForSingleObject(done, 60000);
    return 0;
}

static PROCESS_INFORMATION start_child(void)
{
    wchar_t path[MAX_PATH], command[MAX_PATH + 16];
    PROCESS_INFORMATION started;
    STARTUPINFOW startup = {.cb = sizeof(startup)};

    GetModuleFileNameW(NULL, path, MAX_PATH);
    swprintf(command, MAX_PATH + 16, L"\"%ls\" child", path);
    if (!CreateProcessW(path, command, NULL, NULL, FALSE, 0, NULL, NULL, &startup, &started))
        fail("the child");
    return started;
}

/* The creation time as the kernel's list of processes tells it, which is what the driver goes by. */
static uint64_t create_time(DWORD pid)
{
    uint8_t *information = malloc(INFORMATION_SIZE);
    const SYSTEM_PROCESS_INFORMATION *entry = (const void *)information;
    ULONG needed;
    uint64_t time = 0;

    if (!information || sic_native_query(SystemProcessInformation, information, INFORMATION_SIZE, &needed) < 0)
        fail("the list of processes");
    for (;;) {
        if ((DWORD)(uintptr_t)entry->UniqueProcessId == pid)
            /* CreateTime, at 0x20; mingw-w64 calls it reserved. */
            memcpy(&time, (const uint8_t *)entry + 0x20, sizeof(time));
        if (entry->NextEntryOffset == 0)
            break;
        entry = (const void *)((const uint8_t *)entry + entry->NextEntryOffset);
    }
    free(information);
    return time;
}

static void add_process(struct sic_scan *scan, DWORD pid, uint64_t time, uint64_t peb_va)
{
    struct sic_process *process = sic_array_append(&scan->allocator, &scan->processes, sizeof(*process));

    *process = (struct sic_process){.id = pid, .create_time = time, .peb_va = peb_va, .token = SIC_NONE};
}

static void add_view(struct sic_scan *scan, uint32_t process, uint64_t va)
{
    struct sic_view *view = sic_array_append(&scan->allocator, &scan->views, sizeof(*view));

    *view = (struct sic_view){.process = process, .start_vpn = va >> 12, .end_vpn = va >> 12, .protection = 4};
}

/* The child, this process, the child under a wrong time of creation, a process that never was. */
static void describe(struct sic_scan *scan, DWORD child, const struct shared *shared)
{
    uint64_t time = create_time(child);
    struct sic_section *section = sic_array_append(&scan->allocator, &scan->sections, sizeof(*section));

    (void)sic_array_append(&scan->allocator, &scan->subsections, sizeof(struct sic_subsection));
    section->view_count = 2;
    add_process(scan, child, time, shared->peb_va);
    add_process(scan, GetCurrentProcessId(), create_time(GetCurrentProcessId()), (uintptr_t)own_peb());
    add_process(scan, child, time + 1, shared->peb_va);
    add_process(scan, 0x7ffffffc, time, shared->peb_va);
    add_process(scan, child, time, 0);
    add_view(scan, 0, shared->view_va);
    add_view(scan, 1, (uintptr_t)shared);
    add_view(scan, 2, shared->view_va);
    /* Not mapped there. */
    add_view(scan, 1, 0x10000000000);
}

static void print_bytes(const uint8_t *bytes, size_t size)
{
    for (size_t i = 0; i < size; i++)
        printf("%02x", bytes[i]);
}

static void print(const struct sic_scan *scan, const struct shared *shared)
{
    const struct sic_peb_pointer *pointers = scan->peb_pointers.elements;
    const struct sic_page *pages = scan->pages.elements;

    printf("{\"flags\": [");
    for (uint32_t i = 0; i < scan->processes.count; i++)
        printf("%s%u", i ? ", " : "", sic_scan_process(scan, i)->flags);
    printf("], \"pointers\": [");
    for (uint32_t i = 0; i < scan->peb_pointers.count; i++)
        printf("%s[%u, \"%s\", %llu]", i ? ", " : "", pointers[i].process, sic_peb_field_name(pointers[i].field),
               (unsigned long long)pointers[i].value);
    printf("], \"pages\": [");
    for (uint32_t i = 0; i < scan->pages.count; i++) {
        printf("%s\"", i ? ", " : "");
        if (pages[i].flags & SIC_PAGE_HAS_BYTES)
            print_bytes(pages[i].bytes, sizeof(pages[i].bytes));
        printf("\"");
    }
    printf("], \"childPeb\": \"");
    print_bytes(shared->peb, PEB_SIZE);
    printf("\"}\n");
}

static int read_all(DWORD child, const struct shared *shared)
{
    struct sic_process_memory memory;
    struct sic_user_reader user;
    struct sic_profile profile;
    struct sic_scan scan;
    bool done;

    sic_scan_init(&scan, sic_heap_allocator());
    describe(&scan, child, shared);
    sic_process_memory_open(&memory, &scan);
    user = sic_process_memory_reader(&memory);
    done = sic_profile_builtin_find(LAYOUT, &profile) && sic_pebs_read(&scan, &user, &profile.layout) &&
           sic_evidence_list(&scan);
    if (done)
        sic_evidence_read_user(&scan, &user, 0, scan.pages.count);
    sic_process_memory_close(&memory);
    print(&scan, shared);
    sic_scan_deinit(&scan);
    return done ? 0 : 1;
}

int main(int argc, char **argv)
{
    struct shared *shared;
    PROCESS_INFORMATION child;
    HANDLE ready, done;
    int status;

    if (argc == 2 && strcmp(argv[1], "child") == 0)
        return run_child();
    shared = map();
    ready = CreateEventW(NULL, TRUE, FALSE, READY);
    done = CreateEventW(NULL, TRUE, FALSE, DONE);
    child = start_child();
    if (WaitForSingleObject(ready, 60000) != WAIT_OBJECT_0)
        fail("waiting for the child");
    status = read_all(child.dwProcessId, shared);
    SetEvent(done);
    WaitForSingleObject(child.hProcess, 60000);
    return status;
}
