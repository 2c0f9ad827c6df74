#include "live/interrupt.h"

#include <windows.h>

/* Windows ends a program whose console was closed after 5 seconds, whatever it does. */
#define CANCEL_PERIOD 50u /* milliseconds */

/* The handler runs in a thread of its own; `lock` guards what follows it. */
static struct {
    HANDLE heard; /* set by an event */
    HANDLE ended; /* set when all is removed */
    CRITICAL_SECTION lock;
    HANDLE thread; /* the one that began */
    bool is_in_call;
    void (*remove)(void *context); /* while the thread is idle */
    void *remove_context;
    bool is_removed; /* by the handler */
} state;

static void cancel_call(void)
{
    EnterCriticalSection(&state.lock);
    /* Under the lock, so that nothing but the call is cancelled. */
    if (state.is_in_call)
        CancelSynchronousIo(state.thread);
    LeaveCriticalSection(&state.lock);
}

static void remove_if_idle(void)
{
    EnterCriticalSection(&state.lock);
    if (state.remove) {
        state.remove(state.remove_context);
        state.is_removed = true;
    }
    state.remove = NULL;
    LeaveCriticalSection(&state.lock);
}

static bool is_removed(void)
{
    bool removed;

    EnterCriticalSection(&state.lock);
    removed = state.is_removed;
    LeaveCriticalSection(&state.lock);
    return removed;
}

/* Returns when all is removed: after that, Windows may end the program. Events are handled one after the other. */
static BOOL WINAPI handle(DWORD event)
{
    bool is_asked = event == CTRL_C_EVENT || event == CTRL_BREAK_EVENT;

    /*
     * Nothing is left to be removed, and the thread may hang: who presses Ctrl-C again has the program ended. Not by
     * ExitProcess, which would write what is left in the stream's buffer, and hang as well.
     */
    if (is_removed())
        return is_asked ? TerminateProcess(GetCurrentProcess(), CONTROL_C_EXIT) : FALSE;
    SetEvent(state.heard);
    do {
        cancel_call();
        remove_if_idle();
        if (is_asked && is_removed())
            break;
    } while (WaitForSingleObject(state.ended, CANCEL_PERIOD) == WAIT_TIMEOUT);
    /* After Ctrl-C and Ctrl-Break the program ends by itself, with its own status. */
    return is_asked;
}

enum sic_status sic_interrupt_begin(struct sic_error *error)
{
    static bool is_prepared;

    /* Never given back: a handler that was called late may still look at them. */
    if (!is_prepared) {
        InitializeCriticalSection(&state.lock);
        state.heard = CreateEventW(NULL, TRUE, FALSE, NULL);
        state.ended = CreateEventW(NULL, TRUE, FALSE, NULL);
        is_prepared = state.heard && state.ended &&
                      DuplicateHandle(GetCurrentProcess(), GetCurrentThread(), GetCurrentProcess(), &state.thread, 0,
                                      FALSE, DUPLICATE_SAME_ACCESS);
    }
    if (!is_prepared)
        return sic_error_set(error, SIC_NO_MEMORY, "out of memory; close other programs and try again");
    state.is_removed = false;
    ResetEvent(state.heard);
    ResetEvent(state.ended);
    /* A parent can have told its children to ignore Ctrl-C. */
    SetConsoleCtrlHandler(NULL, FALSE);
    if (!SetConsoleCtrlHandler(handle, TRUE))
        return sic_error_set(error, SIC_IO, "Ctrl-C cannot be caught (error %lu); try another console", GetLastError());
    return SIC_OK;
}

void sic_interrupt_end(void)
{
    SetEvent(state.ended);
    SetConsoleCtrlHandler(handle, FALSE);
}

bool sic_interrupt_is_heard(void)
{
    return WaitForSingleObject(state.heard, 0) == WAIT_OBJECT_0;
}

bool sic_interrupt_enter_call(void)
{
    EnterCriticalSection(&state.lock);
    state.is_in_call = true;
    LeaveCriticalSection(&state.lock);
    if (!sic_interrupt_is_heard())
        return true;
    sic_interrupt_leave_call();
    return false;
}

void sic_interrupt_leave_call(void)
{
    EnterCriticalSection(&state.lock);
    state.is_in_call = false;
    LeaveCriticalSection(&state.lock);
}

void sic_interrupt_enter_idle(void (*remove)(void *context), void *context)
{
    EnterCriticalSection(&state.lock);
    state.remove = remove;
    state.remove_context = context;
    LeaveCriticalSection(&state.lock);
}

void sic_interrupt_leave_idle(void)
{
    EnterCriticalSection(&state.lock);
    state.remove = NULL;
    LeaveCriticalSection(&state.lock);
}

void *sic_interrupt_event(void)
{
    return state.heard;
}
