/*
 * The listing turned round: which regions each process has views in.
 */
#ifndef SIC_CLI_BY_PROCESS_H
#define SIC_CLI_BY_PROCESS_H

#include "cli/listing.h"

/* A process that owns a region, once: its views are sic_regions.views[first, first + count). */
struct sic_owner {
    uint32_t process;
    uint32_t region;
    uint32_t first;
    uint32_t count;
};

struct sic_by_process {
    struct sic_owner *owners; /* of the selected regions, by region */
    uint32_t owner_count;
    uint32_t *region_starts;  /* by region, one more at the end: where its owners begin */
    uint32_t *order;          /* indexes of owners by process, then by region */
    uint32_t *process_starts; /* by process, one more at the end: where its part of `order` begins */
};

/* The owner calls sic_by_process_deinit, after a failure too. False when memory ran out. */
bool sic_by_process_init(const struct sic_listing *listing, struct sic_by_process *by_process);
void sic_by_process_deinit(struct sic_by_process *by_process);

#endif
