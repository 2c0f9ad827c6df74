/*
 * What differs between two scans: processes, sections with their regions and views, crossings. Nothing is matched by an
 * address of the kernel's.
 */
#ifndef SIC_DIFFERENCE_DIFFERENCE_H
#define SIC_DIFFERENCE_DIFFERENCE_H

#include "crossing/crossing.h"
#include "meaning/meaning.h"
#include "sharing/region.h"
#include "sic/wire.h"

enum sic_difference_basis {
    SIC_DIFFERENCE_BY_START, /* processes are matched by pid and start time */
    SIC_DIFFERENCE_BY_PATH   /* by path: of several of one path it is not said which is which */
};

/* One scan. All is borrowed and must outlive the difference. */
struct sic_difference_side {
    const struct sic_scan *scan;
    const struct sic_meaning *meaning;
    const struct sic_regions *regions;     /* of SIC_REGION_ALONE_TOO: those of one view are for the crossings */
    const struct sic_crossings *crossings; /* of all regions */
    const struct sic_wire_origin *origin;
    const bool *sections_shown;  /* by section; NULL: all. What is shown on either side is compared */
    const bool *processes_shown; /* by process, likewise */
};

struct sic_difference_request {
    struct sic_difference_side old_side;
    struct sic_difference_side new_side;
    bool by_path;       /* even within one boot */
    bool is_one_kernel; /* both are of one running kernel: of one boot, unless System says otherwise */
};

enum sic_change { SIC_CAME, SIC_WENT, SIC_CHANGED, SIC_CHANGE_COUNT };

/* Of something by its indexes, SIC_NONE on the side that lacks it. */
static inline enum sic_change sic_change_of(uint32_t old_index, uint32_t new_index)
{
    if (old_index == SIC_NONE)
        return SIC_CAME;
    return new_index == SIC_NONE ? SIC_WENT : SIC_CHANGED;
}

#define SIC_PROCESS_CHANGE_EXITED     0x1u /* it has an exit time now, or none any more */
#define SIC_PROCESS_CHANGE_EXITING    0x2u
#define SIC_PROCESS_CHANGE_LISTED     0x4u /* no longer in the process list, or again */
#define SIC_PROCESS_CHANGE_INTEGRITY  0x8u
#define SIC_PROCESS_CHANGE_PROTECTION 0x10u
#define SIC_PROCESS_CHANGE_CONTAINER  0x20u
#define SIC_PROCESS_CHANGE_USER       0x40u
#define SIC_PROCESS_CHANGE_SESSION    0x80u
#define SIC_PROCESS_CHANGE_COUNT      8u

/*
 * Records are indexes into the arrays of the old and the new scan, SIC_NONE on the side that lacks it. `is_certain`:
 * not when what is absent on a side may be unread there rather than gone.
 */
struct sic_process_change {
    enum sic_change change;
    bool is_certain;
    bool is_exact; /* false: one of its class came or went, and nobody can say which; the index names an example */
    uint32_t old_index;
    uint32_t new_index;
    uint32_t class_index; /* see struct sic_process_class */
    uint32_t what;        /* SIC_PROCESS_CHANGE_… */
};

/*
 * Processes that count as the same: one of a pid and start time, or all of a path. Its members are
 * sic_difference.old_members[first_old, first_old + old_count) and new_members likewise, as indexes of the scans'.
 */
struct sic_process_class {
    uint32_t first_old;
    uint32_t old_count;
    uint32_t first_new;
    uint32_t new_count;
};

struct sic_view_change {
    enum sic_change change;
    bool is_certain;
    uint32_t old_index;
    uint32_t new_index;
};

/* Views of the kernel's own in session or system space are counted by session. */
struct sic_kernel_view_change {
    enum sic_change change;
    bool is_certain;
    uint32_t session_id; /* SIC_NONE: system space, or unknown */
    uint32_t old_count;
    uint32_t new_count;
};

struct sic_region_change {
    enum sic_change change;
    bool is_certain;
    bool is_placed;      /* `first_page` is known */
    uint64_t first_page; /* of the section */
    uint64_t page_count;
    uint32_t old_index; /* of the sides' regions */
    uint32_t new_index;
};

#define SIC_SECTION_CHANGE_SIZE    0x1u
#define SIC_SECTION_CHANGE_NAME    0x2u /* it got, lost or changed names */
#define SIC_SECTION_CHANGE_OWNERS  0x4u /* other processes have views of it */
#define SIC_SECTION_CHANGE_VIEWS   0x8u /* views of processes or of the kernel's */
#define SIC_SECTION_CHANGE_REGIONS 0x10u
#define SIC_SECTION_CHANGE_COUNT   5u

struct sic_section_change {
    enum sic_change change;
    bool is_certain;
    uint32_t old_index;
    uint32_t new_index;
    uint32_t what;          /* SIC_SECTION_CHANGE_… */
    uint32_t old_processes; /* that have views of it */
    uint32_t new_processes;
    bool old_shared; /* it has a region */
    bool new_shared;
    uint32_t first_region; /* sic_difference.regions[first_region, first_region + region_count); the others likewise */
    uint32_t region_count;
    uint32_t first_view;
    uint32_t view_count;
    uint32_t first_kernel_view;
    uint32_t kernel_view_count;
};

#define SIC_CROSSING_CHANGE_WAY       0x1u
#define SIC_CROSSING_CHANGE_CERTAINTY 0x2u
#define SIC_CROSSING_CHANGE_PROCESSES 0x4u /* of either side */
#define SIC_CROSSING_CHANGE_COUNT     3u

struct sic_crossing_change {
    enum sic_change change;
    bool is_certain;    /* the change, not the crossing */
    uint32_t old_index; /* of the sides' crossings */
    uint32_t new_index;
    uint32_t what; /* SIC_CROSSING_CHANGE_… */
};

/* By enum sic_change. */
struct sic_difference_counts {
    uint32_t by_change[SIC_CHANGE_COUNT];
};

struct sic_difference {
    enum sic_difference_basis basis;
    const char *basis_reason; /* constant text */
    bool is_same_boot;
    bool is_different;
    struct sic_difference_counts process_counts;
    struct sic_difference_counts section_counts;
    struct sic_difference_counts region_counts; /* of all sections, came and gone ones included */
    struct sic_difference_counts view_counts;
    struct sic_difference_counts crossing_counts;
    struct sic_array processes;    /* struct sic_process_change: came, went, changed; in each by the scans' order */
    struct sic_array sections;     /* struct sic_section_change, likewise by name */
    struct sic_array regions;      /* struct sic_region_change */
    struct sic_array views;        /* struct sic_view_change */
    struct sic_array kernel_views; /* struct sic_kernel_view_change */
    struct sic_array crossings;    /* struct sic_crossing_change: the widest gap first */
    struct sic_array classes;      /* struct sic_process_class */
    struct sic_array old_members;  /* uint32_t */
    struct sic_array new_members;  /* uint32_t */
};

/*
 * Compares. The owner calls sic_difference_deinit, after a failure too. False when memory ran out. The time grows
 * hardly faster than the scans, whatever is in them. With the sides exchanged the answer is the same with came and went
 * exchanged.
 */
bool sic_difference_find(const struct sic_difference_request *request, struct sic_difference *difference);
void sic_difference_deinit(struct sic_difference *difference);

#endif
