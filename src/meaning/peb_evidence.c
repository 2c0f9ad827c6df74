#include "meaning/peb_evidence.h"

#include "meaning/keys.h"
#include "util/memory.h"

#include <stdlib.h>

static const struct sic_peb_pointer *pointer_at(const struct sic_peb_evidence *evidence, uint32_t index)
{
    return (const struct sic_peb_pointer *)evidence->scan->peb_pointers.elements + index;
}

static bool is_sound(const struct sic_peb_evidence *evidence, uint32_t index)
{
    const struct sic_peb_pointer *pointer = pointer_at(evidence, index);

    return pointer->process < evidence->scan->processes.count && pointer->field < SIC_PEB_FIELD_COUNT &&
           pointer->value != 0;
}

/* The process's view that the address lies in, or SIC_NONE. Views stand by ascending address. */
static uint32_t find_view(const struct sic_scan *scan, uint32_t process, uint64_t va)
{
    const struct sic_process *record = sic_scan_process(scan, process);
    uint32_t low = record->first_view, high = record->first_view + record->view_count;

    while (low < high) {
        uint32_t middle = low + (high - low) / 2;

        if (sic_scan_view(scan, middle)->end_vpn < va >> 12)
            low = middle + 1;
        else
            high = middle;
    }
    if (low == record->first_view + record->view_count || sic_scan_view(scan, low)->start_vpn > va >> 12)
        return SIC_NONE;
    return low;
}

static void place_pointers(struct sic_peb_evidence *evidence)
{
    const struct sic_scan *scan = evidence->scan;

    for (uint32_t i = 0; i < scan->peb_pointers.count; i++) {
        const struct sic_peb_pointer *pointer = pointer_at(evidence, i);
        uint32_t view, section;

        /* That one is an address in csrss.exe, by which clients turn its pointers into theirs: nothing of their own. */
        if (!is_sound(evidence, i) || pointer->field == SIC_PEB_CSR_SERVER_READ_ONLY_SHARED_MEMORY_BASE)
            continue;
        view = find_view(scan, pointer->process, pointer->value);
        if (view == SIC_NONE)
            continue;
        evidence->keys[evidence->count++] = (struct sic_key){.key = view, .value = i};
        section = sic_scan_subsection(scan, sic_scan_view(scan, view)->subsection)->section;
        if (section < scan->sections.count)
            evidence->in_section[section] = 1;
    }
}

/* Counting sort: the pointers of each process, whatever the order they stand in. */
static void sort_by_process(struct sic_peb_evidence *evidence)
{
    uint32_t processes = evidence->scan->processes.count, pointers = evidence->scan->peb_pointers.count;
    uint32_t *first_of = evidence->first_of;

    for (uint32_t i = 0; i < pointers; i++) {
        if (is_sound(evidence, i))
            first_of[pointer_at(evidence, i)->process + 1]++;
    }
    for (uint32_t i = 0; i < processes; i++)
        first_of[i + 1] += first_of[i];
    for (uint32_t i = pointers; i-- > 0;) {
        if (is_sound(evidence, i))
            evidence->by_process[--first_of[pointer_at(evidence, i)->process + 1]] = i;
    }
    /* Each start has moved one place up, to where its process's successor had its own. */
    for (uint32_t i = 0; i < processes; i++)
        first_of[i] = first_of[i + 1];
    first_of[processes] = 0;
    for (uint32_t i = 0; i < pointers; i++)
        first_of[processes] += is_sound(evidence, i);
}

bool sic_peb_evidence_init(const struct sic_scan *scan, struct sic_peb_evidence *evidence)
{
    size_t pointers = scan->peb_pointers.count;

    *evidence = (struct sic_peb_evidence){.scan = scan};
    if (pointers == 0)
        return true;
    evidence->keys = malloc(pointers * sizeof(*evidence->keys));
    evidence->by_process = malloc(pointers * sizeof(*evidence->by_process));
    evidence->in_section = calloc((size_t)scan->sections.count + 1, 1);
    evidence->first_of = calloc((size_t)scan->processes.count + 1, sizeof(*evidence->first_of));
    if (!evidence->keys || !evidence->by_process || !evidence->in_section || !evidence->first_of)
        return false;
    place_pointers(evidence);
    sort_by_process(evidence);
    return sic_sort_keys(sic_heap_allocator(), evidence->keys, evidence->count);
}

void sic_peb_evidence_deinit(struct sic_peb_evidence *evidence)
{
    free(evidence->keys);
    free(evidence->by_process);
    free(evidence->in_section);
    free(evidence->first_of);
    *evidence = (struct sic_peb_evidence){0};
}

bool sic_peb_evidence_is_in_section(const struct sic_peb_evidence *evidence, uint32_t section)
{
    return evidence->in_section && evidence->in_section[section];
}

const struct sic_key *sic_peb_evidence_find(const struct sic_peb_evidence *evidence, uint32_t view, uint32_t *count)
{
    return sic_keys_equal(evidence->keys, evidence->count, view, count);
}

uint32_t sic_peb_evidence_fields(const struct sic_peb_evidence *evidence, uint32_t view)
{
    uint32_t count, fields = 0;
    const struct sic_key *keys = sic_peb_evidence_find(evidence, view, &count);

    for (uint32_t i = 0; i < count; i++)
        fields |= 1u << pointer_at(evidence, (uint32_t)keys[i].value)->field;
    return fields;
}

uint32_t sic_peb_evidence_count(const struct sic_peb_evidence *evidence, uint32_t process)
{
    return evidence->first_of ? evidence->first_of[process + 1] - evidence->first_of[process] : 0;
}

const struct sic_peb_pointer *sic_peb_evidence_pointer(const struct sic_peb_evidence *evidence, uint32_t process,
                                                       uint32_t index)
{
    return pointer_at(evidence, evidence->by_process[evidence->first_of[process] + index]);
}

uint32_t sic_peb_evidence_known_fields(const struct sic_peb_evidence *evidence, uint32_t process)
{
    uint32_t count = sic_peb_evidence_count(evidence, process), fields = 0;

    for (uint32_t i = 0; i < count; i++)
        fields |= 1u << sic_peb_evidence_pointer(evidence, process, i)->field;
    return fields;
}
