/*
 * Tokens, SIDs and PEBs made by hand: what they say, and what damage to them leaves unknown.
 */
#include "flat_memory.h"
#include "scarce_heap.h"

#include "core/peb.h"
#include "core/process.h"
#include "core/token.h"
#include "core/token_attributes.h"
#include "meaning/identity.h"
#include "symbols/profile.h"
#include "util/memory.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define EPROCESS_AT   0x1000u
#define TOKEN_AT      0x2000u
#define GROUPS_AT     0x3000u
#define SIDS_AT       0x4000u /* one each 0x80 bytes */
#define ATTRIBUTES_AT 0x6000u
#define ENTRY_AT      0x6100u
#define NAME_AT       0x6200u
#define VALUE_AT      0x6300u
#define OTHER_AT      0x6400u

struct world {
    uint8_t bytes[0x10000];
    struct flat_memory memory;
    struct sic_reader reader;
    struct sic_profile profile;
    struct sic_scan scan;
    struct sic_objects objects;
};

static void put(struct world *world, uint32_t at, uint64_t value, unsigned size)
{
    memcpy(world->bytes + at, &value, size);
}

static void put_field(struct world *world, uint32_t at, enum sic_field field, uint64_t value, unsigned size)
{
    assert_true(sic_layout_has(&world->profile.layout, field));
    put(world, at + sic_layout_offset(&world->profile.layout, field), value, size);
}

static uint32_t sid_at(unsigned index)
{
    return SIDS_AT + index * 0x80;
}

static void put_sid(struct world *world, unsigned index, uint8_t authority, unsigned count, const uint32_t *parts)
{
    uint8_t *sid = world->bytes + sid_at(index);

    memset(sid, 0, 0x80);
    sid[0] = 1;
    sid[1] = (uint8_t)count;
    sid[7] = authority;
    memcpy(sid + 8, parts, count * sizeof(*parts));
}

static void put_group(struct world *world, unsigned entry, unsigned sid, uint32_t attributes)
{
    put(world, GROUPS_AT + 16 * entry, FLAT_BASE + sid_at(sid), 8);
    put(world, GROUPS_AT + 16 * entry + 8, attributes, 4);
}

static void put_attribute_name(struct world *world, const char *name)
{
    put(world, ENTRY_AT + 0x20, 2 * strlen(name), 2);
    put(world, ENTRY_AT + 0x28, FLAT_BASE + NAME_AT, 8);
    for (size_t i = 0; name[i] != '\0'; i++)
        put(world, NAME_AT + 2 * (uint32_t)i, (uint8_t)name[i], 2);
}

static void link_pair(struct world *world, uint32_t head, uint32_t entry)
{
    put(world, head, FLAT_BASE + entry, 8);
    put(world, head + 8, FLAT_BASE + entry, 8);
    put(world, entry, FLAT_BASE + head, 8);
    put(world, entry + 8, FLAT_BASE + head, 8);
}

