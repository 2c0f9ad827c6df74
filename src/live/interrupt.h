/*
 * Ctrl-C, Ctrl-Break and the closing of the console while the driver is installed: what runs is cancelled, what was
 * installed is removed, and only then the program ends. Windows only.
 */
#ifndef SIC_LIVE_INTERRUPT_H
#define SIC_LIVE_INTERRUPT_H

#include "util/status.h"

#include <stdbool.h>

/* From here on such events are heard instead of ending the program. Ended by sic_interrupt_end, which comes last. */
SIC_MUST_CHECK enum sic_status sic_interrupt_begin(struct sic_error *error);
void sic_interrupt_end(void);

/* True once one was heard. */
bool sic_interrupt_is_heard(void);

/*
 * Around a call of the kernel that may take long, on the thread that began: such an event then makes the call fail. The
 * first returns false, without having begun, when one was heard already.
 */
bool sic_interrupt_enter_call(void);
void sic_interrupt_leave_call(void);

/*
 * From here on the thread that began does nothing that needs the driver: such an event, also one that was heard before,
 * then has `remove` called, once, in a thread of Windows' own. However long the thread takes for what it does, for
 * somebody who does not read its output, say: the driver is gone, and a second event ends the program. The second
 * returns when no such call runs, or will.
 */
void sic_interrupt_enter_idle(void (*remove)(void *context), void *context);
void sic_interrupt_leave_idle(void);

/* An event (HANDLE) that such an event signals. Owned by this module. */
void *sic_interrupt_event(void);

#endif
