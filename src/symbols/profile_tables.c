#include "symbols/profile_tables.h"

#include <stdlib.h>
#include <string.h>

/* The first columns of the table of kernels are no globals: GUID and age, PDB, build, layout. */
#define FIRST_GLOBAL_COLUMN 4u
#define ROW_LIMIT           2048u

static bool is_row(struct sic_text name)
{
    return name.size > 0 && name.size < SIC_ROW_NAME_SIZE && name.start[0] == '_';
}

static size_t structure_length(const char *name, size_t size)
{
    const char *dot = memchr(name, '.', size);

    return dot ? (size_t)(dot - name) : size;
}

/* The place of a name: its own, or behind the last row of its structure. */
static size_t find_place(const struct sic_profile_rows *rows, struct sic_text name, bool *is_there)
{
    size_t length = structure_length(name.start, name.size), place = rows->count;

    for (size_t i = 0; i < rows->count; i++) {
        const char *other = rows->names[i];

        *is_there = sic_text_equals(name, other);
        if (*is_there)
            return i;
        if (structure_length(other, strlen(other)) == length && memcmp(other, name.start, length) == 0)
            place = i + 1;
    }
    *is_there = false;
    return place;
}

static void add_name(struct sic_profile_rows *rows, struct sic_text name)
{
    bool is_there;
    size_t place = find_place(rows, name, &is_there);

    if (is_there || rows->count == ROW_LIMIT)
        return;
    memmove(rows->names[place + 1], rows->names[place], (rows->count - place) * sizeof(rows->names[0]));
    rows->count++;
    (void)sic_text_copy(name, rows->names[place], sizeof(rows->names[place]));
}

enum sic_status sic_profile_rows_init(struct sic_profile_rows *rows, struct sic_error *error)
{
    size_t size, cursor = 0;
    const char *text = sic_profile_builtin_text(&size);
    struct sic_text line, word;

    *rows = (struct sic_profile_rows){.names = calloc(ROW_LIMIT + 1, sizeof(*rows->names)),
                                      .rows = calloc(ROW_LIMIT, sizeof(*rows->rows))};
    if (!rows->names || !rows->rows)
        return sic_error_set(error, SIC_NO_MEMORY, "out of memory; close other programs and try again");
    while (sic_text_next_line(text, size, &cursor, &line)) {
        if (sic_text_next_word(&line, &word) && is_row(word))
            add_name(rows, word);
    }
    for (size_t i = 0; i < rows->count; i++)
        rows->rows[i] = (struct sic_pdb_row){.name = rows->names[i], .field = {.offset = SIC_FIELD_ABSENT}};
    return SIC_OK;
}

void sic_profile_rows_deinit(struct sic_profile_rows *rows)
{
    free(rows->rows);
    free(rows->names);
    *rows = (struct sic_profile_rows){0};
}

/* True at a line "layout NAME …". */
static bool is_heading(struct sic_text line, struct sic_text *name)
{
    struct sic_text word;

    return sic_text_next_word(&line, &word) && sic_text_equals(word, "layout") && sic_text_next_word(&line, name);
}

bool sic_profile_rows_read_builtin(struct sic_profile_rows *rows, const char *layout)
{
    size_t size, cursor = 0;
    const char *text = sic_profile_builtin_text(&size);
    struct sic_text line, word;
    bool is_inside = false, found = false, is_there;

    for (size_t i = 0; i < rows->count; i++)
        rows->rows[i].field = (struct sic_layout_field){.offset = SIC_FIELD_ABSENT};
    while (sic_text_next_line(text, size, &cursor, &line)) {
        size_t place;

        if (is_heading(line, &word)) {
            is_inside = sic_text_equals(word, layout);
            found = found || is_inside;
            continue;
        }
        if (!is_inside || !sic_text_next_word(&line, &word) || !is_row(word))
            continue;
        place = find_place(rows, word, &is_there);
        if (is_there)
            (void)sic_profile_parse_place(line, &rows->rows[place].field);
    }
    return found;
}

bool sic_profile_next_name(size_t *cursor, char name[SIC_LAYOUT_NAME_SIZE])
{
    size_t size;
    const char *text = sic_profile_builtin_text(&size);
    struct sic_text line, word;

    while (sic_text_next_line(text, size, cursor, &line)) {
        if (is_heading(line, &word) && sic_text_copy(word, name, SIC_LAYOUT_NAME_SIZE))
            return true;
    }
    return false;
}

/* The line of the table of kernels that begins with `first`. */
static bool find_line(const char *first, struct sic_text *rest)
{
    size_t size, cursor = 0;
    const char *text = sic_known_kernel_builtin_text(&size);
    struct sic_text word;

    while (sic_text_next_line(text, size, &cursor, rest)) {
        if (sic_text_next_word(rest, &word) && sic_text_equals(word, first))
            return true;
    }
    return false;
}

void sic_kernel_columns_init(struct sic_kernel_columns *columns)
{
    struct sic_text rest, word;

    memset(columns, 0, sizeof(*columns));
    if (!find_line("guid_age", &rest))
        return;
    for (unsigned i = 1; sic_text_next_word(&rest, &word) && columns->count < SIC_COLUMN_LIMIT; i++) {
        if (i >= FIRST_GLOBAL_COLUMN && sic_text_copy(word, columns->names[columns->count], SIC_ROW_NAME_SIZE))
            columns->count++;
    }
}

bool sic_kernel_columns_read_builtin(struct sic_kernel_columns *columns, const char *guid_age)
{
    struct sic_text rest, word;

    if (!find_line(guid_age, &rest))
        return false;
    memset(columns->rvas, 0, sizeof(columns->rvas));
    for (unsigned i = 1; sic_text_next_word(&rest, &word); i++) {
        if (i >= FIRST_GLOBAL_COLUMN && i - FIRST_GLOBAL_COLUMN < columns->count)
            (void)sic_text_number(word, 16, &columns->rvas[i - FIRST_GLOBAL_COLUMN]);
    }
    return true;
}

enum sic_status sic_kernel_columns_read_pdb(struct sic_kernel_columns *columns, struct sic_pdb *pdb,
                                            struct sic_error *error)
{
    struct sic_pdb_global globals[SIC_COLUMN_LIMIT];
    enum sic_status status;

    for (size_t i = 0; i < columns->count; i++)
        globals[i] = (struct sic_pdb_global){.name = columns->names[i]};
    status = sic_pdb_find_globals(pdb, globals, columns->count, error);
    for (size_t i = 0; i < columns->count && status == SIC_OK; i++)
        columns->rvas[i] = globals[i].answer == SIC_PDB_FOUND ? globals[i].rva : 0;
    return status;
}
