#include "meaning/meaning.h"

bool sic_meaning_init(const struct sic_scan *scan, struct sic_meaning *meaning)
{
    *meaning = (struct sic_meaning){.scan = scan};
    return sic_object_names_init(scan, &meaning->names) && sic_drives_init(&meaning->names, &meaning->drives) &&
           sic_handles_init(scan, &meaning->handles) && sic_peb_evidence_init(scan, &meaning->evidence) &&
           sic_peb_votes_init(&meaning->evidence, &meaning->votes);
}

void sic_meaning_deinit(struct sic_meaning *meaning)
{
    sic_peb_votes_deinit(&meaning->votes);
    sic_peb_evidence_deinit(&meaning->evidence);
    sic_handles_deinit(&meaning->handles);
    sic_drives_deinit(&meaning->drives);
    sic_object_names_deinit(&meaning->names);
}

/* Pages stand by their views. */
const struct sic_page *sic_meaning_page(const struct sic_meaning *meaning, uint32_t view)
{
    const struct sic_page *pages = meaning->scan->pages.elements;
    uint32_t low = 0, high = meaning->scan->pages.count;

    while (low < high) {
        uint32_t middle = low + (high - low) / 2;

        if (pages[middle].view < view)
            low = middle + 1;
        else
            high = middle;
    }
    return low < meaning->scan->pages.count && pages[low].view == view ? &pages[low] : NULL;
}
