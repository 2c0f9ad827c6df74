/*
 * Tokens: SIDs in the variable part behind the fixed one, a label, a package, capabilities, security attributes.
 */
#include "world.h"

#include "bytes.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MAX_SIDS 64u

#define SE_CHANGE_NOTIFY (1ull << 23) /* enabled in nearly all tokens: directories need not be traversed */

#define GROUP           0x7u /* mandatory, enabled by default, enabled */
#define OWNER_GROUP     0xfu
#define DENY_ONLY       0x10u
#define INTEGRITY_GROUP 0x60u
#define LOGON_GROUP     0xc0000007u

struct sid_list {
    struct {
        uint8_t bytes[68];
        size_t size;
        uint32_t attributes;
        const char *text;
        size_t text_size;
    } items[MAX_SIDS];
    size_t count;
};

/* S-1-AUTHORITY-SUB-SUB… as it lies in memory: revision, count, authority (big-endian), sub-authorities. */
size_t lab_sid_parse(const char *text, size_t size, uint8_t *sid)
{
    char copy[256], *at, *part;
    unsigned count = 0;
    if (size >= sizeof copy || size < 5 || strncmp(text, "S-1-", 4))
        lab_fail("not a SID: %.*s", (int)size, text);
    memcpy(copy, text + 4, size - 4);
    copy[size - 4] = 0;
    at = copy;
    memset(sid, 0, 68);
    sid[0] = 1;
    sid[7] = (uint8_t)strtoul(strsep(&at, "-"), NULL, 10);
    while ((part = strsep(&at, "-"))) {
        char *end;
        unsigned long value = strtoul(part, &end, 10);
        if (count == 15 || !*part || *end)
            lab_fail("not a SID: %.*s", (int)size, text);
        lab_store_u32(sid + 8 + count++ * 4, (uint32_t)value);
    }
    sid[1] = (uint8_t)count;
    return 8 + count * 4u;
}

static void add_sid(struct sid_list *list, const char *text, size_t size, uint32_t attributes)
{
    if (list->count == MAX_SIDS)
        lab_fail("a token has more than %u SIDs", MAX_SIDS);
    list->items[list->count].text = text;
    list->items[list->count].text_size = size;
    list->items[list->count].size = lab_sid_parse(text, size, list->items[list->count].bytes);
    list->items[list->count++].attributes = attributes;
}

/* A list with commas. */
static void add_list(struct sid_list *list, const char *text, uint32_t attributes)
{
    for (; text && *text; text += strcspn(text, ",") + (text[strcspn(text, ",")] == ','))
        add_sid(list, text, strcspn(text, ","), attributes);
}

/* What the account's tokens have: users, services and the system differ. */
static void add_usual_groups(struct sid_list *list, const struct lab_identity *identity)
{
    bool person = !strncmp(identity->user, "S-1-5-21-", 9), elevated = identity->integrity >= 0x3000;
    add_list(list, person ? "S-1-1-0,S-1-5-32-545,S-1-5-4,S-1-2-1,S-1-5-11,S-1-5-15,S-1-2-0" : "S-1-1-0,S-1-5-11",
             GROUP);
    if (person)
        add_list(list, "S-1-5-5-0-172013", LOGON_GROUP);
    if (person || !strcmp(identity->user, "S-1-5-18"))
        add_list(list, "S-1-5-32-544", elevated ? OWNER_GROUP : DENY_ONLY);
    else
        add_list(list, "S-1-5-32-545,S-1-5-6,S-1-2-1", GROUP);
}

/* SID_AND_ATTRIBUTES for each, and the SIDs behind them. Returns the address behind it all. */
static uint64_t write_sids(struct lab_world *world, const struct sid_list *list, uint64_t at)
{
    struct lab_memory *memory = &world->memory;
    uint64_t sid = at + list->count * 16;
    for (size_t i = 0; i < list->count; i++) {
        lab_va_store_u64(memory, at + i * 16, sid);
        lab_va_store_u32(memory, at + i * 16 + 8, list->items[i].attributes);
        lab_va_write(memory, sid, list->items[i].bytes, list->items[i].size);
        sid += list->items[i].size;
    }
    return (sid + 7) & ~7ull;
}

static uint32_t sids_size(const struct sid_list *list)
{
    size_t size = list->count * 16;
    for (size_t i = 0; i < list->count; i++)
        size += list->items[i].size;
    return (uint32_t)(size + 7) & ~7u;
}

/* LIST_ENTRY at `link` becomes the last of the list at `head`. */
static void append(struct lab_memory *memory, uint64_t head, uint64_t link)
{
    uint64_t last = lab_va_load_u64(memory, head + 8);
    lab_va_store_u64(memory, link, head);
    lab_va_store_u64(memory, link + 8, last);
    lab_va_store_u64(memory, last, link);
    lab_va_store_u64(memory, head + 8, link);
}

static void empty_list(struct lab_memory *memory, uint64_t head)
{
    lab_va_store_u64(memory, head, head);
    lab_va_store_u64(memory, head + 8, head);
}

#define ATTRIBUTE_TAG LAB_TAG('S', 'e', 'A', 't')
#define UINT64_VALUE  2u

