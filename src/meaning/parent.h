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
};

/* The owner calls sic_parents_deinit, after a failure too. False when memory ran out. */
bool sic_parents_init(const struct sic_scan *scan, struct sic_parents *parents);
void sic_parents_deinit(struct sic_parents *parents);

/* The process that started `process`: it has the parent's pid and was there before. SIC_NONE: it has ended, or is not
 * in the scan. */
uint32_t sic_parents_find(const struct sic_parents *parents, uint32_t process);

#endif
