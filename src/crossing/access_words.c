#include "crossing/access_check.h"

static const struct {
    const char *token;
    const char *text;
} reasons[SIC_ACCESS_REASON_COUNT] = {
    [SIC_ACCESS_GRANTED] = {"granted", "its access control list grants it"},
    [SIC_ACCESS_NO_DESCRIPTOR] = {"no-descriptor", "it has no security descriptor"},
    [SIC_ACCESS_NULL_DACL] = {"null-dacl", "it has no access control list"},
    [SIC_ACCESS_BYPASSED] = {"bypassed", "directories are not checked for it"},
    [SIC_ACCESS_LABEL] = {"mandatory-label", "its mandatory label forbids it"},
    [SIC_ACCESS_TRUST_LABEL] = {"trust-label", "its process trust label forbids it"},
    [SIC_ACCESS_DENIED] = {"denied", "an entry denies it"},
    [SIC_ACCESS_NOT_GRANTED] = {"not-granted", "no entry grants it"},
    [SIC_ACCESS_NOT_RESTRICTED] = {"not-restricted", "no entry grants it to the restricting SIDs"},
    [SIC_ACCESS_NOT_CONTAINER] = {"not-container", "no entry grants it to the AppContainer"},
    [SIC_ACCESS_PACKAGE_LOW] = {"package-low", "it belongs to a package, which keeps low integrity out"},
    [SIC_ACCESS_DIRECTORY] = {"directory", "a directory on the way cannot be traversed"},
    [SIC_ACCESS_UNREADABLE] = {"unreadable", "its security descriptor could not be read"},
    [SIC_ACCESS_DIRECTORY_UNKNOWN] = {"directory-unknown", "a directory on the way may keep it out"},
    [SIC_ACCESS_ENTRY_UNKNOWN] = {"entry-unknown", "an entry decides that is more than a grant to a SID"},
    [SIC_ACCESS_TOKEN_UNKNOWN] = {"token-unknown", "parts of its token decide that were not read"},
    [SIC_ACCESS_TOO_MUCH] = {"too-much", "there is too much to judge"},
};

const char *sic_access_reason_text(enum sic_access_reason reason)
{
    return reasons[reason].text;
}

const char *sic_access_reason_token(enum sic_access_reason reason)
{
    return reasons[reason].token;
}
