/*
 * Two subsections that claim the same prototype PTEs: only a torn image holds such a thing.
 */
#include "core/sort.h"
#include "sharing/region.h"

static bool is_claim(const struct sic_subsection *subsection)
{
    return !(subsection->flags & SIC_SUBSECTION_UNREAD) && subsection->base != 0 && subsection->pte_count != 0;
}

static bool gather_claims(const struct sic_scan *scan, struct sic_array *claims)
{
    if (!sic_array_reserve(&scan->allocator, claims, sizeof(struct sic_key), scan->subsections.count))
        return false;
    for (uint32_t i = 0; i < scan->subsections.count; i++) {
        if (is_claim(sic_scan_subsection(scan, i)))
            ((struct sic_key *)claims->elements)[claims->count++] =
                (struct sic_key){.key = sic_scan_subsection(scan, i)->base, .value = i};
    }
    return sic_sort_keys(&scan->allocator, claims->elements, claims->count);
}

bool sic_regions_report_claims(struct sic_scan *scan)
{
    struct sic_array claims = {0};
    bool added = gather_claims(scan, &claims);
    uint64_t reach = 0;

    for (uint32_t i = 0; added && i < claims.count; i++) {
        const struct sic_key *claim = (struct sic_key *)claims.elements + i;
        const struct sic_subsection *subsection = sic_scan_subsection(scan, (uint32_t)claim->value);
        uint64_t end = subsection->base + (uint64_t)subsection->pte_count * 8;

        if (claim->key < reach)
            added = sic_scan_add_problem(scan, SIC_PROBLEM_ARRAY_CLAIMED_TWICE, SIC_NONE, subsection->va);
        reach = end > reach ? end : reach;
    }
    sic_array_free(&scan->allocator, &claims, sizeof(struct sic_key));
    return added;
}
