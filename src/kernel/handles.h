/*
 * Objects and handles of an image: found once, read by all threads, put together in the order of the processes.
 */
#ifndef SIC_KERNEL_HANDLES_H
#define SIC_KERNEL_HANDLES_H

#include "core/handle_table.h"

/* What a collection of handles shares. Zeroed: nothing is wanted. */
struct sic_handle_collection {
    struct sic_objects objects;
    struct sic_handle_tables tables;
    struct sic_array ranges; /* struct sic_handle_range, by process; none: handles are not read */
};

/*
 * Finds the types, and the pages of the handle tables of all processes of `scan`, which are listed already. False when
 * memory ran out.
 */
bool sic_handle_collection_begin(struct sic_handle_collection *handles, struct sic_scan *scan,
                                 const struct sic_reader *reader, const struct sic_layout *layout,
                                 const struct sic_object_roots *roots, bool with_handles);

/* Appends the handles of a process to `scan`, a thread's own. False when memory ran out. */
bool sic_handle_collection_read(const struct sic_handle_collection *handles, struct sic_scan *scan,
                                const struct sic_reader *reader, uint32_t process_index);

/*
 * Appends to `scan` the handles of a process that stand in `source` from *cursor on, as many as a scan may have; moves
 * *cursor behind them. False when memory ran out.
 */
bool sic_handle_collection_take(struct sic_scan *scan, const struct sic_scan *source, uint32_t *cursor,
                                uint32_t process_index);

void sic_handle_collection_deinit(struct sic_handle_collection *handles, const struct sic_allocator *allocator);

#endif
