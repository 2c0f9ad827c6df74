/*
 * Named objects in flat memory, whose security descriptors are shaped at will: for the tests of core/security.h and its
 * fuzz target.
 */
#ifndef SIC_TESTS_SECURITY_WORLD_H
#define SIC_TESTS_SECURITY_WORLD_H

#include "core/security.h"
#include "flat_memory.h"
#include "symbols/profile.h"

#define SECURITY_OBJECT_COUNT   4u
#define SECURITY_OBJECT_AT(i)   (0x100u + 0x80u * (i))
#define SECURITY_DIRECTORY_TYPE 3u
#define SECURITY_SECTION_TYPE   42u

struct security_world {
    struct sic_profile profile;
    struct sic_objects objects;
};

/* How types are numbered, and where the fields are: those of 19041.264, without a cookie. */
void security_world_init(struct security_world *world);

/* The header of object `index` in `bytes` (of 64 KiB): its type, and its reference to the descriptor at `descriptor`.
 */
void security_world_put(const struct security_world *world, uint8_t *bytes, uint32_t index, uint8_t type,
                        uint64_t descriptor);

/* Adds a name for the object at `va`. False when memory ran out. */
bool security_world_add(struct sic_scan *scan, uint64_t va, enum sic_name_kind kind);

/* Owner, group, a label and two ACEs, as Windows lays them out. Returns the size. */
uint32_t security_world_descriptor(uint8_t *bytes);

#endif
