/*
 * A scan: everything that was read of one machine, as flat arrays that refer to each other by index.
 *
 * The walk fills it (live or from an image), user mode interprets it. Facts only: no judgement stands here.
 */
#ifndef SIC_CORE_SCAN_H
#define SIC_CORE_SCAN_H

#include "core/allocator.h"

#define SIC_NONE UINT32_MAX

/* Which pointer of a PEB. */
enum sic_peb_field {
    SIC_PEB_API_SET_MAP,
    SIC_PEB_READ_ONLY_SHARED_MEMORY_BASE,
    SIC_PEB_SHARED_DATA,
    SIC_PEB_READ_ONLY_STATIC_SERVER_DATA,
    SIC_PEB_ANSI_CODE_PAGE_DATA,
    SIC_PEB_OEM_CODE_PAGE_DATA,
    SIC_PEB_UNICODE_CASE_TABLE_DATA,
    SIC_PEB_GDI_SHARED_HANDLE_TABLE,
    SIC_PEB_SHIM_DATA,
    SIC_PEB_ACTIVATION_CONTEXT_DATA,
    SIC_PEB_PROCESS_ASSEMBLY_STORAGE_MAP,
    SIC_PEB_SYSTEM_DEFAULT_ACTIVATION_CONTEXT_DATA,
    SIC_PEB_SYSTEM_ASSEMBLY_STORAGE_MAP,
    SIC_PEB_CSR_SERVER_READ_ONLY_SHARED_MEMORY_BASE,
    SIC_PEB_LEAP_SECOND_DATA,
    SIC_PEB_FIELD_COUNT
};

/* UTF-16 units in sic_scan.strings. length 0 with offset SIC_NONE: the kernel has a name, but it could not be read. */
struct sic_string {
    uint32_t offset;
    uint32_t length;
};

/* Bytes of sic_scan.bytes. length 0 with offset SIC_NONE: there are none, or they could not be read. */
struct sic_blob {
    uint32_t offset;
    uint32_t length;
};

#define SIC_PROCESS_EXITED           0x1u   /* ExitTime is set */
#define SIC_PROCESS_HAS_PATH         0x2u   /* `path` was asked for and read */
#define SIC_PROCESS_UNLISTED         0x4u   /* not in the process list: views of sections lead to it */
#define SIC_PROCESS_NOT_WALKED       0x8u   /* it has a tree, which was not walked: a problem says why */
#define SIC_PROCESS_EXITING          0x10u  /* the kernel has begun to tear it down */
#define SIC_PROCESS_WOW64            0x20u  /* a 32-bit process */
#define SIC_PROCESS_WOW64_KNOWN      0x40u  /* whether it is one was read */
#define SIC_PROCESS_PROTECTION_KNOWN 0x80u  /* `protection` was read */
#define SIC_PROCESS_HANDLES_READ     0x100u /* its handle table was read to its end */
#define SIC_PROCESS_HANDLES_INCOMPLETE                                                                                 \
    0x200u                                 /* parts of its handle table could not be read, or contradict themselves */
#define SIC_PROCESS_PEB_READ       0x400u  /* its PEB was asked for and read */
#define SIC_PROCESS_PEB_UNREADABLE 0x800u  /* its PEB was asked for and is not to be had */
#define SIC_PROCESS_EXITING_KNOWN  0x1000u /* whether it is SIC_PROCESS_EXITING was read */

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
    uint32_t token;          /* index into sic_scan.tokens, or SIC_NONE: unknown */
    uint64_t peb_va;         /* 0: none, or unknown */
    uint64_t handle_table_va;
    uint8_t protection; /* PS_PROTECTION: bits 0:3 type (1 light, 2 full), 3:1 audit, 4:4 signer */
    uint8_t reserved[7];
};

/* A SID of a token, and how it counts (SE_GROUP_…). */
struct sic_sid {
    struct sic_blob
        sid; /* the SID as it lies in memory: revision, count, authority, sub-authorities; at most 68 bytes */
    uint32_t attributes;
    uint32_t reserved;
};

