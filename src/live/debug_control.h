/*
 * The one call by which Windows writes a live dump of its kernel. It stands alone, so that a test build can put another
 * in its place.
 */
#ifndef SIC_LIVE_DEBUG_CONTROL_H
#define SIC_LIVE_DEBUG_CONTROL_H

#include <stdint.h>

/*
 * Writes a dump of the running kernel, without user pages, into `file` (HANDLE, opened for writing past the cache).
 * Setting `cancel_event` (HANDLE) ends it early. An NTSTATUS: negative when there is no dump.
 */
int32_t sic_debug_control_dump(void *file, void *cancel_event);

#endif
