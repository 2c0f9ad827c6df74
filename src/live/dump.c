#include "live/debug_control.h"
#include "live/interrupt.h"
#include "live/live.h"
#include "live/machine.h"
#include "live/native.h"
#include "live/refusal.h"
#include "platform/windows_path.h"

#include <sddl.h>

#include <stdio.h>
#include <stdlib.h>

/* Kernel memory is for administrators only, wherever its file lies. */
#define FILE_RIGHTS L"D:P(A;;FA;;;SY)(A;;FA;;;BA)"

/* A name in the temporary folder that no file has, to be freed. */
static wchar_t *temporary_path(void)
{
    wchar_t folder[MAX_PATH + 1];
    DWORD length = GetTempPathW(MAX_PATH + 1, folder);
    size_t size = length + 64;
    wchar_t *path = length > 0 && length <= MAX_PATH ? calloc(size, sizeof(*path)) : NULL;

    if (path)
        swprintf(path, size, L"%lssic-%lx-%llx.dmp", folder, GetCurrentProcessId(),
                 (unsigned long long)GetTickCount64());
    return path;
}

/* A new file: one that is there already is never replaced. */
static HANDLE create_file(const wchar_t *path)
{
    SECURITY_ATTRIBUTES security = {.nLength = sizeof(security)};
    HANDLE file;
    DWORD code;

    if (!ConvertStringSecurityDescriptorToSecurityDescriptorW(FILE_RIGHTS, SDDL_REVISION_1,
                                                              &security.lpSecurityDescriptor, NULL))
        return INVALID_HANDLE_VALUE;
    file = CreateFileW(path, GENERIC_READ | GENERIC_WRITE, FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE,
                       &security, CREATE_NEW, FILE_FLAG_WRITE_THROUGH | FILE_FLAG_NO_BUFFERING, NULL);
    code = GetLastError();
    LocalFree(security.lpSecurityDescriptor);
    SetLastError(code);
    return file;
}

/*
 * Whose closing deletes the file, when this program is killed too. It asks for no access but deletion, so that the file
 * can be mapped meanwhile.
 */
static HANDLE open_holder(const wchar_t *path)
{
    return CreateFileW(path, DELETE, FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE, NULL, OPEN_EXISTING,
                       FILE_FLAG_DELETE_ON_CLOSE, NULL);
}

static enum sic_status write_dump(HANDLE file, struct sic_error *error)
{
    int32_t answer;

    /* What is missing is said better by the call itself. */
    (void)sic_native_enable_privilege(L"SeDebugPrivilege");
    answer = sic_debug_control_dump(file, sic_interrupt_event());
    if (sic_interrupt_is_heard())
        return sic_error_set(error, SIC_IO, "cancelled; the live dump is removed");
    return answer < 0 ? sic_refusal_of_dump((uint32_t)answer, error) : SIC_OK;
}

static enum sic_status fill(const wchar_t *path, const char *text, bool is_kept, struct sic_error *error,
                            HANDLE *holder)
{
    HANDLE file = create_file(path);
    enum sic_status status;

    if (file == INVALID_HANDLE_VALUE)
        return sic_windows_fail(text, "made", error);
    *holder = is_kept ? NULL : open_holder(path);
    if (*holder == INVALID_HANDLE_VALUE) {
        *holder = NULL;
        status = sic_windows_fail(text, "held", error);
    } else {
        status = write_dump(file, error);
    }
    CloseHandle(file);
    if (status != SIC_OK) {
        if (*holder)
            CloseHandle(*holder);
        *holder = NULL;
        DeleteFileW(path);
    }
    return status;
}

enum sic_status sic_live_dump_make(const char *keep, struct sic_error *error, struct sic_live_dump *dump)
{
    enum sic_status status = sic_machine_check(error);
    wchar_t *path = NULL;
    HANDLE holder = NULL;
    char *text;

    if (status != SIC_OK)
        return status;
    path = keep ? sic_windows_path(keep) : temporary_path();
    text = path ? sic_windows_narrow(path) : NULL;
    if (!text)
        status = sic_error_set(error, SIC_IO,
                               "no file for the live dump: the path is no valid UTF-8, or memory is "
                               "short; name one with --keep");
    else
        status = sic_interrupt_begin(error);
    if (status == SIC_OK) {
        status = fill(path, text, keep, error, &holder);
        sic_interrupt_end();
    }
    free(path);
    if (status == SIC_OK)
        *dump = (struct sic_live_dump){.path = text, .holder = holder};
    else
        free(text);
    return status;
}

void sic_live_dump_close(struct sic_live_dump *dump)
{
    if (dump->holder)
        CloseHandle(dump->holder);
    free(dump->path);
    *dump = (struct sic_live_dump){0};
}
