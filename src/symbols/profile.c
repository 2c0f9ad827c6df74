#include "symbols/profile.h"

#include "symbols/profile_tables.h"

#include "symbols/text_lines.h"

#include <string.h>

/* data/layouts.txt and data/kernels.txt, embedded by the build. */
extern const char sic_layouts_text[];
extern const size_t sic_layouts_text_size;
extern const char sic_kernels_text[];
extern const size_t sic_kernels_text_size;

/* The first word of the heading of a table of kernels, which stands behind the layouts when one file holds both. */
#define KERNEL_TABLE "guid_age"

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

bool sic_version_parse(const char *text, struct sic_version *version)
{
    return parse_version((struct sic_text){.start = text, .size = strlen(text)}, version);
}

static const char *const global_names[SIC_GLOBAL_COUNT] = {
#define SIC_GLOBAL_NAME(name) #name,
    SIC_GLOBALS(SIC_GLOBAL_NAME)
#undef SIC_GLOBAL_NAME
};

const char *sic_global_name(enum sic_global global)
{
    return global_names[global];
}

/* An image is smaller than 4 GiB, and kernel addresses have their highest bits set: a value is one or the other. */
uint64_t sic_global_address(uint64_t value, uint64_t base_va)
{
    if (value >> 32 != 0)
        return value;
    return value != 0 && base_va != 0 ? base_va + value : 0;
}

bool sic_profile_name_is_usable(const char *name)
{
    static const char fit[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-";

    return *name != '\0' && strlen(name) < SIC_LAYOUT_NAME_SIZE && name[strspn(name, fit)] == '\0';
}

/* "layout NAME FIRST-LAST CONFIDENCE", without its first word. */
static bool parse_heading(struct sic_text line, struct sic_profile *profile)
{
    struct sic_text word, first, last;

    if (!sic_text_next_word(&line, &word) || !sic_text_copy(word, profile->name, sizeof(profile->name)) ||
        !sic_profile_name_is_usable(profile->name))
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

bool sic_profile_parse_place(struct sic_text line, struct sic_layout_field *field)
{
    struct sic_text word;

    *field = (struct sic_layout_field){0};
    if (!sic_text_next_word(&line, &word) || !sic_text_number(word, 16, &field->offset))
        return false;
    return !sic_text_next_word(&line, &word) || parse_bits(word, field);
}

/* "FIELD OFFSET [FIRST:COUNT]"; fields that SiC does not read are passed over. */
static bool parse_field(struct sic_text name, struct sic_text line, struct sic_layout *layout)
{
    enum sic_field field = find_field(name);
    struct sic_layout_field description;

    if (!sic_profile_parse_place(line, &description))
        return false;
    if (field != SIC_FIELD_COUNT)
        layout->fields[field] = description;
    return true;
}

/* "global NAME VALUE"; globals that SiC does not use are passed over. */
static bool parse_global(struct sic_text line, struct sic_profile *profile)
{
    struct sic_text name, word;
    uint64_t value;

    if (!sic_text_next_word(&line, &name) || !sic_text_next_word(&line, &word) ||
        !sic_text_number64(word, 16, &value) || (value >> 32 != 0 && !sic_is_kernel_address(5, value, 1)))
        return false;
    for (unsigned global = 0; global < SIC_GLOBAL_COUNT; global++) {
        if (sic_text_equals(name, global_names[global]))
            profile->globals[global] = value;
    }
    return true;
}

static bool parse_row(struct sic_text word, struct sic_text line, struct sic_profile *profile)
{
    return sic_text_equals(word, "global") ? parse_global(line, profile) : parse_field(word, line, &profile->layout);
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
    return sic_error_set(
        error, SIC_BROKEN,
        "line %u of the profile text is not a layout, a source, a global or a field with an offset: see "
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
        if (sic_text_equals(word, KERNEL_TABLE))
            break;
        if (sic_text_equals(word, "layout")) {
            if (started)
                break;
            started = true;
            *profile = (struct sic_profile){0};
            sic_layout_init(&profile->layout);
            if (!parse_heading(line, profile))
                return broken_line(text, start, error);
        } else if (!started || !parse_row(word, line, profile)) {
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

bool sic_profile_find(const char *text, size_t size, const char *name, struct sic_profile *profile)
{
    size_t cursor = 0, start;
    struct sic_text line, word;
    struct sic_error error;

    for (start = 0; sic_text_next_line(text, size, &cursor, &line); start = cursor) {
        if (sic_text_next_word(&line, &word) && sic_text_equals(word, "layout") && sic_text_next_word(&line, &word) &&
            sic_text_equals(word, name))
            return sic_profile_next(text, size, &start, &error, profile) == SIC_OK;
    }
    return false;
}

bool sic_profile_builtin_find(const char *name, struct sic_profile *profile)
{
    return sic_profile_find(sic_layouts_text, sic_layouts_text_size, name, profile);
}

const char *sic_profile_builtin_text(size_t *size)
{
    *size = sic_layouts_text_size;
    return sic_layouts_text;
}

const char *sic_known_kernel_builtin_text(size_t *size)
{
    *size = sic_kernels_text_size;
    return sic_kernels_text;
}

/* "GUIDAGE PDB BUILD LAYOUT GLOBAL…", the globals in the order of the heading. */
static bool parse_known_kernel(struct sic_text line, struct sic_text heading, struct sic_known_kernel *kernel)
{
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
            if (sic_text_equals(column, global_names[global]) && !sic_text_equals(word, "-") &&
                !sic_text_number(word, 16, &kernel->globals[global]))
                return false;
        }
    }
    return true;
}

bool sic_known_kernel_find_in(const char *text, size_t size, const char *guid_age, struct sic_known_kernel *kernel)
{
    size_t cursor = 0;
    struct sic_text line, heading = {0}, rest, word;

    while (sic_text_next_line(text, size, &cursor, &line)) {
        rest = line;
        if (!sic_text_next_word(&rest, &word) || word.start[0] == '#')
            continue;
        if (sic_text_equals(word, KERNEL_TABLE))
            heading = line;
        else if (heading.size > 0 && sic_text_equals(word, guid_age))
            return parse_known_kernel(line, heading, kernel);
    }
    return false;
}

bool sic_known_kernel_find(const char *guid_age, struct sic_known_kernel *kernel)
{
    return sic_known_kernel_find_in(sic_kernels_text, sic_kernels_text_size, guid_age, kernel);
}

uint32_t sic_profile_build_distance(const struct sic_profile *profile, uint32_t build)
{
    if (build < profile->first.part[2])
        return profile->first.part[2] - build;
    if (build > profile->last.part[2])
        return build - profile->last.part[2];
    return 0;
}