#define SIC_TOKEN_READ               0x1u  /* all groups were read; the user, who is the first, may be known without */
#define SIC_TOKEN_PACKAGE_KNOWN      0x2u  /* whether it has a package was read; AppContainers have one */
#define SIC_TOKEN_LOW_PRIVILEGE      0x4u  /* a low-privilege AppContainer: the attribute WIN://NOALLAPPPKG is set */
#define SIC_TOKEN_ATTRIBUTES_KNOWN   0x8u  /* the attributes that decide SIC_TOKEN_LOW_PRIVILEGE were read */
#define SIC_TOKEN_CAPABILITIES_KNOWN 0x10u /* all capabilities were read */
#define SIC_TOKEN_RESTRICTED_KNOWN   0x20u /* all restricting SIDs were read; none: the token is not restricted */
#define SIC_TOKEN_POLICY_KNOWN       0x40u /* `mandatory_policy` was read */
#define SIC_TOKEN_PRIVILEGES_KNOWN   0x80u /* `privileges` was read */

/* The primary token of a process. */
struct sic_token {
    uint64_t va;
    uint32_t session_id;   /* SIC_NONE: unknown */
    uint32_t kernel_flags; /* _TOKEN.TokenFlags */
    uint32_t integrity;    /* RID of the mandatory label S-1-16-RID; SIC_NONE: unknown */
    uint32_t flags;
    struct sic_blob package; /* the package's SID */
    uint32_t first_group;    /* into sic_scan.sids; the first is the user. Each SID is known or not by itself */
    uint32_t group_count;
    uint32_t first_capability;
    uint32_t capability_count;
    uint32_t first_restricted;
    uint32_t restricted_count;
    uint64_t privileges; /* enabled ones, a bit each: 23 is SeChangeNotifyPrivilege, which bypasses traverse checks */
    uint32_t
        mandatory_policy; /* _TOKEN.MandatoryPolicy: 1 no write up, 2 new processes are no higher than their image */
    uint32_t reserved;
};

enum sic_name_kind { SIC_NAME_DIRECTORY, SIC_NAME_SECTION, SIC_NAME_SYMBOLIC_LINK, SIC_NAME_KIND_COUNT };

#define SIC_NAME_UNREAD        0x1u /* a directory of which a part could not be read, or that contradicts itself */
#define SIC_NAME_OUTSIDE_ROOT  0x2u /* a section in a directory that is not below the root, as of private namespaces */
#define SIC_NAME_SECURITY_READ 0x4u /* its security descriptor was asked for and read: without one, everybody may */

/*
 * An entry of an object directory that matters: a section, a symbolic link, a directory. The first is the root. Names
 * outside of it, which handles led to, come last.
 */
struct sic_name {
    uint64_t object_va;
    struct sic_string name;   /* its last part; the root's is empty */
    struct sic_string target; /* of a symbolic link: "\Device\HarddiskVolume2" */
    uint32_t parent;          /* index of its directory among the names; SIC_NONE: the root, or outside of it */
    uint32_t section;         /* of a section: index into sic_scan.sections, or SIC_NONE: no process maps it */
    uint32_t kind;
    uint32_t flags;
    struct sic_blob security; /* of a directory or a section: a self-relative SECURITY_DESCRIPTOR, or none */
};

/* A handle to a section. */
struct sic_handle {
    uint64_t object_va;
    uint32_t value;
    uint32_t access; /* SECTION_MAP_WRITE 2, SECTION_MAP_READ 4, … */
    uint32_t process;
    uint32_t section; /* or SIC_NONE: no process maps it */
};

/* A device that files of sections lie on, and the name of its object. */
struct sic_device {
    uint64_t va;
    struct sic_string path; /* \Device\HarddiskVolume2; unknown: offset SIC_NONE */
};

enum sic_kernel_view_kind { SIC_KERNEL_VIEW_SESSION = 2, SIC_KERNEL_VIEW_CACHE = 3 };

/* A view of the kernel's own, found in a section's list of views. Its extent is not told there. */
struct sic_kernel_view {
    uint64_t va;
    uint32_t section;
    uint32_t kind;
    uint32_t session_id; /* of a session view; SIC_NONE: unknown, or a view of system space that is no session's */
    uint32_t page_count; /* of a view of the system cache; 0: unknown */
    uint64_t first_page; /* the section's page where it begins; of a view of the system cache only */
};

/* A pointer of a process's PEB to memory that processes share. */
struct sic_peb_pointer {
    uint64_t value;
    uint32_t process;
    uint32_t field; /* enum sic_peb_field */
};

#define SIC_PAGE_HAS_PTE      0x1u
#define SIC_PAGE_HAS_TAG      0x2u
#define SIC_PAGE_HAS_PHYSICAL 0x4u
#define SIC_PAGE_HAS_BYTES    0x8u

