/*
 * What a world shall contain, as data. A scenario comes from a text file (scenario_parse.c), from a generator
 * (random.c, bench.c, seed_listing.c), and goes back to text (scenario_print.c), damage excepted: no generator makes
 * it. docs/lab.md describes the text.
 */
#ifndef LAB_SCENARIO_H
#define LAB_SCENARIO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

enum lab_section_kind { LAB_SECTION_FILE, LAB_SECTION_IMAGE, LAB_SECTION_PAGING_FILE, LAB_SECTION_PHYSICAL };

/* How the prototype PTE of a page looks. MIX lets the builder choose. */
enum lab_page_state {
    LAB_PAGE_MIX,
    LAB_PAGE_VALID,
    LAB_PAGE_TRANSITION,
    LAB_PAGE_ZERO,      /* demand zero, software format */
    LAB_PAGE_PAGE_FILE, /* in the paging file, software format */
    LAB_PAGE_SUBSECTION /* still in the mapped file: subsection format */
};

struct lab_subsection {
    uint64_t pages;
    uint64_t prototype; /* address of its array when the scenario names one; after the build: its SubsectionBase */
    uint8_t protection;
    bool shared; /* GlobalMemory: writable for all, not copied on write */
    bool absent; /* not created yet: SubsectionBase 0 */
    uint64_t va; /* after the build: address of the SUBSECTION */
};

struct lab_page_content {
    uint64_t page;  /* index in the section */
    uint64_t frame; /* LAB_NO_FRAME: the builder chooses */
    enum lab_page_state state;
    uint8_t bytes[64];
    size_t size;
};

struct lab_section {
    char *id;
    enum lab_section_kind kind;
    char *name;           /* NULL: none */
    uint64_t pages;       /* of all subsections */
    uint64_t size;        /* SizeOfSegment, in bytes */
    uint64_t frame;       /* physical sections: the first frame */
    bool reserve;         /* committed as needed */
    uint32_t cache_views; /* views of the system cache, which only the counts show */
    char *device;         /* \Device\… that its file lies on; NULL: the default volume; "": a device without a name */
    bool name_absent;     /* the buffer of the file's name is paged out */
    bool large_pages;     /* large pages back it */
    enum lab_page_state states;
    struct lab_subsection *subsections; /* at least one */
    size_t subsection_count, subsection_capacity;
    struct lab_page_content *contents;
    size_t content_count, content_capacity;
    /* After the build. */
    uint64_t control_area, segment, file_object;
    uint32_t view_count;            /* entries of the ring of views */
    uint64_t first_link, last_link; /* addresses of the list entries in it; 0: none */
    uint64_t object;                /* the SECTION object that handles lead to; 0: none */
    uint32_t object_count;          /* SECTION objects */
    uint32_t ring_cache_views;      /* entries of the ring that are views of the system cache */
};

/* What a process is allowed, and by whom. Lists are SIDs with commas between. */
struct lab_identity {
    char *user;         /* SID; "none": the process has no token; NULL: derived from the process's name */
    char *groups;       /* SIDs between the user and the label; NULL: usual ones */
    char *package;      /* NULL: none, or derived */
    char *capabilities; /* NULL: none, or derived */
    char *restricted;   /* NULL: none */
    char *deny_only;    /* groups that only deny; NULL: none but the usual */
    uint64_t session, integrity, protection; /* LAB_CHOOSE: derived from the name */
    uint64_t policy;                         /* the token's MandatoryPolicy; LAB_CHOOSE: 1 of services, 3 of users */
    bool low_privilege, wow64, exiting;
    bool write_restricted; /* the restricting SIDs count for writing only */
    bool no_traverse;      /* SeChangeNotifyPrivilege is not enabled */
    char *group_text;      /* after the build: the token's groups as JSON; NULL: no token */
};

/* The pointers of a PEB that lead to shared memory, in the order of their fields. */
#define LAB_PEB_POINTERS(X)                                                                                            \
    X(ApiSetMap, APISETMAP)                                                                                            \
    X(ReadOnlySharedMemoryBase, READONLYSHAREDMEMORYBASE)                                                              \
    X(SharedData, SHAREDDATA)                                                                                          \
    X(ReadOnlyStaticServerData, READONLYSTATICSERVERDATA)                                                              \
    X(AnsiCodePageData, ANSICODEPAGEDATA)                                                                              \
    X(OemCodePageData, OEMCODEPAGEDATA)                                                                                \
    X(UnicodeCaseTableData, UNICODECASETABLEDATA)                                                                      \
    X(GdiSharedHandleTable, GDISHAREDHANDLETABLE)                                                                      \
    X(pShimData, PSHIMDATA)                                                                                            \
    X(ActivationContextData, ACTIVATIONCONTEXTDATA)                                                                    \
    X(ProcessAssemblyStorageMap, PROCESSASSEMBLYSTORAGEMAP)                                                            \
    X(SystemDefaultActivationContextData, SYSTEMDEFAULTACTIVATIONCONTEXTDATA)                                          \
    X(SystemAssemblyStorageMap, SYSTEMASSEMBLYSTORAGEMAP)                                                              \
    X(CsrServerReadOnlySharedMemoryBase, CSRSERVERREADONLYSHAREDMEMORYBASE)                                            \
    X(LeapSecondData, LEAPSECONDDATA)

