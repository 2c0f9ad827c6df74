/*
 * Work on many items, shared out over threads range by range.
 */
#ifndef SIC_UTIL_RANGES_H
#define SIC_UTIL_RANGES_H

#include <stdint.h>

#define SIC_RANGES_THREAD_LIMIT 64u

/* Works on items [first, end). `thread` is below the number of threads asked for; no two calls with the same one run
 * side by side, and a later one has later items. */
typedef void sic_ranges_function(void *context, unsigned thread, uint32_t first, uint32_t end);

/*
 * Calls `function` for ranges of `turn` items (at least 1; the last may be shorter), until all `count` items are done,
 * on as many as `threads` threads (at most SIC_RANGES_THREAD_LIMIT), of which the calling one is thread 0. A thread
 * that cannot be started is no failure: the others do its share.
 */
void sic_ranges_run(unsigned threads, uint32_t count, uint32_t turn, sic_ranges_function *function, void *context);

#endif
