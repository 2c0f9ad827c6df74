/*
 * What crosses borders: the request that the agent sends to the driver, and the packed scan that the driver returns,
 * `--save` writes and `sic FILE.sic` reads. docs/protocol.md explains every field.
 *
 * All numbers are little-endian and stand at fixed places; nothing here depends on a compiler's padding. Both sides
 * treat the other's bytes as hostile.
 */
#ifndef SIC_WIRE_H
#define SIC_WIRE_H

#include <stddef.h>
#include <stdint.h>

/* Raised when a field changes its place or its meaning: both sides refuse every other version. */
#define SIC_WIRE_VERSION 4u

/* CTL_CODE(0x8c51, 0x800, METHOD_OUT_DIRECT, FILE_READ_DATA | FILE_WRITE_DATA) */
#define SIC_WIRE_IOCTL_SCAN 0x8c51e002u

#define SIC_WIRE_REQUEST_MAGIC 0x71436953u /* "SiCq" */

#define SIC_WIRE_WANT_PATHS       0x1u  /* the processes' full paths */
#define SIC_WIRE_WANT_NAMES       0x2u  /* the names of sections' files */
#define SIC_WIRE_WANT_OBJECTS     0x4u  /* object directories, devices, and all views of the kernel's own */
#define SIC_WIRE_WANT_HANDLES     0x8u  /* handles to sections */
#define SIC_WIRE_WANT_TOKENS      0x10u /* the processes' tokens */
#define SIC_WIRE_WANT_FIRST_PAGES 0x20u /* evidence of views' first pages: PTE value and pool tag */
#define SIC_WIRE_WANT_SECURITY    0x40u /* with objects: security descriptors of directories and named sections */
#define SIC_WIRE_WANT_MASK        0x7fu

/* Followed by `field_count` fields: the layout, in the order of core/layout.h. Nothing else follows. */
struct sic_wire_request {
    uint32_t magic;
    uint32_t version;
    uint32_t size; /* bytes, of all */
    uint32_t field_count;
    uint32_t fields_hash;   /* of the fields' names: both sides speak of the same fields */
    uint32_t want;          /* SIC_WIRE_WANT_… */
    uint32_t minimum_views; /* names only of sections mapped at least so often */
    uint32_t reserved;      /* 0 */
};

#define SIC_WIRE_FIELD_ABSENT UINT32_MAX

struct sic_wire_field {
    uint32_t offset; /* bytes, or SIC_WIRE_FIELD_ABSENT */
    uint8_t first_bit;
    uint8_t bit_count; /* 0: not a bit-field */
    uint16_t reserved; /* 0 */
};

#define SIC_WIRE_NEED_MAGIC 0x6e436953u /* "SiCn" */

struct sic_wire_need {
    uint32_t magic;
    uint32_t version;
    uint64_t size; /* bytes that the scan took when it was made; ask with some more, the machine moves on */
};

#define SIC_WIRE_SCAN_MAGIC       "SiCscan\x1a"
#define SIC_WIRE_SCAN_MAGIC_SIZE  8u
#define SIC_WIRE_SCAN_FIVE_LEVELS 0x1u /* addresses have 57 bits, not 48 */
#define SIC_WIRE_ALIGNMENT        8u

enum sic_wire_table_id {
    SIC_WIRE_PROCESSES,
    SIC_WIRE_VIEWS,
    SIC_WIRE_SUBSECTIONS,
    SIC_WIRE_SECTIONS,
    SIC_WIRE_PROBLEMS,
    SIC_WIRE_NOTES,
    SIC_WIRE_TOKENS,
    SIC_WIRE_SIDS,
    SIC_WIRE_NAMES,
    SIC_WIRE_HANDLES,
    SIC_WIRE_DEVICES,
    SIC_WIRE_KERNEL_VIEWS,
    SIC_WIRE_PEB_POINTERS, /* none from the driver, which does not read the memory of processes */
    SIC_WIRE_PAGES,
    SIC_WIRE_FIELDS, /* the layout that was used; none from the driver, whose caller knows it */
    SIC_WIRE_STRINGS,
    SIC_WIRE_BYTES,
    SIC_WIRE_TABLE_COUNT
};

/* The tables stand in the order of their numbers, each at the next multiple of SIC_WIRE_ALIGNMENT; gaps are 0. */
struct sic_wire_table {
    uint64_t offset; /* bytes from the header's start */
    uint32_t count;  /* of elements */
    uint32_t element_size;
};

/* Which kernel it was and how it was read, for display. Zero from the driver. Texts are ASCII but for the
 * path; all are zero-filled to the end.
 */
