/*
 * Routines of ntdll.dll, and what mingw-w64's headers lack of them. Windows only.
 */
#ifndef SIC_LIVE_NATIVE_H
#define SIC_LIVE_NATIVE_H

#include <windows.h>

#include <winternl.h>

#include <stdbool.h>
#include <stdint.h>

#define SIC_NT_BUFFER_OVERFLOW ((NTSTATUS)0x80000005)
#define SIC_NT_LENGTH_MISMATCH ((NTSTATUS)0xc0000004)

/* Classes of NtQuerySystemInformation; documented by Microsoft but for the first, which has not changed since NT 4. */
#define SIC_MODULE_INFORMATION         11
#define SIC_CODE_INTEGRITY_INFORMATION 103

/* A routine of a DLL that every process has loaded; NULL when this Windows lacks it. */
#define SIC_ROUTINE(type, dll, name) ((type)(void (*)(void))GetProcAddress(GetModuleHandleW(dll), name))

/* Sets a pointer to a function of a library (HMODULE, or NULL); false when it is not there. */
#define SIC_FIND_ROUTINE(library, name, pointer)                                                                       \
    ((library) && (*(pointer) = (__typeof__(*(pointer)))(void (*)(void))GetProcAddress(library, name)) != NULL)

/* ntdll.dll's NtQuerySystemInformation; its failure status where it is missing. */
NTSTATUS sic_native_query(ULONG information, void *buffer, ULONG size, ULONG *needed);

/* Switches a right of this process on, for example "SeDebugPrivilege". False when the process does not have it. */
bool sic_native_enable_privilege(const wchar_t *name);
void sic_native_disable_privilege(const wchar_t *name);

#endif
