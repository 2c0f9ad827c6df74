/*
 * Tokens and PEBs, read back and held against the truth.
 */
#include "test_facts.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* A SID as text. */
static void sid_text(const struct facts *facts, uint64_t va, char *text, size_t size)
{
    const struct reader *reader = &facts->seen.reader;
    uint8_t bytes[8];
    reader_copy(reader, va, bytes, sizeof bytes);
    assert_int_equal(bytes[0], 1);
    assert_true(bytes[1] <= 15);
    int used = snprintf(text, size, "S-1-%u", bytes[7]);
    for (unsigned i = 0; i < bytes[1]; i++)
        used += snprintf(text + used, size - (size_t)used, "-%u", reader_u32(reader, va + 8 + i * 4));
}

static void sid_list(const struct facts *facts, uint64_t at, uint32_t count, const char *truth, const char *name,
                     bool attributes)
{
    char text[16384], sid[256];
    int used = snprintf(text, sizeof text, "\"%s\": [", name);
    for (uint32_t i = 0; i < count; i++) {
        sid_text(facts, reader_u64(&facts->seen.reader, at + i * 16), sid, sizeof sid);
        used += snprintf(text + used, sizeof text - (size_t)used,
                         attributes ? "%s{\"sid\": \"%s\", \"attributes\": %u}" : "%s\"%s\"", i ? ", " : "", sid,
                         reader_u32(&facts->seen.reader, at + i * 16 + 8));
    }
    snprintf(text + used, sizeof text - (size_t)used, "]");
    if (!strstr(truth, text))
        fail_msg("the truth has no %s\n%s", text, truth);
}

/* Whether WIN://NOALLAPPPKG has a value other than 0: the lists are walked both ways. */
static bool is_low_privilege(const struct facts *facts, uint64_t information)
{
    const struct reader *reader = &facts->seen.reader;
    char name[64];
    bool low = false;
    uint32_t count = 0;
    for (uint64_t at = reader_u64(reader, information + 8); at != information + 8;
         at = reader_u64(reader, at), count++) {
        assert_int_equal(reader_u64(reader, reader_u64(reader, at) + 8), at);
        facts_text(facts, at + 0x20, name, sizeof name);
        uint64_t value = reader_u64(reader, at + 0x48);
        assert_int_equal(reader_u64(reader, value + 8), at + 0x48);
        if (!strcmp(name, "WIN://NOALLAPPPKG"))
            low = reader_u64(reader, value + 0x28) != 0;
    }
    assert_int_equal(reader_u32(reader, information), count);
    return low;
}

static void token_is_the_truths(const struct facts *facts, uint64_t token, const char *truth)
{
    char text[512], type[32];
    uint32_t count = facts_field32(facts, token, "_TOKEN.UserAndGroupCount");
    const struct reader *reader = &facts->seen.reader;
    bool has_package = reader_has(reader, "_TOKEN.Package");
    uint64_t groups = facts_field(facts, token, "_TOKEN.UserAndGroups");
    uint64_t package = has_package ? facts_field(facts, token, "_TOKEN.Package") : 0;
    facts_type(facts, token, type, sizeof type);
    assert_string_equal(type, "Token");
    facts_check_tag(facts, token, type);
    sid_list(facts, groups, count, truth, "groups", true);
    if (has_package)
        sid_list(facts, facts_field(facts, token, "_TOKEN.Capabilities"),
                 facts_field32(facts, token, "_TOKEN.CapabilityCount"), truth, "capabilities", false);
    sid_list(facts, facts_field(facts, token, "_TOKEN.RestrictedSids"),
             facts_field32(facts, token, "_TOKEN.RestrictedSidCount"), truth, "restricted", false);
    snprintf(text, sizeof text, "\"integrity\": null,");
    if (reader_has(reader, "_TOKEN.IntegrityLevelIndex")) {
        uint32_t index = facts_field32(facts, token, "_TOKEN.IntegrityLevelIndex");
        assert_true(index < count);
        uint64_t label = reader_u64(reader, groups + index * 16);
        snprintf(text, sizeof text, "\"integrity\": %u,", reader_u32(reader, label + 8));
    }
    assert_non_null(strstr(truth, text));
    snprintf(text, sizeof text, "\"session\": %u,", facts_field32(facts, token, "_TOKEN.SessionId"));
    assert_non_null(strstr(truth, text));
    snprintf(text, sizeof text, "\"package\": null");
    if (package) {
        strcpy(text, "\"package\": \"");
        sid_text(facts, package, text + strlen(text), sizeof text - strlen(text));
    }
    assert_non_null(strstr(truth, text));
    if (!reader_has(reader, "_TOKEN.pSecurityAttributes")) {
        assert_non_null(strstr(truth, "\"lowPrivilege\": null"));
        return;
    }
    bool low = is_low_privilege(facts, facts_field(facts, token, "_TOKEN.pSecurityAttributes"));
    assert_non_null(strstr(truth, low ? "\"lowPrivilege\": true" : "\"lowPrivilege\": false"));
}

