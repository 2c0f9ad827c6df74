/*
 * Damage on purpose: what a scenario's `damage` statements do to a world that is built, aged, and whose truth is
 * written; and what of that truth remains.
 */
#ifndef LAB_DAMAGE_H
#define LAB_DAMAGE_H

#include "world.h"

struct lab_damage_state {
    struct lab_world *world;
    uint8_t *harmed;          /* for each node: 1 when a field of its own was overwritten */
    uint8_t *harmed_sections; /* for each section: 1 when its control area or a subsection was overwritten */
    uint64_t *addresses;      /* for each statement: the structure that it harmed */
};

/* Does what the statements say, in their order. The state borrows the world. */
void lab_damage_apply(struct lab_damage_state *state, struct lab_world *world);
void lab_damage_deinit(struct lab_damage_state *state);

/* Writes PREFIX.remains.json: the part of the truth that no statement touched. */
void lab_write_remains(const struct lab_damage_state *state, const char *prefix);

/* damage_memory.c: kernel memory of an aged world, where the builder's own stores do not reach. */
bool lab_damage_is_readable(const struct lab_world *world, uint64_t va, uint64_t size);
uint64_t lab_damage_load(const struct lab_world *world, uint64_t va);
void lab_damage_store(const struct lab_world *world, uint64_t va, uint64_t value, unsigned size);
/* Clears the entry of the page tables that leads to `va`; level 1: the PTE; the highest, 4 or 5: the
 * entry of every process. */
void lab_damage_unmap(const struct lab_world *world, uint64_t va, int level);

/* Marks the section of this id. */
void lab_damage_harm_section(struct lab_damage_state *state, const char *id);

/* damage_places.c: where structures are. `what` is `node/PID/INDEX`, `process/PID`, `control-area/ID`, … */
uint64_t lab_damage_place(const struct lab_world *world, const struct lab_damage *damage, const char *what);
uint32_t lab_damage_process(const struct lab_world *world, const struct lab_damage *damage, const char *pid);
/* The node's index in the scenario. `index`: its place among the process's nodes, by address. */
uint32_t lab_damage_node(const struct lab_world *world, const struct lab_damage *damage, const char *pid,
                         const char *index);
/* The pointer to the root of the process's tree. */
uint64_t lab_damage_root(const struct lab_world *world, uint32_t process);

/* Fails with the line of the statement. */
#define LAB_DAMAGE_REJECT(damage, ...) (fprintf(stderr, "line %u: ", (damage)->line), lab_fail(__VA_ARGS__))

#endif
