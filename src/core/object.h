/*
 * Objects of the object manager: their headers, their types, their names.
 */
#ifndef SIC_CORE_OBJECT_H
#define SIC_CORE_OBJECT_H

#include "core/layout.h"
#include "core/scan.h"

/* The types that matter here. */
enum sic_object_type {
    SIC_OBJECT_DIRECTORY,
    SIC_OBJECT_SYMBOLIC_LINK,
    SIC_OBJECT_SECTION,
    SIC_OBJECT_DEVICE,
    SIC_OBJECT_TOKEN,
    SIC_OBJECT_TYPE_COUNT
};

#define SIC_OBJECT_TYPE_UNKNOWN UINT16_MAX

/* Where to begin: addresses of objects; 0: unknown. At least one is known. */
struct sic_object_roots {
    uint64_t process_type_va;   /* what the kernel's export PsProcessType points to */
    uint64_t root_directory_va; /* what its global ObpRootDirectoryObject points to */
};

/* How one kernel numbers its types, and where its directories begin. */
struct sic_objects {
    const struct sic_layout *layout;
    uint64_t root_va;                        /* the directory "\"; 0: unknown */
    uint64_t type_root_va;                   /* \ObjectTypes; 0: unknown */
    uint16_t indexes[SIC_OBJECT_TYPE_COUNT]; /* SIC_OBJECT_TYPE_UNKNOWN: unknown */
    uint8_t cookie;
    bool has_cookie;      /* a type's index is hidden by the cookie and the header's address: Windows 10 and later */
    bool are_types_known; /* the indexes above are of use */
    bool is_contradicted; /* the roots that were given lead to different directories */
};

/* Whether the layout has what it takes to read headers, names and directories. */
bool sic_objects_can_be_read(const struct sic_layout *layout);

/*
 * Finds root, types and cookie from the roots. The processes of `scan` are evidence for the cookie: their headers say
 * that they are processes. What cannot be found is unknown in `objects`. False when memory ran out.
 */
bool sic_objects_find(struct sic_objects *objects, const struct sic_scan *scan, const struct sic_reader *reader,
                      const struct sic_layout *layout, const struct sic_object_roots *roots);

/* False when the header of the object cannot be read. */
bool sic_object_is(const struct sic_objects *objects, const struct sic_reader *reader, uint64_t object_va,
                   enum sic_object_type type, bool *is_type);

/* The index of the object's type in the kernel's numbering. False when its header cannot be read. */
bool sic_object_type_index(const struct sic_objects *objects, const struct sic_reader *reader, uint64_t object_va,
                           uint16_t *index);

/* Whether the object has a name. False when its header cannot be read. */
bool sic_object_is_named(const struct sic_reader *reader, const struct sic_layout *layout, uint64_t object_va,
                         bool *is_named);

/*
 * The object's OBJECT_HEADER_NAME_INFO: the directory that it stands in (0: none) and the address of the UNICODE_STRING
 * that names it. False when it has none, or it cannot be read.
 */
bool sic_object_name_info(const struct sic_reader *reader, const struct sic_layout *layout, uint64_t object_va,
                          uint64_t *directory_va, uint64_t *name_va);

#endif
