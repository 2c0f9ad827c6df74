/*
 * Parents: a pid is used again after its process ended, so a pid alone names nobody.
 */
#ifndef SIC_MEANING_PARENT_H
#define SIC_MEANING_PARENT_H

#include "core/scan.h"
#include "core/sort.h"

struct sic_parents {
    const struct sic_scan *scan;
    struct sic_key *keys; /* by pid; value: the process */
    bool is_short;        /* processes may be missing in the scan */
};

/* The owner calls sic_parents_deinit, after a failure too. False when memory ran out. */
bool sic_parents_init(const struct sic_scan *scan, struct sic_parents *parents);
void sic_parents_deinit(struct sic_parents *parents);

enum sic_parent_state {
    SIC_PARENT_NONE,   /* it has none, as System */
    SIC_PARENT_FOUND,  /* see sic_parents_find */
    SIC_PARENT_GONE,   /* no process of the scan is it, and all were read */
    SIC_PARENT_UNKNOWN /* what would tell was not read */
};

enum sic_parent_state sic_parents_state(const struct sic_parents *parents, uint32_t process);

/* The process that started `process`: it has the parent's pid and was there before. SIC_NONE: there is
 * none, it is gone, or it is unknown. */
uint32_t sic_parents_find(const struct sic_parents *parents, uint32_t process);

#endif