/* An AppContainer's token: user 0, group 1, label 2; package 3; capability 4; restricting SID 5. */
static void put_token(struct world *world)
{
    put_sid(world, 0, 5, 5, (const uint32_t[]){21, 1, 2, 3, 1001});
    put_sid(world, 1, 1, 1, (const uint32_t[]){0});
    put_sid(world, 2, 16, 1, (const uint32_t[]){0x1000});
    put_sid(world, 3, 15, 8, (const uint32_t[]){2, 1, 2, 3, 4, 5, 6, 7});
    put_sid(world, 4, 15, 2, (const uint32_t[]){3, 1});
    put_sid(world, 5, 5, 1, (const uint32_t[]){12});
    for (unsigned i = 0; i < 3; i++)
        put_group(world, i, i, i == 2 ? 0x60 : 7);
    put_group(world, 8, 4, 4);
    put_group(world, 9, 5, 7);
    put_field(world, TOKEN_AT, SIC_FIELD_TOKEN_SESSION_ID, 3, 4);
    put_field(world, TOKEN_AT, SIC_FIELD_TOKEN_FLAGS, 0x4800, 4);
    put_field(world, TOKEN_AT, SIC_FIELD_TOKEN_GROUP_COUNT, 3, 4);
    put_field(world, TOKEN_AT, SIC_FIELD_TOKEN_GROUPS, FLAT_BASE + GROUPS_AT, 8);
    put_field(world, TOKEN_AT, SIC_FIELD_TOKEN_INTEGRITY_INDEX, 2, 4);
    put_field(world, TOKEN_AT, SIC_FIELD_TOKEN_MANDATORY_POLICY, 3, 4);
    put(world, TOKEN_AT + sic_layout_offset(&world->profile.layout, SIC_FIELD_TOKEN_PRIVILEGES) + 8, 0x800000, 8);
    put_field(world, TOKEN_AT, SIC_FIELD_TOKEN_PACKAGE, FLAT_BASE + sid_at(3), 8);
    put_field(world, TOKEN_AT, SIC_FIELD_TOKEN_CAPABILITY_COUNT, 1, 4);
    put_field(world, TOKEN_AT, SIC_FIELD_TOKEN_CAPABILITIES, FLAT_BASE + GROUPS_AT + 16 * 8, 8);
    put_field(world, TOKEN_AT, SIC_FIELD_TOKEN_RESTRICTED_COUNT, 1, 4);
    put_field(world, TOKEN_AT, SIC_FIELD_TOKEN_RESTRICTED_SIDS, FLAT_BASE + GROUPS_AT + 16 * 9, 8);
    put_field(world, TOKEN_AT, SIC_FIELD_TOKEN_SECURITY_ATTRIBUTES, FLAT_BASE + ATTRIBUTES_AT, 8);
    put(world, ATTRIBUTES_AT, 1, 4);
    link_pair(world, ATTRIBUTES_AT + 8, ENTRY_AT);
    put_attribute_name(world, "WIN://NOALLAPPPKG");
    put(world, ENTRY_AT + 0x30, 2, 2);
    link_pair(world, ENTRY_AT + 0x48, VALUE_AT);
    put(world, VALUE_AT + 0x28, 1, 8);
}

static int set_up(void **state)
{
    static struct world world;

    memset(&world, 0, sizeof(world));
    assert_true(sic_profile_builtin_find("19041.264", &world.profile));
    world.memory = (struct flat_memory){.bytes = world.bytes, .size = sizeof(world.bytes)};
    world.reader = flat_memory_reader(&world.memory);
    sic_scan_init(&world.scan, sic_heap_allocator());
    /* The low four bits of the reference are its count. */
    put_field(&world, EPROCESS_AT, SIC_FIELD_EPROCESS_TOKEN, FLAT_BASE + TOKEN_AT + 0xd, 8);
    put_token(&world);
    *state = &world;
    return 0;
}

static int tear_down(void **state)
{
    sic_scan_deinit(&((struct world *)*state)->scan);
    return 0;
}

static void add_process(struct world *world, uint32_t at)
{
    struct sic_process *process = sic_array_append(&world->scan.allocator, &world->scan.processes, sizeof(*process));

    assert_true(sic_process_read(&world->reader, &world->profile.layout, FLAT_BASE + at, process));
}

/* The token of one process, read anew. */
static const struct sic_token *read_token(struct world *world)
{
    sic_scan_deinit(&world->scan);
    sic_scan_init(&world->scan, sic_heap_allocator());
    add_process(world, EPROCESS_AT);
    assert_true(sic_tokens_read(&world->scan, &world->reader, &world->profile.layout, &world->objects));
    assert_int_equal(world->scan.problems.count, 0);
    if (sic_scan_process(&world->scan, 0)->token == SIC_NONE)
        return NULL;
    return (const struct sic_token *)world->scan.tokens.elements + sic_scan_process(&world->scan, 0)->token;
}

static void assert_blob(const struct world *world, struct sic_blob blob, unsigned sid)
{
    uint32_t size = 8 + 4u * world->bytes[sid_at(sid) + 1];

    assert_int_equal(blob.length, size);
    assert_true(blob.offset <= world->scan.bytes.count - size);
    assert_memory_equal((const uint8_t *)world->scan.bytes.elements + blob.offset, world->bytes + sid_at(sid), size);
}

static const struct sic_sid *sid_of(const struct world *world, uint32_t index)
{
    assert_true(index < world->scan.sids.count);
    return (const struct sic_sid *)world->scan.sids.elements + index;
}