enum lab_peb_field {
#define LAB_PEB_ID(name, id) LAB_PEB_POINTER_##id,
    LAB_PEB_POINTERS(LAB_PEB_ID)
#undef LAB_PEB_ID
        LAB_PEB_POINTER_COUNT
};

struct lab_process {
    uint64_t pid, parent;
    char *name;               /* base name */
    char *path;               /* \Device\HarddiskVolume2\…; NULL: derived from the name */
    uint64_t eprocess;        /* 0: chosen */
    uint64_t dtb;             /* physical address; 0: chosen */
    uint64_t created, exited; /* 100 ns since 1601; exited 0: runs */
    uint64_t peb;             /* LAB_CHOOSE: chosen; 0: none */
    int64_t vad_count;        /* what EPROCESS.VadCount says; -1: the truth */
    uint64_t next_view;       /* where the builder puts the next node without an address */
    struct lab_identity identity;
    uint32_t other_handles; /* handles to what is no section; LAB_SOME_HANDLES: a few */
    /* After the build. */
    uint64_t peb_frame;
    uint64_t pointers[LAB_PEB_POINTER_COUNT];
    uint32_t first_handle; /* in the scenario's handles, which are sorted by process and value */
    uint32_t handle_count;
};

#define LAB_SOME_HANDLES UINT32_MAX

#define LAB_CHOOSE UINT64_MAX

enum lab_node_kind { LAB_NODE_VIEW, LAB_NODE_PRIVATE, LAB_NODE_PRIVATE_LONG };

/* A node of a process's VAD tree. Kept small: the largest worlds have ten million. */
struct lab_node {
    uint32_t process;   /* index */
    uint32_t section;   /* index; of views */
    uint64_t start;     /* LAB_CHOOSE: chosen */
    uint32_t pages_low; /* lab_node_pages() */
    uint16_t pages_high;
    uint8_t protection;
    uint8_t kind : 2; /* enum lab_node_kind */
    uint8_t deleting : 1;
    uint8_t unlinked : 1; /* not in the tree; the section's ring of views has it */
    uint8_t unlisted : 1; /* in the tree; the ring and its counts lack it */
    uint8_t touch : 1;    /* some of its pages are in the process's tables */
    uint8_t garbage : 1;  /* short node: pool behind it looks like the fields of a long one */
    uint8_t copied : 1;   /* its first page was written to: the process has a copy of its own */
    uint64_t offset;      /* first page in the section */
    uint64_t va;          /* after the build: address of the node */
};

/* A name under which a section can be opened. */
struct lab_name {
    uint32_t section;
    char *path;
    uint64_t object; /* after the build */
};

/* A handle to a section. */
struct lab_handle {
    uint32_t process, section, access;
    uint32_t value;  /* 0: chosen */
    bool own;        /* to a SECTION object of its own, which has no name */
    uint64_t object; /* after the build */
};

struct lab_link {
    char *path, *target;
};

/* Who may open an object. */
enum lab_security_state {
    LAB_SECURITY_THERE,
    LAB_SECURITY_NONE,       /* the object has no descriptor */
    LAB_SECURITY_UNREADABLE, /* paged out */
    LAB_SECURITY_DAMAGED     /* a descriptor that contradicts itself */
};

/* What the scenario says of one object; of all others what is usual. */
struct lab_security {
    char *path, *sddl; /* sddl NULL: the usual one */
    enum lab_security_state state;
};

struct lab_peb_pointer {
    uint32_t process;
    enum lab_peb_field field;
    uint32_t section; /* whose first view in the process (in csrss.exe where the field says so) it leads to; UINT32_MAX:
                         `address` */
    uint64_t address;
};

enum lab_kernel_view_kind { LAB_VIEW_SESSION, LAB_VIEW_SYSTEM, LAB_VIEW_CACHE };

/* A view of the kernel's own: in the section's ring, in no tree. */
struct lab_kernel_view {
    uint32_t section;
    enum lab_kernel_view_kind kind;
    uint32_t session;    /* of session views */
    uint64_t va;         /* LAB_CHOOSE: chosen */
    uint64_t page;       /* of cache views: the section's page where it begins */
    uint32_t page_count; /* of cache views */
};

struct lab_hole {
    uint64_t first, count; /* frames */
};

/* Where pools begin when a scenario does not say. */
#define LAB_NONPAGED_POOL 0xffffc50a00000000ull
#define LAB_PAGED_POOL    0xffffd80800000000ull

