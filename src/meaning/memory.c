#include "meaning/memory.h"

#include "meaning/rights.h"
#include "util/pattern.h"

#include <stdlib.h>
#include <string.h>

/* Names beyond so many are not looked at: a section has one or two. */
#define NAME_LIMIT 16u

/* What _PEB's pointers mean: the field names of Microsoft's symbols, and docs/meaning.md for the sources. */
static const uint8_t meanings[SIC_PEB_FIELD_COUNT] = {
    [SIC_PEB_API_SET_MAP] = SIC_KNOWN_API_SET_MAP,
    [SIC_PEB_READ_ONLY_SHARED_MEMORY_BASE] = SIC_KNOWN_CSRSS_SHARED_MEMORY,
    [SIC_PEB_SHARED_DATA] = SIC_KNOWN_SILO_SHARED_DATA,
    [SIC_PEB_READ_ONLY_STATIC_SERVER_DATA] = SIC_KNOWN_CSRSS_SHARED_MEMORY,
    [SIC_PEB_ANSI_CODE_PAGE_DATA] = SIC_KNOWN_NLS_TABLES,
    [SIC_PEB_OEM_CODE_PAGE_DATA] = SIC_KNOWN_NLS_TABLES,
    [SIC_PEB_UNICODE_CASE_TABLE_DATA] = SIC_KNOWN_NLS_TABLES,
    [SIC_PEB_GDI_SHARED_HANDLE_TABLE] = SIC_KNOWN_GDI_HANDLE_TABLE,
    [SIC_PEB_SHIM_DATA] = SIC_KNOWN_SHIM_DATA,
    [SIC_PEB_ACTIVATION_CONTEXT_DATA] = SIC_KNOWN_ACTIVATION_CONTEXTS,
    [SIC_PEB_PROCESS_ASSEMBLY_STORAGE_MAP] = SIC_KNOWN_ASSEMBLY_STORAGE_MAP,
    [SIC_PEB_SYSTEM_DEFAULT_ACTIVATION_CONTEXT_DATA] = SIC_KNOWN_ACTIVATION_CONTEXTS,
    [SIC_PEB_SYSTEM_ASSEMBLY_STORAGE_MAP] = SIC_KNOWN_ASSEMBLY_STORAGE_MAP,
    [SIC_PEB_CSR_SERVER_READ_ONLY_SHARED_MEMORY_BASE] = SIC_KNOWN_NOTHING,
    [SIC_PEB_LEAP_SECOND_DATA] = SIC_KNOWN_LEAP_SECONDS,
};

static const struct {
    const char *name;
    /* Processes may have their own each: that others point elsewhere says nothing. */
    bool is_private;
} known_memory[SIC_KNOWN_MEMORY_COUNT] = {
    [SIC_KNOWN_API_SET_MAP] = {"API set map", false},
    [SIC_KNOWN_NLS_TABLES] = {"NLS tables", false},
    [SIC_KNOWN_GDI_HANDLE_TABLE] = {"GDI handle table", false},
    [SIC_KNOWN_CSRSS_SHARED_MEMORY] = {"CSRSS shared memory", false},
    [SIC_KNOWN_SILO_SHARED_DATA] = {"silo shared data", false},
    [SIC_KNOWN_ACTIVATION_CONTEXTS] = {"activation contexts", true},
    [SIC_KNOWN_ASSEMBLY_STORAGE_MAP] = {"assembly storage map", true},
    [SIC_KNOWN_SHIM_DATA] = {"application compatibility (shim) data", true},
    [SIC_KNOWN_LEAP_SECONDS] = {"leap second data", false},
};

/* Objects that only Windows creates, in directories that only it may write to. */
static const struct {
    const char *pattern;
    enum sic_known_memory known;
} system_names[] = {
    {"\\NLS\\NlsSection*", SIC_KNOWN_NLS_TABLES},
    {"\\Windows\\SharedSection", SIC_KNOWN_CSRSS_SHARED_MEMORY},
};

/* A session's directories stand in \Sessions\N; without that the name is the one of session 0. */
static const char *skip_session(const char *path)
{
    static const char sessions[] = "\\Sessions\\";
    size_t digits;

    if (strncmp(path, sessions, sizeof(sessions) - 1) != 0)
        return path;
    digits = strspn(path + sizeof(sessions) - 1, "0123456789");
    return digits > 0 ? path + sizeof(sessions) - 1 + digits : path;
}