static void test_whole_token(void **state)
{
    struct world *world = *state;
    const struct sic_token *token = read_token(world);

    assert_non_null(token);
    assert_int_equal(token->va, FLAT_BASE + TOKEN_AT);
    assert_int_equal(token->session_id, 3);
    assert_int_equal(token->kernel_flags, 0x4800);
    assert_int_equal(token->integrity, 0x1000);
    assert_int_equal(token->flags, SIC_TOKEN_READ | SIC_TOKEN_PACKAGE_KNOWN | SIC_TOKEN_LOW_PRIVILEGE |
                                       SIC_TOKEN_ATTRIBUTES_KNOWN | SIC_TOKEN_CAPABILITIES_KNOWN |
                                       SIC_TOKEN_RESTRICTED_KNOWN | SIC_TOKEN_POLICY_KNOWN |
                                       SIC_TOKEN_PRIVILEGES_KNOWN);
    assert_int_equal(token->mandatory_policy, 3);
    assert_int_equal(token->privileges, 0x800000);
    assert_int_equal(token->group_count, 3);
    for (unsigned i = 0; i < 3; i++)
        assert_blob(world, sid_of(world, token->first_group + i)->sid, i);
    assert_int_equal(sid_of(world, token->first_group + 2)->attributes, 0x60);
    assert_blob(world, token->package, 3);
    assert_int_equal(token->capability_count, 1);
    assert_blob(world, sid_of(world, token->first_capability)->sid, 4);
    assert_int_equal(token->restricted_count, 1);
    assert_blob(world, sid_of(world, token->first_restricted)->sid, 5);
}

/* Two processes of one token have one record; two tokens of one user have the SIDs' bytes once. */
static void test_shared(void **state)
{
    struct world *world = *state;
    uint32_t bytes;

    assert_non_null(read_token(world));
    bytes = world->scan.bytes.count;
    sic_scan_deinit(&world->scan);
    sic_scan_init(&world->scan, sic_heap_allocator());
    memcpy(world->bytes + 0x8000, world->bytes + EPROCESS_AT, 0x1000);
    memcpy(world->bytes + 0x9000, world->bytes + EPROCESS_AT, 0x1000);
    memcpy(world->bytes + 0xa000, world->bytes + TOKEN_AT, 0x1000);
    put_field(world, 0x9000, SIC_FIELD_EPROCESS_TOKEN, FLAT_BASE + 0xa000, 8);
    add_process(world, EPROCESS_AT);
    add_process(world, 0x8000);
    add_process(world, 0x9000);
    assert_true(sic_tokens_read(&world->scan, &world->reader, &world->profile.layout, &world->objects));
    assert_int_equal(world->scan.tokens.count, 2);
    assert_int_equal(sic_scan_process(&world->scan, 0)->token, 0);
    assert_int_equal(sic_scan_process(&world->scan, 1)->token, 0);
    assert_int_equal(sic_scan_process(&world->scan, 2)->token, 1);
    assert_int_equal(world->scan.sids.count, 10);
    assert_int_equal(world->scan.bytes.count, bytes);
}

static void test_no_token(void **state)
{
    static const uint64_t references[] = {0, 5, 0x7ff000000000, 0xffff000000000010, UINT64_MAX >> 1};
    struct world *world = *state;

    for (size_t i = 0; i < sizeof(references) / sizeof(references[0]); i++) {
        put_field(world, EPROCESS_AT, SIC_FIELD_EPROCESS_TOKEN, references[i], 8);
        assert_null(read_token(world));
    }
    /* One that lies beyond all memory: it is there, and nothing is known of it. */
    put_field(world, EPROCESS_AT, SIC_FIELD_EPROCESS_TOKEN, FLAT_BASE + 0xe000, 8);
    world->memory.size = 0xe000;
    assert_non_null(read_token(world));
    assert_int_equal(read_token(world)->flags, 0);
    assert_int_equal(read_token(world)->session_id, SIC_NONE);
    assert_int_equal(read_token(world)->integrity, SIC_NONE);
    assert_int_equal(read_token(world)->package.offset, SIC_NONE);
}

