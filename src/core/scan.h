/*
 * A scan: everything that was read of one machine, as flat arrays that refer to each other by index.
 *
 * The walk fills it (live or from an image), user mode interprets it. Facts only: no judgement stands here.
 */
#ifndef SIC_CORE_SCAN_H
#define SIC_CORE_SCAN_H

#include "core/allocator.h"

#define SIC_NONE UINT32_MAX

/* UTF-16 units in sic_scan.strings. length 0 with offset SIC_NONE: the kernel has a name, but it could not be read. */
struct sic_string {
    uint32_t offset;
    uint32_t length;
};

#define SIC_PROCESS_EXITED     0x1u /* ExitTime is set */
#define SIC_PROCESS_HAS_PATH   0x2u /* `path` was asked for and read */
#define SIC_PROCESS_NO_TREE    0x4u /* VadRoot is 0: System-like or exited */
#define SIC_PROCESS_NOT_WALKED 0x8u /* it has a tree, which was not walked: a problem says why */

struct sic_process {
    uint64_t eprocess_va;
    uint64_t id;
    uint64_t parent_id;
    uint64_t create_time; /* 100 ns since 1601-01-01 UTC */
    uint64_t exit_time;
    uint64_t directory_table_base;
    uint64_t vad_root_va;
    uint64_t vad_count;          /* as the kernel counts; never relied on */
    struct sic_string path;      /* \Device\HarddiskVolume2\Windows\explorer.exe */
    uint8_t image_file_name[16]; /* ASCII as a rule, at most 14 bytes, zero-terminated */
    uint32_t flags;
    uint32_t first_view; /* its views are [first_view, first_view + view_count), by ascending address */
    uint32_t view_count;
    uint32_t node_count;     /* VAD nodes read, of all kinds */
    uint32_t private_count;  /* of them private memory */
    uint32_t deleting_count; /* of them being unmapped: passed over */
    uint32_t unshared_count; /* of them mapped, but without prototype PTEs (device or physical memory) */
    uint32_t reserved;
};

/* A view: one VAD that maps part of a section. */
struct sic_view {
    uint64_t first_prototype_pte;
    uint64_t last_contiguous_pte; /* address of the last PTE, inclusive, or SIC_WHOLE_VIEW_CONTIGUOUS */
    uint64_t end_vpn;             /* virtual page numbers, both inclusive */
    uint64_t start_vpn : 52;
    uint64_t protection : 5; /* MM_PROTECTION_MASK */
    uint64_t vad_type : 3;   /* MI_VAD_TYPE */
    uint64_t flags : 4;
    uint32_t subsection; /* where the view starts */
    uint32_t process;
};

#define SIC_VIEW_TORN 0x1u /* LastContiguousPte contradicts FirstPrototypePte: only the first page is certain */

/* What image views carry instead of an address: the prototype PTEs of all subsections are one array. */
#define SIC_WHOLE_VIEW_CONTIGUOUS 0xfffffffffffffffcull

#define SIC_SUBSECTION_UNREAD  0x1u  /* neither its fields nor its control area could be read and verified */
#define SIC_SUBSECTION_VIEWED  0x2u  /* a view starts in it: regions depend on it */
#define SIC_SUBSECTION_GOES_ON 0x4u  /* a view goes on from it into its successor */
#define SIC_SUBSECTION_REACHED 0x8u  /* a view goes on into it: regions depend on it */
#define SIC_SUBSECTION_WANTED  0x10u /* on the chain from its control area's first subsection, which was wanted */
#define SIC_SUBSECTION_FIRST   0x20u /* its section's first: it follows its control area in memory */

struct sic_subsection {
    uint64_t va;
    uint64_t base; /* address of its first prototype PTE; 0: not created yet */
    uint64_t next_va;
    uint32_t pte_count;
    uint32_t section; /* or SIC_NONE */
    uint32_t next;    /* index, or SIC_NONE */
    uint32_t flags;
};

#define SIC_SECTION_UNREAD   0x1u /* control area or segment unreadable or contradictory: kind, size and name unknown */
#define SIC_SECTION_IMAGE    0x2u
#define SIC_SECTION_FILE     0x4u
#define SIC_SECTION_PHYSICAL 0x8u
#define SIC_SECTION_HAS_NAME 0x10u /* `name` was read */