enum sic_known_memory sic_peb_field_meaning(unsigned field)
{
    return meanings[field];
}

const char *sic_known_memory_name(enum sic_known_memory known)
{
    return known_memory[known].name;
}

const char *sic_memory_source_token(enum sic_memory_source source)
{
    static const char *const tokens[] = {"peb", "system-name", "object-name", "file", "unknown"};

    return tokens[source];
}

/* Counts an owner: the fields whose pointers lie in its views of the region. */
static void count_owner(const struct sic_meaning *meaning, uint32_t section, uint32_t process, uint32_t here,
                        struct sic_memory_proof proofs[SIC_PEB_FIELD_COUNT], struct sic_memory *memory)
{
    uint32_t elsewhere = sic_peb_evidence_known_fields(&meaning->evidence, process) & ~here;

    memory->owners++;
    if (!(sic_scan_process(meaning->scan, process)->flags & SIC_PROCESS_PEB_READ))
        memory->owners_unknown++;
    for (unsigned i = 0; i < SIC_PEB_FIELD_COUNT; i++) {
        proofs[i].here += here >> i & 1;
        proofs[i].elsewhere += elsewhere >> i & 1;
        if (here >> i & 1)
            proofs[i].agreeing += sic_peb_votes_winner(&meaning->votes, meaning->scan, process, i) == section;
    }
}

/*
 * The fields whose pointers lie in the view. Windows maps what they lead to read-only: a process that can write there
 * says it of memory of its own.
 */
static uint32_t fields_in(const struct sic_meaning *meaning, uint32_t view)
{
    if (sic_view_writes(meaning->scan, sic_scan_view(meaning->scan, view), false) == SIC_WRITES_SHARED)
        return 0;
    return sic_peb_evidence_fields(&meaning->evidence, view);
}

/* A process's views stand side by side in a region. */
static void count_owners(const struct sic_meaning *meaning, const struct sic_regions *regions,
                         const struct sic_region *region, struct sic_memory_proof proofs[SIC_PEB_FIELD_COUNT],
                         struct sic_memory *memory)
{
    uint32_t process = SIC_NONE, here = 0;

    for (uint32_t i = region->first; i < region->first + region->count; i++) {
        uint32_t owner = sic_scan_view(meaning->scan, regions->views[i])->process;

        if (owner != process && process != SIC_NONE)
            count_owner(meaning, region->section, process, here, proofs, memory);
        here = (owner == process ? here : 0) | fields_in(meaning, regions->views[i]);
        process = owner;
    }
    if (process != SIC_NONE)
        count_owner(meaning, region->section, process, here, proofs, memory);
}

static int compare_proofs(const void *left, const void *right)
{
    const struct sic_memory_proof *a = left, *b = right;

    if (a->here != b->here)
        return a->here > b->here ? -1 : 1;
    return a->field < b->field ? -1 : a->field > b->field;
}

/*
 * At least half of the owners whose PEB was read say so. Of what the machine or a session has one of, moreover, no
 * fewer than have theirs in other memory, and what they say must be what most processes say: a few that agree on memory
 * of their own do not make it the system's.
 */
static bool is_believed(const struct sic_memory *memory, const struct sic_memory_proof *proof)
{
    if (2 * proof->here < memory->owners - memory->owners_unknown)
        return false;
    return known_memory[meanings[proof->field]].is_private ||
           (proof->here > proof->elsewhere && 2 * proof->agreeing > proof->here);
}

static bool ends_in_nls(const struct sic_scan *scan, struct sic_string name)
{
    static const char ending[] = ".nls";
    const uint16_t *units = (const uint16_t *)scan->strings.elements + name.offset;

    for (unsigned i = 0; i < 4; i++) {
        if (name.length < 4 || (units[name.length - 4 + i] | 0x20) != ending[i])
            return false;
    }
    return true;
}

/* What lies in an image is the image's, whatever points there; and of the rest only NLS tables are files. */
static bool can_be(const struct sic_scan *scan, const struct sic_section *section, enum sic_known_memory known)
{
    if (section->flags & SIC_SECTION_IMAGE)
        return false;
    if (!(section->flags & SIC_SECTION_FILE))
        return true;
    return known == SIC_KNOWN_NLS_TABLES &&
           (!(section->flags & SIC_SECTION_HAS_NAME) || ends_in_nls(scan, section->name));
}

