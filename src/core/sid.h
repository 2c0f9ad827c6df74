/*
 * SIDs, copied from kernel memory into a scan: equal ones share their bytes.
 */
#ifndef SIC_CORE_SID_H
#define SIC_CORE_SID_H

#include "core/reader.h"
#include "core/scan.h"

/* SECURITY_MAX_SID_SIZE of winnt.h: {u8 revision 1, u8 count, u8[6] authority, u32[count]}, count at most 15. */
#define SIC_SID_SIZE_LIMIT 68u
/* No machine has so many groups in its tokens; a forged image gets no more memory than for these. */
#define SIC_SIDS_LIMIT 0x100000u

/* The SIDs that a scan holds, by what they are. All zeros: none. The owner calls sic_sid_pool_deinit. */
struct sic_sid_pool {
    struct sic_array records;
    struct sic_index index;
};

void sic_sid_pool_deinit(struct sic_sid_pool *pool, const struct sic_allocator *allocator);

/*
 * The SID at `va`. *sid becomes {SIC_NONE, 0} when it cannot be read or is none. False when memory ran out.
 */
bool sic_sid_read(struct sic_sid_pool *pool, struct sic_scan *scan, const struct sic_reader *reader, uint64_t va,
                  struct sic_blob *sid);

/* The RID of a SID S-1-16-RID, a mandatory label; SIC_NONE when it is no such SID. */
uint32_t sic_sid_label(const struct sic_scan *scan, struct sic_blob sid);

#endif
