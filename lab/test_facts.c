/*
 * Reads back what memory is and whose it is, by a walk of its own: from the root directory, the type table, the handle
 * tables, the tokens and the rings, as public descriptions of Windows give them, and holds it against the truth.
 * Each fact is written in the truth's own words and looked up there, in both directions: as many as the truth has.
 */
#include "test_lab.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define PREFIX LAB_SCRATCH "/facts"

#define MAX_PATHS    4096
#define MAX_SECTIONS 512

struct facts {
    struct seen seen;
    char *truth;
    uint64_t types; /* ObTypeIndexTable */
    uint32_t build;
    uint8_t cookie;
    unsigned directories, links, names, devices, events;
    uint64_t found[MAX_SECTIONS]; /* SECTION objects met so far */
    size_t found_count;
};

static uint64_t field(const struct facts *facts, uint64_t object, const char *name)
{
    return seen_field(&facts->seen, object, name);
}

static uint32_t field32(const struct facts *facts, uint64_t object, const char *name)
{
    return reader_u32(&facts->seen.reader, object + reader_offset(&facts->seen.reader, name));
}

/* A global of the kernel by the name of its column in data/kernels.txt; `made_up` where the kernel is. */
static uint64_t global(const struct facts *facts, const char *name, uint32_t made_up)
{
    char guid[64], path[4096], line[2048];
    uint32_t rva = made_up;
    int column = -1;
    truth_string(facts->truth, "guid_age", guid, sizeof guid);
    snprintf(path, sizeof path, "%s/kernels.txt", LAB_DATA_FOLDER);
    FILE *file = fopen(path, "r");
    assert_non_null(file);
    while (fgets(line, sizeof line, file)) {
        char *rest = line, *word;
        bool header = !strncmp(line, "guid_age ", 9), wanted = !strncmp(line, guid, strlen(guid));
        for (int i = 0; (header || wanted) && (word = strsep(&rest, " \n")); i++) {
            if (header && !strcmp(word, name))
                column = i;
            if (wanted && i == column)
                rva = *word == '-' ? 0 : (uint32_t)strtoul(word, NULL, 16);
        }
    }
    fclose(file);
    assert_int_not_equal(column, -1);
    return rva ? facts->seen.reader.kernel_base + rva : 0;
}

/* The text of a UNICODE_STRING as JSON writes it: UTF-8, with quotes and backslashes escaped. */
static void text_of(const struct facts *facts, uint64_t va, char *text, size_t size)
{
    const struct reader *reader = &facts->seen.reader;
    unsigned length = reader_u16(reader, va) / 2;
    uint64_t buffer = reader_u64(reader, va + 8);
    size_t used = 0;
    for (unsigned i = 0; i < length; i++) {
        uint32_t c = reader_u16(reader, buffer + i * 2);
        if (c >= 0xd800 && c < 0xdc00)
            c = 0x10000 + ((c - 0xd800) << 10) + (reader_u16(reader, buffer + ++i * 2) - 0xdc00u);
        assert_true(used + 5 < size);
        if (c == '\\' || c == '"')
            text[used++] = '\\';
        if (c < 0x80) {
            text[used++] = (char)c;
        } else if (c < 0x800) {
            text[used++] = (char)(0xc0 | c >> 6);
            text[used++] = (char)(0x80 | (c & 0x3f));
        } else if (c < 0x10000) {
            text[used++] = (char)(0xe0 | c >> 12);
            text[used++] = (char)(0x80 | (c >> 6 & 0x3f));
            text[used++] = (char)(0x80 | (c & 0x3f));
        } else {
            text[used++] = (char)(0xf0 | c >> 18);
            text[used++] = (char)(0x80 | (c >> 12 & 0x3f));
            text[used++] = (char)(0x80 | (c >> 6 & 0x3f));
            text[used++] = (char)(0x80 | (c & 0x3f));
        }
    }
    text[used] = 0;
}