#define LAB_DAMAGE_WORDS 12

/* A statement about what is harmed when all is built. Its words are read then: they name what is built. */
struct lab_damage {
    unsigned line;
    size_t count;
    char *words[LAB_DAMAGE_WORDS]; /* behind "damage" */
};

struct lab_scenario {
    char *guid_age, *kernel, *layout; /* NULL: not said */
    uint64_t kernel_base;
    uint64_t memory; /* bytes; 0: as needed */
    uint64_t system_time;
    uint64_t invalid_pte_mask;
    uint64_t nonpaged_pool, paged_pool;   /* where addresses of the pools begin */
    uint32_t self_reference;              /* index in the PML4, or PML5 */
    uint32_t levels;                      /* of page tables, to be sure; 0: those of the kernel */
    uint32_t transition_percent;          /* of the paged pool's pages */
    uint32_t nonpaged_transition_percent; /* no real machine has any; it proves what reads them */
    uint64_t seed;
    bool swizzle, low_stub, large_pages, giant_page, companions, kdbg;
    struct lab_hole *holes;
    size_t hole_count, hole_capacity;
    struct lab_process *processes;
    size_t process_count, process_capacity;
    struct lab_section *sections;
    size_t section_count, section_capacity;
    struct lab_node *nodes;
    size_t node_count, node_capacity;
    struct lab_name *names;
    size_t name_count, name_capacity;
    struct lab_handle *handles;
    size_t handle_count, handle_capacity;
    struct lab_link *links;
    size_t link_count, link_capacity;
    char **directories; /* that stand there besides the usual ones */
    size_t directory_count, directory_capacity;
    struct lab_security *securities;
    size_t security_count, security_capacity;
    struct lab_peb_pointer *peb_pointers;
    size_t peb_pointer_count, peb_pointer_capacity;
    struct lab_kernel_view *kernel_views;
    size_t kernel_view_count, kernel_view_capacity;
    struct lab_damage *damage;
    size_t damage_count, damage_capacity;
};

void lab_scenario_init(struct lab_scenario *scenario);
void lab_scenario_deinit(struct lab_scenario *scenario);

/* Adds with defaults; the pointers are good until the next addition. `name` and `id` are copied. */
struct lab_process *lab_add_process(struct lab_scenario *scenario, const char *name, uint64_t pid);
struct lab_section *lab_add_section(struct lab_scenario *scenario, const char *id, enum lab_section_kind kind,
                                    const char *name);
struct lab_subsection *lab_add_subsection(struct lab_section *section, uint64_t pages, uint8_t protection);
struct lab_page_content *lab_add_content(struct lab_section *section, uint64_t page);
struct lab_node *lab_add_node(struct lab_scenario *scenario, uint32_t process, enum lab_node_kind kind, uint64_t pages,
                              uint8_t protection);
struct lab_node *lab_add_view(struct lab_scenario *scenario, uint32_t process, uint32_t section, uint64_t offset,
                              uint64_t pages, uint8_t protection);
void lab_add_hole(struct lab_scenario *scenario, uint64_t first, uint64_t count);
void lab_add_name(struct lab_scenario *scenario, uint32_t section, const char *path);
struct lab_handle *lab_add_handle(struct lab_scenario *scenario, uint32_t process, uint32_t section, uint32_t access);
void lab_add_link(struct lab_scenario *scenario, const char *path, const char *target);
void lab_add_directory(struct lab_scenario *scenario, const char *path);
/* `sddl` is copied; NULL: the usual one. The last word on a path counts. */
void lab_add_security(struct lab_scenario *scenario, const char *path, const char *sddl, enum lab_security_state state);
/* To the first view of `section` in the process. */
struct lab_peb_pointer *lab_add_peb_pointer(struct lab_scenario *scenario, uint32_t process, enum lab_peb_field field,
                                            uint32_t section);
struct lab_kernel_view *lab_add_kernel_view(struct lab_scenario *scenario, uint32_t section,
                                            enum lab_kernel_view_kind kind);

struct lab_damage *lab_add_damage(struct lab_scenario *scenario, unsigned line);

const char *lab_peb_field_name(enum lab_peb_field field);

uint64_t lab_node_pages(const struct lab_node *node);
void lab_node_set_pages(struct lab_node *node, uint64_t pages);

/* "rw-" of a protection's low three bits; the inverse takes letters or a number from 0 to 31 and tells success. */
const char *lab_protection_letters(unsigned protection);
bool lab_protection_parse(const char *text, uint8_t *protection);

const char *lab_section_kind_name(enum lab_section_kind kind);
const char *lab_page_state_name(enum lab_page_state state);

/* Fails with the file's name and the number of the line. */
void lab_scenario_parse(struct lab_scenario *scenario, FILE *file, const char *name);
void lab_scenario_print(const struct lab_scenario *scenario, FILE *file);

#endif
