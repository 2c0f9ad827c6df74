#include "kernel/sections.h"

#include "core/section.h"
#include "util/ranges.h"

#include <stdlib.h>

/* Records that a thread takes at once: enough that threads seldom write to the same line of a cache. */
#define RECORDS_PER_TURN 4096u

struct reading {
    struct sic_scan *scan;
    const struct sic_reader *readers;
    const struct sic_layout *layout;
    uint64_t *control_areas; /* by subsection */
};

static void load_subsections(void *context, unsigned thread, uint32_t first, uint32_t end)
{
    const struct reading *reading = context;

    /* A reader of an image is never cancelled. */
    (void)sic_subsections_load(reading->scan, &reading->readers[thread], reading->layout, first, end,
                               reading->control_areas + first);
}

static void load_sections(void *context, unsigned thread, uint32_t first, uint32_t end)
{
    const struct reading *reading = context;

    sic_sections_load(reading->scan, &reading->readers[thread], reading->layout, first, end);
}

/* Room for the sections of first subsections: each has one of its own. */
static bool reserve_sections(struct sic_scan *scan)
{
    uint32_t count = 0;

    for (uint32_t i = 0; i < scan->subsections.count; i++)
        count += (sic_scan_subsection(scan, i)->flags & SIC_SUBSECTION_FIRST) != 0;
    return sic_array_reserve(&scan->allocator, &scan->sections, sizeof(struct sic_section), count) &&
           sic_index_reserve(&scan->allocator, &scan->control_area_index, count);
}

bool sic_sections_resolve_on_threads(struct sic_scan *scan, const struct sic_reader *readers, unsigned count,
                                     const struct sic_layout *layout)
{
    struct reading reading = {.scan = scan, .readers = readers, .layout = layout};
    uint32_t subsections = scan->subsections.count;
    bool interned;

    reading.control_areas = malloc(((size_t)subsections + 1) * sizeof(*reading.control_areas));
    if (!reading.control_areas)
        return false;
    sic_ranges_run(count, subsections, RECORDS_PER_TURN, load_subsections, &reading);
    interned = reserve_sections(scan) && sic_sections_intern(scan, 0, subsections, reading.control_areas);
    free(reading.control_areas);
    if (!interned)
        return false;
    sic_ranges_run(count, scan->sections.count, RECORDS_PER_TURN, load_sections, &reading);
    return sic_sections_connect(scan, &readers[0], layout);
}
