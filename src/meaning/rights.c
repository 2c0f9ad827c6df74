#include "meaning/rights.h"

static bool is_image(const struct sic_scan *scan, const struct sic_view *view)
{
    uint32_t section = sic_scan_subsection(scan, view->subsection)->section;

    return section < scan->sections.count && sic_scan_section(scan, section)->flags & SIC_SECTION_IMAGE;
}

enum sic_writes sic_view_writes(const struct sic_scan *scan, const struct sic_view *view, bool has_shared_parts)
{
    /* The protection of image views is always "execute, write copy" and says nothing: subsections decide. */
    if (is_image(scan, view))
        return has_shared_parts ? SIC_WRITES_PARTLY : SIC_WRITES_COPIED;
    switch (view->protection & 7) {
    case 4:
    case 6:
        return SIC_WRITES_SHARED;
    case 5:
    case 7:
        return SIC_WRITES_COPIED;
    default:
        return SIC_WRITES_NONE;
    }
}

const char *sic_writes_text(enum sic_writes writes)
{
    static const char *const texts[] = {"none", "copied", "shared", "partly shared"};

    return texts[writes];
}

const char *sic_protection_words(unsigned protection)
{
    static const char *const texts[] = {"no access",
                                        "read",
                                        "execute",
                                        "read and execute",
                                        "read-write",
                                        "read, copied on write",
                                        "read-write, execute",
                                        "read and execute, copied on write"};

    return texts[protection & 7];
}

bool sic_region_is_writable(const struct sic_scan *scan, const struct sic_regions *regions,
                            const struct sic_region *region, const struct sic_shared_writable *parts)
{
    uint32_t first, end;

    if (sic_scan_section(scan, region->section)->flags & SIC_SECTION_IMAGE) {
        sic_shared_writable_find(scan, parts, regions, region, &first, &end);
        return first < end;
    }
    for (uint32_t i = region->first; i < region->first + region->count; i++) {
        if (sic_view_writes(scan, sic_scan_view(scan, regions->views[i]), false) == SIC_WRITES_SHARED)
            return true;
    }
    return false;
}
