#include "sddl.h"

#include "bytes.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

/* Fixed by winnt.h: SECURITY_DESCRIPTOR_RELATIVE, ACL and ACE_HEADER. */
#define HEADER_SIZE     20u
#define ACL_SIZE        8u
#define DACL_PRESENT    0x4u
#define SACL_PRESENT    0x10u
#define SELF_RELATIVE   0x8000u
#define SID_LIMIT       68u
#define OBJECT_REVISION 4u

enum place { PLACE_OWNER, PLACE_GROUP, PLACE_SACL, PLACE_DACL };

struct text {
    const char *at;
    const char *fault; /* NULL: sound so far */
};

struct output {
    uint8_t *bytes;
    size_t used;
};

struct code {
    const char *letters;
    uint32_t value;
};

static const struct {
    const char *letters, *sid;
} accounts[] = {{"WD", "S-1-1-0"},           {"CO", "S-1-3-0"},     {"CG", "S-1-3-1"},      {"OW", "S-1-3-4"},
                {"NU", "S-1-5-2"},           {"IU", "S-1-5-4"},     {"SU", "S-1-5-6"},      {"AN", "S-1-5-7"},
                {"PS", "S-1-5-10"},          {"AU", "S-1-5-11"},    {"RC", "S-1-5-12"},     {"SY", "S-1-5-18"},
                {"LS", "S-1-5-19"},          {"NS", "S-1-5-20"},    {"BA", "S-1-5-32-544"}, {"BU", "S-1-5-32-545"},
                {"BG", "S-1-5-32-546"},      {"AC", "S-1-15-2-1"},  {"WR", "S-1-5-33"},     {"LW", "S-1-16-4096"},
                {"ME", "S-1-16-8192"},       {"MP", "S-1-16-8448"}, {"HI", "S-1-16-12288"}, {"SI", "S-1-16-16384"},
                {"UD", "S-1-5-84-0-0-0-0-0"}};

static const struct code types[] = {{"A", 0},  {"D", 1},    {"AU", 2},    {"AL", 3},    {"OA", 5},    {"OD", 6},
                                    {"XA", 9}, {"XD", 0xa}, {"ML", 0x11}, {"RA", 0x12}, {"SP", 0x13}, {"TL", 0x14}};

static const struct code ace_flags[] = {{"OI", 1},    {"CI", 2},    {"NP", 4},   {"IO", 8},
                                        {"ID", 0x10}, {"SA", 0x40}, {"FA", 0x80}};

static const struct code rights[] = {{"GA", 0x10000000}, {"GX", 0x20000000}, {"GW", 0x40000000}, {"GR", 0x80000000},
                                     {"SD", 0x10000},    {"RC", 0x20000},    {"WD", 0x40000},    {"WO", 0x80000},
                                     {"CC", 1},          {"DC", 2},          {"LC", 4},          {"SW", 8},
                                     {"RP", 0x10},       {"WP", 0x20},       {"DT", 0x40},       {"LO", 0x80},
                                     {"CR", 0x100},      {"NW", 1},          {"NR", 2},          {"NX", 4}};

/* Where the letters of each list's flags go among the control bits. */
static const struct code dacl_flags[] = {{"AR", 0x100}, {"AI", 0x400}, {"P", 0x1000}};
static const struct code sacl_flags[] = {{"AR", 0x200}, {"AI", 0x800}, {"P", 0x2000}};

#define COUNT(array) (sizeof(array) / sizeof *(array))

static void fail(struct text *text, const char *fault)
{
    if (!text->fault)
        text->fault = fault;
}

static void expect(struct text *text, char character, const char *fault)
{
    if (*text->at == character)
        text->at++;
    else
        fail(text, fault);
}

/* The code whose letters come next, or NULL; longer ones stand before those that they begin with. */
static const struct code *take_code(struct text *text, const struct code *codes, size_t count)
{
    const struct code *best = NULL;
    for (size_t i = 0; i < count; i++) {
        size_t length = strlen(codes[i].letters);
        if (!strncmp(codes[i].letters, text->at, length) && (!best || length > strlen(best->letters)))
            best = &codes[i];
    }
    if (best)
        text->at += strlen(best->letters);
    return best;
}

static uint32_t take_codes(struct text *text, const struct code *codes, size_t count)
{
    const struct code *code;
    uint32_t value = 0;
    while ((code = take_code(text, codes, count)))
        value |= code->value;
    return value;
}

static void put(struct output *output, const void *bytes, size_t size)
{
    memcpy(output->bytes + output->used, bytes, size);
    output->used += size;
}

