/*
 * Kernel lists: _LIST_ENTRY {Flink, Blink}.
 */
#ifndef SIC_CORE_LIST_H
#define SIC_CORE_LIST_H

#include "core/reader.h"

/* The direction of a step, as the offset of the link in an entry. */
enum sic_link { SIC_LINK_FORWARD = 0, SIC_LINK_BACKWARD = 8 };

/*
 * The entry that follows `entry_va` in the direction of `link`, when it points back: a list whose entries all do cannot
 * be endless, for no two entries precede the same one.
 */
static inline bool sic_list_follow(const struct sic_reader *reader, uint64_t entry_va, enum sic_link link,
                                   uint64_t *next_va)
{
    uint64_t next, back;

    if (!sic_reader_u64(reader, entry_va + link, &next) || !sic_is_kernel_pointer(reader, next, 8) ||
        !sic_reader_u64(reader, next + (SIC_LINK_BACKWARD - link), &back) || back != entry_va)
        return false;
    *next_va = next;
    return true;
}

#endif