/* The name of an object's type, through the table. */
static void type_of(const struct facts *facts, uint64_t object, char *name, size_t size)
{
    const struct reader *reader = &facts->seen.reader;
    uint64_t header = object - reader_offset(reader, "_OBJECT_HEADER.Body");
    if (reader_has(reader, "_OBJECT_HEADER.Type")) {
        uint64_t type = field(facts, header, "_OBJECT_HEADER.Type");
        text_of(facts, type + reader_offset(reader, "_OBJECT_TYPE.Name"), name, size);
        return;
    }
    uint8_t index = (uint8_t)reader_u32(reader, header + reader_offset(reader, "_OBJECT_HEADER.TypeIndex"));
    if (facts->build >= 10240)
        index ^= (uint8_t)(header >> 8) ^ facts->cookie;
    assert_true(index >= 2);
    uint64_t type = reader_u64(reader, facts->types + index * 8u);
    assert_int_not_equal(type, 0);
    assert_int_equal((uint8_t)field32(facts, type, "_OBJECT_TYPE.Index"), index);
    text_of(facts, type + reader_offset(reader, "_OBJECT_TYPE.Name"), name, size);
}

/* Pool tags of types; the block begins where the optional parts of the header do. */
static void has_its_tag(const struct facts *facts, uint64_t object, const char *type)
{
    static const char *const tags[][2] = {{"Type", "ObjT"},    {"Directory", "Dire"}, {"SymbolicLink", "Symb"},
                                          {"Token", "Toke"},   {"Section", "Sect"},   {"Device", "Devi"},
                                          {"Process", "Proc"}, {"Thread", "Thre"},    {"Event", "Even"}};
    uint64_t block = seen_block(&facts->seen, object);
    for (size_t i = 0; block % 4096 && i < sizeof tags / sizeof *tags; i++) {
        uint32_t tag = reader_u32(&facts->seen.reader, block - 0xc);
        if (!strcmp(tags[i][0], type))
            assert_memory_equal(&tag, tags[i][1], 4);
    }
}

/* Where the name part of a header begins; 0: there is none. */
static uint64_t name_part(const struct facts *facts, uint64_t header)
{
    if (reader_has(&facts->seen.reader, "_OBJECT_HEADER.NameInfoOffset")) {
        uint8_t offset = (uint8_t)field32(facts, header, "_OBJECT_HEADER.NameInfoOffset");
        return offset ? header - offset : 0;
    }
    uint8_t mask = (uint8_t)field32(facts, header, "_OBJECT_HEADER.InfoMask");
    return mask & 2 ? header - (mask & 1 ? 0x40 : 0x20) : 0;
}

/* The name part of the header, and what it says. */
static void name_of(const struct facts *facts, uint64_t object, uint64_t directory, char *name, size_t size)
{
    const struct reader *reader = &facts->seen.reader;
    uint64_t header = object - reader_offset(reader, "_OBJECT_HEADER.Body");
    uint64_t offsets = global(facts, "ObpInfoMaskToOffset", 0x405e20), info = name_part(facts, header);
    assert_int_not_equal(info, 0);
    if (offsets && reader_has(reader, "_OBJECT_HEADER.InfoMask")) {
        uint8_t mask = (uint8_t)field32(facts, header, "_OBJECT_HEADER.InfoMask");
        assert_int_equal(header - info, reader_u32(reader, offsets + (mask & 3)) & 0xff);
    }
    assert_int_equal(field(facts, info, "_OBJECT_HEADER_NAME_INFO.Directory"), directory);
    text_of(facts, info + reader_offset(reader, "_OBJECT_HEADER_NAME_INFO.Name"), name, size);
}

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

static bool in_truth(const struct facts *facts, const char *format, ...) __attribute__((format(printf, 2, 3)));

static bool in_truth(const struct facts *facts, const char *format, ...)
{
    char text[4096];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    bool found = strstr(facts->truth, text) != NULL;
    if (!found)
        print_message("the truth has no %s\n", text);
    return found;
}

static void meet_section(struct facts *facts, uint64_t object)
{
    for (size_t i = 0; i < facts->found_count; i++)
        if (facts->found[i] == object)
            return;
    assert_true(facts->found_count < MAX_SECTIONS);
    facts->found[facts->found_count++] = object;
}

/* The control area behind a SECTION object. */
static uint64_t area_of(const struct facts *facts, uint64_t object)
{
    if (reader_has(&facts->seen.reader, "_SECTION.u1"))
        return field(facts, object, "_SECTION.u1") & ~3ull;
    return field(facts, field(facts, object, "_SECTION_OBJECT.Segment"), "_SEGMENT.ControlArea");
}