struct sic_wire_origin {
    uint32_t build;
    uint32_t flags; /* SIC_WIRE_ORIGIN_… */
    uint64_t kernel_base;
    uint64_t directory_table_base; /* physical address */
    uint64_t missing_pages;        /* that the image's header promised and its file did not hold */
    char container[64];            /* "crash dump, type 5 (full bitmap)" */
    char pdb_name[64];             /* "ntkrnlmp.pdb" */
    char guid_age[48];             /* "5278AFF86C341677D7D7835C85B7B8441" */
    char layout_name[64];          /* "19041.264" */
    char layout_source[32];        /* "exact", "nearest", "pdb", "file" */
    char layout_detail[64];        /* "(builds 19041.264 to 19045.1)" */
    char layout_origin[1024];    /* the file that it was read from, in the bytes of the file system; empty: built in */
    char layout_confidence[256]; /* "exact by PDB GUID, proved" */
};

#define SIC_WIRE_ORIGIN_KNOWN   0x1u /* the origin is filled in */
#define SIC_WIRE_ORIGIN_PARTIAL 0x2u /* fields of the layout are missing or carried over */
#define SIC_WIRE_ORIGIN_MASK    0x3u

struct sic_wire_scan {
    uint8_t magic[SIC_WIRE_SCAN_MAGIC_SIZE];
    uint32_t version;
    uint32_t header_size;       /* of this structure */
    uint64_t size;              /* bytes, of all */
    uint32_t flags;             /* SIC_WIRE_SCAN_… */
    uint32_t skipped_processes; /* that ended before their turn came */
    struct sic_wire_table tables[SIC_WIRE_TABLE_COUNT];
    struct sic_wire_origin origin;
};

#define SIC_WIRE_NONE UINT32_MAX

/* UTF-16 units of the strings' table; {SIC_WIRE_NONE, 0}: unknown. */
struct sic_wire_string {
    uint32_t offset;
    uint32_t length;
};

/* Bytes of the bytes' table; {SIC_WIRE_NONE, 0}: none, or unknown. */
struct sic_wire_blob {
    uint32_t offset;
    uint32_t length;
};

struct sic_wire_process {
    uint64_t eprocess_va;
    uint64_t id;
    uint64_t parent_id;
    uint64_t create_time; /* 100 ns since 1601-01-01 UTC */
    uint64_t exit_time;
    uint64_t directory_table_base;
    uint64_t vad_root_va;
    uint64_t vad_count;
    struct sic_wire_string path;
    uint8_t image_file_name[16];
    uint32_t flags;
    uint32_t first_view;
    uint32_t view_count;
    uint32_t node_count;
    uint32_t private_count;
    uint32_t deleting_count;
    uint32_t unshared_count;
    uint32_t token; /* or SIC_WIRE_NONE */
    uint64_t peb_va;
    uint64_t handle_table_va;
    uint8_t protection;
    uint8_t reserved[7]; /* 0 */
};

struct sic_wire_view {
    uint64_t first_prototype_pte;
    uint64_t last_contiguous_pte; /* inclusive, or ~3: the whole view is contiguous */
    uint64_t start_vpn;
    uint64_t end_vpn; /* inclusive */
    uint32_t subsection;
    uint32_t process;
    uint8_t protection; /* 5 bits */
    uint8_t vad_type;   /* 3 bits */
    uint8_t flags;
    uint8_t reserved[5]; /* 0 */
};

struct sic_wire_subsection {
    uint64_t va;
    uint64_t base;
    uint64_t next_va;
    uint32_t pte_count;
    uint32_t section; /* or SIC_WIRE_NONE */
    uint32_t next;    /* or SIC_WIRE_NONE */
    uint16_t flags;
    uint8_t protection; /* 5 bits */
    uint8_t reserved;   /* 0 */
};

struct sic_wire_section {
    uint64_t control_area_va;
    uint64_t segment_va;
    uint64_t size;
    uint64_t file_object_va;
    uint64_t mapped_views;
    uint64_t section_references;
    struct sic_wire_string name;
    uint32_t pte_count;
    uint32_t control_area_flags;
    uint32_t flags;
    uint32_t view_count;
    uint32_t cache_views;
    uint32_t kernel_views;
    uint32_t device;   /* or SIC_WIRE_NONE */
    uint32_t reserved; /* 0 */
};

struct sic_wire_problem {
    uint32_t kind;
    uint32_t process; /* or SIC_WIRE_NONE */
    uint64_t va;
};

struct sic_wire_note {
    uint64_t va;
    uint32_t kind;
    uint32_t process;  /* or SIC_WIRE_NONE */
    uint32_t section;  /* or SIC_WIRE_NONE */
    uint32_t reserved; /* 0 */
};

struct sic_wire_token {
    uint64_t va;
    uint32_t session_id;
    uint32_t kernel_flags;
    uint32_t integrity;
    uint32_t flags;
    struct sic_wire_blob package;
    uint32_t first_group;
    uint32_t group_count;
    uint32_t first_capability;
    uint32_t capability_count;
    uint32_t first_restricted;
    uint32_t restricted_count;
    uint64_t privileges;
    uint32_t mandatory_policy;
    uint32_t reserved; /* 0 */
};

