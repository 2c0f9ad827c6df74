#include "live/service.h"

#include "live/interrupt.h"
#include "live/machine.h"
#include "platform/windows_path.h"

#include <windows.h>

#include <stdbool.h>
#include <stdint.h>

#define SERVICE_NAME  L"sic-drv"
#define SERVICE_TITLE L"SiC: shared memory of the live kernel"
#define DRIVER_FILE   L"sic-drv.sys"

/* A driver stops, and a deleted service vanishes, at once unless somebody holds it open. */
#define WAIT_STEP  20u /* milliseconds */
#define WAIT_STEPS 250u
/* QUERY_SERVICE_CONFIG with its strings takes at most 8 KiB. */
#define CONFIG_SIZE 8192u

static enum sic_status fail(const char *what, struct sic_error *error)
{
    char reason[200];
    DWORD code = GetLastError();

    sic_windows_describe(code, reason, sizeof(reason));
    return sic_error_set(error, SIC_IO,
                         "the driver's service cannot be %s: %s (error %lu); 'sic --live-dump' needs none", what,
                         reason, code);
}

static bool is_state(SC_HANDLE service, DWORD wanted)
{
    SERVICE_STATUS status;

    return QueryServiceStatus(service, &status) && status.dwCurrentState == wanted;
}

/* False when it still runs; GetLastError tells why. */
static bool stop(SC_HANDLE service)
{
    SERVICE_STATUS status;
    BOOL asked = ControlService(service, SERVICE_CONTROL_STOP, &status);
    DWORD code = GetLastError();

    for (unsigned step = 0; step < WAIT_STEPS; step++) {
        if (is_state(service, SERVICE_STOPPED))
            return true;
        /* Neither stopping nor stopped. */
        if (!asked && code != ERROR_SERVICE_CANNOT_ACCEPT_CTRL)
            break;
        Sleep(WAIT_STEP);
    }
    SetLastError(asked ? ERROR_SERVICE_REQUEST_TIMEOUT : code);
    return false;
}

static bool ends_with(const wchar_t *text, const wchar_t *end)
{
    size_t length = wcslen(text), count = wcslen(end);

    return length >= count && _wcsicmp(text + length - count, end) == 0;
}

/* A service of this name with another file is somebody else's. */
static bool is_ours(SC_HANDLE service)
{
    union {
        QUERY_SERVICE_CONFIGW config;
        uint8_t room[CONFIG_SIZE];
    } answer;
    DWORD needed;

    return QueryServiceConfigW(service, &answer.config, sizeof(answer), &needed) &&
           answer.config.dwServiceType == SERVICE_KERNEL_DRIVER && answer.config.lpBinaryPathName &&
           ends_with(answer.config.lpBinaryPathName, L"\\" DRIVER_FILE);
}

static bool is_there(SC_HANDLE manager)
{
    SC_HANDLE service = OpenServiceW(manager, SERVICE_NAME, SERVICE_QUERY_STATUS);

    if (!service)
        return GetLastError() != ERROR_SERVICE_DOES_NOT_EXIST;
    CloseServiceHandle(service);
    return true;
}

/* Closes `service`. */
static enum sic_status stop_and_delete(SC_HANDLE manager, SC_HANDLE service, struct sic_error *error)
{
    bool stopped = stop(service) || GetLastError() == ERROR_SERVICE_NOT_ACTIVE;
    enum sic_status status = stopped ? SIC_OK : fail("stopped", error);

    /* What cannot be stopped is deleted all the same: it is then gone after the next start of Windows. */
    if (!DeleteService(service) && GetLastError() != ERROR_SERVICE_MARKED_FOR_DELETE && status == SIC_OK)
        status = fail("deleted", error);
    CloseServiceHandle(service);
    for (unsigned step = 0; status == SIC_OK && is_there(manager); step++) {
        if (step == WAIT_STEPS)
            return sic_error_set(error, SIC_IO,
                                 "the driver's service is deleted, but still held open; close programs that show "
                                 "services, or restart Windows");
        Sleep(WAIT_STEP);
    }
    return status;
}

static enum sic_status remove_left_over(SC_HANDLE manager, struct sic_error *error)
{
    SC_HANDLE service =
        OpenServiceW(manager, SERVICE_NAME, SERVICE_QUERY_CONFIG | SERVICE_QUERY_STATUS | SERVICE_STOP | DELETE);

    if (!service)
        return GetLastError() == ERROR_SERVICE_DOES_NOT_EXIST ? SIC_OK : fail("examined", error);
    if (!is_ours(service)) {
        CloseServiceHandle(service);
        return sic_error_set(error, SIC_IO,
                             "there is a service sic-drv that is not SiC's (see 'sc qc sic-drv'), and it is left "
                             "alone; 'sic --live-dump' needs none");
    }
    return stop_and_delete(manager, service, error);
}

enum sic_status sic_service_install(const wchar_t *path, struct sic_error *error, struct sic_service *service)
{
    SC_HANDLE manager = OpenSCManagerW(NULL, NULL, SC_MANAGER_CONNECT | SC_MANAGER_CREATE_SERVICE), created;
    enum sic_status status;

    if (!manager)
        return fail("installed", error);
    status = remove_left_over(manager, error);
    if (status == SIC_OK) {
        created = CreateServiceW(manager, SERVICE_NAME, SERVICE_TITLE,
                                 SERVICE_START | SERVICE_STOP | SERVICE_QUERY_STATUS | DELETE, SERVICE_KERNEL_DRIVER,
                                 SERVICE_DEMAND_START, SERVICE_ERROR_NORMAL, path, NULL, NULL, NULL, NULL, NULL);
        if (created) {
            *service = (struct sic_service){.manager = manager, .service = created};
            return SIC_OK;
        }
        status = fail("installed", error);
    }
    CloseServiceHandle(manager);
    return status;
}

/* While Windows starts others, its list of services is locked. */
static DWORD start(SC_HANDLE service)
{
    for (unsigned step = 0; !StartServiceW(service, 0, NULL); step++) {
        DWORD code = GetLastError();

        if (code != ERROR_SERVICE_DATABASE_LOCKED || step == WAIT_STEPS || sic_interrupt_is_heard())
            return code;
        Sleep(WAIT_STEP);
    }
    return ERROR_SUCCESS;
}

enum sic_status sic_service_start(struct sic_service *service, struct sic_error *error)
{
    struct sic_code_integrity integrity;
    char reason[200];
    DWORD code = start(service->service);

    if (code == ERROR_SUCCESS)
        return SIC_OK;
    integrity = sic_machine_code_integrity();
    sic_windows_describe(code, reason, sizeof(reason));
    return sic_refusal_of_start(code, reason, &integrity, error);
}

enum sic_status sic_service_remove(struct sic_service *service, struct sic_error *error)
{
    enum sic_status status;

    if (!service->service)
        return SIC_OK;
    status = stop_and_delete(service->manager, service->service, error);
    CloseServiceHandle(service->manager);
    *service = (struct sic_service){0};
    return status;
}
