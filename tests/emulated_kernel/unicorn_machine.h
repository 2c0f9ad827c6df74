/*
 * The shipped sic-drv.sys in Unicorn's processor: its sections mapped with the rights that they ask for, at an address
 * that it was not linked for, its imports bound to routines of this program. Besides it there are only a stack of the
 * kernel's size, pool, the objects that it is handed and, write-only, the caller's buffer. Any other access ends it.
 */
#ifndef SIC_TESTS_UNICORN_MACHINE_H
#define SIC_TESTS_UNICORN_MACHINE_H

#include "kernel.h"

#include <unicorn/unicorn.h>

/* Where things stand in the driver's address space. */
#define UM_IMAGE   0xfffff80612340000ull
#define UM_STUBS   0xfffff88000000000ull
#define UM_STACK   0xffffd00000010000ull
#define UM_POOL    0xffffe00000000000ull
#define UM_OBJECTS 0xffffa00000000000ull
#define UM_OUTPUT  0xffffc00000000000ull

#define UM_STACK_SIZE   0x6000u /* of a kernel thread on x64 */
#define UM_POOL_SIZE    (64u << 20)
#define UM_OBJECTS_SIZE 0x10000u

#define UM_IMPORT_LIMIT 64u

struct um_machine;

/* A routine that the driver calls. Its arguments are um_argument's. */
struct um_routine {
    const char *name;
    uint64_t (*call)(struct um_machine *machine);
};

struct um_region {
    uint64_t address;
    uint64_t size;
    uint8_t *bytes;
};

struct um_machine {
    struct ek *ek;
    uc_engine *engine;
    struct um_region image, stack, pool, objects, output;
    uint64_t entry;
    uint64_t pool_used; /* a bump allocator, reset when everything was given back */
    unsigned pool_blocks;
    const struct um_routine *routines;                 /* of this kernel */
    const struct um_routine *imports[UM_IMPORT_LIMIT]; /* by stub */
    unsigned import_count;
};

/* Loads the file and binds its imports to `routines`, which end with an empty name. Fails the running test when it
 * cannot. */
void um_open(struct um_machine *machine, struct ek *ek, const char *path, const struct um_routine *routines);
void um_close(struct um_machine *machine);

/* Calls a function of the driver. What breaks a rule is noted in the kernel; the result is then of no use. */
uint64_t um_call(struct um_machine *machine, uint64_t function, uint64_t first, uint64_t second);

/* Reads one byte in the driver's place. */
void um_touch(struct um_machine *machine, uint64_t address);

/* Argument `index`, from 0, of the routine that is being called. */
uint64_t um_argument(struct um_machine *machine, unsigned index);
/* Where a routine stands that is looked up by name; 0: not among the routines. */
uint64_t um_find_routine(struct um_machine *machine, const char *name);

/* The host's view of the driver's memory; NULL when it is not all in one region. */
uint8_t *um_host(struct um_machine *machine, uint64_t address, uint64_t size);
uint64_t um_load(struct um_machine *machine, uint64_t address, unsigned size);
void um_store(struct um_machine *machine, uint64_t address, uint64_t value, unsigned size);

/* Maps the caller's buffer, so that it ends with a page; its address. um_unmap_output copies it back to `bytes`. */
uint64_t um_map_output(struct um_machine *machine, const uint8_t *bytes, uint32_t size);
void um_unmap_output(struct um_machine *machine, uint8_t *bytes, uint32_t size);

#endif
