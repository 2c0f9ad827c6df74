/*
 * How far a process is trusted, and how two compare.
 */
#ifndef SIC_CROSSING_TRUST_H
#define SIC_CROSSING_TRUST_H

#include "core/scan.h"
#include "meaning/identity.h"

/* Levels of integrity; what lies between two counts as the lower: medium plus is medium. */
enum sic_trust_level {
    SIC_TRUST_UNTRUSTED,
    SIC_TRUST_LOW,
    SIC_TRUST_MEDIUM,
    SIC_TRUST_HIGH,
    SIC_TRUST_SYSTEM,
    SIC_TRUST_UNKNOWN
};

/* What decides how far a process is trusted, the weightiest first. */
struct sic_trust {
    bool is_kernel;                  /* a view of the kernel's own: the rest says nothing */
    enum sic_answer is_protected;    /* PP or PPL */
    enum sic_trust_level level;      /* of integrity */
    enum sic_answer is_in_container; /* an AppContainer */
    bool has_identity;               /* user and session are known */
};

/* Processes of equal trust are one class. Few differ: there are at most so many. */
#define SIC_TRUST_CLASS_LIMIT 109u
#define SIC_TRUST_KERNEL      (SIC_TRUST_CLASS_LIMIT - 1)

/* The processes of a scan, by trust. */
struct sic_trusts {
    const struct sic_scan *scan;
    uint8_t *classes;     /* by process */
    uint32_t *identities; /* by process: equal for equal user and session; SIC_NONE: unknown */
    uint32_t *users;      /* by process: equal for equal users; SIC_NONE: unknown */
    uint32_t *sessions;   /* by process; SIC_NONE: unknown */
};

/* `scan` stays where it is. The owner calls sic_trusts_deinit, after a failure too. False when memory ran out. */
bool sic_trusts_init(const struct sic_scan *scan, struct sic_trusts *trusts);
void sic_trusts_deinit(struct sic_trusts *trusts);

/* What the members of a class, an index below SIC_TRUST_CLASS_LIMIT, have in common. */
struct sic_trust sic_trust_of_class(unsigned class_index);

/* How the left one stands to the right one. */
enum sic_trust_relation {
    SIC_TRUST_LESS,
    SIC_TRUST_MORE,
    SIC_TRUST_EQUAL,       /* unless user or session keep them apart */
    SIC_TRUST_INCOMPARABLE /* what decides is not known of one of them */
};

enum sic_trust_relation sic_trust_compare(const struct sic_trust *left, const struct sic_trust *right);

/* In what a less trusted side and a more trusted one differ. */
struct sic_trust_gap {
    bool is_kernel;
    bool is_protection;
    uint8_t levels; /* of integrity between them */
    bool is_container;
    bool is_user;
    bool is_session;
};

/* Without user and session, which are no matter of classes. */
struct sic_trust_gap sic_trust_gap_between(const struct sic_trust *less, const struct sic_trust *more);

/* Greater for wider gaps: the weightiest difference decides. 0: no difference is known. */
unsigned sic_trust_gap_width(const struct sic_trust_gap *gap);

/* "untrusted", "low", … "system", "unknown". */
const char *sic_trust_level_name(enum sic_trust_level level);

#define SIC_TRUST_TEXT_SIZE 96u

/* "low integrity, in an AppContainer", "protected, system integrity", "kernel": `text` is filled and returned. */
const char *sic_trust_format(const struct sic_trust *trust, char text[SIC_TRUST_TEXT_SIZE]);

#endif
