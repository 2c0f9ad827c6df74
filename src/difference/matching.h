/*
 * What the steps of a comparison hand on to each other. Numbers that mean the same on both sides are ranks of both
 * sides' records together (rank.h), so that they do not depend on which side is the old one.
 */
#ifndef SIC_DIFFERENCE_MATCHING_H
#define SIC_DIFFERENCE_MATCHING_H

#include "difference/difference.h"
#include "difference/pairing.h"
#include "meaning/identity.h"

/* What was found of a view, or of one that the other side lacks. */
enum sic_view_state {
    SIC_VIEW_PAIRED,  /* the other side has it, just so */
    SIC_VIEW_CHANGED, /* the other side has it, and in it something differs */
    SIC_VIEW_ABSENT,  /* the other side does not have it */
    SIC_VIEW_UNSURE   /* it was not found on the other side, where something could not be read */
};

struct sic_matching_side {
    const struct sic_difference_side *given;
    const struct sic_scan *scan;
    uint32_t *classes;        /* by process: what counts as the same process */
    uint32_t *exact_keys;     /* by view: equal where all is */
    uint32_t *place_keys;     /* by view: equal where it is the same view, which may have changed */
    uint32_t *section_starts; /* by section, and one more: where its views begin in section_views */
    uint32_t *section_views;  /* ascending by exact key, equal ones in the order of processes and addresses */
    uint32_t *section_order;  /* sections, by their first view in that order: not by which thread found them */
    uint32_t *region_starts;  /* by section, and one more: where its regions begin in section_regions */
    uint32_t *section_regions;
    bool *is_owned;       /* by section: processes, or the kernel in session or system space, have views of it */
    uint32_t *ranks;      /* by section: its place among the side's sections, by what they are */
    uint32_t *name_start; /* by section, and one more: where its names begin in name_ids */
    uint32_t *name_ids;   /* ascending in a section: equal for equal paths of objects */
    uint8_t *view_states; /* by view: enum sic_view_state */
    bool *has_unsure;     /* by section: one of its views is SIC_VIEW_UNSURE */
    /* What could not be read. */
    bool hides_processes;          /* any process may be missing */
    bool *hides_views;             /* by class: views of its processes may be missing, or all of it */
    bool *is_flawed;               /* by section: what is said of its pages may be wrong */
    struct sic_key *unread_places; /* place keys of views of unread sections, ascending */
    uint32_t unread_count;
};

struct sic_matching {
    const struct sic_difference_request *request;
    enum sic_difference_basis basis;
    struct sic_matching_side sides[2];
    uint32_t class_count;
    uint32_t *member_starts[2]; /* by class, and one more: where its members begin */
    uint32_t *members[2];       /* processes, by class */
    struct sic_pairing processes;
    struct sic_pairing sections;
    struct sic_pairing views;
};

/* Views of a section that belong to processes. */
static inline uint32_t sic_matching_view_count(const struct sic_matching_side *side, uint32_t section)
{
    return side->section_starts[section + 1] - side->section_starts[section];
}

static inline uint32_t sic_matching_member_count(const struct sic_matching *matching, unsigned side,
                                                 uint32_t class_index)
{
    return matching->member_starts[side][class_index + 1] - matching->member_starts[side][class_index];
}

#endif
