/*
 * Object types, directories, names, symbolic links and handles, read back and held against the truth.
 */
#include "test_facts.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define MAX_CHAIN 4096

/* Nothing but ASCII is looked up by hash here; the rest is held to its bucket by HashValue alone. */
static uint32_t hash_of(const char *name)
{
    uint64_t wide = 0;
    size_t length = strlen(name), i = 0;
    for (; length - i >= 4; i += 4) {
        uint64_t four = 0;
        for (unsigned j = 0; j < 4; j++)
            four |= (uint64_t)((uint8_t)name[i + j] & 0xdf) << j * 16;
        wide = wide * 3 + wide / 2 + four;
    }
    uint32_t hash = (uint32_t)(wide + (wide >> 32));
    for (; i < length; i++)
        hash = hash * 3 + hash / 2 + (uint32_t)(name[i] >= 'a' && name[i] <= 'z' ? name[i] - 32 : name[i]);
    return hash;
}

static void walk(struct facts *facts, uint64_t directory, const char *path);

static void entry(struct facts *facts, uint64_t object, const char *path, const char *name)
{
    char type[64], full[512], text[4096], quoted[600];
    facts_type(facts, object, type, sizeof type);
    facts_check_tag(facts, object, type);
    snprintf(full, sizeof full, "%s\\\\%s", strcmp(path, "\\\\") ? path : "", name);
    if (!strcmp(type, "Directory") || !strcmp(type, "Section"))
        facts_check_security(facts, object, full);
    if (!strcmp(type, "Directory")) {
        walk(facts, object, full);
    } else if (!strcmp(type, "SymbolicLink")) {
        facts_text(facts, object + reader_offset(&facts->seen.reader, "_OBJECT_SYMBOLIC_LINK.LinkTarget"), text,
                   sizeof text);
        assert_true(facts_in_truth(facts, "{\"path\": \"%s\", \"target\": \"%s\"}", full, text));
        facts->links++;
    } else if (!strcmp(type, "Section")) {
        facts_section_text(facts, facts_area(facts, object), text, sizeof text);
        snprintf(quoted, sizeof quoted, "\"%s\"", full);
        assert_non_null(strstr(text, quoted));
        facts_meet_section(facts, object);
        facts->names++;
    }
    facts->devices += !strcmp(type, "Device");
    facts->events += !strcmp(type, "Event");
}

/* The lab's directories are a few levels deep: the recursion is bounded by the path's length. */
static void walk(struct facts *facts, uint64_t directory, const char *path)
{
    const struct reader *reader = &facts->seen.reader;
    char name[512];
    assert_true(facts_in_truth(facts, "\"%s\"", path));
    facts->directories++;
    for (unsigned bucket = 0; bucket < 37; bucket++) {
        uint64_t at =
            reader_u64(reader, directory + reader_offset(reader, "_OBJECT_DIRECTORY.HashBuckets") + bucket * 8);
        for (unsigned i = 0; at; at = facts_field(facts, at, "_OBJECT_DIRECTORY_ENTRY.ChainLink"), i++) {
            uint64_t object = facts_field(facts, at, "_OBJECT_DIRECTORY_ENTRY.Object");
            uint32_t hash = reader_u32(reader, at + 0x10);
            assert_true(i < MAX_CHAIN);
            facts_name(facts, object, directory, name, sizeof name);
            assert_int_equal(hash % 37, bucket);
            bool plain = true;
            for (const char *c = name; *c; c++)
                plain = plain && (uint8_t)*c < 0x80;
            if (plain)
                assert_int_equal(hash, hash_of(name));
            entry(facts, object, path, name);
        }
    }
}

void facts_check_namespace(struct facts *facts)
{
    uint64_t root = reader_u64(&facts->seen.reader, facts_global(facts, "ObpRootDirectoryObject", 0x405108));
    char name[16], type[32];
    facts_name(facts, root, 0, name, sizeof name);
    assert_string_equal(name, "\\\\");
    facts_type(facts, root, type, sizeof type);
    assert_string_equal(type, "Directory");
    facts_check_security(facts, root, "\\\\");
    walk(facts, root, "\\\\");
    assert_int_equal(facts->securities, facts_count(strstr(facts->truth, "\"security\": ["),
                                                    strstr(facts->truth, "\"sections\": ["), "\"readable\": "));
    const char *links = strstr(facts->truth, "\"links\""), *end = strstr(facts->truth, "\"sections\": [");
    assert_non_null(links);
    assert_int_equal(facts->links, facts_count(links, end, "\"target\""));
    const char *directories = strstr(facts->truth, "\"directories\"");
    assert_int_equal(facts->directories, facts_count(directories, links, "\"\\\\"));
    assert_true(facts->devices >= 2 && facts->events >= 2);
}