/* The text of the truth's section with this control area, up to the next one. */
static void section_text(const struct facts *facts, uint64_t area, char *text, size_t size)
{
    char key[64];
    snprintf(key, sizeof key, "{\"control_area\": \"0x%llx\"", (unsigned long long)area);
    const char *at = strstr(facts->truth, key);
    assert_non_null(at);
    const char *end = strstr(at + 1, "{\"control_area\"");
    if (!end)
        end = strstr(at, "\n \"views\"");
    assert_non_null(end);
    snprintf(text, size, "%.*s", (int)(end - at), at);
}

static void walk(struct facts *facts, uint64_t directory, const char *path);

static void entry(struct facts *facts, uint64_t object, const char *path, const char *name)
{
    char type[64], full[512], text[4096], quoted[600];
    type_of(facts, object, type, sizeof type);
    has_its_tag(facts, object, type);
    snprintf(full, sizeof full, "%s\\\\%s", strcmp(path, "\\\\") ? path : "", name);
    if (!strcmp(type, "Directory")) {
        walk(facts, object, full);
    } else if (!strcmp(type, "SymbolicLink")) {
        text_of(facts, object + reader_offset(&facts->seen.reader, "_OBJECT_SYMBOLIC_LINK.LinkTarget"), text,
                sizeof text);
        assert_true(in_truth(facts, "{\"path\": \"%s\", \"target\": \"%s\"}", full, text));
        facts->links++;
    } else if (!strcmp(type, "Section")) {
        section_text(facts, area_of(facts, object), text, sizeof text);
        snprintf(quoted, sizeof quoted, "\"%s\"", full);
        assert_non_null(strstr(text, quoted));
        meet_section(facts, object);
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
    assert_true(in_truth(facts, "\"%s\"", path));
    facts->directories++;
    for (unsigned bucket = 0; bucket < 37; bucket++) {
        uint64_t at =
            reader_u64(reader, directory + reader_offset(reader, "_OBJECT_DIRECTORY.HashBuckets") + bucket * 8);
        for (unsigned i = 0; at; at = field(facts, at, "_OBJECT_DIRECTORY_ENTRY.ChainLink"), i++) {
            uint64_t object = field(facts, at, "_OBJECT_DIRECTORY_ENTRY.Object");
            uint32_t hash = reader_u32(reader, at + 0x10);
            assert_true(i < MAX_PATHS);
            name_of(facts, object, directory, name, sizeof name);
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

static unsigned occurrences(const char *text, const char *end, const char *what)
{
    unsigned count = 0;
    for (const char *at = text; (at = strstr(at, what)) && at < end; at++)
        count++;
    return count;
}

static void namespace_is_the_truths(struct facts *facts)
{
    uint64_t root = reader_u64(&facts->seen.reader, global(facts, "ObpRootDirectoryObject", 0x405108));
    char name[16], type[32];
    name_of(facts, root, 0, name, sizeof name);
    assert_string_equal(name, "\\\\");
    type_of(facts, root, type, sizeof type);
    assert_string_equal(type, "Directory");
    walk(facts, root, "\\\\");
    const char *links = strstr(facts->truth, "\"links\""), *end = strstr(facts->truth, "\"sections\": [");
    assert_non_null(links);
    assert_int_equal(facts->links, occurrences(links, end, "\"target\""));
    const char *directories = strstr(facts->truth, "\"directories\"");
    assert_int_equal(facts->directories, occurrences(directories, links, "\"\\\\"));
    assert_true(facts->devices >= 2 && facts->events >= 2);
}

static void types_are_there(struct facts *facts)
{
    const struct reader *reader = &facts->seen.reader;
    uint32_t variable = reader_export(reader, "PsProcessType"), section = reader_export(reader, "MmSectionObjectType");
    char name[64];
    assert_int_not_equal(variable, 0);
    uint64_t process = reader_u64(reader, reader->kernel_base + variable);
    text_of(facts, process + reader_offset(reader, "_OBJECT_TYPE.Name"), name, sizeof name);
    assert_string_equal(name, "Process");
    assert_true((section != 0) == (facts->build >= 10240));
    uint64_t type = reader_u64(reader, global(facts, "MmSectionObjectType", 0x4fb510));
    text_of(facts, type + reader_offset(reader, "_OBJECT_TYPE.Name"), name, sizeof name);
    assert_string_equal(name, "Section");
    type_of(facts, type, name, sizeof name);
    assert_string_equal(name, "Type");
    for (size_t i = 0; i < facts->seen.process_count; i++) {
        type_of(facts, facts->seen.processes[i], name, sizeof name);
        assert_string_equal(name, "Process");
    }
}

/* The entry of a value: through one, two or three levels. */
static uint64_t table_entry(const struct facts *facts, uint64_t table, uint32_t value)
{
    const struct reader *reader = &facts->seen.reader;
    uint64_t code = field(facts, table, "_HANDLE_TABLE.TableCode"), page = code & ~7ull;
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

static const char *process_text(const struct facts *facts, uint64_t eprocess, char *text, size_t size)
{
    char key[64];
    snprintf(key, sizeof key, "\"eprocess\": \"0x%llx\", \"parent\"", (unsigned long long)eprocess);
    const char *at = strstr(facts->truth, key);
    assert_non_null(at);
    const char *end = strstr(at, "\n");
    assert_true((size_t)(end - at) < size);
    snprintf(text, size, "%.*s", (int)(end - at), at);
    return text;
}

static unsigned level_met[3];

static unsigned handles_of(struct facts *facts, uint64_t table, const char *truth)
{
    const struct reader *reader = &facts->seen.reader;
    uint32_t end = field32(facts, table, "_HANDLE_TABLE.NextHandleNeedingPool");
    unsigned sections = 0;
    char type[64], text[256];
    level_met[field(facts, table, "_HANDLE_TABLE.TableCode") & 3]++;
    for (uint32_t value = 4; value < end; value += 4) {
        uint64_t at = table_entry(facts, table, value), header = value % 1024 ? pointer_in(facts, at) : 0;
        if (!header)
            continue;
        uint64_t object = header + reader_offset(reader, "_OBJECT_HEADER.Body");
        type_of(facts, object, type, sizeof type);
        if (strcmp(type, "Section"))
            continue;
        snprintf(text, sizeof text, "{\"value\": %u, \"access\": %u, \"section\": ", value,
                 reader_u32(reader, at + 8) & 0x1ffffff);
        const char *found = strstr(truth, text);
        assert_non_null(found);
        snprintf(text, sizeof text, "\"object\": \"0x%llx\"}", (unsigned long long)object);
        assert_ptr_equal(strstr(found, "\"object\""), strstr(found, text));
        meet_section(facts, object);
        sections++;
    }
    return sections;
}

static void handles_are_the_truths(struct facts *facts)
{
    static char text[1 << 20];
    uint64_t ids = reader_u64(&facts->seen.reader, global(facts, "PspCidTable", 0x4fb5c0));
    for (size_t i = 0; i < facts->seen.process_count; i++) {
        uint64_t eprocess = facts->seen.processes[i], table = field(facts, eprocess, "_EPROCESS.ObjectTable");
        uint64_t pid = field(facts, eprocess, "_EPROCESS.UniqueProcessId");
        process_text(facts, eprocess, text, sizeof text);
        unsigned expected = occurrences(text, text + strlen(text), "{\"value\"");
        if (field(facts, eprocess, "_EPROCESS.ExitTime")) {
            assert_int_equal(table, 0);
            assert_int_equal(expected, 0);
            continue;
        }
        assert_int_equal(handles_of(facts, table, text), expected);
        if (pid % 1024 && pid < 100000)
            assert_int_equal(pointer_in(facts, table_entry(facts, ids, (uint32_t)pid)), eprocess);
    }
}

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
        text_of(facts, at + 0x20, name, sizeof name);
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
    uint32_t count = field32(facts, token, "_TOKEN.UserAndGroupCount");
    const struct reader *reader = &facts->seen.reader;
    bool has_package = reader_has(reader, "_TOKEN.Package");
    uint64_t groups = field(facts, token, "_TOKEN.UserAndGroups");
    uint64_t package = has_package ? field(facts, token, "_TOKEN.Package") : 0;
    type_of(facts, token, type, sizeof type);
    assert_string_equal(type, "Token");
    has_its_tag(facts, token, type);
    sid_list(facts, groups, count, truth, "groups", true);
    if (has_package)
        sid_list(facts, field(facts, token, "_TOKEN.Capabilities"), field32(facts, token, "_TOKEN.CapabilityCount"),
                 truth, "capabilities", false);
    sid_list(facts, field(facts, token, "_TOKEN.RestrictedSids"), field32(facts, token, "_TOKEN.RestrictedSidCount"),
             truth, "restricted", false);
    snprintf(text, sizeof text, "\"integrity\": null,");
    if (reader_has(reader, "_TOKEN.IntegrityLevelIndex")) {
        uint32_t index = field32(facts, token, "_TOKEN.IntegrityLevelIndex");
        assert_true(index < count);
        uint64_t label = reader_u64(reader, groups + index * 16);
        snprintf(text, sizeof text, "\"integrity\": %u,", reader_u32(reader, label + 8));
    }
    assert_non_null(strstr(truth, text));
    snprintf(text, sizeof text, "\"session\": %u,", field32(facts, token, "_TOKEN.SessionId"));
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
    bool low = is_low_privilege(facts, field(facts, token, "_TOKEN.pSecurityAttributes"));
    assert_non_null(strstr(truth, low ? "\"lowPrivilege\": true" : "\"lowPrivilege\": false"));
}

static void owners_are_the_truths(struct facts *facts)
{
    static char text[1 << 20];
    char piece[64];
    const struct reader *reader = &facts->seen.reader;
    for (size_t i = 0; i < facts->seen.process_count; i++) {
        uint64_t eprocess = facts->seen.processes[i], token = field(facts, eprocess, "_EPROCESS.Token") & ~0xfull;
        process_text(facts, eprocess, text, sizeof text);
        if (token)
            token_is_the_truths(facts, token, text);
        else
            assert_non_null(strstr(text, "\"user\": null"));
        snprintf(piece, sizeof piece, "\"protection\": null,");
        if (reader_has(reader, "_EPROCESS.Protection"))
            snprintf(piece, sizeof piece, "\"protection\": %u,",
                     field32(facts, eprocess, "_EPROCESS.Protection") & 0xff);
        assert_non_null(strstr(text, piece));
        if (reader_has(reader, "_EPROCESS.Wow64Process"))
            assert_non_null(strstr(text, field(facts, eprocess, "_EPROCESS.Wow64Process") ? "\"wow64\": true"
                                                                                          : "\"wow64\": false"));
        if (reader_has(reader, "_EPROCESS.Flags"))
            assert_non_null(strstr(text, field32(facts, eprocess, "_EPROCESS.Flags") & 4 ? "\"exiting\": true"
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

static void pebs_are_the_truths(struct facts *facts)
{
    static char text[1 << 20];
    const struct reader *reader = &facts->seen.reader;
    for (size_t i = 0; i < facts->seen.process_count; i++) {
        uint64_t eprocess = facts->seen.processes[i], peb = field(facts, eprocess, "_EPROCESS.Peb");
        const uint8_t *page = reader_page(reader, field(facts, eprocess, "_KPROCESS.DirectoryTableBase"), peb, NULL);
        char expected[2048];
        int used =
            snprintf(expected, sizeof expected, "\"peb\": \"0x%llx\", \"pebPointers\": {", (unsigned long long)peb);
        bool any = false;
        process_text(facts, eprocess, text, sizeof text);
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

static void kernel_view(const struct facts *facts, uint64_t link, uint64_t owner, const char *truth)
{
    char text[256];
    const struct reader *reader = &facts->seen.reader;
    unsigned long long va = owner & ~7ull;
    if ((owner & 7) == 2) {
        uint32_t session = reader_u32(reader, link + 0x18);
        if (session == UINT32_MAX)
            snprintf(text, sizeof text, "{\"kind\": \"system\", \"session\": null, \"va\": \"0x%llx\"}", va);
        else
            snprintf(text, sizeof text, "{\"kind\": \"session\", \"session\": %u, \"va\": \"0x%llx\"}", session, va);
    } else {
        uint64_t attributes = reader_u64(reader, link + 0x20);
        assert_int_equal(owner & 7, 3);
        snprintf(text, sizeof text,
                 "{\"kind\": \"cache\", \"session\": null, \"va\": \"0x%llx\", \"firstPage\": %llu, \"pages\": %u}", va,
                 (unsigned long long)attributes >> 16, (unsigned)attributes & 0x3f);
    }
    if (!strstr(truth, text))
        fail_msg("the truth has no %s: %s", text, truth);
}

/* The head of the ring of views; 0: the kernel has none. */
static uint64_t ring_of(const struct facts *facts, uint64_t area)
{
    const struct reader *reader = &facts->seen.reader;
    if (!reader_has(reader, "_MMVAD.ViewLinks"))
        return 0;
    return area + reader_offset(reader, reader_has(reader, "_CONTROL_AREA.ListHead") ? "_CONTROL_AREA.ListHead"
                                                                                     : "_CONTROL_AREA.ViewList");
}

/* Rings with all their entries, and the counts beside them. */
static void section_is_the_truths(const struct facts *facts, uint64_t area)
{
    const struct reader *reader = &facts->seen.reader;
    static char text[1 << 16];
    char piece[128];
    uint64_t views = 0, cached = 0, kernel = 0, head = ring_of(facts, area);
    section_text(facts, area, text, sizeof text);
    for (uint64_t link = head ? reader_u64(reader, head) : 0; link != head; link = reader_u64(reader, link), views++) {
        uint64_t owner = reader_u64(reader, link + 0x10);
        assert_int_equal(reader_u64(reader, reader_u64(reader, link) + 8), link);
        assert_true(views < 10000);
        if ((owner & 7) == 1)
            continue;
        kernel_view(facts, link, owner, text);
        kernel++;
        cached += (owner & 7) == 3;
    }
    assert_int_equal(kernel, occurrences(text, text + strlen(text), "\"va\""));
    assert_true(seen_count(&facts->seen, area, "_CONTROL_AREA.NumberOfMappedViews") >= views);
    assert_true(field32(facts, area, "_CONTROL_AREA.u2") >= cached);
    snprintf(piece, sizeof piece, "\"references\": %llu, \"mappedViews\": %llu, \"cacheViews\": %u",
             (unsigned long long)seen_count(&facts->seen, area, "_CONTROL_AREA.NumberOfSectionReferences"),
             (unsigned long long)seen_count(&facts->seen, area, "_CONTROL_AREA.NumberOfMappedViews"),
             field32(facts, area, "_CONTROL_AREA.u2"));
    assert_non_null(strstr(text, piece));
    uint64_t objects = 0;
    for (size_t i = 0; i < facts->found_count; i++)
        objects += area_of(facts, facts->found[i]) == area;
    assert_int_equal(seen_count(&facts->seen, area, "_CONTROL_AREA.NumberOfSectionReferences"), objects);
    uint64_t segment = field(facts, area, "_CONTROL_AREA.Segment");
    uint32_t flags = field32(facts, segment, "_SEGMENT.SegmentFlags");
    assert_non_null(strstr(text, reader_bits(reader, "_SEGMENT_FLAGS.LargePages", flags) ? "\"largePages\": true"
                                                                                         : "\"largePages\": false"));
    assert_int_equal(field(facts, segment, "_SEGMENT.ControlArea"), area);
}

/* The file's device, by the name of its object. */
static void file_is_the_truths(const struct facts *facts, uint64_t area)
{
    const struct reader *reader = &facts->seen.reader;
    static char text[1 << 16];
    uint64_t file = field(facts, area, "_CONTROL_AREA.FilePointer") & ~0xfull;
    char device[128] = "null", type[32], name[128], piece[1024];
    section_text(facts, area, text, sizeof text);
    if (!file) {
        assert_non_null(strstr(text, "\"device\": null"));
        return;
    }
    type_of(facts, file, type, sizeof type);
    assert_string_equal(type, "File");
    uint64_t object = field(facts, file, "_FILE_OBJECT.DeviceObject");
    type_of(facts, object, type, sizeof type);
    assert_string_equal(type, "Device");
    uint64_t header = object - 0x30;
    uint64_t info = name_part(facts, header);
    if (info) {
        name_of(facts, object, field(facts, info, "_OBJECT_HEADER_NAME_INFO.Directory"), name, sizeof name);
        snprintf(device, sizeof device, "\"\\\\Device\\\\%.100s\"", name);
    }
    snprintf(piece, sizeof piece, "\"device\": %s", device);
    assert_non_null(strstr(text, piece));
    uint64_t buffer = reader_u64(reader, file + reader_offset(reader, "_FILE_OBJECT.FileName") + 8);
    bool readable = reader_page(reader, reader->root, buffer, NULL) != NULL;
    assert_non_null(strstr(text, readable ? "\"nameReadable\": true" : "\"nameReadable\": false"));
}

static void sections_are_the_truths(struct facts *facts)
{
    const char *at = strstr(facts->truth, "\"sections\": [");
    unsigned long long area;
    unsigned count = 0;
    while ((at = strstr(at + 1, "{\"control_area\": \"")) != NULL) {
        assert_int_equal(sscanf(at, "{\"control_area\": \"0x%llx\"", &area), 1);
        section_is_the_truths(facts, area);
        file_is_the_truths(facts, area);
        count++;
    }
    assert_true(count > 0);
}

static void first_pages_are_the_truths(struct facts *facts)
{
    const struct reader *reader = &facts->seen.reader;
    const char *at = strstr(facts->truth, "\n \"views\": [");
    unsigned physical = 0;
    while ((at = strstr(at + 1, "\"first_prototype_pte\": \"0x")) != NULL) {
        unsigned long long va, pte = 0, address;
        char text[64], *end;
        sscanf(at, "\"first_prototype_pte\": \"0x%llx\"", &va);
        const char *said = strstr(at, "\"firstPte\": \"");
        assert_non_null(said);
        sscanf(said, "\"firstPte\": \"0x%llx\"", &pte);
        assert_int_equal(reader_u64(reader, va), pte);
        said = strstr(said, "\"firstPhysical\": ");
        if (!strncmp(said + 17, "null", 4)) {
            assert_int_equal(pte & 1, 0);
            continue;
        }
        address = strtoull(said + 18, &end, 16);
        assert_true(address + 4096 <= reader->size);
        for (unsigned i = 0; i < 16; i++)
            snprintf(text + i * 2, 3, "%02x", reader->bytes[address + i]);
        said = strstr(said, "\"firstBytes\": \"");
        assert_memory_equal(said + 15, text, 32);
        physical++;
    }
    assert_true(physical > 0);
}

static void open_world(struct facts *facts)
{
    memset(facts, 0, sizeof *facts);
    seen_open(&facts->seen, PREFIX);
    facts->truth = truth_text(PREFIX);
    facts->build = (uint32_t)strtoul(strstr(facts->truth, "\"build\": ") + 9, NULL, 10);
    facts->types = global(facts, "ObTypeIndexTable", 0x4fbe10);
    uint64_t cookie = global(facts, "ObHeaderCookie", 0x4fb71c);
    if (facts->build >= 10240)
        reader_copy(&facts->seen.reader, cookie, &facts->cookie, 1);
}

static void check_world(void)
{
    struct facts *facts = calloc(1, sizeof *facts);
    open_world(facts);
    types_are_there(facts);
    namespace_is_the_truths(facts);
    handles_are_the_truths(facts);
    owners_are_the_truths(facts);
    pebs_are_the_truths(facts);
    sections_are_the_truths(facts);
    first_pages_are_the_truths(facts);
    free(facts->truth);
    seen_close(&facts->seen);
    free(facts);
}

static void each_layout(void (*run)(const char *layout, unsigned number))
{
    char path[4096], line[1024], layout[64];
    unsigned number = 0;
    snprintf(path, sizeof path, "%s/layouts.txt", LAB_DATA_FOLDER);
    FILE *file = fopen(path, "r");
    assert_non_null(file);
    while (fgets(line, sizeof line, file))
        if (sscanf(line, "layout %63s", layout) == 1)
            run(layout, number++);
    fclose(file);
    assert_true(number >= 19);
}

static void random_world(const char *layout, unsigned number)
{
    for (unsigned i = 0; i < 3; i++) {
        lab_run("random --seed %u --output %s --format raw --layout %s", 500 + number * 3 + i, PREFIX, layout);
        check_world();
    }
}

static void random_worlds(void **state)
{
    (void)state;
    each_layout(random_world);
}

static const char *const scenarios[] = {"all-features", "names-and-handles", "owners",
                                        "kernel-views", "api-set-map",       "broker"};

static void scenario_world(const char *layout, unsigned number)
{
    (void)number;
    for (size_t i = 0; i < sizeof scenarios / sizeof *scenarios; i++) {
        lab_run("build %s/%s.scenario --output %s --format raw --layout %s", LAB_SCENARIOS, scenarios[i], PREFIX,
                layout);
        check_world();
    }
}

/* Each of the scenarios about facts, in each layout; and tables of all three levels are among them. */
static void scenario_worlds(void **state)
{
    (void)state;
    each_layout(scenario_world);
    assert_true(level_met[0] > 0 && level_met[1] > 0 && level_met[2] > 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(random_worlds), cmocka_unit_test(scenario_worlds)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