/*
 * One attribute with values of 64 bits. No public symbols name these structures; public disassemblies of the routines
 * AuthzBasepAllocateSecurityAttribute, …AddSecurityAttributeValueToLists, …QuerySecurityAttributeAndValues (several
 * builds of Windows 10 and 11, which agree) give their members. Attribute: links@0 and @10, name@20 (its text stands at
 * @70), type u16@30, flags u32@34, in which lists u32@38, number of values u32@3c, values@48, number of working values
 * u32@58, working values@60. Value: links@0 and @10, in which lists u32@20, the value itself @28.
 */
static void add_attribute(struct lab_world *world, uint64_t information, const char *name, uint64_t first,
                          uint64_t second)
{
    struct lab_memory *memory = &world->memory;
    uint8_t text[128];
    const uint64_t values[] = {first, second};
    uint32_t size = (uint32_t)lab_utf16(name, text, sizeof text), count = second == UINT64_MAX ? 1 : 2;
    uint64_t attribute = lab_pool_allocate(&world->paged, 0x70 + size, ATTRIBUTE_TAG);
    append(memory, information + 8, attribute);
    append(memory, information + 0x20, attribute + 0x10);
    lab_va_store_u16(memory, attribute + 0x20, (uint16_t)size);
    lab_va_store_u16(memory, attribute + 0x22, (uint16_t)size);
    lab_va_store_u64(memory, attribute + 0x28, attribute + 0x70);
    lab_va_write(memory, attribute + 0x70, text, size);
    lab_va_store_u16(memory, attribute + 0x30, UINT64_VALUE);
    lab_va_store_u32(memory, attribute + 0x38, 3);
    lab_va_store_u32(memory, attribute + 0x3c, count);
    lab_va_store_u32(memory, attribute + 0x58, count);
    empty_list(memory, attribute + 0x48);
    empty_list(memory, attribute + 0x60);
    for (uint32_t i = 0; i < count; i++) {
        uint64_t value = lab_pool_allocate(&world->paged, 0x40, ATTRIBUTE_TAG);
        append(memory, attribute + 0x48, value);
        append(memory, attribute + 0x60, value + 0x10);
        lab_va_store_u32(memory, value + 0x20, 3);
        lab_va_store_u64(memory, value + 0x28, values[i]);
    }
    lab_va_store_u32(memory, information, lab_va_load_u32(memory, information) + 1);
    lab_va_store_u32(memory, information + 0x18, lab_va_load_u32(memory, information + 0x18) + 1);
}

/*
 * AUTHZBASEP_SECURITY_ATTRIBUTES_INFORMATION, public in the symbols: count u32@0, list@8, working count u32@18, working
 * list@20. A low-privilege AppContainer has WIN://NOALLAPPPKG with a value other than 0; some others have it with 0.
 */
static uint64_t write_attributes(struct lab_world *world, const struct lab_process *process)
{
    const struct lab_identity *identity = &process->identity;
    uint64_t information = lab_pool_allocate(&world->paged, 0x30, ATTRIBUTE_TAG);
    empty_list(&world->memory, information + 8);
    empty_list(&world->memory, information + 0x20);
    if (process->pid != 4)
        add_attribute(world, information, "TSA://ProcUnique", process->pid, process->created);
    if (identity->low_privilege)
        add_attribute(world, information, "WIN://NOALLAPPPKG", 1, UINT64_MAX);
    else if (identity->package && lab_mix(process->pid) % 3 == 0)
        add_attribute(world, information, "WIN://NOALLAPPPKG", 0, UINT64_MAX);
    return information;
}

static void write_privileges(struct lab_memory *memory, const struct lab_identity *identity, uint64_t privileges)
{
    lab_va_store_u64(memory, privileges, identity->integrity >= 0x4000 ? 0x1ff2ffffbcull : 0x602880000ull);
    lab_va_store_u64(memory, privileges + 8, identity->no_traverse ? 0 : SE_CHANGE_NOTIFY);
    lab_va_store_u64(memory, privileges + 16, 0x40800000);
}

/* TokenType@c0, the same from 9200 on: 1, primary. Flags: in use; lowbox and no child of it; restricted. */
static void write_fixed(struct lab_world *world, const struct lab_identity *identity, uint64_t token)
{
    const struct lab_layout *layout = &world->layout;
    struct lab_memory *memory = &world->memory;
    uint32_t flags = (identity->package ? 0x4a00u : 0x2000u) | (identity->restricted ? 0x10u : 0) |
                     (identity->write_restricted ? 8u : 0);
    lab_va_write(memory, token, identity->integrity >= 0x4000 ? "*SYSTEM*" : "User32 \0", 8);
    lab_va_store_u32(memory, token + lab_offset(layout, LAB_TOKEN_SESSION), (uint32_t)identity->session);
    lab_va_store_u32(memory, token + lab_offset(layout, LAB_TOKEN_FLAGS), flags);
    if (lab_has(layout, LAB_TOKEN_POLICY))
        lab_va_store_u32(memory, token + lab_offset(layout, LAB_TOKEN_POLICY), (uint32_t)identity->policy);
    if (layout->build >= 9200)
        lab_va_store_u32(memory, token + 0xc0, 1);
    if (lab_has(layout, LAB_TOKEN_PRIVILEGES)) /* a pointer to an array before Vista, which this image lacks */
        write_privileges(memory, identity, token + lab_offset(layout, LAB_TOKEN_PRIVILEGES));
}