/* S-1-AUTHORITY-…: the authority is decimal, or hexadecimal with 0x, and big-endian in memory. */
static size_t sid_of_digits(struct text *text, uint8_t *sid)
{
    unsigned count = 0;
    char *end;
    unsigned long long authority = strtoull(text->at += 4, &end, 0);
    memset(sid, 0, SID_LIMIT);
    sid[0] = 1;
    for (unsigned i = 0; i < 6; i++)
        sid[2 + i] = (uint8_t)(authority >> (40 - 8 * i));
    for (text->at = end; *text->at == '-' && count < 15; text->at = end) {
        unsigned long long value = strtoull(text->at + 1, &end, 10);
        if (end == text->at + 1 || value > UINT32_MAX)
            fail(text, "a SID's part is no number of 32 bits");
        lab_store_u32(sid + 8 + 4 * count++, (uint32_t)value);
    }
    sid[1] = (uint8_t)count;
    return 8 + 4 * count;
}

static size_t take_sid(struct text *text, uint8_t *sid)
{
    if (!strncmp(text->at, "S-1-", 4))
        return sid_of_digits(text, sid);
    for (size_t i = 0; i < COUNT(accounts); i++) {
        if (!strncmp(accounts[i].letters, text->at, 2)) {
            struct text digits = {accounts[i].sid, NULL};
            text->at += 2;
            return sid_of_digits(&digits, sid);
        }
    }
    fail(text, "neither S-1-… nor two letters of a known account stand where a SID must");
    return 0;
}

static uint32_t take_rights(struct text *text)
{
    char *end;
    if (*text->at < '0' || *text->at > '9')
        return take_codes(text, rights, COUNT(rights));
    unsigned long long value = strtoull(text->at, &end, 0);
    text->at = end;
    if (value > UINT32_MAX)
        fail(text, "a mask of rights has 32 bits");
    return (uint32_t)value;
}

/* 8-4-4-4-12 hexadecimal digits, of which the first three groups are numbers, or nothing. */
static bool take_guid(struct text *text, uint8_t guid[16])
{
    static const uint8_t order[16] = {3, 2, 1, 0, 5, 4, 7, 6, 8, 9, 10, 11, 12, 13, 14, 15};
    if (*text->at == ';')
        return false;
    for (unsigned i = 0; i < 16; i++) {
        char digits[3] = {0}, *end;
        if (*text->at == '-')
            text->at++;
        memcpy(digits, text->at, strnlen(text->at, 2));
        guid[order[i]] = (uint8_t)strtoul(digits, &end, 16);
        if (end != digits + 2) {
            fail(text, "a GUID has 32 hexadecimal digits");
            return false;
        }
        text->at += 2;
    }
    return true;
}

/*
 * The application's data of a callback ACE: (Exists NAME) or (Not_Exists NAME), in the bytecode of MS-DTYP 2.4.4.17:
 * "artx", a local attribute's name, the operator.
 */
static void take_condition(struct text *text, struct output *output)
{
    static const char exists[] = "(Exists ", not_exists[] = "(Not_Exists ";
    bool is_negated = !strncmp(text->at, not_exists, strlen(not_exists));
    const char *start = is_negated ? not_exists : exists;
    if (strncmp(text->at, start, strlen(start))) {
        fail(text, "the only conditions known are (Exists NAME) and (Not_Exists NAME)");
        return;
    }
    text->at += strlen(start);
    size_t length = strcspn(text->at, ")");
    uint8_t head[5] = {0xf8};
    lab_store_u32(head + 1, (uint32_t)length * 2);
    put(output, "artx", 4);
    put(output, head, sizeof head);
    for (size_t i = 0; i < length && length < 256; i++)
        put(output, (uint8_t[]){(uint8_t)text->at[i], 0}, 2);
    put(output, &(uint8_t){is_negated ? 0x8d : 0x87}, 1);
    while (output->used % 4)
        put(output, &(uint8_t){0}, 1);
    text->at += length;
    expect(text, ')', "a condition ends with )");
}

/* The mask; of an ACE for objects, flags that say which GUIDs follow, and these. */
static void put_mask(struct output *output, uint8_t type, uint32_t mask, uint8_t guids[2][16], const bool has[2])
{
    uint8_t word[4];
    lab_store_u32(word, mask);
    put(output, word, 4);
    if (type != 5 && type != 6)
        return;
    lab_store_u32(word, (has[0] ? 1u : 0) | (has[1] ? 2u : 0));
    put(output, word, 4);
    for (unsigned i = 0; i < 2; i++)
        if (has[i])
            put(output, guids[i], 16);
}