void facts_check_owners(struct facts *facts)
{
    static char text[1 << 20];
    char piece[64];
    const struct reader *reader = &facts->seen.reader;
    for (size_t i = 0; i < facts->seen.process_count; i++) {
        uint64_t eprocess = facts->seen.processes[i], token = facts_field(facts, eprocess, "_EPROCESS.Token") & ~0xfull;
        facts_process_text(facts, eprocess, text, sizeof text);
        if (token)
            token_is_the_truths(facts, token, text);
        else
            assert_non_null(strstr(text, "\"user\": null"));
        snprintf(piece, sizeof piece, "\"protection\": null,");
        if (reader_has(reader, "_EPROCESS.Protection"))
            snprintf(piece, sizeof piece, "\"protection\": %u,",
                     facts_field32(facts, eprocess, "_EPROCESS.Protection") & 0xff);
        assert_non_null(strstr(text, piece));
        if (reader_has(reader, "_EPROCESS.Wow64Process"))
            assert_non_null(strstr(text, facts_field(facts, eprocess, "_EPROCESS.Wow64Process") ? "\"wow64\": true"
                                                                                                : "\"wow64\": false"));
        if (reader_has(reader, "_EPROCESS.Flags"))
            assert_non_null(strstr(text, facts_field32(facts, eprocess, "_EPROCESS.Flags") & 4 ? "\"exiting\": true"
                                                                                               : "\"exiting\": false"));
    }
}

static const char *const pointers[] = {"ApiSetMap",
                                       "ReadOnlySharedMemoryBase",
                                       "SharedData",
                                       "ReadOnlyStaticServerData",
                                       "AnsiCodePageData",
                                       "OemCodePageData",
                                       "UnicodeCaseTableData",
                                       "GdiSharedHandleTable",
                                       "pShimData",
                                       "ActivationContextData",
                                       "ProcessAssemblyStorageMap",
                                       "SystemDefaultActivationContextData",
                                       "SystemAssemblyStorageMap",
                                       "CsrServerReadOnlySharedMemoryBase",
                                       "LeapSecondData"};

void facts_check_pebs(struct facts *facts)
{
    static char text[1 << 20];
    const struct reader *reader = &facts->seen.reader;
    for (size_t i = 0; i < facts->seen.process_count; i++) {
        uint64_t eprocess = facts->seen.processes[i], peb = facts_field(facts, eprocess, "_EPROCESS.Peb");
        const uint8_t *page =
            reader_page(reader, facts_field(facts, eprocess, "_KPROCESS.DirectoryTableBase"), peb, NULL);
        char expected[2048];
        int used =
            snprintf(expected, sizeof expected, "\"peb\": \"0x%llx\", \"pebPointers\": {", (unsigned long long)peb);
        bool any = false;
        facts_process_text(facts, eprocess, text, sizeof text);
        for (size_t j = 0; peb && page && j < sizeof pointers / sizeof *pointers; j++) {
            char name[64];
            uint64_t value;
            snprintf(name, sizeof name, "_PEB.%s", pointers[j]);
            if (!reader_has(reader, name))
                continue;
            memcpy(&value, page + reader_offset(reader, name), 8);
            if (value)
                used += snprintf(expected + used, sizeof expected - (size_t)used, "%s\"%s\": \"0x%llx\"",
                                 any ? ", " : "", pointers[j], (unsigned long long)value);
            any = any || value;
        }
        snprintf(expected + used, sizeof expected - (size_t)used, "}");
        assert_non_null(strstr(text, expected));
    }
}