/* Where types are known, what is of another is not taken for a token. */
static void test_other_types(void **state)
{
    struct world *world = *state;
    uint32_t header = TOKEN_AT - sic_layout_offset(&world->profile.layout, SIC_FIELD_OBJECT_HEADER_BODY);

    world->objects = (struct sic_objects){.layout = &world->profile.layout, .are_types_known = true};
    for (unsigned i = 0; i < SIC_OBJECT_TYPE_COUNT; i++)
        world->objects.indexes[i] = (uint16_t)(3 + i);
    put_field(world, header, SIC_FIELD_OBJECT_HEADER_TYPE_INDEX, 3 + SIC_OBJECT_TOKEN, 1);
    assert_non_null(read_token(world));
    put_field(world, header, SIC_FIELD_OBJECT_HEADER_TYPE_INDEX, 3 + SIC_OBJECT_SECTION, 1);
    assert_null(read_token(world));
    /* Nobody knows the index of tokens. */
    world->objects.indexes[SIC_OBJECT_TOKEN] = SIC_OBJECT_TYPE_UNKNOWN;
    assert_non_null(read_token(world));
}

/* Counts and addresses of arrays that cannot be: the one list is unknown, the others stand. */
static void test_lists_of_any_size(void **state)
{
    static const struct {
        enum sic_field field;
        unsigned size;
        uint64_t value;
        uint32_t lost;
    } cases[] = {
        {SIC_FIELD_TOKEN_GROUP_COUNT, 4, UINT32_MAX, SIC_TOKEN_READ},
        {SIC_FIELD_TOKEN_GROUP_COUNT, 4, 0, SIC_TOKEN_READ},
        {SIC_FIELD_TOKEN_GROUP_COUNT, 4, 4097, SIC_TOKEN_READ},
        {SIC_FIELD_TOKEN_GROUPS, 8, 0, SIC_TOKEN_READ},
        {SIC_FIELD_TOKEN_GROUPS, 8, FLAT_BASE + GROUPS_AT + 4, SIC_TOKEN_READ},
        {SIC_FIELD_TOKEN_GROUPS, 8, 0x7fff0000, SIC_TOKEN_READ},
        {SIC_FIELD_TOKEN_CAPABILITY_COUNT, 4, 1u << 31, SIC_TOKEN_CAPABILITIES_KNOWN},
        {SIC_FIELD_TOKEN_CAPABILITIES, 8, 1, SIC_TOKEN_CAPABILITIES_KNOWN},
        {SIC_FIELD_TOKEN_RESTRICTED_COUNT, 4, 5000, SIC_TOKEN_RESTRICTED_KNOWN},
        {SIC_FIELD_TOKEN_RESTRICTED_SIDS, 8, 0xfffe000000000000, SIC_TOKEN_RESTRICTED_KNOWN},
    };
    struct world *world = *state;
    uint32_t all = read_token(world)->flags;

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        const struct sic_token *token;

        put_field(world, TOKEN_AT, cases[i].field, cases[i].value, cases[i].size);
        token = read_token(world);
        assert_non_null(token);
        assert_int_equal(token->flags, all & ~cases[i].lost);
        assert_true(token->first_group + token->group_count <= world->scan.sids.count);
        put_token(world);
    }
    /* None: known to be none. */
    put_field(world, TOKEN_AT, SIC_FIELD_TOKEN_RESTRICTED_COUNT, 0, 4);
    put_field(world, TOKEN_AT, SIC_FIELD_TOKEN_RESTRICTED_SIDS, 0, 8);
    assert_int_equal(read_token(world)->flags, all);
    assert_int_equal(read_token(world)->restricted_count, 0);
}

