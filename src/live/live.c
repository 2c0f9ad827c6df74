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

static enum sic_status ask(const struct sic_live_options *options, struct sic_error *error, struct sic_kernel *kernel,
                           struct sic_scan *scan)
{
    struct sic_device_handle device = {0};
    struct trial context = {
        .device = &device,
        .request = {.want = (options->collect.with_paths ? SIC_WIRE_WANT_PATHS : 0) |
                            (options->collect.with_names ? SIC_WIRE_WANT_NAMES : 0) |
                            (options->collect.with_objects ? SIC_WIRE_WANT_OBJECTS : 0) |
                            (options->collect.with_handles ? SIC_WIRE_WANT_HANDLES : 0) |
                            (options->collect.with_security ? SIC_WIRE_WANT_SECURITY : 0) |
                            (options->collect.with_tokens ? SIC_WIRE_WANT_TOKENS : 0) |
                            (options->collect.with_first_pages ? SIC_WIRE_WANT_FIRST_PAGES : 0),
                    .minimum_views = options->collect.minimum_views},
        .scan = scan,
    };
    struct sic_live_trial trial = {.context = &context, .run = run_trial};
    enum sic_status status = sic_device_open(error, &device);

    if (status == SIC_OK)
        status = sic_live_choose_layout(kernel, options->finder, &trial, error);
    sic_device_close(&device);
    return status;
}

/* From the installation to the removal. */
static enum sic_status run_driver(const struct sic_live_options *options, const wchar_t *path, struct sic_error *error,
                                  struct sic_kernel *kernel, struct sic_scan *scan)
{
    struct sic_service service = {0};
    struct sic_error left;
    bool is_removed;
    enum sic_status status = sic_service_install(path, error, &service);

    if (status == SIC_OK)
        status = sic_service_start(&service, error);
    if (status == SIC_OK)
        status = ask(options, error, kernel, scan);
    is_removed = sic_service_remove(&service, &left) == SIC_OK;
    if (!is_removed)
        options->note(options->note_context, left.message);
    if (sic_interrupt_is_heard())
        return sic_error_set(error, SIC_IO, "cancelled%s", is_removed ? "; the driver is stopped and removed" : "");
    return status;
}

static enum sic_status run_guarded(const struct sic_live_options *options, const wchar_t *path, struct sic_error *error,
                                   struct sic_kernel *kernel, struct sic_scan *scan)
{
    enum sic_status status = sic_interrupt_begin(error);

    if (status != SIC_OK)
        return status;
    status = run_driver(options, path, error, kernel, scan);
    sic_interrupt_end();
    return status;
}

/* What the driver does not offer: the memory of processes. */
static enum sic_status read_processes(const struct sic_live_options *options, const struct sic_layout *layout,
                                      struct sic_error *error, struct sic_scan *scan)
{
    struct sic_process_memory memory;
    struct sic_user_reader user;
    bool done;

    if (!options->collect.with_peb && !options->collect.with_first_pages)
        return SIC_OK;
    sic_process_memory_open(&memory, scan);
    user = sic_process_memory_reader(&memory);
    done = !options->collect.with_peb || sic_pebs_read(scan, &user, layout);
    if (done && options->collect.with_first_pages)
        sic_evidence_read_user(scan, &user, 0, scan->pages.count);
    sic_process_memory_close(&memory);
    if (!done)
        return sic_error_set(error, SIC_NO_MEMORY, "out of memory; close other programs and try again");
    return SIC_OK;
}

enum sic_status sic_live_scan(const struct sic_live_options *options, struct sic_error *error,
                              struct sic_kernel *kernel, struct sic_scan *scan)
{
    struct sic_kernel running = {0};
    wchar_t *path = NULL;
    HANDLE turn = NULL;
    enum sic_status status = sic_machine_check(error);

    if (status == SIC_OK)
        status = find_driver(error, &path);
    if (status != SIC_OK)
        return status;
    status = take_turn(error, &turn);
    if (status == SIC_OK) {
        sic_running_kernel_identify(&running, options->note, options->note_context);
        status = run_guarded(options, path, error, &running, scan);
        give_turn(turn);
    }
    if (status == SIC_OK)
        status = read_processes(options, &running.profile.layout, error, scan);
    free(path);
    if (status == SIC_OK)
        *kernel = running;
    return status;
}
