#include "kernel/handles.h"

bool sic_handle_collection_begin(struct sic_handle_collection *handles, struct sic_scan *scan,
                                 const struct sic_reader *reader, const struct sic_layout *layout,
                                 const struct sic_object_roots *roots, bool with_handles)
{
    uint32_t count = scan->processes.count;

    if (!sic_objects_find(&handles->objects, scan, reader, layout, roots))
        return false;
    if (!with_handles || !sic_handles_can_be_read(&handles->objects))
        return true;
    if (!sic_array_reserve(&scan->allocator, &handles->ranges, sizeof(struct sic_handle_range), count))
        return false;
    for (uint32_t i = 0; i < count; i++) {
        struct sic_handle_range *range = (struct sic_handle_range *)handles->ranges.elements + i;

        if (!sic_handle_table_find(&handles->tables, scan, reader, layout, i, range))
            return false;
        handles->ranges.count++;
    }
    return true;
}

bool sic_handle_collection_read(const struct sic_handle_collection *handles, struct sic_scan *scan,
                                const struct sic_reader *reader, uint32_t process_index)
{
    const struct sic_handle_range *ranges = handles->ranges.elements;

    return handles->ranges.count == 0 || sic_handle_table_read(&handles->tables, ranges[process_index], scan, reader,
                                                               &handles->objects, process_index);
}

bool sic_handle_collection_take(struct sic_scan *scan, const struct sic_scan *source, uint32_t *cursor,
                                uint32_t process_index)
{
    const struct sic_handle *handles = source->handles.elements;
    struct sic_process *process = sic_scan_process(scan, process_index);

    for (; *cursor < source->handles.count && handles[*cursor].process == process_index; (*cursor)++) {
        struct sic_handle *handle;

        if (scan->handles.count >= SIC_HANDLE_LIMIT) {
            process->flags &= ~SIC_PROCESS_HANDLES_READ;
            process->flags |= SIC_PROCESS_HANDLES_INCOMPLETE;
            continue;
        }
        handle = sic_array_append(&scan->allocator, &scan->handles, sizeof(*handle));
        if (!handle)
            return false;
        *handle = handles[*cursor];
    }
    return true;
}

void sic_handle_collection_deinit(struct sic_handle_collection *handles, const struct sic_allocator *allocator)
{
    sic_handle_tables_deinit(&handles->tables, allocator);
    sic_array_free(allocator, &handles->ranges, sizeof(struct sic_handle_range));
    *handles = (struct sic_handle_collection){0};
}