void facts_check_types(struct facts *facts)
{
    const struct reader *reader = &facts->seen.reader;
    uint32_t variable = reader_export(reader, "PsProcessType"), section = reader_export(reader, "MmSectionObjectType");
    char name[64];
    assert_int_not_equal(variable, 0);
    uint64_t process = reader_u64(reader, reader->kernel_base + variable);
    facts_text(facts, process + reader_offset(reader, "_OBJECT_TYPE.Name"), name, sizeof name);
    assert_string_equal(name, "Process");
    assert_true((section != 0) == (facts->build >= 10240));
    uint64_t type = reader_u64(reader, facts_global(facts, "MmSectionObjectType", 0x4fb510));
    facts_text(facts, type + reader_offset(reader, "_OBJECT_TYPE.Name"), name, sizeof name);
    assert_string_equal(name, "Section");
    facts_type(facts, type, name, sizeof name);
    assert_string_equal(name, "Type");
    for (size_t i = 0; i < facts->seen.process_count; i++) {
        facts_type(facts, facts->seen.processes[i], name, sizeof name);
        assert_string_equal(name, "Process");
    }
}

/* The entry of a value: through one, two or three levels. */
static uint64_t table_entry(const struct facts *facts, uint64_t table, uint32_t value)
{
    const struct reader *reader = &facts->seen.reader;
    uint64_t code = facts_field(facts, table, "_HANDLE_TABLE.TableCode"), page = code & ~7ull;
    unsigned level = code & 7, leaf = value / 1024;
    assert_true(level < 3);
    if (level == 2)
        page = reader_u64(reader, page + leaf / 512 * 8);
    if (level >= 1)
        page = reader_u64(reader, page + leaf % 512 * 8);
    return page + value / 4 % 256 * 16;
}

/*
 * Bits 20 to 63 of the entry are bits 4 to 47 of the address, which is in the kernel's half; in 9200 bits 23 to 63 are
 * bits 3 to 43, with five levels bits 11 to 63 are bits 4 to 56. Up to 7601 the address is all but the lowest bits.
 */
static uint64_t pointer_in(const struct facts *facts, uint64_t at)
{
    uint64_t low = reader_u64(&facts->seen.reader, at);
    if (!low)
        return 0;
    if (facts->build < 9200)
        return low & ~7ull;
    if (facts->build < 9600)
        return low >> 23 << 3 | 0xfffff00000000000ull;
    if (facts->seen.reader.levels == 5)
        return low >> 11 << 4 | 0xfe00000000000000ull;
    return low >> 20 << 4 | 0xffff000000000000ull;
}

unsigned facts_levels_met[3];

static unsigned handles_of(struct facts *facts, uint64_t table, const char *truth)
{
    const struct reader *reader = &facts->seen.reader;
    uint32_t end = facts_field32(facts, table, "_HANDLE_TABLE.NextHandleNeedingPool");
    unsigned sections = 0;
    char type[64], text[256];
    facts_levels_met[facts_field(facts, table, "_HANDLE_TABLE.TableCode") & 3]++;
    for (uint32_t value = 4; value < end; value += 4) {
        uint64_t at = table_entry(facts, table, value), header = value % 1024 ? pointer_in(facts, at) : 0;
        if (!header)
            continue;
        uint64_t object = header + reader_offset(reader, "_OBJECT_HEADER.Body");
        facts_type(facts, object, type, sizeof type);
        if (strcmp(type, "Section"))
            continue;
        snprintf(text, sizeof text, "{\"value\": %u, \"access\": %u, \"section\": ", value,
                 reader_u32(reader, at + 8) & 0x1ffffff);
        const char *found = strstr(truth, text);
        assert_non_null(found);
        snprintf(text, sizeof text, "\"object\": \"0x%llx\"}", (unsigned long long)object);
        assert_ptr_equal(strstr(found, "\"object\""), strstr(found, text));
        facts_meet_section(facts, object);
        sections++;
    }
    return sections;
}

void facts_check_handles(struct facts *facts)
{
    static char text[1 << 20];
    uint64_t ids = reader_u64(&facts->seen.reader, facts_global(facts, "PspCidTable", 0x4fb5c0));
    for (size_t i = 0; i < facts->seen.process_count; i++) {
        uint64_t eprocess = facts->seen.processes[i], table = facts_field(facts, eprocess, "_EPROCESS.ObjectTable");
        uint64_t pid = facts_field(facts, eprocess, "_EPROCESS.UniqueProcessId");
        facts_process_text(facts, eprocess, text, sizeof text);
        unsigned expected = facts_count(text, text + strlen(text), "{\"value\"");
        if (facts_field(facts, eprocess, "_EPROCESS.ExitTime")) {
            assert_int_equal(table, 0);
            assert_int_equal(expected, 0);
            continue;
        }
        assert_int_equal(handles_of(facts, table, text), expected);
        if (pid % 1024 && pid < 100000)
            assert_int_equal(pointer_in(facts, table_entry(facts, ids, (uint32_t)pid)), eprocess);
    }
}
