/*
 * Two control areas that claim one array of prototype PTEs: only a torn image holds such a thing.
 */
#include "sharing/region.h"

#include <stdlib.h>

/* A subsection's array [start, end), as addresses. */
struct claim {
    uint64_t start;
    uint64_t end;
    uint32_t section;
    uint64_t subsection_va;
};

static int compare_claims(const void *left, const void *right)
{
    const struct claim *a = left, *b = right;

    if (a->start != b->start)
        return a->start < b->start ? -1 : 1;
    return a->subsection_va < b->subsection_va ? -1 : a->subsection_va > b->subsection_va;
}

static uint32_t gather_claims(const struct sic_scan *scan, struct claim *claims)
{
    uint32_t count = 0;

    for (uint32_t i = 0; i < scan->subsections.count; i++) {
        const struct sic_subsection *subsection = sic_scan_subsection(scan, i);

        if (subsection->flags & SIC_SUBSECTION_UNREAD || subsection->base == 0 || subsection->pte_count == 0 ||
            !(subsection->flags & (SIC_SUBSECTION_VIEWED | SIC_SUBSECTION_REACHED)))
            continue;
        claims[count++] = (struct claim){.start = subsection->base,
                                         .end = subsection->base + (uint64_t)subsection->pte_count * 8,
                                         .section = subsection->section,
                                         .subsection_va = subsection->va};
    }
    return count;
}

bool sic_regions_report_claims(struct sic_scan *scan)
{
    struct claim *claims = malloc(((size_t)scan->subsections.count + 1) * sizeof(*claims)), reaching;
    bool added = claims != NULL;
    uint32_t count;

    if (!claims)
        return false;
    count = gather_claims(scan, claims);
    qsort(claims, count, sizeof(*claims), compare_claims);
    reaching = claims[0];
    for (uint32_t i = 1; i < count && added; i++) {
        if (claims[i].start < reaching.end && claims[i].section != reaching.section)
            added = sic_scan_add_problem(scan, SIC_PROBLEM_ARRAY_CLAIMED_TWICE, SIC_NONE, claims[i].subsection_va);
        if (claims[i].end > reaching.end)
            reaching = claims[i];
    }
    free(claims);
    return added;
}
