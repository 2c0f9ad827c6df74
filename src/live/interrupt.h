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

/* An event (HANDLE) that such an event signals. Owned by this module. */
void *sic_interrupt_event(void);

#endif