/* A SID that is none keeps its place; those before and after it stand. */
static void test_damaged_sids(void **state)
{
    struct world *world = *state;
    const struct sic_token *token;

    for (unsigned damage = 0; damage < 5; damage++) {
        put_token(world);
        switch (damage) {
        case 0:
            world->bytes[sid_at(1)] = 2;
            break;
        case 1:
            world->bytes[sid_at(1) + 1] = 16;
            break;
        case 2:
            put(world, GROUPS_AT + 16, 0, 8);
            break;
        case 3:
            put(world, GROUPS_AT + 16, 0x10000, 8);
            break;
        default:
            /* Its end lies beyond all memory. */
            world->memory.size = 0xff00;
            put(world, GROUPS_AT + 16, FLAT_BASE + 0xfef8, 8);
            put(world, 0xfef8, 0x0101, 8);
        }
        token = read_token(world);
        assert_int_equal(token->flags & SIC_TOKEN_READ, 0);
        assert_true(token->flags & SIC_TOKEN_CAPABILITIES_KNOWN);
        assert_int_equal(token->group_count, 3);
        assert_blob(world, sid_of(world, token->first_group)->sid, 0);
        assert_int_equal(sid_of(world, token->first_group + 1)->sid.length, 0);
        assert_int_equal(sid_of(world, token->first_group + 1)->sid.offset, SIC_NONE);
        assert_blob(world, sid_of(world, token->first_group + 2)->sid, 2);
        assert_int_equal(token->integrity, 0x1000);
        /* A group that cannot be read says nothing of the user. */
        assert_non_null(sic_token_user(&world->scan, token));
        assert_blob(world, sic_token_user(&world->scan, token)->sid, 0);
    }
    put_token(world);
    world->bytes[sid_at(0)] = 2;
    assert_null(sic_token_user(&world->scan, read_token(world)));
    put_token(world);
    world->bytes[sid_at(3)] = 0;
    token = read_token(world);
    assert_int_equal(token->flags & SIC_TOKEN_PACKAGE_KNOWN, 0);
    assert_int_equal(token->package.length, 0);
    put_field(world, TOKEN_AT, SIC_FIELD_TOKEN_PACKAGE, 0, 8);
    token = read_token(world);
    assert_true(token->flags & SIC_TOKEN_PACKAGE_KNOWN);
    assert_int_equal(token->package.length, 0);
}

static void test_longest_sid(void **state)
{
    uint32_t parts[15];
    struct world *world = *state;

    for (unsigned i = 0; i < 15; i++)
        parts[i] = 0xffff0000u + i;
    put_sid(world, 0, 5, 15, parts);
    assert_blob(world, sid_of(world, read_token(world)->first_group)->sid, 0);
    put_sid(world, 0, 5, 0, parts);
    assert_blob(world, sid_of(world, read_token(world)->first_group)->sid, 0);
}

static void test_integrity(void **state)
{
    struct world *world = *state;

    put_field(world, TOKEN_AT, SIC_FIELD_TOKEN_INTEGRITY_INDEX, UINT32_MAX, 4);
    assert_int_equal(read_token(world)->integrity, SIC_NONE);
    put_field(world, TOKEN_AT, SIC_FIELD_TOKEN_INTEGRITY_INDEX, 3, 4);
    assert_int_equal(read_token(world)->integrity, SIC_NONE);
    /* The label cannot be read, and no other SID could before it. */
    put_field(world, TOKEN_AT, SIC_FIELD_TOKEN_INTEGRITY_INDEX, 0, 4);
    put_field(world, TOKEN_AT, SIC_FIELD_TOKEN_GROUPS, FLAT_BASE + 0xf000, 8);
    assert_int_equal(read_token(world)->group_count, 3);
    assert_int_equal(read_token(world)->integrity, SIC_NONE);
    put_token(world);
    /* No label stands there. */
    put_field(world, TOKEN_AT, SIC_FIELD_TOKEN_INTEGRITY_INDEX, 1, 4);
    assert_int_equal(read_token(world)->integrity, SIC_NONE);
}

static void assert_low(struct world *world, enum sic_low_privilege expected)
{
    assert_int_equal(sic_token_low_privilege(&world->reader, FLAT_BASE + ATTRIBUTES_AT), expected);
    put_token(world);
}

static void test_low_privilege(void **state)
{
    struct world *world = *state;

    assert_low(world, SIC_LOW_PRIVILEGE_YES);
    put_attribute_name(world, "win://NoAllAppPkg");
    assert_low(world, SIC_LOW_PRIVILEGE_YES);
    put_attribute_name(world, "WIN://NOALLAPPPKX");
    assert_low(world, SIC_LOW_PRIVILEGE_NO);
    put_attribute_name(world, "WIN://SYSAPPID");
    assert_low(world, SIC_LOW_PRIVILEGE_NO);
    put(world, VALUE_AT + 0x28, 0, 8);
    assert_low(world, SIC_LOW_PRIVILEGE_NO);
    assert_int_equal(sic_token_low_privilege(&world->reader, 0), SIC_LOW_PRIVILEGE_NO);
    /* Behind another one. */
    put(world, ATTRIBUTES_AT + 8, FLAT_BASE + OTHER_AT, 8);
    put(world, OTHER_AT, FLAT_BASE + ENTRY_AT, 8);
    put(world, OTHER_AT + 8, FLAT_BASE + ATTRIBUTES_AT + 8, 8);
    put(world, ENTRY_AT + 8, FLAT_BASE + OTHER_AT, 8);
    assert_low(world, SIC_LOW_PRIVILEGE_YES);
}

