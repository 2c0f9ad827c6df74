/*
 * Which processes could open a section by its name.
 */
#ifndef SIC_CROSSING_OPENING_H
#define SIC_CROSSING_OPENING_H

#include "crossing/access_check.h"

/* The tokens of a scan, each content once: access checks ask for nothing else. */
struct sic_openings {
    const struct sic_scan *scan;
    uint32_t *subjects; /* by process: index into `tokens` */
    struct sic_subject *tokens;
    uint32_t token_count;
    struct sic_access *answers; /* by token: of the name asked for last */
    struct sic_access *kept;    /* by slot, then by token: of descriptors of sections; the last of each slot */
    uint32_t *kept_of;          /* by slot: whose answers it keeps; SIC_NONE: of none */
    uint32_t slot_count;
    uint64_t work; /* comparisons made so far, and steps that grow with names times processes */
};

/* `scan` stays where it is. The owner calls sic_openings_deinit, after a failure too. False when memory ran out. */
bool sic_openings_init(const struct sic_scan *scan, struct sic_openings *openings);
void sic_openings_deinit(struct sic_openings *openings);

/*
 * Judges a name of a section, an index into sic_scan.names, for all tokens: see sic_openings_answer. The directories
 * that lead to it count, unless the token's SeChangeNotifyPrivilege passes them by: so the object manager does (J.
 * Forshaw, "Windows Security Internals", chapter 8; public disassemblies of ObpLookupObjectName agree).
 *
 * False: it was not judged, as SIC_ACCESS_WORK_LIMIT is reached.
 */
bool sic_openings_judge(struct sic_openings *openings, uint32_t name);

/* What was judged last, for a process: whether it could open that name for writing. */
struct sic_access sic_openings_answer(const struct sic_openings *openings, uint32_t process);

#endif
