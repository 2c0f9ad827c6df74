/*
 * Shares memory, for sic to find: a named and an unnamed section, and five children that map them, one of them at
 * another offset, one twice. Prints the pid and the address of each view; a key ends all.
 */
#include <windows.h>

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SECTION_SIZE 0x40000u
/* Views begin at multiples of the allocation granularity. */
#define OTHER_OFFSET 0x10000u
#define CHILDREN     5u
#define CHILD_WAIT   20000u /* milliseconds until a child must have mapped its views */

/* Command line of a child: shareme.exe --child NUMBER NAMED UNNAMED, the last three inherited handles. */
#define CHILD_OPTION "--child"

struct child {
    HANDLE process;
    HANDLE input;  /* closed by the parent: the child ends */
    HANDLE output; /* the child's lines */
};

static int fail(const char *what)
{
    fprintf(stderr, "shareme: %s (error %lu); close it and try again\n", what, GetLastError());
    return 2;
}

static bool map(HANDLE section, const char *name, uint32_t offset)
{
    const void *view = MapViewOfFile(section, FILE_MAP_READ | FILE_MAP_WRITE, 0, offset, 0);

    if (!view)
        return false;
    printf("pid %5lu  %-8s offset %05x at %016llx\n", GetCurrentProcessId(), name, offset,
           (unsigned long long)(uintptr_t)view);
    return fflush(stdout) == 0;
}

static HANDLE handle_of(const char *text)
{
    return (HANDLE)(uintptr_t)strtoull(text, NULL, 16);
}

/* Lives until its standard input ends, which happens when the parent is gone, however it went. */
static int run_child(unsigned number, HANDLE named, HANDLE unnamed)
{
    char byte;
    DWORD count;

    /* The third maps the named section at another offset, the fifth maps it twice. */
    if (!map(named, "named", number == 3 ? OTHER_OFFSET : 0) || (number == 5 && !map(named, "named", 0)) ||
        !map(unnamed, "unnamed", 0))
        return fail("a section cannot be mapped");
    puts("ready");
    fflush(stdout);
    while (ReadFile(GetStdHandle(STD_INPUT_HANDLE), &byte, 1, &count, NULL) && count > 0)
        continue;
    return 0;
}

/* A pipe of which the child inherits one end. */
static bool make_pipe(HANDLE *ours, HANDLE *theirs, bool child_reads)
{
    SECURITY_ATTRIBUTES inherited = {.nLength = sizeof(inherited), .bInheritHandle = TRUE};
    HANDLE reader, writer;

    if (!CreatePipe(&reader, &writer, &inherited, 0))
        return false;
    *ours = child_reads ? writer : reader;
    *theirs = child_reads ? reader : writer;
    return SetHandleInformation(*ours, HANDLE_FLAG_INHERIT, 0);
}

static bool create(wchar_t *command, HANDLE input, HANDLE output, HANDLE *process)
{
    STARTUPINFOW startup = {.cb = sizeof(startup),
                            .dwFlags = STARTF_USESTDHANDLES,
                            .hStdInput = input,
                            .hStdOutput = output,
                            .hStdError = GetStdHandle(STD_ERROR_HANDLE)};
    PROCESS_INFORMATION started;

    if (!CreateProcessW(NULL, command, NULL, NULL, TRUE, 0, NULL, NULL, &startup, &started))
        return false;
    CloseHandle(started.hThread);
    *process = started.hProcess;
    return true;
}

static bool start_child(unsigned number, HANDLE named, HANDLE unnamed, struct child *child)
{
    wchar_t path[MAX_PATH], command[MAX_PATH + 100];
    HANDLE input, output;
    DWORD length = GetModuleFileNameW(NULL, path, MAX_PATH);
    bool started;

    if (length == 0 || length >= MAX_PATH || !make_pipe(&child->input, &input, true) ||
        !make_pipe(&child->output, &output, false))
        return false;
    swprintf(command, sizeof(command) / sizeof(command[0]), L"\"%ls\" " CHILD_OPTION L" %u %llx %llx", path, number,
             (unsigned long long)(uintptr_t)named, (unsigned long long)(uintptr_t)unnamed);
    started = create(command, input, output, &child->process);
    CloseHandle(input);
    CloseHandle(output);
    return started;
}

/* Copies the child's lines until it says that it is ready. */
static bool hear_child(const struct child *child)
{
    char line[200];
    size_t used = 0;
    DWORD count;

    while (used + 1 < sizeof(line) && ReadFile(child->output, line + used, 1, &count, NULL) && count > 0) {
        if (line[used++] != '\n')
            continue;
        line[used] = '\0';
        if (strncmp(line, "ready", 5) == 0)
            return true;
        fputs(line, stdout);
        used = 0;
    }
    return false;
}

static void end_child(const struct child *child)
{
    if (child->input)
        CloseHandle(child->input);
    if (child->process && WaitForSingleObject(child->process, CHILD_WAIT) != WAIT_OBJECT_0)
        TerminateProcess(child->process, 1);
    if (child->process)
        CloseHandle(child->process);
    if (child->output)
        CloseHandle(child->output);
}

static void wait_for_key(void)
{
    HANDLE input = GetStdHandle(STD_INPUT_HANDLE);
    DWORD mode, count;
    char byte;

    /* One key, not one line, where there is a keyboard. */
    if (GetConsoleMode(input, &mode))
        SetConsoleMode(input, mode & ~(DWORD)(ENABLE_LINE_INPUT | ENABLE_ECHO_INPUT));
    (void)ReadFile(input, &byte, 1, &count, NULL);
}

static HANDLE make_section(const wchar_t *name)
{
    SECURITY_ATTRIBUTES inherited = {.nLength = sizeof(inherited), .bInheritHandle = TRUE};

    return CreateFileMappingW(INVALID_HANDLE_VALUE, &inherited, PAGE_READWRITE, 0, SECTION_SIZE, name);
}

static int run_parent(void)
{
    HANDLE named = make_section(L"Local\\shareme"), unnamed = make_section(NULL);
    struct child children[CHILDREN] = {0};
    bool all = named && unnamed;

    printf("shareme: pid %lu made the sections Local\\shareme and one without a name, 256 KiB each\n",
           GetCurrentProcessId());
    for (unsigned i = 0; all && i < CHILDREN; i++)
        all = start_child(i + 1, named, unnamed, &children[i]) && hear_child(&children[i]);
    if (all) {
        printf("shareme: find them with 'sic -f shareme'; a key ends all\n");
        fflush(stdout);
        wait_for_key();
    }
    for (unsigned i = 0; i < CHILDREN; i++)
        end_child(&children[i]);
    return all ? 0 : fail("a section or a child cannot be made");
}

int main(int argc, char **argv)
{
    if (argc == 5 && strcmp(argv[1], CHILD_OPTION) == 0)
        return run_child((unsigned)strtoul(argv[2], NULL, 10), handle_of(argv[3]), handle_of(argv[4]));
    if (argc != 1)
        return fail("it takes no arguments");
    return run_parent();
}