static void test_damaged_attributes(void **state)
{
    struct world *world = *state;

    assert_int_equal(sic_token_low_privilege(&world->reader, 0x1000), SIC_LOW_PRIVILEGE_UNKNOWN);
    put(world, ATTRIBUTES_AT + 8, 0, 8);
    assert_low(world, SIC_LOW_PRIVILEGE_UNKNOWN);
    put(world, ENTRY_AT + 8, FLAT_BASE + OTHER_AT, 8);
    assert_low(world, SIC_LOW_PRIVILEGE_UNKNOWN);
    put(world, ENTRY_AT + 0x28, 0x7000, 8);
    assert_low(world, SIC_LOW_PRIVILEGE_UNKNOWN);
    put(world, ENTRY_AT + 0x30, 3, 2);
    assert_low(world, SIC_LOW_PRIVILEGE_UNKNOWN);
    /* No value. */
    put(world, ENTRY_AT + 0x48, FLAT_BASE + ENTRY_AT + 0x48, 8);
    put(world, ENTRY_AT + 0x50, FLAT_BASE + ENTRY_AT + 0x48, 8);
    assert_low(world, SIC_LOW_PRIVILEGE_UNKNOWN);
    /* A list that never comes back: its entries point to each other. */
    put_attribute_name(world, "WIN://SYSAPPID");
    put(world, ENTRY_AT, FLAT_BASE + ENTRY_AT, 8);
    assert_low(world, SIC_LOW_PRIVILEGE_UNKNOWN);
}

static void test_process_facts(void **state)
{
    struct world *world = *state;
    const struct sic_layout *layout = &world->profile.layout;
    struct sic_process process;

    put_field(world, EPROCESS_AT, SIC_FIELD_EPROCESS_PEB, 0x7ff6000, 8);
    put_field(world, EPROCESS_AT, SIC_FIELD_EPROCESS_OBJECT_TABLE, FLAT_BASE + 0x40, 8);
    put_field(world, EPROCESS_AT, SIC_FIELD_EPROCESS_PROTECTION, 0x31, 1);
    put_field(world, EPROCESS_AT, SIC_FIELD_EPROCESS_WOW64_PROCESS, FLAT_BASE + 0x80, 8);
    put_field(world, EPROCESS_AT, SIC_FIELD_EPROCESS_FLAGS, 1u << 3, 4);
    assert_true(sic_process_read(&world->reader, layout, FLAT_BASE + EPROCESS_AT, &process));
    assert_int_equal(process.peb_va, 0x7ff6000);
    assert_int_equal(process.handle_table_va, FLAT_BASE + 0x40);
    assert_int_equal(process.protection, 0x31);
    assert_int_equal(process.token, SIC_NONE);
    assert_int_equal(process.flags, SIC_PROCESS_EXITING | SIC_PROCESS_EXITING_KNOWN | SIC_PROCESS_WOW64 |
                                        SIC_PROCESS_WOW64_KNOWN | SIC_PROCESS_PROTECTION_KNOWN);
    /* Addresses of the wrong half are none. */
    put_field(world, EPROCESS_AT, SIC_FIELD_EPROCESS_PEB, FLAT_BASE + 0x1000, 8);
    put_field(world, EPROCESS_AT, SIC_FIELD_EPROCESS_OBJECT_TABLE, 0x10000, 8);
    put_field(world, EPROCESS_AT, SIC_FIELD_EPROCESS_WOW64_PROCESS, 0, 8);
    put_field(world, EPROCESS_AT, SIC_FIELD_EPROCESS_FLAGS, 3, 4);
    assert_true(sic_process_read(&world->reader, layout, FLAT_BASE + EPROCESS_AT, &process));
    assert_int_equal(process.peb_va, 0);
    assert_int_equal(process.handle_table_va, 0);
    assert_int_equal(process.flags, SIC_PROCESS_EXITING_KNOWN | SIC_PROCESS_WOW64_KNOWN | SIC_PROCESS_PROTECTION_KNOWN);
}