/* What a view's first page is, read when somebody asks for evidence. */
struct sic_page {
    uint64_t pte;        /* what FirstPrototypePte points to */
    uint64_t physical;   /* address of the byte that the view's first byte is */
    uint8_t bytes[16];   /* that the view begins with */
    uint8_t pool_tag[4]; /* of the pool block that the array of prototype PTEs lies in: "MmSt" */
    uint32_t view;
    uint32_t flags;
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

#define SIC_SUBSECTION_UNREAD   0x1u  /* not in the image, or no subsection */
#define SIC_SUBSECTION_VIEWED   0x2u  /* a view starts in it: regions depend on it */
#define SIC_SUBSECTION_GOES_ON  0x4u  /* a view goes on from it into its successor */
#define SIC_SUBSECTION_FIRST    0x8u  /* its section's first: it follows its control area in memory */
#define SIC_SUBSECTION_GLOBAL   0x10u /* GlobalMemory: an image's section that processes share writable */
#define SIC_SUBSECTION_CHASED   0x20u /* its successor was looked up */
#define SIC_SUBSECTION_FOLLOWED 0x40u /* another subsection leads to it */

/* A run of a section's prototype PTEs. A section's subsections form a chain, in the order of the section's pages. */
struct sic_subsection {
    uint64_t va;
    uint64_t base; /* address of its first prototype PTE; 0: not created yet */
    uint64_t next_va;
    uint64_t pages : 52; /* see sic_scan_first_page and sic_scan_chain_pages */
    uint64_t flags : 7;
    uint64_t protection : 5; /* MM_PROTECTION_MASK; image subsections only */
    uint32_t pte_count;
    uint32_t section; /* or SIC_NONE */
    uint32_t next;    /* index of its successor, or SIC_NONE */
    uint32_t head;    /* index of the subsection that its chain starts with */
};

/* Chains that seem to have more pages, which only a forged image can hold, count as having so many. */
#define SIC_CHAIN_PAGES_LIMIT ((1ull << 52) - 1)

#define SIC_SECTION_UNREAD       0x1u /* control area unreadable or contradictory: kind, size and name unknown */
#define SIC_SECTION_IMAGE        0x2u
#define SIC_SECTION_FILE         0x4u
#define SIC_SECTION_PHYSICAL     0x8u
#define SIC_SECTION_HAS_NAME     0x10u /* `name` was read */
#define SIC_SECTION_SIZE_UNKNOWN 0x20u /* its segment, which is pageable, is not in memory */
#define SIC_SECTION_RING_WALKED  0x40u /* its own list of views was held against the VAD trees */
#define SIC_SECTION_LARGE_PAGES  0x80u /* its segment says that large pages back it */

/* A section's control area. Where it is SIC_SECTION_UNREAD and even its address is unknown, `control_area_va` is 0. */
struct sic_section {
    uint64_t control_area_va;
    uint64_t segment_va;
    uint64_t size;           /* bytes */
    uint64_t file_object_va; /* 0: backed by the paging file */
    uint64_t mapped_views;   /* as the kernel counts, system cache views included */
    uint64_t section_references;
    struct sic_string name; /* FILE_OBJECT.FileName, relative to its volume */
    uint32_t pte_count;     /* prototype PTEs of the whole section */
    uint32_t control_area_flags;
    uint32_t flags;
    uint32_t view_count;   /* views found in VAD trees */
    uint32_t cache_views;  /* of mapped_views, those of the system cache */
    uint32_t kernel_views; /* views of session and system space, where the section's own list was walked */
    uint32_t device;       /* index into sic_scan.devices: where its file lies; SIC_NONE: unknown or none */
    uint32_t reserved;
};

/* What keeps an answer from being whole. Each names the address where it happened. */
enum sic_problem_kind {
    SIC_PROBLEM_PROCESS_LIST,        /* the list of processes breaks off or contradicts itself */
    SIC_PROBLEM_PROCESS_UNREADABLE,  /* an _EPROCESS */
    SIC_PROBLEM_TREE_MISSING,        /* a live process without a VAD tree, though it counts nodes or has no name */
    SIC_PROBLEM_TREE_SHARED,         /* a process whose VAD root is another's: at least one of them is torn */
    SIC_PROBLEM_NODE_UNREADABLE,     /* a VAD node, and with it its subtree */
    SIC_PROBLEM_NODE_ORDER,          /* a node outside of its parent's bounds: torn, or a cycle */
    SIC_PROBLEM_NODE_POINTER,        /* a child pointer that is no kernel address */
    SIC_PROBLEM_NODE_OWNER,          /* a mapped node that belongs to another process */
    SIC_PROBLEM_NODE_PARENT,         /* a node whose parent link does not lead back */
    SIC_PROBLEM_VIEW_TORN,           /* range and prototype PTE fields that contradict each other, or a child */
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

/*
 * Where a section's own account of its views (NumberOfMappedViews, the list at ListHead) and the VAD trees differ.
 * Worth knowing, but no damage: views of the kernel are in the one and never in the other.
 */
enum sic_note_kind {
    SIC_NOTE_VIEW_NOT_IN_TREE,   /* the section lists a view that its process's tree lacks; va: the node */
    SIC_NOTE_VIEW_NOT_LISTED,    /* a view in a tree that the section does not list; va: its first address */
    SIC_NOTE_COUNT_DIFFERS,      /* NumberOfMappedViews is not what was found; va: the control area */
    SIC_NOTE_LIST_BROKEN,        /* the section's list of views breaks off; va: the control area */
    SIC_NOTE_PROCESS_NOT_LISTED, /* a process that only views lead to; va: its EPROCESS */
    SIC_NOTE_KIND_COUNT
};

struct sic_note {
    uint64_t va;
    uint32_t kind;
    uint32_t process; /* or SIC_NONE */
    uint32_t section; /* or SIC_NONE */
    uint32_t reserved;
};

struct sic_scan {
    struct sic_allocator allocator;
    struct sic_array processes;          /* struct sic_process, in the order of the process list */
    struct sic_array views;              /* struct sic_view */
    struct sic_array subsections;        /* struct sic_subsection */
    struct sic_array sections;           /* struct sic_section */
    struct sic_array strings;            /* uint16_t */
    struct sic_array bytes;              /* uint8_t */
    struct sic_array tokens;             /* struct sic_token */
    struct sic_array sids;               /* struct sic_sid */
    struct sic_array names;              /* struct sic_name */
    struct sic_array handles;            /* struct sic_handle, by process, then by value */
    struct sic_array devices;            /* struct sic_device */
    struct sic_array kernel_views;       /* struct sic_kernel_view, by section */
    struct sic_array peb_pointers;       /* struct sic_peb_pointer, by process */
    struct sic_array pages;              /* struct sic_page, by view */
    struct sic_array problems;           /* struct sic_problem */
    struct sic_array notes;              /* struct sic_note */
    uint32_t paging_levels;              /* of the machine's page tables: 5, or 4 (0 too) */
    uint32_t skipped_processes;          /* live scans: listed, but gone when their turn came */
    struct sic_index subsection_index;   /* by address */
    struct sic_index control_area_index; /* by address */
};

void sic_scan_init(struct sic_scan *scan, const struct sic_allocator *allocator);
void sic_scan_deinit(struct sic_scan *scan);

/* False when memory ran out, as with all functions that add. */
bool sic_scan_add_problem(struct sic_scan *scan, enum sic_problem_kind kind, uint32_t process, uint64_t va);
/* Those of another scan of the same processes. */
bool sic_scan_add_problems(struct sic_scan *target, const struct sic_scan *source);
bool sic_scan_add_note(struct sic_scan *scan, enum sic_note_kind kind, uint32_t process, uint32_t section, uint64_t va);

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

/* Pages of the subsections before it in its chain. */
static inline uint64_t sic_scan_first_page(const struct sic_scan *scan, uint32_t subsection)
{
    const struct sic_subsection *record = sic_scan_subsection(scan, subsection);

    return record->head == subsection ? 0 : record->pages;
}

/* Pages of the whole chain that starts with `head`, as far as it was read. */
static inline uint64_t sic_scan_chain_pages(const struct sic_scan *scan, uint32_t head)
{
    return sic_scan_subsection(scan, head)->pages;
}

/* Views of processes and of the kernel in session and system space, as far as they were found. */
static inline uint64_t sic_section_owner_count(const struct sic_section *section)
{
    return (uint64_t)section->view_count + section->kernel_views;
}

/* The first address. Shifted as it is, a bit-field of 52 bits would lose what lies above them. */
static inline uint64_t sic_view_start_va(const struct sic_view *view)
{
    return (uint64_t)view->start_vpn << 12;
}

/* The address of its last byte. */
static inline uint64_t sic_view_last_va(const struct sic_view *view)
{
    return (view->end_vpn << 12) + 0xfff;
}

/* Pages that the view covers. */
static inline uint64_t sic_view_page_count(const struct sic_view *view)
{
    return view->end_vpn - view->start_vpn + 1;
}

#endif
