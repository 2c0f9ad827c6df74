/*
 * A token as access checks see it: which SIDs count for it, and for what.
 */
#ifndef SIC_CROSSING_SUBJECT_H
#define SIC_CROSSING_SUBJECT_H

#include "core/scan.h"
#include "crossing/descriptor.h"
#include "meaning/identity.h"

/* A token and what its process adds to it; borrowed. */
struct sic_subject {
    const struct sic_scan *scan;
    const struct sic_token *token; /* NULL: unknown */
    enum sic_answer is_protected;  /* the process, and so its token's trust level */
};

enum sic_use { SIC_USE_ALLOW, SIC_USE_DENY };

/* Whether the SID is the user or a group that counts: groups that are disabled do not, deny-only ones only deny. */
enum sic_answer sic_subject_has_group(const struct sic_subject *subject, struct sic_sid_bytes sid, enum sic_use use);

/* Whether it is one of the restricting SIDs, which always count. */
enum sic_answer sic_subject_has_restricting(const struct sic_subject *subject, struct sic_sid_bytes sid);

/*
 * Whether it stands for the AppContainer: its package, an enabled capability, ALL RESTRICTED APPLICATION PACKAGES, or,
 * unless it is of low privilege, ALL APPLICATION PACKAGES.
 */
enum sic_answer sic_subject_has_package(const struct sic_subject *subject, struct sic_sid_bytes sid);

/* Whether there are restricting SIDs. */
enum sic_answer sic_subject_is_restricted(const struct sic_subject *subject);
/* Whether they count for writing only. */
enum sic_answer sic_subject_is_write_restricted(const struct sic_subject *subject);

/* Whether SeChangeNotifyPrivilege is enabled. */
enum sic_answer sic_subject_bypasses_traversal(const struct sic_subject *subject);

/* How many SIDs are compared at most for one entry. */
uint32_t sic_subject_size(const struct sic_subject *subject);

#endif