/* (type;flags;rights;object;inherited object;SID) and, of callback ACEs, ;(condition). Returns the type. */
static uint8_t take_ace(struct text *text, struct output *output)
{
    static const char semicolon[] = "an ACE has six fields with ; between";
    uint8_t guids[2][16], sid[SID_LIMIT], header[4] = {0};
    size_t start = output->used;
    bool has[2];
    expect(text, '(', "an ACE begins with (");
    const struct code *type = take_code(text, types, COUNT(types));
    if (!type) {
        fail(text, "no such type of ACE");
        return 0;
    }
    header[0] = (uint8_t)type->value;
    expect(text, ';', semicolon);
    header[1] = (uint8_t)take_codes(text, ace_flags, COUNT(ace_flags));
    put(output, header, sizeof header);
    expect(text, ';', semicolon);
    uint32_t mask = take_rights(text);
    for (unsigned i = 0; i < 2; i++) {
        expect(text, ';', semicolon);
        has[i] = take_guid(text, guids[i]);
    }
    expect(text, ';', semicolon);
    put_mask(output, header[0], mask, guids, has);
    put(output, sid, take_sid(text, sid));
    if (*text->at == ';') {
        text->at++;
        take_condition(text, output);
    }
    expect(text, ')', "an ACE ends with )");
    lab_store_u16(output->bytes + start + 2, (uint16_t)(output->used - start));
    return header[0];
}

/* An ACL's flags and ACEs. Returns whether there is a list: D:NO_ACCESS_CONTROL has none. */
static bool take_acl(struct text *text, struct output *output, uint16_t slack, bool is_dacl, uint16_t *control)
{
    static const char none[] = "NO_ACCESS_CONTROL";
    size_t start = output->used;
    uint16_t count = 0;
    uint8_t header[ACL_SIZE] = {2};
    *control |= (uint16_t)(is_dacl ? DACL_PRESENT | take_codes(text, dacl_flags, COUNT(dacl_flags))
                                   : SACL_PRESENT | take_codes(text, sacl_flags, COUNT(sacl_flags)));
    if (is_dacl && !strncmp(text->at, none, strlen(none))) {
        text->at += strlen(none);
        return false;
    }
    put(output, header, sizeof header);
    while (*text->at == '(' && !text->fault) {
        uint8_t type = take_ace(text, output);
        if (type == 5 || type == 6)
            output->bytes[start] = OBJECT_REVISION;
        count++;
        if (output->used - start > 0xfe00u)
            fail(text, "an ACL has at most 64 KiB");
    }
    memset(output->bytes + output->used, 0, slack);
    output->used += slack;
    lab_store_u16(output->bytes + start + 2, (uint16_t)(output->used - start));
    lab_store_u16(output->bytes + start + 4, count);
    return true;
}

/* The text's four parts, wherever they stand in it. */
struct parts {
    const char *at[4]; /* NULL: not there */
};

/* D: and S: are no letters of anything else in front of a colon, nor are O: and G:. */
static const char *find_parts(const char *text, struct parts *parts)
{
    static const char letters[4] = {'O', 'G', 'S', 'D'};
    memset(parts, 0, sizeof *parts);
    for (const char *at = text; *at; at++) {
        const char *known = at[1] == ':' ? memchr(letters, *at, 4) : NULL;
        if (!known)
            continue;
        if (parts->at[known - letters])
            return "O:, G:, D: and S: stand once each";
        parts->at[known - letters] = at + 2;
    }
    return text[0] && text[1] == ':' && memchr(letters, text[0], 4) ? NULL : "it begins with none of O:, G:, D: and S:";
}

/* Whether the next thing is another part, or the end. */
static bool is_at_end(const char *at)
{
    return !*at || at[1] == ':';
}

/* One part, and where it went in the header. */
static const char *put_part(const char *at, enum place place, uint16_t slack, struct output *output, uint16_t *control)
{
    static const uint8_t offsets[4] = {4, 8, 12, 16};
    struct text text = {at, NULL};
    size_t start = output->used;
    bool is_there = true;
    if (place == PLACE_SACL || place == PLACE_DACL) {
        is_there = take_acl(&text, output, slack, place == PLACE_DACL, control);
    } else {
        uint8_t sid[SID_LIMIT];
        put(output, sid, take_sid(&text, sid));
    }
    if (is_there)
        lab_store_u32(output->bytes + offsets[place], (uint32_t)start);
    if (!text.fault && !is_at_end(text.at))
        return "something stands behind a part that belongs to none";
    return text.fault;
}

/* As the kernel lays them out: SACL, DACL, owner, group. */
const char *lab_sddl_build(const char *text, uint16_t slack, uint8_t *bytes, size_t *size)
{
    static const enum place order[4] = {PLACE_SACL, PLACE_DACL, PLACE_OWNER, PLACE_GROUP};
    struct output output = {bytes, HEADER_SIZE};
    uint16_t control = SELF_RELATIVE;
    struct parts parts;
    const char *fault = find_parts(text, &parts);
    memset(bytes, 0, HEADER_SIZE);
    for (unsigned i = 0; i < 4 && !fault; i++)
        if (parts.at[order[i]])
            fault = put_part(parts.at[order[i]], order[i], slack, &output, &control);
    bytes[0] = 1;
    lab_store_u16(bytes + 2, control);
    *size = output.used;
    return fault;
}
