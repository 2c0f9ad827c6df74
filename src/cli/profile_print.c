#include "cli/profile_print.h"

#include "cli/profile_compare.h"
#include "symbols/profile_tables.h"
#include "symbols/symbol_file.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* What the table of kernels will say of one PDB. */
struct kernel_row {
    char guid_age[SIC_PDB_IDENTITY_SIZE];
    char pdb[64];
    char layout[SIC_LAYOUT_NAME_SIZE];
    struct sic_version version;
    struct sic_kernel_columns columns;
};

static void format_version(const struct sic_version *version, char text[48])
{
    snprintf(text, 48, "%" PRIu32 ".%" PRIu32 ".%" PRIu32 ".%" PRIu32, version->part[0], version->part[1],
             version->part[2], version->part[3]);
}

/* A name as the file system has it, made fit for a row: blanks would end the word. */
static void take_file_name(const char *path, char *name, size_t size)
{
    const char *last = path + strlen(path);

    while (last > path && last[-1] != '/' && last[-1] != '\\')
        last--;
    snprintf(name, size, "%s", last);
    for (char *at = name; *at != '\0'; at++) {
        if (*at <= ' ' || *at > '~')
            *at = '_';
    }
}

static void name_layout(const struct sic_profile_naming *naming, const struct sic_profile_rows *rows,
                        struct kernel_row *row, bool *is_builtin)
{
    struct sic_known_kernel known;

    if (naming->has_version)
        row->version = naming->version;
    else if (sic_known_kernel_find(row->guid_age, &known))
        row->version = known.version;
    *is_builtin = sic_profile_find_equal(rows, row->layout);
    if (naming->name)
        snprintf(row->layout, sizeof(row->layout), "%s", naming->name);
    else if (!*is_builtin && row->version.part[2] != 0)
        snprintf(row->layout, sizeof(row->layout), "%" PRIu32 ".%" PRIu32, row->version.part[2], row->version.part[3]);
    else if (!*is_builtin)
        snprintf(row->layout, sizeof(row->layout), "pdb-%.16s", row->guid_age);
}

static void print_row(const struct sic_pdb_row *row)
{
    const struct sic_layout_field *field = &row->field;

    if (field->offset == SIC_FIELD_ABSENT)
        return;
    if (field->bit_count > 0)
        printf("%s 0x%" PRIx32 " %u:%u\n", row->name, field->offset, field->first_bit, field->bit_count);
    else
        printf("%s 0x%" PRIx32 "\n", row->name, field->offset);
}

static void print_layout(const struct sic_profile_rows *rows, const struct kernel_row *row)
{
    char version[48], equal[SIC_LAYOUT_NAME_SIZE];

    format_version(&row->version, version);
    if (sic_profile_find_equal(rows, equal))
        printf("# Equals the built-in layout %s: only the kernel's row is new.\n", equal);
    else
        printf("# Equals no built-in layout.\n");
    printf("layout %s %s-%s full\n"
           "source public symbols of %s %s\n",
           row->layout, version, version, row->pdb, row->guid_age);
    for (size_t i = 0; i < rows->count; i++)
        print_row(&rows->rows[i]);
    printf("\n");
}

static void print_kernels(const struct kernel_row *rows, size_t count)
{
    printf("guid_age pdb build layout");
    for (size_t i = 0; i < rows[0].columns.count; i++)
        printf(" %s", rows[0].columns.names[i]);
    printf("\n");
    for (size_t i = 0; i < count; i++) {
        char version[48];

        format_version(&rows[i].version, version);
        printf("%s %s %s %s", rows[i].guid_age, rows[i].pdb, version, rows[i].layout);
        for (size_t column = 0; column < rows[i].columns.count; column++) {
            if (rows[i].columns.rvas[column] != 0)
                printf(" %" PRIx32, rows[i].columns.rvas[column]);
            else
                printf(" -");
        }
        printf("\n");
    }
}

static enum sic_status read_pdb(const char *path, struct sic_profile_rows *rows, struct kernel_row *row,
                                struct sic_error *error)
{
    struct sic_symbol_file file;
    struct sic_error reason;
    struct sic_profile profile;
    enum sic_status status = sic_symbol_file_open(path, NULL, NULL, error, &file);

    if (status != SIC_OK)
        return status;
    sic_pdb_format_identity(sic_pdb_identity(file.pdb)->guid, sic_pdb_identity(file.pdb)->age, row->guid_age);
    take_file_name(path, row->pdb, sizeof(row->pdb));
    sic_kernel_columns_init(&row->columns);
    /* First as the walk would read it: a PDB of something else than a kernel is told so by what it lacks. */
    status = sic_pdb_read_profile(file.pdb, &reason, &profile);
    if (status == SIC_OK)
        status = sic_pdb_read_rows(file.pdb, rows->rows, rows->count, &reason);
    if (status == SIC_OK)
        status = sic_kernel_columns_read_pdb(&row->columns, file.pdb, &reason);
    if (status != SIC_OK)
        sic_error_set(error, status, "%.200s: %s; name the PDB of a 64-bit Windows kernel", path, reason.message);
    sic_symbol_file_close(&file);
    return status;
}

/* One name has one layout: a second PDB that would print the same one only adds its kernel. */
static bool is_printed(const struct kernel_row *rows, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (strcmp(rows[i].layout, rows[count].layout) == 0)
            return true;
    }
    return false;
}

static enum sic_status print_all(const char *const *paths, size_t count, const struct sic_profile_naming *naming,
                                 struct kernel_row *kernels, struct sic_error *error)
{
    for (size_t i = 0; i < count; i++) {
        struct sic_profile_rows rows;
        bool is_builtin;
        enum sic_status status = sic_profile_rows_init(&rows, error);

        if (status == SIC_OK)
            status = read_pdb(paths[i], &rows, &kernels[i], error);
        if (status == SIC_OK) {
            name_layout(naming, &rows, &kernels[i], &is_builtin);
            if (!is_builtin && kernels[i].version.part[2] == 0)
                fprintf(stderr, "sic: %s does not say of which build it is: give it with --build\n", paths[i]);
            if (!is_printed(kernels, i))
                print_layout(&rows, &kernels[i]);
        }
        sic_profile_rows_deinit(&rows);
        if (status != SIC_OK)
            return status;
    }
    print_kernels(kernels, count);
    return SIC_OK;
}

enum sic_status sic_profile_print(const char *const *paths, size_t count, const struct sic_profile_naming *naming,
                                  struct sic_error *error)
{
    struct kernel_row *kernels = calloc(count, sizeof(*kernels));
    enum sic_status status;

    if (!kernels)
        return sic_error_set(error, SIC_NO_MEMORY, "out of memory; close other programs and try again");
    status = print_all(paths, count, naming, kernels, error);
    free(kernels);
    return status;
}
