#include "live/live.h"

#include "core/evidence.h"
#include "core/peb.h"
#include "live/device.h"
#include "live/interrupt.h"
#include "live/machine.h"
#include "live/process_memory.h"
#include "live/running_kernel.h"
#include "live/service.h"

#include <windows.h>

#include <stdlib.h>

#define DRIVER_FILE L"sic-drv.sys"
#define PATH_SIZE   32768u
/* Global: one for all sessions of the machine. */
#define MUTEX_NAME L"Global\\sic-agent"

bool sic_live_is_possible(void)
{
    return true;
}

/* The driver beside this program, to be freed. */
static enum sic_status find_driver(struct sic_error *error, wchar_t **path)
{
    wchar_t *text = calloc(PATH_SIZE + wcslen(DRIVER_FILE), sizeof(*text));
    DWORD length = text ? GetModuleFileNameW(NULL, text, PATH_SIZE) : 0;

    if (length == 0 || length >= PATH_SIZE) {
        free(text);
        return sic_error_set(error, SIC_NO_MEMORY, "out of memory; close other programs and try again");
    }
    while (length > 0 && text[length - 1] != L'\\')
        length--;
    wcscpy(text + length, DRIVER_FILE);
    if (GetFileAttributesW(text) == INVALID_FILE_ATTRIBUTES) {
        free(text);
        return sic_error_set(error, SIC_IO,
                             "the driver is missing: put sic-drv.sys into the folder of sic.exe, where the archive has "
                             "it, or use 'sic --live-dump', which needs no driver");
    }
    *path = text;
    return SIC_OK;
}

/* The service is one for all: whoever does not hold this leaves it alone. */
static enum sic_status take_turn(struct sic_error *error, HANDLE *turn)
{
    HANDLE mutex = CreateMutexW(NULL, FALSE, MUTEX_NAME);
    DWORD answer = mutex ? WaitForSingleObject(mutex, 0) : WAIT_FAILED;

    if (answer == WAIT_OBJECT_0 || answer == WAIT_ABANDONED) {
        *turn = mutex;
        return SIC_OK;
    }
    if (mutex)
        CloseHandle(mutex);
    return sic_error_set(error, SIC_IO,
                         "another sic.exe is reading the live kernel on this machine; wait for it and try again");
}

static void give_turn(HANDLE turn)
{
    ReleaseMutex(turn);
    CloseHandle(turn);
}

struct sic_live_session {
    const struct sic_live_options *options;
    HANDLE turn;
    struct sic_service service;
    struct sic_device_handle device;
    struct sic_kernel kernel; /* has a layout after the first scan */
    bool has_layout;
    enum sic_status removal; /* how it went */
    struct sic_error removal_error;
};

/* One layout, tried on the running kernel. */
struct trial {
    struct sic_device_handle *device;
    struct sic_request request;
    struct sic_scan *scan;
};

static enum sic_status run_trial(void *context, const struct sic_layout *layout, struct sic_error *error)
{
    struct trial *trial = context;

    trial->request.layout = *layout;
    /* A profile can lack what the driver needs; that is no reason to give up. */
    if (sic_layout_first_bad_field(layout) != SIC_FIELD_COUNT)
        return SIC_BROKEN;
    return sic_device_ask(trial->device, &trial->request, error, trial->scan);
}

static struct sic_request make_request(const struct sic_collect_options *collect)
{
    return (struct sic_request){
        .want =
            (collect->with_paths ? SIC_WIRE_WANT_PATHS : 0) | (collect->with_names ? SIC_WIRE_WANT_NAMES : 0) |
            (collect->with_objects ? SIC_WIRE_WANT_OBJECTS : 0) | (collect->with_handles ? SIC_WIRE_WANT_HANDLES : 0) |
            (collect->with_security ? SIC_WIRE_WANT_SECURITY : 0) | (collect->with_tokens ? SIC_WIRE_WANT_TOKENS : 0) |
            (collect->with_first_pages ? SIC_WIRE_WANT_FIRST_PAGES : 0),
        .minimum_views = collect->minimum_views};
}

/* In the thread of the session, or, while that is idle, in one that heard Ctrl-C or its like. */
static void remove_driver(void *context)
{
    struct sic_live_session *session = context;

    if (!session->service.service)
        return;
    sic_device_close(&session->device);
    session->removal = sic_service_remove(&session->service, &session->removal_error);
}

/* What the driver tells, with the layout of the scan before, or the first that it accepts. */
static enum sic_status ask_driver(struct sic_live_session *session, struct sic_error *error, struct sic_scan *scan)
{
    struct trial context = {
        .device = &session->device, .request = make_request(&session->options->collect), .scan = scan};
    struct sic_live_trial trial = {.context = &context, .run = run_trial};
    enum sic_status status;

    if (session->has_layout) {
        status = run_trial(&context, &session->kernel.profile.layout, error);
        if (status != SIC_BROKEN)
            return status;
        return sic_error_set(error, SIC_BROKEN,
                             "the running kernel contradicts the layout that it agreed with; start again");
    }
    status = sic_live_choose_layout(&session->kernel, session->options->finder, &trial, error);
    session->has_layout = status == SIC_OK;
    return status;
}

static enum sic_status ask(struct sic_live_session *session, struct sic_error *error, struct sic_scan *scan)
{
    enum sic_status status;

