/*
 * What a scan means: all that is judged of it, indexed once. Facts stand in the scan and stay there.
 */
#ifndef SIC_MEANING_MEANING_H
#define SIC_MEANING_MEANING_H

#include "meaning/drive.h"
#include "meaning/peb_evidence.h"
#include "meaning/peb_vote.h"
#include "meaning/handle.h"
#include "meaning/object_name.h"

struct sic_meaning {
    const struct sic_scan *scan;
    struct sic_object_names names;
    struct sic_drives drives;
    struct sic_handles handles;
    struct sic_peb_evidence evidence;
    struct sic_peb_votes votes;
};

/* `scan` stays where it is. The owner calls sic_meaning_deinit, after a failure too. False when memory ran out. */
bool sic_meaning_init(const struct sic_scan *scan, struct sic_meaning *meaning);
/* Takes one of zeros. */
void sic_meaning_deinit(struct sic_meaning *meaning);

/* What was read of the view's first page, or NULL. */
const struct sic_page *sic_meaning_page(const struct sic_meaning *meaning, uint32_t view);

#endif
