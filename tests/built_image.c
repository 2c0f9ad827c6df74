#include "built_image.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

struct sic_image *built_image_open(const struct built_file *file)
{
    struct sic_image *image = NULL;
    struct sic_error error = {""};

    if (sic_image_open_bytes(file->bytes, file->size, "built", &error, &image) != SIC_OK) {
        fail_msg("%s", error.message);
    }
    return image;
}

void built_image_expect_refusal(const struct built_file *file, enum sic_status status, const char *word)
{
    struct sic_image *image = NULL;
    struct sic_error error = {""};

    assert_int_equal(sic_image_open_bytes(file->bytes, file->size, "SOME", &error, &image), status);
    assert_null(image);
    assert_ptr_equal(strstr(error.message, "SOME: "), error.message);
    if (strstr(error.message, word) == NULL || strchr(error.message, '\n') != NULL) {
        fail_msg("\"%s\" is not in: %s", word, error.message);
    }
}
