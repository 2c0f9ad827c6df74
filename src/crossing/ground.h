/*
 * One region as crossings see it: who reaches which of its pages, who holds handles, who could open it by name.
 */
#ifndef SIC_CROSSING_GROUND_H
#define SIC_CROSSING_GROUND_H

#include "crossing/crossing.h"
#include "crossing/opening.h"

/* A view's pages, and its process's class. */
struct sic_ground_reach {
    struct sic_reach reach;
    uint32_t process;
    uint8_t class_index;
    bool writes;
    bool shows;
};

struct sic_ground_holder {
    uint32_t process;
    uint32_t handle;
    uint8_t class_index;
};

/* What a name lets the processes of a class do. */
struct sic_ground_answer {
    struct sic_access access; /* the best of them; answer SIC_ANSWER_NO: none */
    uint32_t processes;
};

struct sic_ground_name {
    uint32_t name;
    struct sic_ground_answer answers[SIC_TRUST_CLASS_LIMIT];
};

struct sic_ground {
    const struct sic_crossing_request *request;
    struct sic_trusts trusts;
    struct sic_openings openings;
    uint32_t *members; /* processes that live, by class */
    uint32_t class_starts[SIC_TRUST_CLASS_LIMIT + 1];

    /* Of the region at hand. */
    const struct sic_region *region;
    struct sic_array reaches; /* struct sic_ground_reach, by class */
    uint32_t reach_starts[SIC_TRUST_CLASS_LIMIT + 1];
    struct sic_array holders; /* struct sic_ground_holder, by class */
    uint32_t holder_starts[SIC_TRUST_CLASS_LIMIT + 1];
    struct sic_ground_name names[SIC_CROSSING_NAMES];
    uint32_t name_count;
    uint32_t names_unjudged;            /* of all regions so far */
    struct sic_access *best;            /* by process: what the best of the names gives it */
    bool has_kernel_views;              /* of session or system space */
    bool has_opening;                   /* some process could open it, or might */
    bool has_file_in_doubt;             /* it is a data file's: its ACL is not known */
    bool writes[SIC_TRUST_CLASS_LIMIT]; /* by class: has views that write */
    bool shows[SIC_TRUST_CLASS_LIMIT];
    bool holds[SIC_TRUST_CLASS_LIMIT];
    bool opens[SIC_TRUST_CLASS_LIMIT];
};

/* The owner calls sic_ground_deinit, after a failure too. False when memory ran out. */
bool sic_ground_init(const struct sic_crossing_request *request, struct sic_ground *ground);
void sic_ground_deinit(struct sic_ground *ground);

/* Takes up a region, in place of the one before. False when memory ran out. */
bool sic_ground_enter(struct sic_ground *ground, const struct sic_region *region);

/* Those of a class; NULL may stand for none. */
const struct sic_ground_reach *sic_ground_reaches(const struct sic_ground *ground, unsigned class_index,
                                                  uint32_t *count);
const struct sic_ground_holder *sic_ground_holders(const struct sic_ground *ground, unsigned class_index,
                                                   uint32_t *count);

/* Whether a process of the class could write it in some way: else it is on no writing side. */
bool sic_ground_can_write(const struct sic_ground *ground, unsigned class_index);
/* Whether the class, or the kernel, shows pages of it. */
bool sic_ground_can_read(const struct sic_ground *ground, unsigned class_index);

#endif
