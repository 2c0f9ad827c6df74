#include "cli/profile_compare.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

void sic_profile_format_place(const struct sic_layout_field *field, char text[SIC_PLACE_TEXT_SIZE])
{
    if (field->offset == SIC_FIELD_ABSENT)
        snprintf(text, SIC_PLACE_TEXT_SIZE, "absent");
    else if (field->bit_count > 0)
        snprintf(text, SIC_PLACE_TEXT_SIZE, "0x%" PRIx32 " %u:%u", field->offset, field->first_bit, field->bit_count);
    else
        snprintf(text, SIC_PLACE_TEXT_SIZE, "0x%" PRIx32, field->offset);
}

static bool is_of_the_walk(const char *name)
{
    for (unsigned field = 0; field < SIC_FIELD_COUNT; field++) {
        if (strcmp(sic_layout_field_name(field), name) == 0)
            return true;
    }
    return false;
}

static bool is_same(const struct sic_pdb_row *builtin, const struct sic_pdb_row *pdb)
{
    if (builtin->field.offset == SIC_FIELD_ABSENT)
        return pdb->field.offset == SIC_FIELD_ABSENT || !is_of_the_walk(builtin->name);
    return builtin->field.offset == pdb->field.offset && builtin->field.first_bit == pdb->field.first_bit &&
           builtin->field.bit_count == pdb->field.bit_count;
}

size_t sic_profile_compare(const struct sic_profile_rows *builtin, const struct sic_profile_rows *pdb,
                           const char *heading)
{
    size_t differences = 0;

    for (size_t i = 0; i < builtin->count; i++) {
        char here[SIC_PLACE_TEXT_SIZE], there[SIC_PLACE_TEXT_SIZE];

        if (is_same(&builtin->rows[i], &pdb->rows[i]))
            continue;
        differences++;
        if (!heading)
            continue;
        sic_profile_format_place(&builtin->rows[i].field, here);
        sic_profile_format_place(&pdb->rows[i].field, there);
        printf("%s: %s: built in %s, in the PDB %s\n", heading, builtin->rows[i].name, here, there);
    }
    return differences;
}

bool sic_profile_find_equal(const struct sic_profile_rows *rows, char name[SIC_LAYOUT_NAME_SIZE])
{
    struct sic_profile_rows builtin;
    struct sic_error error;
    size_t cursor = 0;
    bool found = false;

    if (sic_profile_rows_init(&builtin, &error) == SIC_OK) {
        while (!found && sic_profile_next_name(&cursor, name)) {
            found = sic_profile_rows_read_builtin(&builtin, name) && sic_profile_compare(&builtin, rows, NULL) == 0;
        }
    }
    sic_profile_rows_deinit(&builtin);
    if (!found)
        name[0] = '\0';
    return found;
}
