/*
 * What memory is, and what proves it.
 */
#ifndef SIC_MEANING_MEMORY_H
#define SIC_MEANING_MEMORY_H

#include "meaning/meaning.h"
#include "sharing/region.h"

/* Memory that Windows itself gives to processes. */
enum sic_known_memory {
    SIC_KNOWN_NOTHING,
    SIC_KNOWN_API_SET_MAP,
    SIC_KNOWN_NLS_TABLES,
    SIC_KNOWN_GDI_HANDLE_TABLE,
    SIC_KNOWN_CSRSS_SHARED_MEMORY,
    SIC_KNOWN_SILO_SHARED_DATA,
    SIC_KNOWN_ACTIVATION_CONTEXTS,
    SIC_KNOWN_ASSEMBLY_STORAGE_MAP,
    SIC_KNOWN_SHIM_DATA,
    SIC_KNOWN_LEAP_SECONDS,
    SIC_KNOWN_MEMORY_COUNT
};

/* What the conclusion rests on, the strongest first. */
enum sic_memory_source {
    SIC_MEMORY_BY_PEB,         /* pointers of owners' PEBs that lie in their views */
    SIC_MEMORY_BY_SYSTEM_NAME, /* the name of an object that only Windows creates */
    SIC_MEMORY_BY_OBJECT_NAME, /* it has a name: that is all that is said */
    SIC_MEMORY_BY_FILE,        /* it is a file's */
    SIC_MEMORY_UNKNOWN
};

struct sic_memory_proof {
    uint32_t field;     /* enum sic_peb_field */
    uint32_t here;      /* owners whose pointer lies in a view of the region that they cannot write through */
    uint32_t elsewhere; /* owners whose pointer is known and lies in other memory, or in a view that they can write
                           through */
    uint32_t agreeing;  /* of those here, owners in whose scope most processes' pointers lead to the same section */
};

struct sic_memory {
    enum sic_memory_source source;
    enum sic_known_memory known;       /* what it is; SIC_KNOWN_NOTHING unless by PEB or by a system's name */
    enum sic_known_memory system_name; /* what an object's name says */
    bool is_contradictory;             /* evidence says different things, or is denied by most who could give it */
    uint32_t owners;                   /* processes; where there are proofs, else 0 */
    uint32_t owners_unknown;           /* of them those whose PEB was not read */
    struct sic_memory_proof proofs[SIC_PEB_FIELD_COUNT]; /* only those with owners here, most first */
    uint32_t proof_count;
    const struct sic_key *names; /* of the section: see sic_object_names_find */
    uint32_t name_count;
};

/* Judges a region. */
void sic_memory_judge(const struct sic_meaning *meaning, const struct sic_regions *regions,
                      const struct sic_region *region, struct sic_memory *memory);

/* How many processes have views in the region. */
uint32_t sic_region_processes(const struct sic_scan *scan, const struct sic_regions *regions,
                              const struct sic_region *region);

/* What the pointer of a PEB points to. */
enum sic_known_memory sic_peb_field_meaning(unsigned field);

/* "API set map"; NULL for SIC_KNOWN_NOTHING. */
const char *sic_known_memory_name(enum sic_known_memory known);

/* "peb", "system-name", "object-name", "file", "unknown". */
const char *sic_memory_source_token(enum sic_memory_source source);

#endif
