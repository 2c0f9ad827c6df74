#include "live/machine.h"

#include "live/native.h"

#include <string.h>

/* Documented for NtQuerySystemInformation(SystemCodeIntegrityInformation): two ULONGs, size and options. */
#define OPTION_TESTSIGN         0x2u
#define OPTION_MEMORY_INTEGRITY 0x400u

typedef BOOL(WINAPI *is_wow64_process2_function)(HANDLE process, USHORT *process_machine, USHORT *native_machine);
typedef LONG(WINAPI *get_version_function)(OSVERSIONINFOW *version);

/* An x64 program runs on x64 Windows and, emulated, on ARM64. Windows before 1511 has no such question, and no ARM64.
 */
static uint16_t native_machine(void)
{
    is_wow64_process2_function is_wow64_process2 =
        SIC_ROUTINE(is_wow64_process2_function, L"kernel32.dll", "IsWow64Process2");
    USHORT process, native;
    SYSTEM_INFO system;

    if (is_wow64_process2 && is_wow64_process2(GetCurrentProcess(), &process, &native))
        return native;
    GetNativeSystemInfo(&system);
    return system.wProcessorArchitecture == PROCESSOR_ARCHITECTURE_AMD64 ? IMAGE_FILE_MACHINE_AMD64
                                                                         : IMAGE_FILE_MACHINE_I386;
}

static OSVERSIONINFOW read_version(void)
{
    OSVERSIONINFOW version = {.dwOSVersionInfoSize = sizeof(version)};
    get_version_function get_version = SIC_ROUTINE(get_version_function, L"ntdll.dll", "RtlGetVersion");

    /* GetVersionEx would tell programs without a manifest of an older Windows. */
    if (get_version)
        get_version(&version);
    return version;
}

uint32_t sic_machine_build(void)
{
    return read_version().dwBuildNumber;
}

static bool is_elevated(void)
{
    TOKEN_ELEVATION elevation = {0};
    DWORD size;
    HANDLE token;
    BOOL asked = FALSE;

    if (OpenProcessToken(GetCurrentProcess(), TOKEN_QUERY, &token)) {
        asked = GetTokenInformation(token, TokenElevation, &elevation, sizeof(elevation), &size);
        CloseHandle(token);
    }
    return asked && elevation.TokenIsElevated;
}

enum sic_status sic_machine_check(struct sic_error *error)
{
    OSVERSIONINFOW version = read_version();
    struct sic_machine machine = {.processor = native_machine(),
                                  .major_version = version.dwMajorVersion,
                                  .minor_version = version.dwMinorVersion,
                                  .is_elevated = is_elevated()};

    return sic_refusal_of_machine(&machine, error);
}

struct sic_code_integrity sic_machine_code_integrity(void)
{
    struct {
        ULONG size;
        ULONG options;
    } answer = {.size = sizeof(answer)};
    ULONG needed;

    if (sic_native_query(SIC_CODE_INTEGRITY_INFORMATION, &answer, sizeof(answer), &needed) < 0)
        return (struct sic_code_integrity){0};
    return (struct sic_code_integrity){.is_known = true,
                                       .allows_test_signing = answer.options & OPTION_TESTSIGN,
                                       .has_memory_integrity = answer.options & OPTION_MEMORY_INTEGRITY};
}
