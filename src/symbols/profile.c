#include "symbols/profile.h"

#include "symbols/text_lines.h"

#include <string.h>

/* data/layouts.txt and data/kernels.txt, embedded by the build. */
extern const char sic_layouts_text[];
extern const size_t sic_layouts_text_size;
extern const char sic_kernels_text[];
extern const size_t sic_kernels_text_size;

/* "10.0.19041.264"; parts that are not there are 0. */
static bool parse_version(struct sic_text text, struct sic_version *version)
{
    struct sic_text part, rest = text;

    *version = (struct sic_version){0};
    for (unsigned i = 0; i < 4; i++) {
        if (!sic_text_split(rest, '.', &part, &rest))
            return sic_text_number(rest, 10, &version->part[i]);
        if (!sic_text_number(part, 10, &version->part[i]))
            return false;
    }
    return false;
}

/* "layout NAME FIRST-LAST CONFIDENCE", without its first word. */
static bool parse_heading(struct sic_text line, struct sic_profile *profile)
{
    struct sic_text word, first, last;

    if (!sic_text_next_word(&line, &word) || !sic_text_copy(word, profile->name, sizeof(profile->name)))
        return false;
    if (!sic_text_next_word(&line, &word) || !sic_text_split(word, '-', &first, &last) ||
        !parse_version(first, &profile->first) || !parse_version(last, &profile->last))
        return false;
    if (!sic_text_next_word(&line, &word))
        return false;
    profile->is_partial = sic_text_equals(word, "partial");
    return profile->is_partial || sic_text_equals(word, "full");
}

static enum sic_field find_field(struct sic_text name)
{
    for (unsigned field = 0; field < SIC_FIELD_COUNT; field++) {
        if (sic_text_equals(name, sic_layout_field_name(field)))
            return field;
    }
    return SIC_FIELD_COUNT;
}

static bool parse_bits(struct sic_text text, struct sic_layout_field *field)
{
    struct sic_text first, count;
    uint32_t first_bit, bit_count;

    if (!sic_text_split(text, ':', &first, &count) || !sic_text_number(first, 10, &first_bit) ||
        !sic_text_number(count, 10, &bit_count) || first_bit > 63 || bit_count == 0 || bit_count > 63)
        return false;
    field->first_bit = (uint8_t)first_bit;
    field->bit_count = (uint8_t)bit_count;
    return true;
}

/* "FIELD OFFSET [FIRST:COUNT]"; fields that SiC does not read are passed over. */
static bool parse_field(struct sic_text name, struct sic_text line, struct sic_layout *layout)
{
    enum sic_field field = find_field(name);
    struct sic_layout_field description = {0};
    struct sic_text word;

    if (!sic_text_next_word(&line, &word) || !sic_text_number(word, 16, &description.offset))
        return false;
    if (sic_text_next_word(&line, &word) && !parse_bits(word, &description))
        return false;
    if (field != SIC_FIELD_COUNT)
        layout->fields[field] = description;
    return true;
}

static unsigned line_number(const char *text, size_t offset)
{
    unsigned number = 1;

    for (size_t i = 0; i < offset; i++)
        number += text[i] == '\n';
    return number;
}

static enum sic_status broken_line(const char *text, size_t offset, struct sic_error *error)
{
    return sic_error_set(error, SIC_BROKEN,
                         "line %u of the profile text is not a layout, a source or a field with an offset: see "
                         "docs/profiles.md for the format",
                         line_number(text, offset));
}

enum sic_status sic_profile_next(const char *text, size_t size, size_t *cursor, struct sic_error *error,
                                 struct sic_profile *profile)
{
    bool started = false;
    size_t position = *cursor;
    struct sic_text line, word;

    while (sic_text_next_line(text, size, &position, &line)) {
        size_t start = (size_t)(line.start - text);

        if (!sic_text_next_word(&line, &word) || word.start[0] == '#' || sic_text_equals(word, "source")) {
            *cursor = position;
            continue;
        }
        if (sic_text_equals(word, "layout")) {
            if (started)
                break;
            started = true;
            *profile = (struct sic_profile){0};
            sic_layout_init(&profile->layout);
            if (!parse_heading(line, profile))
                return broken_line(text, start, error);
        } else if (!started || !parse_field(word, line, &profile->layout)) {
            return broken_line(text, start, error);
        }
        *cursor = position;
    }
    return started ? SIC_OK : SIC_NOT_FOUND;
}

bool sic_profile_builtin_next(size_t *cursor, struct sic_profile *profile)
{
    struct sic_error error;

    return sic_profile_next(sic_layouts_text, sic_layouts_text_size, cursor, &error, profile) == SIC_OK;
}

bool sic_profile_builtin_find(const char *name, struct sic_profile *profile)
{
    size_t cursor = 0, start;
    struct sic_text line, word;

    for (start = 0; sic_text_next_line(sic_layouts_text, sic_layouts_text_size, &cursor, &line); start = cursor) {
        if (sic_text_next_word(&line, &word) && sic_text_equals(word, "layout") && sic_text_next_word(&line, &word) &&
            sic_text_equals(word, name))
            return sic_profile_builtin_next(&start, profile);
    }
    return false;
}

/* "GUIDAGE PDB BUILD LAYOUT GLOBAL…", the globals in the order of the heading. */
static bool parse_known_kernel(struct sic_text line, struct sic_text heading, struct sic_known_kernel *kernel)
{
    static const char *const names[] = {
#define SIC_GLOBAL_NAME(name) #name,
        SIC_GLOBALS(SIC_GLOBAL_NAME)
#undef SIC_GLOBAL_NAME
    };
    struct sic_text word, column;

    *kernel = (struct sic_known_kernel){0};
    for (unsigned i = 0; sic_text_next_word(&heading, &column) && sic_text_next_word(&line, &word); i++) {
        if (i == 0 && !sic_text_copy(word, kernel->guid_age, sizeof(kernel->guid_age)))
            return false;
        if (sic_text_equals(column, "build") && !parse_version(word, &kernel->version))
            return false;
        if (sic_text_equals(column, "layout") && !sic_text_copy(word, kernel->layout, sizeof(kernel->layout)))
            return false;
        for (unsigned global = 0; global < SIC_GLOBAL_COUNT; global++) {
            if (sic_text_equals(column, names[global]) && !sic_text_equals(word, "-") &&
                !sic_text_number(word, 16, &kernel->globals[global]))
                return false;
        }
    }
    return true;
}

bool sic_known_kernel_find(const char *guid_age, struct sic_known_kernel *kernel)
{
    size_t cursor = 0;
    struct sic_text line, heading = {0}, rest, word;

    while (sic_text_next_line(sic_kernels_text, sic_kernels_text_size, &cursor, &line)) {
        rest = line;
        if (!sic_text_next_word(&rest, &word) || word.start[0] == '#')
            continue;
        if (sic_text_equals(word, "guid_age"))
            heading = line;
        else if (sic_text_equals(word, guid_age))
            return parse_known_kernel(line, heading, kernel);
    }
    return false;
}

uint32_t sic_profile_build_distance(const struct sic_profile *profile, uint32_t build)
{
    if (build < profile->first.part[2])
        return profile->first.part[2] - build;
    if (build > profile->last.part[2])
        return build - profile->last.part[2];
    return 0;
}