/* For the truth: what the token says, as JSON. */
static char *groups_as_text(const struct sid_list *groups)
{
    char *text = lab_allocate(groups->count, 256 + 64);
    size_t used = 0;
    for (size_t i = 0; i < groups->count; i++)
        used += (size_t)sprintf(text + used, "%s{\"sid\": \"%.*s\", \"attributes\": %u}", i ? ", " : "",
                                (int)groups->items[i].text_size, groups->items[i].text, groups->items[i].attributes);
    return text;
}

static void list_groups(const struct lab_world *world, const struct lab_identity *identity, struct sid_list *groups,
                        char label[32])
{
    add_list(groups, identity->user, 0);
    if (identity->groups)
        add_list(groups, identity->groups, GROUP);
    else
        add_usual_groups(groups, identity);
    add_list(groups, identity->deny_only, DENY_ONLY);
    snprintf(label, 32, "S-1-16-%llu", (unsigned long long)identity->integrity);
    if (lab_has(&world->layout, LAB_TOKEN_INTEGRITY)) /* mandatory labels came with Vista */
        add_list(groups, label, INTEGRITY_GROUP);
}

/* The variable part begins behind the fixed one: groups, then restricting SIDs, then capabilities. */
static void write_lists(struct lab_world *world, struct lab_identity *identity, uint64_t token,
                        const struct sid_list lists[3])
{
    const struct lab_layout *layout = &world->layout;
    struct lab_memory *memory = &world->memory;
    static const enum lab_field_id pointers[] = {LAB_TOKEN_USERS, LAB_TOKEN_RESTRICTED, LAB_TOKEN_CAPABILITIES};
    static const enum lab_field_id counts[] = {LAB_TOKEN_USER_COUNT, LAB_TOKEN_RESTRICTED_COUNT,
                                               LAB_TOKEN_CAPABILITY_COUNT};
    uint64_t at = token + lab_offset(layout, LAB_TOKEN_SIZE);
    uint8_t package[68];
    for (unsigned i = 0; i < 3; i++) {
        if (!lab_has(layout, pointers[i]))
            continue;
        if (lists[i].count)
            lab_va_store_u64(memory, token + lab_offset(layout, pointers[i]), at);
        lab_va_store_u32(memory, token + lab_offset(layout, counts[i]), (uint32_t)lists[i].count);
        at = write_sids(world, &lists[i], at);
    }
    if (lab_has(layout, LAB_TOKEN_INTEGRITY))
        lab_va_store_u32(memory, token + lab_offset(layout, LAB_TOKEN_INTEGRITY), (uint32_t)lists[0].count - 1);
    if (!identity->package)
        return;
    size_t size = lab_sid_parse(identity->package, strlen(identity->package), package);
    uint64_t sid = lab_pool_allocate(&world->paged, (uint32_t)size, LAB_TAG('S', 'e', 'S', 'i'));
    lab_va_write(memory, sid, package, size);
    lab_va_store_u64(memory, token + lab_offset(layout, LAB_TOKEN_PACKAGE), sid);
}

/* What tokens of this kernel cannot say: packages and capabilities came with Windows 8. */
static void fit_identity(const struct lab_world *world, struct lab_identity *identity)
{
    if (lab_has(&world->layout, LAB_TOKEN_PACKAGE))
        return;
    free(identity->package);
    free(identity->capabilities);
    identity->package = identity->capabilities = NULL;
    identity->low_privilege = false;
}

void lab_token_build(struct lab_world *world, struct lab_process *process)
{
    const struct lab_layout *layout = &world->layout;
    struct lab_identity *identity = &process->identity;
    struct sid_list *lists = lab_allocate(3, sizeof *lists);
    if (strcmp(identity->user, "none")) {
        char label[32];
        fit_identity(world, identity);
        list_groups(world, identity, &lists[0], label);
        identity->group_text = groups_as_text(&lists[0]);
        add_list(&lists[1], identity->restricted, GROUP);
        add_list(&lists[2], identity->capabilities, 4); /* enabled */
        uint32_t size = lab_offset(layout, LAB_TOKEN_SIZE);
        for (unsigned i = 0; i < 3; i++)
            size += sids_size(&lists[i]);
        uint64_t token = lab_object_create(world, LAB_TYPE_TOKEN, size, NULL);
        write_fixed(world, identity, token);
        write_lists(world, identity, token, lists);
        if (lab_has(layout, LAB_TOKEN_ATTRIBUTES))
            lab_va_store_u64(&world->memory, token + lab_offset(layout, LAB_TOKEN_ATTRIBUTES),
                             write_attributes(world, process));
        lab_va_store_u64(&world->memory, process->eprocess + lab_offset(layout, LAB_EPROCESS_TOKEN), token | 7);
    }
    free(lists);
}
