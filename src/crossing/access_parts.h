/*
 * The parts of an access check: what the mandatory entries leave, what the discretionary list grants.
 */
#ifndef SIC_CROSSING_ACCESS_PARTS_H
#define SIC_CROSSING_ACCESS_PARTS_H

#include "crossing/access_check.h"

/* Integrity levels: SECURITY_MANDATORY_…_RID of winnt.h */
#define SIC_LEVEL_LOW    0x1000u
#define SIC_LEVEL_MEDIUM 0x2000u

/* One check. What is unknown is taken for the best once and for the worst once. */
struct sic_check {
    const struct sic_subject *subject;
    struct sic_descriptor descriptor;
    enum sic_wish wish;
    bool is_optimistic;
    bool met_unknown_entry; /* an assumption was made of an entry */
    uint64_t *work;
};

static inline struct sic_access sic_access_make(enum sic_answer answer, enum sic_access_reason reason)
{
    return (struct sic_access){.answer = answer, .reason = reason};
}

/* What a mask may grant: the right itself, or a generic one that the object's type maps to it. */
uint32_t sic_wish_mask(enum sic_wish wish);
/* Whether the right belongs, by the type's generic mapping, to GENERIC_WRITE and to nothing else. */
bool sic_wish_is_write(enum sic_wish wish);

enum sic_ace_effect { SIC_ACE_WITHOUT_EFFECT, SIC_ACE_GRANTS, SIC_ACE_DENIES };

/* What entries of a type do in a discretionary list. */
enum sic_ace_effect sic_ace_effect_of(uint8_t type);

/* Entries that leave only their mask's rights: to those less protected, or to those who fail a condition. */
struct sic_access sic_check_limits(const struct sic_check *check);
/* The mandatory label. */
struct sic_access sic_check_label(const struct sic_check *check);
/* The discretionary list, for the token and, if it is restricted, for its restricting SIDs. */
struct sic_access sic_check_dacl(struct sic_check *check);

#endif
