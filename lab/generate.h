/* Scenarios that programs write: random worlds, large ones, and the machine of a listing. */
#ifndef LAB_GENERATE_H
#define LAB_GENERATE_H

#include "scenario.h"

struct lab_random_options {
    uint64_t seed;
    uint32_t processes, sections, views, privates;
    unsigned user_bits; /* user addresses are below 1 << this: 43, 47, or 56 with five levels of page tables */
};

/* A small world with everything the lab can say in it, by chance. The same seed gives the same world. */
void lab_generate_random(const struct lab_random_options *options, struct lab_scenario *scenario);

/* The second half of it: identities, names, handles, kernel's views, PEB pointers (random_facts.c). */
void lab_random_facts(struct lab_scenario *scenario, uint64_t seed);

/* Who may open what has a name, and how tokens are judged (random_security.c). After the names. */
void lab_random_security(struct lab_scenario *scenario, uint64_t seed);

/*
 * A large world as real machines are: `vads` nodes in `processes` processes. `handles` other than 0: each process has
 * so many handles, a fifth of them to sections that it maps; of the shared sections some have names and kernel's views.
 */
void lab_generate_bench(uint32_t processes, uint32_t vads, uint32_t handles, uint64_t seed,
                        struct lab_scenario *scenario);

/* The machine of a listing: "ProtoPTE: …" lines, each with "  Name: … at START-END" lines below it. */
void lab_generate_from_listing(FILE *file, const char *name, struct lab_scenario *scenario);

#endif
