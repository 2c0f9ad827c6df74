/*
 * Regions that cross a trust boundary: memory that a less trusted process can write, or could, and a more trusted one
 * shows.
 */
#ifndef SIC_CROSSING_CROSSING_H
#define SIC_CROSSING_CROSSING_H

#include "crossing/access_check.h"
#include "crossing/overlap.h"
#include "crossing/trust.h"
#include "meaning/meaning.h"
#include "sharing/region.h"
#include "sharing/shared_writable.h"

/* How one side writes, the strongest first. */
enum sic_crossing_way {
    SIC_CROSSING_VIEW,   /* it has views that write pages which the other side's views show */
    SIC_CROSSING_HANDLE, /* it holds handles with SECTION_MAP_WRITE */
    SIC_CROSSING_NAME,   /* it could open the section by a name */
    SIC_CROSSING_FILE    /* it could open the section's file: nobody knows, the file's ACL is not in memory */
};

enum sic_crossing_relation {
    SIC_CROSSING_LESS,   /* who writes is less trusted */
    SIC_CROSSING_APART,  /* equally trusted, but another user's or another session's */
    SIC_CROSSING_UNKNOWN /* which side is more trusted is not known */
};

/* Processes and records that are listed of each crossing; more are counted only. */
#define SIC_CROSSING_LISTED 64u
/* Names of a section that are judged; of more it is unknown what they let do. */
#define SIC_CROSSING_NAMES 64u
/* Crossings that are kept; more, which only forged scans can have, are counted. */
#define SIC_CROSSING_LIMIT 0x40000u

/* Records [first, first + listed) of a list of the same name in struct sic_crossings, `count` in all. */
struct sic_crossing_list {
    uint32_t first;
    uint32_t listed;
    uint32_t count;
};

/* Processes of one trust; of the kernel none are listed. */
struct sic_crossing_side {
    unsigned trust; /* a class of crossing/trust.h */
    struct sic_crossing_list processes;
};

/* A name by which some of those who write could open the section, or might. */
struct sic_crossing_name {
    uint32_t name;
    struct sic_access access; /* the best that one of them gets */
    uint32_t processes;       /* that get it */
};

struct sic_crossing {
    uint32_t region;
    enum sic_crossing_way way; /* the strongest of those there are */
    enum sic_crossing_relation relation;
    bool is_certain; /* else something that was not read decides */
    struct sic_trust_gap gap;
    unsigned width; /* see sic_trust_gap_width */
    struct sic_crossing_side writers;
    struct sic_crossing_side readers;
    struct sic_overlap pages;       /* of views; none where the kernel's extent is not told */
    struct sic_crossing_list views; /* that reach these pages; other ways: those of the readers; the kernel's: of the
                                       writers, that write */
    struct sic_crossing_list handles;
    struct sic_crossing_list names;
};

struct sic_crossings {
    const struct sic_allocator *allocator; /* the scan's */
    struct sic_crossing *crossings;        /* the widest gap first */
    uint32_t count;
    struct sic_array processes; /* uint32_t: indexes of the scan's */
    struct sic_array views;     /* uint32_t */
    struct sic_array handles;   /* uint32_t */
    struct sic_array names;     /* struct sic_crossing_name */
    uint32_t processes_unknown; /* processes that live and whose token was not read: what they could open is unknown */
    uint32_t files_unknown;     /* crossings that only a file's ACL would decide */
    uint32_t names_unjudged;    /* names of sections that were not judged, as they are too many */
    uint32_t left_out;          /* crossings beyond SIC_CROSSING_LIMIT */
};

/* What is judged. */
struct sic_crossing_request {
    const struct sic_scan *scan;
    const struct sic_meaning *meaning;
    const struct sic_regions *regions;
    const struct sic_shared_writable *parts;
    const bool *selected; /* by region; NULL: all */
};

/* The owner calls sic_crossings_deinit, after a failure too. False when memory ran out. */
bool sic_crossings_find(const struct sic_crossing_request *request, struct sic_crossings *crossings);
void sic_crossings_deinit(struct sic_crossings *crossings);

#endif
