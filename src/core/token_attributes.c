#include "core/token_attributes.h"

#include "core/list.h"

/*
 * _AUTHZBASEP_SECURITY_ATTRIBUTES_INFORMATION is in the public symbols: the list of attributes is at 8 since 7600. Of
 * an attribute, whose type no symbols name, published disassemblies of AuthzBasepAllocateSecurityAttribute,
 * AuthzBasepCopyoutInternalSecurityAttributes and …AttributeValues of 14393 to 22621 agree on {LIST_ENTRY,
 * LIST_ENTRY, UNICODE_STRING name at 0x20, u16 type at 0x30, u32 flags at 0x34, u32 count at 0x3c, LIST_ENTRY of values
 * at 0x48}, and of a value on {LIST_ENTRY, LIST_ENTRY, flags, u64 at 0x28}. SepCanTokenMatchAllPackageSid reads the
 * first value of WIN://NOALLAPPPKG, an attribute that came with 14393.
 */
#define INFORMATION_LIST 0x8u
#define ATTRIBUTE_NAME   0x20u
#define ATTRIBUTE_TYPE   0x30u
#define ATTRIBUTE_VALUES 0x48u
#define VALUE_NUMBER     0x28u

/* TOKEN_SECURITY_ATTRIBUTE_TYPE_INT64 and _UINT64 */
#define TYPE_INT64  1u
#define TYPE_UINT64 2u

#define ATTRIBUTE_LIMIT 1024u

static const char low_privilege_name[] = "WIN://NOALLAPPPKG";
#define NAME_LENGTH (sizeof(low_privilege_name) - 1)

static bool is_same_letter(uint16_t unit, char letter)
{
    return unit == (uint8_t)letter || (letter >= 'A' && letter <= 'Z' && unit == (letter | 0x20));
}

enum match { MATCH_NO, MATCH_YES, MATCH_UNKNOWN };

/* The kernel compares names of attributes without regard to case. */
static enum match match_name(const struct sic_reader *reader, uint64_t attribute_va)
{
    uint8_t header[16], name[2 * NAME_LENGTH];
    uint64_t buffer_va;

    if (!reader->read(reader->context, attribute_va + ATTRIBUTE_NAME, header, sizeof(header)))
        return MATCH_UNKNOWN;
    if (sic_load16(header) != sizeof(name))
        return MATCH_NO;
    buffer_va = sic_load64(header + 8);
    if (!sic_is_kernel_pointer(reader, buffer_va, 2) || !reader->read(reader->context, buffer_va, name, sizeof(name)))
        return MATCH_UNKNOWN;
    for (size_t i = 0; i < NAME_LENGTH; i++) {
        if (!is_same_letter(sic_load16(name + 2 * i), low_privilege_name[i]))
            return MATCH_NO;
    }
    return MATCH_YES;
}

static enum sic_low_privilege read_value(const struct sic_reader *reader, uint64_t attribute_va)
{
    uint64_t head_va = attribute_va + ATTRIBUTE_VALUES, value_va, number;
    uint8_t type[2];

    if (!reader->read(reader->context, attribute_va + ATTRIBUTE_TYPE, type, sizeof(type)) ||
        (sic_load16(type) != TYPE_INT64 && sic_load16(type) != TYPE_UINT64) ||
        !sic_list_follow(reader, head_va, SIC_LINK_FORWARD, &value_va) || value_va == head_va ||
        !sic_reader_u64(reader, value_va + VALUE_NUMBER, &number))
        return SIC_LOW_PRIVILEGE_UNKNOWN;
    return number != 0 ? SIC_LOW_PRIVILEGE_YES : SIC_LOW_PRIVILEGE_NO;
}

enum sic_low_privilege sic_token_low_privilege(const struct sic_reader *reader, uint64_t attributes_va)
{
    uint64_t head_va = attributes_va + INFORMATION_LIST, entry_va = head_va;

    if (attributes_va == 0)
        return SIC_LOW_PRIVILEGE_NO;
    if (!sic_is_kernel_pointer(reader, attributes_va, 8))
        return SIC_LOW_PRIVILEGE_UNKNOWN;
    for (unsigned i = 0; i < ATTRIBUTE_LIMIT; i++) {
        if (!sic_list_follow(reader, entry_va, SIC_LINK_FORWARD, &entry_va))
            return SIC_LOW_PRIVILEGE_UNKNOWN;
        if (entry_va == head_va)
            return SIC_LOW_PRIVILEGE_NO;
        switch (match_name(reader, entry_va)) {
        case MATCH_YES:
            return read_value(reader, entry_va);
        case MATCH_UNKNOWN:
            return SIC_LOW_PRIVILEGE_UNKNOWN;
        case MATCH_NO:
            break;
        }
    }
    return SIC_LOW_PRIVILEGE_UNKNOWN;
}
