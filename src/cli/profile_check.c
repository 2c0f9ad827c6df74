#include "cli/profile_check.h"

#include "cli/profile_compare.h"
#include "cli/report.h"
#include "platform/paths.h"
#include "symbols/symbol_file.h"
#include "util/escape.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* Folders and files looked at: a store of three tiers is four deep. */
#define ENTRY_LIMIT 1000000u
#define DEPTH_LIMIT 8u

/* Paths found and not looked at yet, and the sums so far. */
struct check {
    char **paths;
    unsigned *depths;
    size_t count, capacity, seen;
    const char *folder; /* whose names are being read */
    unsigned depth;
    bool has_failed; /* memory ran out, or a PDB could not be read */
    size_t compared, unknown, differences;
    struct sic_profile_rows builtin, pdb;
};

static bool keep_path(struct check *check, char *path, unsigned depth)
{
    if (path && check->count == check->capacity) {
        size_t capacity = check->capacity ? check->capacity * 2 : 64;
        char **paths = realloc(check->paths, capacity * sizeof(*paths));
        unsigned *depths = paths ? realloc(check->depths, capacity * sizeof(*depths)) : NULL;

        check->paths = paths ? paths : check->paths;
        check->depths = depths ? depths : check->depths;
        check->capacity = depths ? capacity : check->capacity;
    }
    if (!path || check->count == check->capacity) {
        free(path);
        check->has_failed = true;
        return false;
    }
    check->paths[check->count] = path;
    check->depths[check->count++] = depth;
    return true;
}

static bool keep_entry(void *context, const char *name)
{
    struct check *check = context;

    if (++check->seen > ENTRY_LIMIT) {
        check->has_failed = true;
        return false;
    }
    return keep_path(check, sic_path_join(check->folder, name), check->depth + 1);
}

static size_t compare_globals(struct sic_pdb *pdb, const char *guid_age, const char *heading)
{
    struct sic_kernel_columns builtin, found;
    struct sic_error error;
    size_t differences = 0;

    sic_kernel_columns_init(&builtin);
    sic_kernel_columns_init(&found);
    (void)sic_kernel_columns_read_builtin(&builtin, guid_age);
    if (sic_kernel_columns_read_pdb(&found, pdb, &error) != SIC_OK) {
        printf("%s: %s\n", heading, error.message);
        return 1;
    }
    for (size_t i = 0; i < builtin.count; i++) {
        if (builtin.rvas[i] == found.rvas[i] || builtin.rvas[i] == 0)
            continue;
        differences++;
        printf("%s: %s: built in %" PRIx32 ", in the PDB %" PRIx32 "\n", heading, builtin.names[i], builtin.rvas[i],
               found.rvas[i]);
    }
    return differences;
}

static void compare_pdb(struct check *check, const struct sic_symbol_file *file, const char *label)
{
    const struct sic_pdb_identity *identity = sic_pdb_identity(file->pdb);
    char guid_age[SIC_PDB_IDENTITY_SIZE];
    struct sic_known_kernel known;
    struct sic_error error = {.message = "its layout is not built in"};
    size_t differences;

    sic_pdb_format_identity(identity->guid, identity->age, guid_age);
    if (!sic_known_kernel_find(guid_age, &known)) {
        check->unknown++;
        printf("%s: %s is of no built-in kernel\n", label, guid_age);
        return;
    }
    if (!sic_profile_rows_read_builtin(&check->builtin, known.layout) ||
        sic_pdb_read_rows(file->pdb, check->pdb.rows, check->pdb.count, &error) != SIC_OK) {
        printf("%s: %s\n", label, error.message);
        check->has_failed = true;
        return;
    }
    differences =
        sic_profile_compare(&check->builtin, &check->pdb, label) + compare_globals(file->pdb, guid_age, label);
    check->compared++;
    check->differences += differences;
    printf("%s: layout %s: %zu differences\n", label, known.layout, differences);
}

static void check_file(struct check *check, const char *path)
{
    size_t length = strlen(path);
    struct sic_symbol_file file;
    struct sic_error error;
    char *label;

    if (length < 4 || strcasecmp(path + length - 4, ".pdb") != 0)
        return;
    /* Names that somebody else gave to files: not for the terminal as they are. */
    label = malloc(length * SIC_ESCAPE_UNIT_SIZE + 1);
    check->has_failed = check->has_failed || !label;
    if (!label)
        return;
    sic_escape_bytes((const uint8_t *)path, length, label);
    if (sic_symbol_file_open(path, label, NULL, &error, &file) == SIC_OK) {
        compare_pdb(check, &file, label);
        sic_symbol_file_close(&file);
    } else {
        fprintf(stderr, "sic: %s\n", error.message);
        check->has_failed = true;
    }
    free(label);
}

static int compare_paths(const void *left, const void *right)
{
    return strcmp(*(char *const *)right, *(char *const *)left);
}

/* Folders are read depth first, names in their order, without recursion. */
static void check_next(struct check *check)
{
    char *path = check->paths[--check->count];
    unsigned depth = check->depths[check->count];
    size_t first = check->count;

    check->folder = path;
    check->depth = depth;
    switch (sic_path_kind(path)) {
    case SIC_PATH_FILE:
        check_file(check, path);
        break;
    case SIC_PATH_FOLDER:
        if (depth < DEPTH_LIMIT && sic_folder_each(path, keep_entry, check))
            qsort(check->paths + first, check->count - first, sizeof(*check->paths), compare_paths);
        break;
    default:
        break;
    }
    free(path);
}

static int report(const struct check *check)
{
    printf("%zu PDBs of built-in kernels compared, %zu of others; %zu differences\n", check->compared, check->unknown,
           check->differences);
    if (fflush(stdout) != 0)
        return sic_fail_to_write();
    if (check->has_failed)
        return sic_fail("not every PDB could be read: the comparison is not whole");
    if (check->differences > 0)
        return sic_fail("the built-in rows are not what the PDBs say: see data/ and docs/profiles.md");
    return check->compared > 0 ? SIC_EXIT_FOUND : SIC_EXIT_NOTHING_FOUND;
}

int sic_profile_check(const char *folder)
{
    struct check check = {.count = 0};
    struct sic_error error;
    int status = SIC_EXIT_ERROR;

    if (sic_path_kind(folder) != SIC_PATH_FOLDER) {
        sic_error_set(&error, SIC_IO, "--check: %.300s is no folder; name one that holds PDBs", folder);
        return sic_fail(error.message);
    }
    if (sic_profile_rows_init(&check.builtin, &error) != SIC_OK ||
        sic_profile_rows_init(&check.pdb, &error) != SIC_OK) {
        sic_fail(error.message);
    } else {
        (void)keep_path(&check, strdup(folder), 0);
        while (check.count > 0)
            check_next(&check);
        status = report(&check);
    }
    sic_profile_rows_deinit(&check.builtin);
    sic_profile_rows_deinit(&check.pdb);
    free(check.paths);
    free(check.depths);
    return status;
}