/* A layout that lacks the fields: all is unknown, nothing fails. */
static void test_no_fields(void **state)
{
    static const enum sic_field lacking[] = {SIC_FIELD_EPROCESS_PEB, SIC_FIELD_EPROCESS_OBJECT_TABLE,
                                             SIC_FIELD_EPROCESS_PROTECTION, SIC_FIELD_EPROCESS_FLAGS,
                                             SIC_FIELD_EPROCESS_WOW64_PROCESS};
    struct world *world = *state;
    struct sic_process process;

    for (unsigned i = 0; i < sizeof(lacking) / sizeof(lacking[0]); i++)
        world->profile.layout.fields[lacking[i]].offset = SIC_FIELD_ABSENT;
    assert_true(sic_process_read(&world->reader, &world->profile.layout, FLAT_BASE + EPROCESS_AT, &process));
    assert_int_equal(process.flags, 0);
    for (unsigned field = SIC_FIELD_TOKEN_SESSION_ID; field <= SIC_FIELD_TOKEN_CAPABILITY_COUNT; field++)
        world->profile.layout.fields[field].offset = SIC_FIELD_ABSENT;
    assert_int_equal(read_token(world)->flags, 0);
    world->profile.layout.fields[SIC_FIELD_EPROCESS_TOKEN].offset = SIC_FIELD_ABSENT;
    assert_null(read_token(world));
}

/* The user half, as a page of the world's bytes for each process; process 1 has none. */
static bool read_user(void *context, uint32_t process, uint64_t va, void *buffer, size_t size)
{
    struct world *world = context;

    if (process == 1 || (va & 0xffff) > sizeof(world->bytes) - size)
        return false;
    memcpy(buffer, world->bytes + (va & 0xffff), size);
    return true;
}

static void test_pebs(void **state)
{
    struct world *world = *state;
    struct sic_user_reader user = {.read = read_user, .context = world};
    const struct sic_peb_pointer *pointers;

    put_field(world, 0x7000, SIC_FIELD_PEB_API_SET_MAP, 0x1230000, 8);
    put_field(world, 0x7000, SIC_FIELD_PEB_CSR_SERVER_READ_ONLY_SHARED_MEMORY_BASE, 0x7df400000000, 8);
    put_field(world, 0x7000, SIC_FIELD_PEB_LEAP_SECOND_DATA, 0x40, 8);
    put_field(world, EPROCESS_AT, SIC_FIELD_EPROCESS_PEB, 0x107000, 8);
    for (unsigned i = 0; i < 3; i++)
        add_process(world, EPROCESS_AT);
    put_field(world, EPROCESS_AT, SIC_FIELD_EPROCESS_PEB, 0, 8);
    add_process(world, EPROCESS_AT);
    assert_true(sic_pebs_read(&world->scan, &user, &world->profile.layout));
    assert_true(sic_scan_process(&world->scan, 0)->flags & SIC_PROCESS_PEB_READ);
    assert_true(sic_scan_process(&world->scan, 1)->flags & SIC_PROCESS_PEB_UNREADABLE);
    assert_false(sic_scan_process(&world->scan, 1)->flags & SIC_PROCESS_PEB_READ);
    assert_false(sic_scan_process(&world->scan, 3)->flags & (SIC_PROCESS_PEB_READ | SIC_PROCESS_PEB_UNREADABLE));
    assert_int_equal(world->scan.peb_pointers.count, 6);
    pointers = world->scan.peb_pointers.elements;
    assert_int_equal(pointers[0].field, SIC_PEB_API_SET_MAP);
    assert_int_equal(pointers[0].value, 0x1230000);
    assert_int_equal(pointers[1].value, 0x7df400000000);
    assert_int_equal(pointers[2].field, SIC_PEB_LEAP_SECOND_DATA);
    assert_int_equal(pointers[3].process, 2);
    assert_string_equal(sic_peb_field_name(pointers[0].field), "ApiSetMap");
    assert_string_equal(sic_peb_field_name(SIC_PEB_LEAP_SECOND_DATA), "LeapSecondData");
}

