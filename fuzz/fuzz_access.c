/*
 * Access checks of anybody's descriptors by tokens of all kinds: what is granted with all facts known cannot be denied
 * without some of them, and the other way round.
 */
#include "crossing/access_check.h"
#include "util/memory.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* All that can be known of a token; whether it is of low privilege is a fact besides. */
#define KNOWN 0xfbu

/* SIDs of the token: Everyone, a user, a package, a capability, RESTRICTED. */
static const uint8_t sid_bytes[] = {1, 1,  0, 0, 0, 0, 0, 1, 0,  0, 0, 0, 1, 1, 0, 0, 0, 0, 0,  5, 18, 0, 0,
                                    0, 1,  2, 0, 0, 0, 0, 0, 15, 2, 0, 0, 0, 9, 0, 0, 0, 1, 2,  0, 0,  0, 0,
                                    0, 15, 3, 0, 0, 0, 1, 0, 0,  0, 1, 1, 0, 0, 0, 0, 0, 5, 12, 0, 0,  0};

static struct sic_sid sid_at(uint32_t offset, uint32_t length, uint32_t attributes)
{
    return (struct sic_sid){.sid = {.offset = offset, .length = length}, .attributes = attributes};
}

/* The first byte chooses the token, the second what of it is unknown. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct sic_sid sids[5] = {sid_at(12, 12, 0), sid_at(0, 12, 7), sid_at(24, 16, 0), sid_at(40, 16, 4),
                              sid_at(56, 12, 7)};
    struct sic_scan scan = {.sids = {.elements = sids, .count = 5}, .bytes = {(void *)sid_bytes, sizeof(sid_bytes), 0}};
    struct sic_token token = {.integrity = 0x2000,
                              .group_count = 2,
                              .first_capability = 3,
                              .first_restricted = 4,
                              .flags = KNOWN,
                              .mandatory_policy = 1,
                              .package = {.offset = SIC_NONE}};
    struct sic_subject subject = {.scan = &scan, .token = &token, .is_protected = SIC_ANSWER_NO};
    struct sic_access whole, partial;
    enum sic_wish wish;

    if (size < 2)
        return 0;
    wish = data[0] & 1 ? SIC_WISH_TRAVERSE : SIC_WISH_MAP_WRITE;
    token.restricted_count = data[0] >> 1 & 1;
    if (data[0] & 4) {
        token.package = sids[2].sid;
        token.capability_count = 1;
        token.integrity = 0x1000;
    }
    token.flags |= data[0] & 8 ? SIC_TOKEN_LOW_PRIVILEGE : 0;
    token.kernel_flags = data[0] & 0x10 ? 8 : 0;
    sids[1].attributes = data[0] & 0x20 ? 0x10 : 7;
    token.integrity = data[0] & 0x40 ? 0 : data[0] & 0x80 ? 0x1000 : token.integrity;
    whole = sic_access_check(&subject, wish, data + 2, (uint32_t)(size - 2), NULL);
    token.flags &= ~(data[1] & KNOWN);
    if (!(token.flags & SIC_TOKEN_ATTRIBUTES_KNOWN))
        token.flags &= ~SIC_TOKEN_LOW_PRIVILEGE;
    token.integrity = data[1] & 0x40 ? SIC_NONE : token.integrity;
    if (!(token.flags & SIC_TOKEN_POLICY_KNOWN))
        token.mandatory_policy = 0;
    partial = sic_access_check(&subject, wish, data + 2, (uint32_t)(size - 2), NULL);
    if (whole.reason >= SIC_ACCESS_REASON_COUNT || partial.reason >= SIC_ACCESS_REASON_COUNT)
        abort();
    if (whole.answer != SIC_ANSWER_UNKNOWN && partial.answer != SIC_ANSWER_UNKNOWN && whole.answer != partial.answer)
        abort();
    sic_access_check_traversal(&subject, data + 2, (uint32_t)(size - 2), NULL);
    return 0;
}
