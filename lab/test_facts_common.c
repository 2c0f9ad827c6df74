#include "test_facts.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

uint64_t facts_field(const struct facts *facts, uint64_t object, const char *name)
{
    return seen_field(&facts->seen, object, name);
}

uint32_t facts_field32(const struct facts *facts, uint64_t object, const char *name)
{
    return reader_u32(&facts->seen.reader, object + reader_offset(&facts->seen.reader, name));
}

/* A global of the kernel by the name of its column in data/kernels.txt; `made_up` where the kernel is. */
uint64_t facts_global(const struct facts *facts, const char *name, uint32_t made_up)
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
void facts_text(const struct facts *facts, uint64_t va, char *text, size_t size)
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
void facts_type(const struct facts *facts, uint64_t object, char *name, size_t size)
{
    const struct reader *reader = &facts->seen.reader;
    uint64_t header = object - reader_offset(reader, "_OBJECT_HEADER.Body");
    if (reader_has(reader, "_OBJECT_HEADER.Type")) {
        uint64_t type = facts_field(facts, header, "_OBJECT_HEADER.Type");
        facts_text(facts, type + reader_offset(reader, "_OBJECT_TYPE.Name"), name, size);
        return;
    }
    uint8_t index = (uint8_t)reader_u32(reader, header + reader_offset(reader, "_OBJECT_HEADER.TypeIndex"));
    if (facts->build >= 10240)
        index ^= (uint8_t)(header >> 8) ^ facts->cookie;
    assert_true(index >= 2);
    uint64_t type = reader_u64(reader, facts->types + index * 8u);
    assert_int_not_equal(type, 0);
    assert_int_equal((uint8_t)facts_field32(facts, type, "_OBJECT_TYPE.Index"), index);
    facts_text(facts, type + reader_offset(reader, "_OBJECT_TYPE.Name"), name, size);
}

/* Pool tags of types; the block begins where the optional parts of the header do. */
void facts_check_tag(const struct facts *facts, uint64_t object, const char *type)
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

uint64_t facts_name_part(const struct facts *facts, uint64_t header)
{
    if (reader_has(&facts->seen.reader, "_OBJECT_HEADER.NameInfoOffset")) {
        uint8_t offset = (uint8_t)facts_field32(facts, header, "_OBJECT_HEADER.NameInfoOffset");
        return offset ? header - offset : 0;
    }
    uint8_t mask = (uint8_t)facts_field32(facts, header, "_OBJECT_HEADER.InfoMask");
    return mask & 2 ? header - (mask & 1 ? 0x40 : 0x20) : 0;
}

/* The name part of the header, and what it says. */
void facts_name(const struct facts *facts, uint64_t object, uint64_t directory, char *name, size_t size)
{
    const struct reader *reader = &facts->seen.reader;
    uint64_t header = object - reader_offset(reader, "_OBJECT_HEADER.Body");
    uint64_t offsets = facts_global(facts, "ObpInfoMaskToOffset", 0x405e20), info = facts_name_part(facts, header);
    assert_int_not_equal(info, 0);
    if (offsets && reader_has(reader, "_OBJECT_HEADER.InfoMask")) {
        uint8_t mask = (uint8_t)facts_field32(facts, header, "_OBJECT_HEADER.InfoMask");
        assert_int_equal(header - info, reader_u32(reader, offsets + (mask & 3)) & 0xff);
    }
    assert_int_equal(facts_field(facts, info, "_OBJECT_HEADER_NAME_INFO.Directory"), directory);
    facts_text(facts, info + reader_offset(reader, "_OBJECT_HEADER_NAME_INFO.Name"), name, size);
}

bool facts_in_truth(const struct facts *facts, const char *format, ...)
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

void facts_meet_section(struct facts *facts, uint64_t object)
{
    for (size_t i = 0; i < facts->found_count; i++)
        if (facts->found[i] == object)
            return;
    assert_true(facts->found_count < FACTS_MAX_SECTIONS);
    facts->found[facts->found_count++] = object;
}

/* The control area behind a SECTION object. */
uint64_t facts_area(const struct facts *facts, uint64_t object)
{
    if (reader_has(&facts->seen.reader, "_SECTION.u1"))
        return facts_field(facts, object, "_SECTION.u1") & ~3ull;
    return facts_field(facts, facts_field(facts, object, "_SECTION_OBJECT.Segment"), "_SEGMENT.ControlArea");
}

/* The text of the truth's section with this control area, up to the next one. */
void facts_section_text(const struct facts *facts, uint64_t area, char *text, size_t size)
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

unsigned facts_count(const char *text, const char *end, const char *what)
{
    unsigned count = 0;
    for (const char *at = text; (at = strstr(at, what)) && at < end; at++)
        count++;
    return count;
}

const char *facts_process_text(const struct facts *facts, uint64_t eprocess, char *text, size_t size)
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