/* Offsets that a layout of any origin may name: those outside a PEB are as good as none. */
static void test_peb_of_any_layout(void **state)
{
    struct world *world = *state;
    struct sic_user_reader user = {.read = read_user, .context = world};

    put_field(world, EPROCESS_AT, SIC_FIELD_EPROCESS_PEB, 0x107000, 8);
    add_process(world, EPROCESS_AT);
    world->profile.layout.fields[SIC_FIELD_PEB_API_SET_MAP].offset = 0x1000 - 8;
    world->profile.layout.fields[SIC_FIELD_PEB_LEAP_SECOND_DATA].offset = 0x1000 - 7;
    world->profile.layout.fields[SIC_FIELD_PEB_SHIM_DATA].offset = 0;
    put(world, 0x7ff8, 0x5550000, 8);
    put(world, 0x7000, 0x6660000, 8);
    assert_true(sic_pebs_read(&world->scan, &user, &world->profile.layout));
    assert_int_equal(world->scan.peb_pointers.count, 2);
}

/* How often the reader was asked, and after how many it is cancelled. */
struct patience {
    struct flat_memory *memory;
    uint32_t asked;
    uint32_t limit;
};

static bool read_patiently(void *context, uint64_t va, void *buffer, size_t size)
{
    struct patience *patience = context;
    struct sic_reader reader = flat_memory_reader(patience->memory);

    patience->asked++;
    return reader.read(reader.context, va, buffer, size);
}

static bool is_out_of_patience(void *context)
{
    const struct patience *patience = context;

    return patience->asked >= patience->limit;
}

/* Three lists of 4096 SIDs, each read on its own: who cancels does not wait for them. */
static void test_cancelled(void **state)
{
    static const enum sic_field counts[] = {SIC_FIELD_TOKEN_GROUP_COUNT, SIC_FIELD_TOKEN_CAPABILITY_COUNT,
                                            SIC_FIELD_TOKEN_RESTRICTED_COUNT};
    struct world *world = *state;
    struct patience patience = {.memory = &world->memory, .limit = 100};
    struct sic_reader reader = {.read = read_patiently, .is_cancelled = is_out_of_patience, .context = &patience};

    for (unsigned i = 0; i < sizeof(counts) / sizeof(counts[0]); i++)
        put_field(world, TOKEN_AT, counts[i], 4096, 4);
    add_process(world, EPROCESS_AT);
    assert_false(sic_tokens_read(&world->scan, &reader, &world->profile.layout, &world->objects));
    assert_in_range(patience.asked, 100, 110);
}

/* Whether so many allocations are enough. */
static bool read_all(struct world *world, unsigned allocations)
{
    struct scarce_heap heap;
    struct sic_user_reader user = {.read = read_user, .context = world};
    struct sic_process *process;
    bool done;

    sic_scan_deinit(&world->scan);
    scarce_heap_init(&heap, allocations);
    sic_scan_init(&world->scan, &heap.allocator);
    process = sic_array_append(&heap.allocator, &world->scan.processes, sizeof(*process));
    done = process && sic_process_read(&world->reader, &world->profile.layout, FLAT_BASE + EPROCESS_AT, process) &&
           sic_tokens_read(&world->scan, &world->reader, &world->profile.layout, &world->objects) &&
           sic_pebs_read(&world->scan, &user, &world->profile.layout);
    sic_scan_deinit(&world->scan);
    sic_scan_init(&world->scan, sic_heap_allocator());
    return done;
}

static void test_memory_runs_out(void **state)
{
    struct world *world = *state;
    unsigned allocations = 0;

    put_field(world, EPROCESS_AT, SIC_FIELD_EPROCESS_PEB, 0x107000, 8);
    put_field(world, 0x7000, SIC_FIELD_PEB_API_SET_MAP, 0x1230000, 8);
    while (!read_all(world, allocations))
        allocations++;
    assert_in_range(allocations, 7, 40);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_whole_token, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_shared, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_no_token, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_other_types, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_lists_of_any_size, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_damaged_sids, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_longest_sid, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_integrity, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_low_privilege, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_damaged_attributes, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_process_facts, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_no_fields, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_pebs, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_peb_of_any_layout, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_cancelled, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_memory_runs_out, set_up, tear_down),
    };

    return cmocka_run_group_tests_name("token", tests, NULL, NULL);
}
