/*
 * Handles to sections, from the handle tables of processes: all there is that leads to sections without a name.
 */
#ifndef SIC_CORE_HANDLE_TABLE_H
#define SIC_CORE_HANDLE_TABLE_H

#include "core/object.h"

/* Pages of entries of all tables together: as many as the kernel allows one process, 16 million handles. */
#define SIC_HANDLE_LEAF_LIMIT 0x10000u
/* Handles to sections that are kept; a machine has some ten thousand. What is beyond is left out, and said. */
#define SIC_HANDLE_LIMIT 0x100000u

/* The pages of entries of handle tables. A page belongs to one table: who claims it first has it. */
struct sic_handle_tables {
    struct sic_array leaves; /* struct sic_handle_leaf */
    struct sic_index index;  /* of the leaves, by address */
};

struct sic_handle_leaf {
    uint64_t va;
    uint32_t first_value; /* of the handle that its first entry stands for */
    uint32_t reserved;
};

/* Of a process: leaves [first, first + count). */
struct sic_handle_range {
    uint32_t first;
    uint32_t count;
};

void sic_handle_tables_deinit(struct sic_handle_tables *tables, const struct sic_allocator *allocator);

/* Whether the layout tells where handle tables are, and the types which objects are sections. */
bool sic_handles_can_be_read(const struct sic_objects *objects);

/*
 * Finds the pages of the process's table, whose address goes into its record. A table that says it is another
 * process's, pages that another table has, and what is damaged make it SIC_PROCESS_HANDLES_INCOMPLETE. False when
 * memory ran out or the reader is cancelled.
 */
bool sic_handle_table_find(struct sic_handle_tables *tables, struct sic_scan *scan, const struct sic_reader *reader,
                           const struct sic_layout *layout, uint32_t process_index, struct sic_handle_range *range);

/*
 * Appends the process's handles to sections to scan->handles, by value, with `section` SIC_NONE. Marks the process
 * SIC_PROCESS_HANDLES_READ or SIC_PROCESS_HANDLES_INCOMPLETE. `tables` is only read: threads may share it. False when
 * memory ran out or the reader is cancelled.
 */
bool sic_handle_table_read(const struct sic_handle_tables *tables, struct sic_handle_range range, struct sic_scan *scan,
                           const struct sic_reader *reader, const struct sic_objects *objects, uint32_t process_index);

/* Fills in the sections of all handles; each section object is read once. False as above. */
bool sic_handles_resolve(struct sic_scan *scan, const struct sic_reader *reader, const struct sic_layout *layout);

#endif
