/*
 * A world under construction: the scenario, the kernel's layout, the physical memory and the pools. The parts are built
 * in the order of the functions below (lab_world_build calls them).
 */
#ifndef LAB_WORLD_H
#define LAB_WORLD_H

#include "layout.h"
#include "memory.h"
#include "pool.h"
#include "scenario.h"

/* The types of objects that the lab makes. types.c has their names, and more types that only stand in the table. */
enum lab_type {
    LAB_TYPE_TYPE,
    LAB_TYPE_DIRECTORY,
    LAB_TYPE_SYMBOLIC_LINK,
    LAB_TYPE_TOKEN,
    LAB_TYPE_PROCESS,
    LAB_TYPE_THREAD,
    LAB_TYPE_EVENT,
    LAB_TYPE_MUTANT,
    LAB_TYPE_SEMAPHORE,
    LAB_TYPE_DEVICE,
    LAB_TYPE_FILE,
    LAB_TYPE_SECTION,
    LAB_TYPE_KEY,
    LAB_TYPE_COUNT
};

#define LAB_VOLUME "\\Device\\HarddiskVolume2" /* where files lie unless the scenario says otherwise */

/* An object that has a path: a directory, or a device ("": the one without a name). */
struct lab_placed_object {
    char *path;
    uint64_t object;
};

struct lab_placed_objects {
    struct lab_placed_object *items;
    size_t count, capacity;
};

struct lab_typed {
    uint64_t header;
    enum lab_type type;
};

/* A named object, and who may open it. */
struct lab_secured {
    uint64_t object;
    enum lab_type type;
    char *path;
    char *sddl; /* after lab_securities_build */
    enum lab_security_state state;
};

struct lab_world {
    struct lab_scenario *scenario;
    struct lab_layout layout;
    struct lab_memory memory;
    struct lab_pool nonpaged; /* 4 KiB pages */
    struct lab_pool large;    /* nonpaged pool in 2 MiB pages; unused when the scenario says so */
    struct lab_pool giant;    /* nonpaged pool in a 1 GiB page */
    struct lab_pool paged;
    struct lab_placements placements;
    uint64_t kernel_base;
    struct lab_placed_objects directories, devices;
    uint64_t sessions[64];            /* _MM_SESSION_SPACE of each session; 0: none */
    uint64_t exported_type_variables; /* where PsProcessType and PsThreadType lie */
    uint64_t others[16];              /* objects that are no sections, for handles */
    enum lab_type other_types[16];
    size_t other_count;
    uint8_t type_indexes[LAB_TYPE_COUNT];
    uint64_t type_objects[LAB_TYPE_COUNT];
    struct lab_typed *typed; /* headers that wait for the address of their type: kernels before 7600 */
    size_t typed_count, typed_capacity;
    uint64_t objects; /* made so far */
    uint8_t cookie;   /* ObHeaderCookie */
    uint64_t kernel_image_size;
    struct lab_secured *secured; /* all named objects */
    size_t secured_count, secured_capacity;
    uint32_t *order;    /* node indexes by process and start address */
    size_t *first_node; /* of each process in `order`; one more at the end */
};

void lab_world_build(struct lab_world *world, struct lab_scenario *scenario, const char *data_folder);
void lab_world_deinit(struct lab_world *world);

/* companions.c: what a scenario leaves out and tools expect: System, Registry, smss.exe, twelve processes, PEB nodes.
 */
void lab_companions_add(struct lab_scenario *scenario);

/* kernel.c */
void lab_kernel_build(struct lab_world *world);
uint64_t lab_global(const struct lab_world *world, enum lab_global_id id);  /* its address; 0: the kernel has none */
void lab_kernel_publish(struct lab_world *world, uint64_t system_eprocess); /* PsInitialSystemProcess */

/* types.c: the table of object types, and the objects in \ObjectTypes. */
void lab_types_choose(struct lab_world *world); /* indexes; before the first object */
void lab_types_build(struct lab_world *world);  /* when \ObjectTypes is there */
uint32_t lab_type_tag(enum lab_type type);
bool lab_type_is_paged(enum lab_type type);

/* namespace.c: directories, names, symbolic links, devices. */
void lab_namespace_build(struct lab_world *world);
uint64_t lab_directory_find(struct lab_world *world, const char *path); /* made where it is missing */
void lab_directory_insert(struct lab_world *world, uint64_t directory, const char *name, uint64_t object);
uint64_t lab_device_find(struct lab_world *world, const char *path); /* made where it is missing */
/* The bucket and the hash of a name, as the kernel has them since Windows 8. */
uint32_t lab_name_hash(const char *name);

/* object.c */
/* An object whose header has no optional parts in front of it. */
uint64_t lab_object_allocate(struct lab_world *world, struct lab_pool *pool, uint32_t size, enum lab_type type);
void lab_object_header(struct lab_world *world, uint64_t body, enum lab_type type);
void lab_objects_finish(struct lab_world *world); /* types' addresses, where headers hold them */
/* An object with the optional parts that chance gives it. `path` NULL: it has no name. Its directory is made where it
 * is missing. */
uint64_t lab_object_create(struct lab_world *world, enum lab_type type, uint32_t size, const char *path);
uint64_t lab_unicode_write(struct lab_world *world, uint64_t unicode_string, const char *text, uint32_t tag);
uint64_t lab_utf16(const char *text, uint8_t *bytes, size_t size); /* number of bytes */
uint64_t lab_file_create(struct lab_world *world, const struct lab_section *section);

