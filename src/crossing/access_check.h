/*
 * Whether a token may open an object: what the kernel's access check would answer, as far as it can be known.
 *
 * The rules are those of SeAccessCheck as public descriptions tell them: Microsoft's "How DACLs control access to an
 * object" and "Mandatory integrity control", and J. Forshaw, "Windows Security Internals" (2024), chapters 7 and 8,
 * for AppContainers, restricted tokens, process trust labels and the traversal of directories.
 */
#ifndef SIC_CROSSING_ACCESS_CHECK_H
#define SIC_CROSSING_ACCESS_CHECK_H

#include "crossing/subject.h"

/* The one right that is asked for. */
enum sic_wish {
    SIC_WISH_MAP_WRITE, /* SECTION_MAP_WRITE of a section */
    SIC_WISH_TRAVERSE   /* DIRECTORY_TRAVERSE of an object directory */
};

/* What decided. */
enum sic_access_reason {
    SIC_ACCESS_GRANTED,           /* by the DACL, and nothing forbids it */
    SIC_ACCESS_NO_DESCRIPTOR,     /* the object has none: everybody may */
    SIC_ACCESS_NULL_DACL,         /* everybody may */
    SIC_ACCESS_BYPASSED,          /* SeChangeNotifyPrivilege: directories are not checked */
    SIC_ACCESS_LABEL,             /* the mandatory label forbids it */
    SIC_ACCESS_TRUST_LABEL,       /* the process trust label forbids it */
    SIC_ACCESS_DENIED,            /* an entry denies it */
    SIC_ACCESS_NOT_GRANTED,       /* no entry grants it */
    SIC_ACCESS_NOT_RESTRICTED,    /* it is granted, but not to the restricting SIDs */
    SIC_ACCESS_NOT_CONTAINER,     /* it is granted to the user, but not to the AppContainer */
    SIC_ACCESS_PACKAGE_LOW,       /* entries for a package keep tokens of low integrity out */
    SIC_ACCESS_DIRECTORY,         /* a directory on the way cannot be traversed */
    SIC_ACCESS_UNREADABLE,        /* unknown: the descriptor was not read, or contradicts itself */
    SIC_ACCESS_DIRECTORY_UNKNOWN, /* unknown: whether a directory on the way can be traversed */
    SIC_ACCESS_ENTRY_UNKNOWN,     /* unknown: an entry with a condition, or of an unknown kind, decides */
    SIC_ACCESS_TOKEN_UNKNOWN,     /* unknown: what was not read of the token decides */
    SIC_ACCESS_TOO_MUCH,          /* unknown: there is too much to judge */
    SIC_ACCESS_REASON_COUNT
};

/* No scan of a real machine comes near: beyond so many comparisons in all the answer is unknown. */
#define SIC_ACCESS_WORK_LIMIT (1ull << 30)

struct sic_access {
    enum sic_answer answer;
    enum sic_access_reason reason;
};

/*
 * `bytes` are a self-relative SECURITY_DESCRIPTOR, hostile: whatever in it reaches beyond `size` or contradicts itself
 * makes the answer unknown. NULL: the object has no descriptor. *work, if given, grows by the comparisons made,
 * and counts for SIC_ACCESS_WORK_LIMIT.
 */
struct sic_access sic_access_check(const struct sic_subject *subject, enum sic_wish wish, const uint8_t *bytes,
                                   uint32_t size, uint64_t *work);

/*
 * Whether the token may pass a directory, without looking at SeChangeNotifyPrivilege, with which it passes all. The
 * kernel asks a quicker question first: whether the directory lets everybody through.
 */
struct sic_access sic_access_check_traversal(const struct sic_subject *subject, const uint8_t *bytes, uint32_t size,
                                             uint64_t *work);

/* "a deny entry": completes "because of …"; constant text. */
const char *sic_access_reason_text(enum sic_access_reason reason);
/* "deny-entry": the same as a token for --json. */
const char *sic_access_reason_token(enum sic_access_reason reason);

#endif