/*
 * The meaning that most owners give. One owner may lie: a PEB is its own to write. So what two meanings say with equal
 * strength, and what most owners deny, is no conclusion.
 */
static enum sic_known_memory judge_proofs(const struct sic_scan *scan, const struct sic_section *section,
                                          struct sic_memory *memory)
{
    enum sic_known_memory known = SIC_KNOWN_NOTHING;
    uint32_t strength = 0;
    bool is_tied = false;

    for (uint32_t i = 0; i < memory->proof_count; i++) {
        const struct sic_memory_proof *proof = &memory->proofs[i];

        if (meanings[proof->field] != meanings[memory->proofs[0].field])
            memory->is_contradictory = true;
        if (!is_believed(memory, proof) || !can_be(scan, section, meanings[proof->field]))
            continue;
        if (known == SIC_KNOWN_NOTHING) {
            known = meanings[proof->field];
            strength = proof->here;
        }
        is_tied = is_tied || (meanings[proof->field] != known && proof->here == strength);
    }
    if (known == SIC_KNOWN_NOTHING && memory->proof_count > 0)
        memory->is_contradictory = true;
    return is_tied ? SIC_KNOWN_NOTHING : known;
}

static enum sic_known_memory judge_names(const struct sic_object_names *names, const struct sic_memory *memory)
{
    for (uint32_t i = 0; i < memory->name_count && i < NAME_LIMIT; i++) {
        uint32_t name = (uint32_t)memory->names[i].value;
        char *path = sic_object_name_is_outside(names, name) ? NULL : sic_object_path(names, name);

        for (size_t j = 0; path && j < sizeof(system_names) / sizeof(system_names[0]); j++) {
            if (sic_pattern_matches(system_names[j].pattern, skip_session(path))) {
                free(path);
                return system_names[j].known;
            }
        }
        free(path);
    }
    return SIC_KNOWN_NOTHING;
}

static void conclude(const struct sic_scan *scan, const struct sic_section *section, struct sic_memory *memory)
{
    enum sic_known_memory by_peb = judge_proofs(scan, section, memory);

    if (by_peb != SIC_KNOWN_NOTHING && memory->system_name != SIC_KNOWN_NOTHING && by_peb != memory->system_name)
        memory->is_contradictory = true;
    if (by_peb != SIC_KNOWN_NOTHING)
        memory->source = SIC_MEMORY_BY_PEB;
    else if (memory->system_name != SIC_KNOWN_NOTHING)
        memory->source = SIC_MEMORY_BY_SYSTEM_NAME;
    else if (memory->name_count > 0)
        memory->source = SIC_MEMORY_BY_OBJECT_NAME;
    else
        memory->source =
            section->flags & (SIC_SECTION_FILE | SIC_SECTION_IMAGE) ? SIC_MEMORY_BY_FILE : SIC_MEMORY_UNKNOWN;
    memory->known = by_peb != SIC_KNOWN_NOTHING ? by_peb : memory->system_name;
}

uint32_t sic_region_processes(const struct sic_scan *scan, const struct sic_regions *regions,
                              const struct sic_region *region)
{
    uint32_t process = SIC_NONE, count = 0;

    for (uint32_t i = region->first; i < region->first + region->count; i++) {
        uint32_t owner = sic_scan_view(scan, regions->views[i])->process;

        count += owner != process;
        process = owner;
    }
    return count;
}

void sic_memory_judge(const struct sic_meaning *meaning, const struct sic_regions *regions,
                      const struct sic_region *region, struct sic_memory *memory)
{
    struct sic_memory_proof proofs[SIC_PEB_FIELD_COUNT] = {{0}};

    memset(memory, 0, sizeof(*memory));
    if (sic_peb_evidence_is_in_section(&meaning->evidence, region->section))
        count_owners(meaning, regions, region, proofs, memory);
    for (uint32_t i = 0; i < SIC_PEB_FIELD_COUNT; i++) {
        proofs[i].field = i;
        if (proofs[i].here > 0)
            memory->proofs[memory->proof_count++] = proofs[i];
    }
    qsort(memory->proofs, memory->proof_count, sizeof(memory->proofs[0]), compare_proofs);
    memory->names = sic_object_names_find(&meaning->names, region->section, &memory->name_count);
    memory->system_name = judge_names(&meaning->names, memory);
    conclude(meaning->scan, sic_scan_section(meaning->scan, region->section), memory);
}
