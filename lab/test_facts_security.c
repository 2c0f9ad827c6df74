/*
 * Security descriptors, read back from the headers of named objects and held against the truth's text: field by field,
 * with tables of this file's own.
 */
#include "test_facts.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

struct word {
    const char *letters;
    uint32_t value;
};

static const struct word types[] = {{"A", 0},  {"D", 1},   {"AU", 2},  {"OA", 5},  {"OD", 6},
                                    {"XA", 9}, {"XD", 10}, {"ML", 17}, {"TL", 20}, {NULL, 0}};
static const struct word flags[] = {{"OI", 1}, {"CI", 2}, {"IO", 8}, {"ID", 16}, {"SA", 64}, {"FA", 128}, {NULL, 0}};
static const struct word rights[] = {{"GA", 0x10000000}, {"GX", 0x20000000}, {"GW", 0x40000000}, {"GR", 0x80000000},
                                     {"SD", 0x10000},    {"RC", 0x20000},    {"WD", 0x40000},    {"WO", 0x80000},
                                     {"NW", 1},          {"NR", 2},          {"NX", 4},          {NULL, 0}};

static const struct {
    char letters[3];
    const char *sid;
} accounts[] = {{"WD", "S-1-1-0"},     {"OW", "S-1-3-4"},      {"IU", "S-1-5-4"},      {"AN", "S-1-5-7"},
                {"AU", "S-1-5-11"},    {"RC", "S-1-5-12"},     {"SY", "S-1-5-18"},     {"LS", "S-1-5-19"},
                {"NS", "S-1-5-20"},    {"BA", "S-1-5-32-544"}, {"BU", "S-1-5-32-545"}, {"AC", "S-1-15-2-1"},
                {"LW", "S-1-16-4096"}, {"ME", "S-1-16-8192"},  {"MP", "S-1-16-8448"},  {"HI", "S-1-16-12288"},
                {"SI", "S-1-16-16384"}};

static uint32_t sum_of_pairs(const char *text, size_t size, const struct word *words)
{
    uint32_t value = 0;
    for (size_t i = 0; i < size; i += 2)
        for (const struct word *word = words; word->letters; word++)
            if (!strncmp(word->letters, text + i, 2))
                value |= word->value;
    return value;
}

/* The SID's text from its bytes, and as the text of the truth names it: equal. */
static uint64_t check_sid(const struct facts *facts, uint64_t va, const char *text, size_t size)
{
    const struct reader *reader = &facts->seen.reader;
    uint8_t bytes[8];
    char found[256];
    const char *expected = text;
    reader_copy(reader, va, bytes, 8);
    int used = snprintf(found, sizeof found, "S-%u-%u", bytes[0], bytes[7]);
    for (unsigned i = 0; i < bytes[1]; i++)
        used += snprintf(found + used, sizeof found - (size_t)used, "-%u", reader_u32(reader, va + 8 + 4 * i));
    for (size_t i = 0; size == 2 && i < sizeof accounts / sizeof *accounts; i++)
        if (!strncmp(accounts[i].letters, text, 2))
            expected = accounts[i].sid;
    if (expected != text)
        size = strlen(expected);
    assert_int_equal(strlen(found), size);
    assert_memory_equal(found, expected, size);
    return va + 8 + 4 * bytes[1];
}

/* One field of an ACE's text, up to the next semicolon or the end; *text moves behind it. */
static size_t field(const char **text, const char **start)
{
    *start = *text;
    size_t size = strcspn(*text, ";)");
    *text += size + ((*text)[size] == ';');
    return size;
}

static const struct word *type_of(const char *text, size_t size)
{
    const struct word *word = types;
    while (word->letters && (strlen(word->letters) != size || strncmp(word->letters, text, size)))
        word++;
    assert_non_null(word->letters);
    return word;
}

