#include "live/machine.h"

#include "live/native.h"

#include <string.h>

/* Documented for NtQuerySystemInformation(SystemCodeIntegrityInformation): two ULONGs, size and options. */
#define OPTION_TESTSIGN         0x2u
#define OPTION_MEMORY_INTEGRITY 0x400u

/* winnt.h of later headers: IMAGE_FILE_MACHINE_ARM64 */
#define MACHINE_ARM64 0xaa64u

typedef BOOL(WINAPI *is_wow64_process2_function)(HANDLE process, USHORT *process_machine, USHORT *native_machine);
typedef LONG(WINAPI *get_version_function)(OSVERSIONINFOW *version);

/* An x64 program runs on x64 Windows and, emulated, on ARM64. Windows before 1511 has no such question, and no ARM64.
 */
static enum sic_status check_processor(struct sic_error *error)
{
    is_wow64_process2_function is_wow64_process2 =
        SIC_ROUTINE(is_wow64_process2_function, L"kernel32.dll", "IsWow64Process2");
    USHORT process, native;
    SYSTEM_INFO system;

    if (is_wow64_process2 && is_wow64_process2(GetCurrentProcess(), &process, &native) && native == MACHINE_ARM64)
        return sic_error_set(error, SIC_UNSUPPORTED,
                             "this is Windows for ARM64, whose kernel SiC does not read; run it on an x64 machine");
    GetNativeSystemInfo(&system);
    if (system.wProcessorArchitecture != PROCESSOR_ARCHITECTURE_AMD64)
        return sic_error_set(error, SIC_UNSUPPORTED,
                             "this is a 32-bit Windows, whose kernel SiC does not read; run it on 64-bit Windows");
    return SIC_OK;
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

static enum sic_status check_version(struct sic_error *error)
{
    OSVERSIONINFOW version = read_version();

    if (version.dwMajorVersion > 6 || (version.dwMajorVersion == 6 && version.dwMinorVersion >= 3))
        return SIC_OK;
    return sic_error_set(error, SIC_UNSUPPORTED,
                         "this is Windows %lu.%lu; the live kernel is read on 8.1 (6.3) and later: take a memory image "
                         "and name it",
                         version.dwMajorVersion, version.dwMinorVersion);
}

static enum sic_status check_elevation(struct sic_error *error)
{
    TOKEN_ELEVATION elevation = {0};
    DWORD size;
    HANDLE token;
    BOOL asked = FALSE;

    if (OpenProcessToken(GetCurrentProcess(), TOKEN_QUERY, &token)) {
        asked = GetTokenInformation(token, TokenElevation, &elevation, sizeof(elevation), &size);
        CloseHandle(token);
    }
    if (asked && elevation.TokenIsElevated)
        return SIC_OK;
    return sic_error_set(error, SIC_IO,
                         "the live kernel is for administrators: open a command prompt with 'Run as administrator' and "
                         "try again there, or name a memory image");
}

enum sic_status sic_machine_check(struct sic_error *error)
{
    enum sic_status status = check_processor(error);

    if (status == SIC_OK)
        status = check_version(error);
    if (status == SIC_OK)
        status = check_elevation(error);
    return status;
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
