/*
 * Files that appear whole or not at all, on file systems that can make files without a name and on those that cannot.
 */
#include "platform/new_file.h"
#include "platform/paths.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

static bool lacks_nameless;
static char folder[] = "/tmp/test-new-file-XXXXXX";

int __wrap_open64(const char *path, int flags, ...);
int __real_open64(const char *path, int flags, ...);

int __wrap_open64(const char *path, int flags, ...)
{
    if (lacks_nameless && (flags & O_TMPFILE) == O_TMPFILE) {
        errno = EOPNOTSUPP;
        return -1;
    }
    return __real_open64(path, flags, 0644);
}

static bool count_name(void *context, const char *name)
{
    (void)name;
    ++*(unsigned *)context;
    return true;
}

static unsigned count_names(const char *path)
{
    unsigned count = 0;

    assert_true(sic_folder_each(path, count_name, &count));
    return count;
}

static void make(const char *text, struct sic_new_file *file)
{
    struct sic_error error;

    if (sic_new_file_create(folder, "name", &error, file) != SIC_OK ||
        sic_new_file_write(file, text, strlen(text), &error) != SIC_OK)
        fail_msg("%s", error.message);
}

static void check_content(const char *path, const char *expected)
{
    char text[32] = "";
    FILE *file = fopen(path, "r");

    assert_non_null(file);
    assert_non_null(fgets(text, sizeof(text), file));
    fclose(file);
    assert_string_equal(text, expected);
}

static void check_life(bool without)
{
    struct sic_new_file file;
    struct sic_error error;
    char path[64];

    lacks_nameless = without;
    snprintf(path, sizeof(path), "%s/name", folder);
    /* Given up: nothing stays, and until then nothing stands under the name. */
    make("lost", &file);
    assert_int_equal(sic_path_kind(path), SIC_PATH_NONE);
    assert_int_equal(count_names(folder), without ? 1 : 0);
    check_content(file.now, "lost");
    sic_new_file_close(&file);
    assert_int_equal(count_names(folder), 0);
    /* Placed, and replaced by the next. */
    for (unsigned i = 0; i < 2; i++) {
        make(i ? "second" : "first", &file);
        assert_int_equal(sic_new_file_place(&file, &error), SIC_OK);
        sic_new_file_close(&file);
        check_content(path, i ? "second" : "first");
        assert_int_equal(count_names(folder), 1);
    }
    unlink(path);
}

static void test_without_a_name(void **state)
{
    (void)state;
    check_life(false);
}

static void test_on_systems_that_need_a_name(void **state)
{
    (void)state;
    check_life(true);
}

static void test_folders_are_made(void **state)
{
    struct sic_new_file file;
    struct sic_error error;
    char deep[64], part[64];

    (void)state;
    lacks_nameless = false;
    snprintf(deep, sizeof(deep), "%s/a/b", folder);
    assert_int_equal(sic_new_file_create(deep, "name", &error, &file), SIC_OK);
    sic_new_file_close(&file);
    assert_int_equal(sic_path_kind(deep), SIC_PATH_FOLDER);
    rmdir(deep);
    snprintf(part, sizeof(part), "%s/a", folder);
    rmdir(part);
    /* A file stands where a folder should. */
    make("text", &file);
    assert_int_equal(sic_new_file_place(&file, &error), SIC_OK);
    sic_new_file_close(&file);
    snprintf(deep, sizeof(deep), "%s/name/b", folder);
    assert_int_equal(sic_new_file_create(deep, "name", &error, &file), SIC_IO);
    assert_non_null(strstr(error.message, deep));
    snprintf(part, sizeof(part), "%s/name", folder);
    unlink(part);
}

static int make_folder(void **state)
{
    (void)state;
    return mkdtemp(folder) ? 0 : -1;
}

static int remove_folder(void **state)
{
    (void)state;
    return rmdir(folder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_without_a_name),
        cmocka_unit_test(test_on_systems_that_need_a_name),
        cmocka_unit_test(test_folders_are_made),
    };

    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