/* security.c: who may open named objects. */
void lab_secure(struct lab_world *world, uint64_t object, enum lab_type type, const char *path); /* remembers it */
void lab_securities_build(struct lab_world *world); /* when every object is there */
void lab_securities_free(struct lab_world *world);
/* security_usual.c: what the scenario does not say, as SDDL; the caller's to free. */
char *lab_security_usual(const struct lab_world *world, enum lab_type type, const char *path);

/* section.c */
void lab_sections_place(struct lab_world *world);
void lab_sections_build(struct lab_world *world);
void lab_sections_finish(struct lab_world *world); /* rings of views and counts, when all views are there */
/* Address of the prototype PTE of a section's page; 0 when there is none. */
uint64_t lab_section_pte(const struct lab_section *section, uint64_t page);
/* The head of its list of views; for kernels that have one. */
uint64_t lab_section_ring(const struct lab_world *world, const struct lab_section *section);
/* The subsection that holds the page, NULL past the end; *within is the page's index in it. */
const struct lab_subsection *lab_section_find(const struct lab_section *section, uint64_t page, uint64_t *within);

/* The SECTION objects of all sections, and what else names and handles need of them. */
void lab_section_objects_build(struct lab_world *world);
/* Puts a list entry at the end of the section's ring of views. */
void lab_section_link(struct lab_world *world, struct lab_section *section, uint64_t link);

/* kernel_view.c */
void lab_kernel_views_build(struct lab_world *world, bool before); /* those that stand before the nodes, or behind */

/* identity.c: what a process's name says about it, where the scenario does not. */
void lab_identity_complete(struct lab_scenario *scenario, struct lab_process *process);

/* token.c */
void lab_token_build(struct lab_world *world, struct lab_process *process);
size_t lab_sid_parse(const char *text, size_t size, uint8_t *sid); /* at most 68 bytes; fails on what is no SID */

/* handle.c */
void lab_handles_build(struct lab_world *world); /* all tables; when every object is there */
void lab_handles_choose(struct lab_world *world);

/* peb.c */
void lab_peb_build(struct lab_world *world, struct lab_process *process);
void lab_peb_pointers_build(struct lab_world *world);

/* process.c */
void lab_processes_place(struct lab_world *world); /* what stands at named addresses, before all else */
void lab_processes_build(struct lab_world *world);
void lab_processes_finish(struct lab_world *world); /* when the kernel half is complete */

/* vad.c */
void lab_nodes_place(struct lab_world *world); /* chooses addresses, sorts, checks for overlaps */
uint64_t lab_node_last_pte(const struct lab_scenario *scenario, const struct lab_node *node);
void lab_nodes_build(struct lab_world *world);

/* user.c */
void lab_user_build(struct lab_world *world);

/* pte.c: entries as this kernel writes them. */
uint64_t lab_pte_invalid(const struct lab_world *world, uint64_t pte); /* swizzles */
uint64_t lab_pte_transition(const struct lab_world *world, uint64_t frame, uint8_t protection);
uint64_t lab_pte_zero(const struct lab_world *world, uint8_t protection);
uint64_t lab_pte_page_file(const struct lab_world *world, uint32_t offset, uint8_t protection);
uint64_t lab_pte_subsection(const struct lab_world *world, uint64_t subsection_va, uint8_t protection);
uint64_t lab_pte_prototype(const struct lab_world *world, uint64_t prototype_va, uint8_t protection);
uint64_t lab_pte_prototype_by_vad(const struct lab_world *world, uint8_t protection);
/* The frame that a hardware PTE or one in transition names, or LAB_NO_FRAME. */
uint64_t lab_pte_frame(const struct lab_world *world, uint64_t pte);
/* The frame behind an address under the PML4 in frame `root`, or LAB_NO_FRAME; also after lab_pte_age_pools. */
uint64_t lab_pte_frame_of(const struct lab_world *world, uint64_t root, uint64_t va);
/* Makes transition PTEs of the scenario's share of pool pages. The last step: the builder cannot write them any more.
 */
void lab_pte_age_pools(struct lab_world *world);

/* Output. dump.c, truth.c */
enum lab_format {
    LAB_FORMAT_RAW = 1,
    LAB_FORMAT_FULL = 2,
    LAB_FORMAT_BITMAP = 4,
    LAB_FORMAT_KERNEL = 8,
    LAB_FORMAT_DUMP_K = 0x10,
    LAB_FORMAT_DUMP_KA = 0x20,
    LAB_FORMAT_DUMP_F = 0x40,
    LAB_FORMAT_QEMU = 0x80,
    LAB_FORMAT_VIRTUALBOX = 0x100,
    LAB_FORMAT_LIME = 0x200,
    LAB_FORMAT_VMEM = 0x400,
    LAB_FORMAT_VMSN = 0x800
};
void lab_write_images(const struct lab_world *world, const char *prefix, unsigned formats);
void lab_write_truth(const struct lab_world *world, const char *prefix);
/* truth_facts.c: the members that say what memory is and whose it is. Each begins with a comma. */
void lab_truth_process(const struct lab_world *world, size_t index, FILE *file);
void lab_truth_section(const struct lab_world *world, size_t index, FILE *file);
void lab_truth_view(const struct lab_world *world, const struct lab_node *node, FILE *file);
void lab_truth_namespace(const struct lab_world *world, FILE *file);
void lab_truth_text(FILE *file, const char *text); /* a JSON string, or null */

#endif
