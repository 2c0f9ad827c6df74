#include "live/process_memory.h"

#include "live/native.h"

#define DEBUG_PRIVILEGE L"SeDebugPrivilege"

void sic_process_memory_open(struct sic_process_memory *memory, const struct sic_scan *scan)
{
    *memory = (struct sic_process_memory){.scan = scan, .process = SIC_NONE};
    /* Without it Windows opens fewer processes: these are unknown then. */
    (void)sic_native_enable_privilege(DEBUG_PRIVILEGE);
}

static void close_process(struct sic_process_memory *memory)
{
    if (memory->handle)
        CloseHandle(memory->handle);
    memory->handle = NULL;
    memory->process = SIC_NONE;
}

void sic_process_memory_close(struct sic_process_memory *memory)
{
    close_process(memory);
    sic_native_disable_privilege(DEBUG_PRIVILEGE);
}

/* EPROCESS.CreateTime is what GetProcessTimes tells. */
static bool is_same_process(HANDLE handle, const struct sic_process *process)
{
    FILETIME created, exited, kernel, user;

    return process->create_time != 0 && GetProcessTimes(handle, &created, &exited, &kernel, &user) &&
           ((uint64_t)created.dwHighDateTime << 32 | created.dwLowDateTime) == process->create_time;
}

static void open_process(struct sic_process_memory *memory, uint32_t index)
{
    const struct sic_process *process = sic_scan_process(memory->scan, index);

    close_process(memory);
    memory->process = index;
    if (process->id == 0 || process->id > UINT32_MAX)
        return;
    memory->handle = OpenProcess(PROCESS_VM_READ | PROCESS_QUERY_LIMITED_INFORMATION, FALSE, (DWORD)process->id);
    if (memory->handle && !is_same_process(memory->handle, process)) {
        CloseHandle(memory->handle);
        memory->handle = NULL;
    }
}

static bool read_process(void *context, uint32_t process, uint64_t va, void *buffer, size_t size)
{
    struct sic_process_memory *memory = context;
    SIZE_T done = 0;

    if (!sic_is_user_address(5, va, 1))
        return false;
    if (memory->process != process)
        open_process(memory, process);
    return memory->handle && ReadProcessMemory(memory->handle, (LPCVOID)(uintptr_t)va, buffer, size, &done) &&
           done == size;
}

struct sic_user_reader sic_process_memory_reader(struct sic_process_memory *memory)
{
    return (struct sic_user_reader){.read = read_process, .context = memory};
}
