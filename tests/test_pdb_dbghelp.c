/*
 * The PDB reader held against Wine's dbghelp on the same PDB: every own member of every generated structure.
 * usage: test_pdb_dbghelp FIXTURES DBGHELP_DUMP.EXE; the Wine prefix lies beside the fixtures.
 */
#include "symbols/pdb.h"

#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

static const char *fixtures = "pdb_fixtures";
static const char *program = "";

/* What both sides say, one line a member, in the PDB's order. */
struct listing {
    char *text;
    size_t size;
    FILE *stream;
    const char *structure;
};

static bool add_field(void *context, const char *path, const struct sic_pdb_field *field)
{
    struct listing *listing = context;

    fprintf(listing->stream, "%s.%s %" PRIu64 " %u %" PRIu64 "\n", listing->structure, path,
            field->offset * 8 + field->bit_position, field->bit_count, field->bit_count > 0 ? 0 : field->size);
    return true;
}

static void list_structure(struct sic_pdb *pdb, struct listing *listing, const char *name)
{
    struct sic_error error;
    struct sic_pdb_query query = {.path = name};

    listing->structure = name;
    assert_int_equal(sic_pdb_find_fields(pdb, &query, 1, &error), SIC_OK);
    fprintf(listing->stream, "%s - - %" PRIu64 "\n", name, query.field.size);
    if (sic_pdb_each_field(pdb, name, 0, add_field, listing, &error) != SIC_OK)
        fail_msg("%s: %s", name, error.message);
}

static bool note_name(void *context, const char *name)
{
    struct listing *names = context;

    /* dbghelp tells offsets in 32 bits, finds no nameless types by name and keeps base classes apart */
    if (strcmp(name, "huge") != 0 && strchr(name, '<') == NULL && strcmp(name, "space::derived") != 0)
        fprintf(names->stream, "%s\n", name);
    return true;
}

static void open_listing(struct listing *listing)
{
    listing->stream = open_memstream(&listing->text, &listing->size);
    assert_non_null(listing->stream);
}

static char *read_all(FILE *stream, size_t *size)
{
    struct listing all = {0};
    int character;

    open_listing(&all);
    while ((character = fgetc(stream)) != EOF) {
        if (character != '\r')
            fputc(character, all.stream);
    }
    fclose(all.stream);
    *size = all.size;
    return all.text;
}

static char *ask_dbghelp(const struct listing *names, size_t *size)
{
    char command[8192], path[4096];
    FILE *file, *pipe;
    char *answer;

    snprintf(path, sizeof(path), "%s/names", fixtures);
    file = fopen(path, "w");
    assert_non_null(file);
    fwrite(names->text, 1, names->size, file);
    fclose(file);
    snprintf(command, sizeof(command),
             "cd '%s' && WINEPREFIX=\"$PWD/wine\" WINEDEBUG=-all WINEDLLOVERRIDES='mscoree=;mshtml=;"
             "winemenubuilder.exe=d' wine '%s' many.dll <names 2>wine.log",
             fixtures, program);
    pipe = popen(command, "r");
    assert_non_null(pipe);
    answer = read_all(pipe, size);
    assert_int_equal(pclose(pipe), 0);
    return answer;
}

static char *next_line(char **text)
{
    char *line = *text;
    char *end = strchr(line, '\n');

    if (end == NULL)
        return NULL;
    *end = '\0';
    *text = end + 1;
    return line;
}

static unsigned compare_lines(char *ours, char *theirs)
{
    unsigned count = 0;
    char *line;

    while ((line = next_line(&ours)) != NULL) {
        char *other = next_line(&theirs);

        assert_non_null(other);
        assert_string_equal(line, other);
        count++;
    }
    assert_string_equal(theirs, "");
    return count;
}

static bool can_run(void)
{
    if (system("command -v wine >/dev/null 2>&1") != 0) {
        print_message("skipped: wine is not installed\n");
        return false;
    }
    if (access(program, R_OK) != 0) {
        print_message("skipped: %s was not built (mingw-w64)\n", program);
        return false;
    }
    return true;
}

static char *read_pdb(size_t *size)
{
    char path[4096];
    FILE *file;
    char *bytes;

    snprintf(path, sizeof(path), "%s/many.pdb", fixtures);
    file = fopen(path, "rb");
    if (file == NULL) {
        print_message("skipped: %s was not made (clang, lld, llvm)\n", path);
        return NULL;
    }
    fseek(file, 0, SEEK_END);
    *size = (size_t)ftell(file);
    rewind(file);
    bytes = malloc(*size);
    assert_int_equal(fread(bytes, 1, *size, file), *size);
    fclose(file);
    return bytes;
}

static void members_equal_those_of_dbghelp(void **state)
{
    struct listing names = {0}, ours = {0};
    struct sic_error error;
    struct sic_pdb *pdb = NULL;
    size_t size = 0, answer_size = 0;
    char *bytes, *answer, *rest, *name;
    unsigned count;

    (void)state;
    bytes = can_run() ? read_pdb(&size) : NULL;
    if (bytes == NULL)
        skip();
    assert_int_equal(sic_pdb_open_bytes(bytes, size, &error, &pdb), SIC_OK);
    open_listing(&names);
    assert_int_equal(sic_pdb_each_structure(pdb, note_name, &names, &error), SIC_OK);
    fclose(names.stream);
    answer = ask_dbghelp(&names, &answer_size);
    open_listing(&ours);
    for (rest = names.text; (name = next_line(&rest)) != NULL;)
        list_structure(pdb, &ours, name);
    fclose(ours.stream);
    count = compare_lines(ours.text, answer);
    print_message("%u lines equal those of Wine's dbghelp\n", count);
    assert_true(count > 1000);
    free(ours.text);
    free(names.text);
    free(answer);
    sic_pdb_close(pdb);
    free(bytes);
}

int main(int argument_count, char **arguments)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(members_equal_those_of_dbghelp)};

    if (argument_count > 2) {
        fixtures = arguments[1];
        program = arguments[2];
    }
    return cmocka_run_group_tests_name("pdb dbghelp", tests, NULL, NULL);
}