/* A section's control area. Where it is SIC_SECTION_UNREAD and even its address is unknown, `control_area_va` is 0. */
struct sic_section {
    uint64_t control_area_va;
    uint64_t segment_va;
    uint64_t size; /* bytes */
    uint64_t prototype_pte;
    uint64_t file_object_va; /* 0: backed by the paging file */
    uint64_t mapped_views;   /* as the kernel counts */
    uint64_t section_references;
    struct sic_string name; /* FILE_OBJECT.FileName, relative to its volume */
    uint32_t pte_count;
    uint32_t control_area_flags;
    uint32_t flags;
    uint32_t view_count; /* views found in VAD trees */
};

/* What keeps an answer from being whole. Each names the address where it happened. */
enum sic_problem_kind {
    SIC_PROBLEM_PROCESS_LIST,        /* the list of processes breaks off or contradicts itself */
    SIC_PROBLEM_PROCESS_UNREADABLE,  /* an _EPROCESS */
    SIC_PROBLEM_NODE_UNREADABLE,     /* a VAD node, and with it its subtree */
    SIC_PROBLEM_NODE_ORDER,          /* a node outside of its parent's bounds: torn, or a cycle */
    SIC_PROBLEM_NODE_POINTER,        /* a child pointer that is no kernel address */
    SIC_PROBLEM_NODE_OWNER,          /* a mapped node that belongs to another process */
    SIC_PROBLEM_NODE_PARENT,         /* a node whose parent link does not lead back */
    SIC_PROBLEM_VIEW_TORN,           /* prototype PTE fields that contradict each other */
    SIC_PROBLEM_SUBSECTION,          /* a subsection that cannot be read */
    SIC_PROBLEM_CONTROL_AREA,        /* a control area or segment that cannot be read, or whose links do not close */
    SIC_PROBLEM_ARRAY_CLAIMED_TWICE, /* two control areas claim the same prototype PTEs */
    SIC_PROBLEM_PROCESS_ENDING,      /* a process that is being torn down: its tree was not walked */
    SIC_PROBLEM_PROCESS_UNSTABLE,    /* a live process whose tree changed during every walk */
    SIC_PROBLEM_KIND_COUNT
};

struct sic_problem {
    uint32_t kind;
    uint32_t process; /* or SIC_NONE */
    uint64_t va;
};

struct sic_scan {
    struct sic_allocator allocator;
    struct sic_array processes;          /* struct sic_process, in the order of the process list */
    struct sic_array views;              /* struct sic_view */
    struct sic_array subsections;        /* struct sic_subsection */
    struct sic_array sections;           /* struct sic_section */
    struct sic_array strings;            /* uint16_t */
    struct sic_array problems;           /* struct sic_problem */
    uint32_t skipped_processes;          /* live scans: listed, but gone when their turn came */
    struct sic_index subsection_index;   /* by address */
    struct sic_index control_area_index; /* by address */
};

void sic_scan_init(struct sic_scan *scan, const struct sic_allocator *allocator);
void sic_scan_deinit(struct sic_scan *scan);

/* False when memory ran out, as with all functions that add. */
bool sic_scan_add_problem(struct sic_scan *scan, enum sic_problem_kind kind, uint32_t process, uint64_t va);

/* Puts the problems in the order of the processes, whoever found them; those of no process come last. */
void sic_scan_sort_problems(struct sic_scan *scan);

/* The index of the subsection at `va`, added unread when it is new; SIC_NONE when memory ran out. */
uint32_t sic_scan_intern_subsection(struct sic_scan *scan, uint64_t va);

/*
 * Moves the views, the problems and the subsections of `source` to the end of those of `target`; nothing of `source` is
 * of use afterwards. The caller moves first_view of the processes that `source` walked. Both hold the same processes,
 * and neither is resolved yet.
 */
bool sic_scan_merge(struct sic_scan *target, struct sic_scan *source);

static inline struct sic_process *sic_scan_process(const struct sic_scan *scan, uint32_t index)
{
    return (struct sic_process *)scan->processes.elements + index;
}

static inline struct sic_view *sic_scan_view(const struct sic_scan *scan, uint32_t index)
{
    return (struct sic_view *)scan->views.elements + index;
}

static inline struct sic_subsection *sic_scan_subsection(const struct sic_scan *scan, uint32_t index)
{
    return (struct sic_subsection *)scan->subsections.elements + index;
}

static inline struct sic_section *sic_scan_section(const struct sic_scan *scan, uint32_t index)
{
    return (struct sic_section *)scan->sections.elements + index;
}

/* Pages that the view covers. */
static inline uint64_t sic_view_page_count(const struct sic_view *view)
{
    return view->end_vpn - view->start_vpn + 1;
}

#endif
