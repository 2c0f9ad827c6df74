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
    uint64_t device; /* the DEVICE_OBJECT behind every file */
    uint64_t kernel_image_size;
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

/* object.c */
uint64_t lab_object_allocate(struct lab_world *world, struct lab_pool *pool, uint32_t size, uint32_t tag,
                             uint8_t type_index);
void lab_object_header(struct lab_world *world, uint64_t body, uint8_t type_index);
uint64_t lab_unicode_write(struct lab_world *world, uint64_t unicode_string, const char *text, uint32_t tag);
uint64_t lab_utf16(const char *text, uint8_t *bytes, size_t size); /* number of bytes */
uint64_t lab_file_create(struct lab_world *world, const char *name);

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
/* Makes transition PTEs of the scenario's share of pool pages. The last step: the builder cannot write them any more.
 */
void lab_pte_age_pools(struct lab_world *world);

/* Object types' indexes, before they are encoded. */
enum { LAB_TYPE_PROCESS = 7, LAB_TYPE_FILE = 0x25, LAB_TYPE_DEVICE = 0x1f, LAB_TYPE_TOKEN = 5 };

/* Output. dump.c, truth.c */
enum lab_format { LAB_FORMAT_RAW = 1, LAB_FORMAT_FULL = 2, LAB_FORMAT_BITMAP = 4, LAB_FORMAT_KERNEL = 8 };
void lab_write_images(const struct lab_world *world, const char *prefix, unsigned formats);
void lab_write_truth(const struct lab_world *world, const char *prefix);

#endif