/* An ACE against "A;;0x3;;;WD)…". Returns its end; *text moves behind the parenthesis. */
static uint64_t check_ace(const struct facts *facts, uint64_t va, const char **text)
{
    const struct reader *reader = &facts->seen.reader;
    const char *start;
    uint32_t head = reader_u32(reader, va);
    size_t size = field(text, &start);
    uint32_t type = type_of(start, size)->value;
    assert_int_equal(head & 0xff, type);
    size = field(text, &start);
    assert_int_equal(head >> 8 & 0xff, sum_of_pairs(start, size, flags));
    size = field(text, &start);
    assert_int_equal(reader_u32(reader, va + 4),
                     *start == '0' ? (uint32_t)strtoul(start, NULL, 16) : sum_of_pairs(start, size, rights));
    size = field(text, &start);
    uint64_t sid = va + 8;
    if (type == 5 || type == 6) { /* flags, then the one GUID that the lab gives */
        assert_int_equal(reader_u32(reader, sid), size ? 1 : 0);
        assert_true(!size || reader_u32(reader, sid + 4) == strtoul(start, NULL, 16));
        sid += size ? 20 : 4;
    }
    (void)field(text, &start);
    size = field(text, &start);
    uint64_t end = check_sid(facts, sid, start, size);
    if (type == 9 || type == 10) { /* a condition: its own parentheses stand in the text */
        assert_int_equal(reader_u32(reader, end), 0x78747261);
        *text = strchr(*text, ')') + 1;
    } else {
        assert_int_equal(end, va + (head >> 16));
    }
    (*text)++;
    return va + (head >> 16);
}

/* The ACL at `offset` of the descriptor, against the text behind "D:" or "S:". NULL: there is none. */
static void check_acl(const struct facts *facts, uint64_t descriptor, unsigned at, uint32_t present, const char *text)
{
    const struct reader *reader = &facts->seen.reader;
    uint32_t control = reader_u32(reader, descriptor) >> 16, offset = reader_u32(reader, descriptor + at);
    assert_int_equal(control & present, text ? present : 0);
    if (!text || !strncmp(text, "NO_ACCESS_CONTROL", 17)) {
        assert_int_equal(offset, 0);
        return;
    }
    text += strspn(text, "PAIR");
    uint64_t acl = descriptor + offset, ace = acl + 8;
    uint32_t count = reader_u16(reader, acl + 4);
    for (uint32_t i = 0; i < count; i++) {
        assert_int_equal(*text++, '(');
        ace = check_ace(facts, ace, &text);
        assert_true(ace <= acl + reader_u16(reader, acl + 2));
    }
    assert_true(*text != '(');
}

/* What stands behind "X:" in the text; NULL: nothing does. The descriptor's text ends with a quotation mark. */
static const char *part(const char *sddl, char letter)
{
    for (const char *at = sddl; *at != '"'; at++)
        if (*at == letter && at[1] == ':')
            return at + 2;
    return NULL;
}

static void check_owner(const struct facts *facts, uint64_t descriptor, unsigned at, const char *text)
{
    uint32_t offset = reader_u32(&facts->seen.reader, descriptor + at);
    assert_int_equal(offset != 0, text != NULL);
    if (!text)
        return;
    size_t size = !strncmp(text, "S-", 2) ? 2 + strspn(text + 2, "0123456789-") : 2;
    /* "S-1-5-18D:" ends where its digits do; no part's letter is one. */
    (void)check_sid(facts, descriptor + offset, text, size);
}

/* One object of this path: `full` as the truth writes it. */
void facts_check_security(struct facts *facts, uint64_t object, const char *full)
{
    const struct reader *reader = &facts->seen.reader;
    uint64_t header = object - reader_offset(reader, "_OBJECT_HEADER.Body"), pte;
    uint64_t value = reader_u64(reader, header + reader_offset(reader, "_OBJECT_HEADER.SecurityDescriptor"));
    uint64_t descriptor = value & ~0xfull;
    char entry[600];
    snprintf(entry, sizeof entry, "{\"path\": \"%s\", \"sddl\": ", full);
    const char *text = strstr(strstr(facts->truth, "\"security\": ["), entry);
    assert_non_null(text);
    text += strlen(entry);
    facts->securities++;
    if (!strncmp(text, "null, \"readable\": true", 22)) {
        assert_int_equal(value, 0);
        return;
    }
    assert_int_not_equal(descriptor, 0);
    if (!strncmp(text, "null, \"readable\": false", 23))
        return; /* paged out, or damaged: the system tests look at both */
    assert_non_null(reader_page(reader, reader->root, descriptor, &pte));
    if (descriptor % 0x1000 != 0x20) /* not at the start of a block of whole pages, which has no header */
        assert_int_equal(reader_u32(reader, descriptor - 0x20 - 0xc), 0x6353624f); /* ObSc */
    assert_true(reader_u32(reader, descriptor - 0x10) >= 16);
    assert_int_equal(reader_u32(reader, descriptor) & 0x8000ffff, 0x80000001);
    text++;
    check_owner(facts, descriptor, 4, part(text, 'O'));
    check_owner(facts, descriptor, 8, part(text, 'G'));
    check_acl(facts, descriptor, 12, 0x10, part(text, 'S'));
    check_acl(facts, descriptor, 16, 4, part(text, 'D'));
}