struct sic_wire_sid {
    struct sic_wire_blob sid;
    uint32_t attributes;
    uint32_t reserved; /* 0 */
};

struct sic_wire_name {
    uint64_t object_va;
    struct sic_wire_string name; /* the root's: {0, 0} */
    struct sic_wire_string target;
    uint32_t parent;  /* of a smaller index; SIC_WIRE_NONE: the root, which is the first */
    uint32_t section; /* or SIC_WIRE_NONE */
    uint32_t kind;
    uint32_t flags;
    struct sic_wire_blob security; /* a self-relative SECURITY_DESCRIPTOR */
};

struct sic_wire_handle {
    uint64_t object_va;
    uint32_t value;
    uint32_t access;
    uint32_t process;
    uint32_t section; /* or SIC_WIRE_NONE */
};

struct sic_wire_device {
    uint64_t va;
    struct sic_wire_string path;
};

struct sic_wire_kernel_view {
    uint64_t va;
    uint32_t section;
    uint32_t kind;
    uint32_t session_id; /* or SIC_WIRE_NONE */
    uint32_t page_count;
    uint64_t first_page;
};

struct sic_wire_peb_pointer {
    uint64_t value;
    uint32_t process;
    uint32_t field;
};

struct sic_wire_page {
    uint64_t pte;
    uint64_t physical;
    uint8_t bytes[16];
    uint8_t pool_tag[4];
    uint32_t view;
    uint32_t flags;
    uint32_t reserved; /* 0 */
};

#define SIC_WIRE_ASSERT(condition) _Static_assert(condition, #condition)

SIC_WIRE_ASSERT(sizeof(struct sic_wire_request) == 32);
SIC_WIRE_ASSERT(sizeof(struct sic_wire_field) == 8);
SIC_WIRE_ASSERT(sizeof(struct sic_wire_need) == 16);
SIC_WIRE_ASSERT(sizeof(struct sic_wire_table) == 16);
SIC_WIRE_ASSERT(sizeof(struct sic_wire_origin) == 1648);
SIC_WIRE_ASSERT(offsetof(struct sic_wire_scan, tables) == 32);
SIC_WIRE_ASSERT(offsetof(struct sic_wire_scan, origin) == 304);
SIC_WIRE_ASSERT(sizeof(struct sic_wire_scan) == 1952);
SIC_WIRE_ASSERT(offsetof(struct sic_wire_process, image_file_name) == 72);
SIC_WIRE_ASSERT(offsetof(struct sic_wire_process, peb_va) == 120);
SIC_WIRE_ASSERT(sizeof(struct sic_wire_process) == 144);
SIC_WIRE_ASSERT(offsetof(struct sic_wire_view, protection) == 40);
SIC_WIRE_ASSERT(sizeof(struct sic_wire_view) == 48);
SIC_WIRE_ASSERT(offsetof(struct sic_wire_subsection, protection) == 38);
SIC_WIRE_ASSERT(sizeof(struct sic_wire_subsection) == 40);
SIC_WIRE_ASSERT(offsetof(struct sic_wire_section, pte_count) == 56);
SIC_WIRE_ASSERT(sizeof(struct sic_wire_section) == 88);
SIC_WIRE_ASSERT(sizeof(struct sic_wire_problem) == 16);
SIC_WIRE_ASSERT(sizeof(struct sic_wire_note) == 24);
SIC_WIRE_ASSERT(offsetof(struct sic_wire_token, package) == 24);
SIC_WIRE_ASSERT(offsetof(struct sic_wire_token, privileges) == 56);
SIC_WIRE_ASSERT(sizeof(struct sic_wire_token) == 72);
SIC_WIRE_ASSERT(sizeof(struct sic_wire_sid) == 16);
SIC_WIRE_ASSERT(offsetof(struct sic_wire_name, parent) == 24);
SIC_WIRE_ASSERT(sizeof(struct sic_wire_name) == 48);
SIC_WIRE_ASSERT(sizeof(struct sic_wire_handle) == 24);
SIC_WIRE_ASSERT(sizeof(struct sic_wire_device) == 16);
SIC_WIRE_ASSERT(offsetof(struct sic_wire_kernel_view, first_page) == 24);
SIC_WIRE_ASSERT(sizeof(struct sic_wire_kernel_view) == 32);
SIC_WIRE_ASSERT(sizeof(struct sic_wire_peb_pointer) == 16);
SIC_WIRE_ASSERT(offsetof(struct sic_wire_page, view) == 36);
SIC_WIRE_ASSERT(sizeof(struct sic_wire_page) == 48);
SIC_WIRE_ASSERT(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__);

#endif