    sic_interrupt_leave_idle();
    /* The driver may be gone already. */
    status = sic_interrupt_is_heard() ? sic_error_set(error, SIC_IO, "cancelled") : ask_driver(session, error, scan);
    sic_interrupt_enter_idle(remove_driver, session);
    return status;
}

/* What the driver does not offer: the memory of processes. */
static enum sic_status read_processes(const struct sic_collect_options *collect, const struct sic_layout *layout,
                                      struct sic_error *error, struct sic_scan *scan)
{
    struct sic_process_memory memory;
    struct sic_user_reader user;
    bool done;

    if (!collect->with_peb && !collect->with_first_pages)
        return SIC_OK;
    sic_process_memory_open(&memory, scan);
    user = sic_process_memory_reader(&memory);
    done = !collect->with_peb || sic_pebs_read(scan, &user, layout);
    if (done && collect->with_first_pages)
        sic_evidence_read_user(scan, &user, 0, scan->pages.count);
    sic_process_memory_close(&memory);
    if (!done)
        return sic_error_set(error, SIC_NO_MEMORY, "out of memory; close other programs and try again");
    return SIC_OK;
}

/* From the installation to the opened device. */
static enum sic_status load_driver(struct sic_live_session *session, const wchar_t *path, struct sic_error *error)
{
    enum sic_status status = sic_service_install(path, error, &session->service);

    if (status == SIC_OK)
        status = sic_service_start(&session->service, error);
    if (status == SIC_OK)
        status = sic_device_open(error, &session->device);
    return status;
}

/* Closes the session, whose work ended with `status`, and says what is to be said of both. */
static enum sic_status finish(struct sic_live_session *session, enum sic_status status, struct sic_error *error)
{
    const struct sic_live_options *options = session->options;
    struct sic_error left;
    bool is_removed = sic_live_close(session, &left) == SIC_OK;

    if (!is_removed)
        options->note(options->note_context, left.message);
    if (sic_interrupt_is_heard())
        return sic_error_set(error, SIC_IO, "cancelled%s", is_removed ? "; the driver is stopped and removed" : "");
    return status;
}

/* What is needed before anything is installed. */
static enum sic_status begin(struct sic_live_session *session, struct sic_error *error)
{
    enum sic_status status = take_turn(error, &session->turn);

    if (status != SIC_OK)
        return status;
    sic_running_kernel_identify(&session->kernel, session->options->note, session->options->note_context);
    status = sic_interrupt_begin(error);
    if (status != SIC_OK)
        give_turn(session->turn);
    return status;
}

enum sic_status sic_live_open(const struct sic_live_options *options, struct sic_error *error,
                              struct sic_live_session **session)
{
    struct sic_live_session *opened = NULL;
    wchar_t *path = NULL;
    enum sic_status status = sic_machine_check(error);

    if (status == SIC_OK)
        status = find_driver(error, &path);
    if (status != SIC_OK)
        return status;
    opened = calloc(1, sizeof(*opened));
    if (opened) {
        opened->options = options;
        status = begin(opened, error);
    } else {
        status = sic_error_set(error, SIC_NO_MEMORY, "out of memory; close other programs and try again");
    }
    if (status != SIC_OK) {
        free(opened);
        free(path);
        return status;
    }
    status = load_driver(opened, path, error);
    free(path);
    if (status != SIC_OK || sic_interrupt_is_heard())
        return finish(opened, status, error);
    sic_interrupt_enter_idle(remove_driver, opened);
    *session = opened;
    return SIC_OK;
}

enum sic_status sic_live_session_scan(struct sic_live_session *session, struct sic_error *error,
                                      struct sic_kernel *kernel, struct sic_scan *scan)
{
    enum sic_status status = ask(session, error, scan);

    if (status == SIC_OK)
        status = read_processes(&session->options->collect, &session->kernel.profile.layout, error, scan);
    if (status == SIC_OK)
        *kernel = session->kernel;
    return status;
}

bool sic_live_is_interrupted(const struct sic_live_session *session)
{
    (void)session;
    return sic_interrupt_is_heard();
}

bool sic_live_wait(const struct sic_live_session *session, unsigned seconds)
{
    (void)session;
    return WaitForSingleObject(sic_interrupt_event(), seconds * 1000u) == WAIT_TIMEOUT;
}

enum sic_status sic_live_close(struct sic_live_session *session, struct sic_error *error)
{
    enum sic_status status;

    sic_interrupt_leave_idle();
    remove_driver(session);
    sic_interrupt_end();
    give_turn(session->turn);
    status = session->removal;
    if (status != SIC_OK)
        *error = session->removal_error;
    free(session);
    return status;
}

enum sic_status sic_live_scan(const struct sic_live_options *options, struct sic_error *error,
                              struct sic_kernel *kernel, struct sic_scan *scan)
{
    struct sic_live_session *session;
    struct sic_kernel asked;
    enum sic_status status = sic_live_open(options, error, &session);

    if (status != SIC_OK)
        return status;
    status = ask(session, error, scan);
    asked = session->kernel;
    /* The driver is gone before processes are read. */
    status = finish(session, status, error);
    if (status == SIC_OK)
        status = read_processes(&options->collect, &asked.profile.layout, error, scan);
    if (status == SIC_OK)
        *kernel = asked;
    return status;
}
