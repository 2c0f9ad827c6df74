#include "live/native.h"

typedef NTSTATUS(NTAPI *query_function)(ULONG information, void *buffer, ULONG size, ULONG *needed);

NTSTATUS sic_native_query(ULONG information, void *buffer, ULONG size, ULONG *needed)
{
    query_function query = SIC_ROUTINE(query_function, L"ntdll.dll", "NtQuerySystemInformation");

    return query ? query(information, buffer, size, needed) : (NTSTATUS)0xc0000002;
}

static bool adjust_privilege(const wchar_t *name, DWORD attributes)
{
    TOKEN_PRIVILEGES privileges = {.PrivilegeCount = 1, .Privileges[0].Attributes = attributes};
    HANDLE token;
    bool adjusted = false;

    if (!OpenProcessToken(GetCurrentProcess(), TOKEN_ADJUST_PRIVILEGES | TOKEN_QUERY, &token))
        return false;
    if (LookupPrivilegeValueW(NULL, name, &privileges.Privileges[0].Luid) &&
        AdjustTokenPrivileges(token, FALSE, &privileges, 0, NULL, NULL))
        adjusted = GetLastError() == ERROR_SUCCESS;
    CloseHandle(token);
    return adjusted;
}

bool sic_native_enable_privilege(const wchar_t *name)
{
    return adjust_privilege(name, SE_PRIVILEGE_ENABLED);
}

void sic_native_disable_privilege(const wchar_t *name)
{
    (void)adjust_privilege(name, 0);
}
