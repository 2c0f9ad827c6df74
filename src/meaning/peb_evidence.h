/*
 * Evidence from PEBs: the pointers that lie in views.
 */
#ifndef SIC_MEANING_PEB_EVIDENCE_H
#define SIC_MEANING_PEB_EVIDENCE_H

#include "core/peb.h"
#include "core/scan.h"
#include "core/sort.h"

struct sic_peb_evidence {
    const struct sic_scan *scan;
    struct sic_key *keys; /* by view; value: the pointer's index */
    uint32_t count;
    uint8_t *in_section;  /* by section: a pointer lies in one of its views */
    uint32_t *first_of;   /* by process, one more at the end: where its pointers begin in `by_process` */
    uint32_t *by_process; /* indexes of pointers */
};

/* The owner calls sic_peb_evidence_deinit, after a failure too. False when memory ran out. */
bool sic_peb_evidence_init(const struct sic_scan *scan, struct sic_peb_evidence *evidence);
void sic_peb_evidence_deinit(struct sic_peb_evidence *evidence);

/* Whether any pointer lies in a view of the section. */
bool sic_peb_evidence_is_in_section(const struct sic_peb_evidence *evidence, uint32_t section);

/* The pointers that lie in a view: keys whose values are indexes into sic_scan.peb_pointers. */
const struct sic_key *sic_peb_evidence_find(const struct sic_peb_evidence *evidence, uint32_t view, uint32_t *count);

/* The fields, as bits, whose pointers lie in the view. */
uint32_t sic_peb_evidence_fields(const struct sic_peb_evidence *evidence, uint32_t view);

/* The fields, as bits, that are known and not 0 in the process's PEB. */
uint32_t sic_peb_evidence_known_fields(const struct sic_peb_evidence *evidence, uint32_t process);

/* The process's pointers: how many are known and not 0, and each. */
uint32_t sic_peb_evidence_count(const struct sic_peb_evidence *evidence, uint32_t process);
const struct sic_peb_pointer *sic_peb_evidence_pointer(const struct sic_peb_evidence *evidence, uint32_t process,
                                                       uint32_t index);

#endif
