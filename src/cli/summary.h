/*
 * What is judged of a region and shown again with each of its owners: judged once.
 */
#ifndef SIC_CLI_SUMMARY_H
#define SIC_CLI_SUMMARY_H

#include "cli/listing.h"
#include "meaning/memory.h"

struct sic_summary {
    uint32_t processes;
    uint8_t known; /* enum sic_known_memory */
    bool is_writable;
};

/* By region; those of regions that are not selected are zeros. To be freed; NULL when memory ran out. */
struct sic_summary *sic_summaries_make(const struct sic_listing *listing);

#endif
