/*
 * How tests open the images that container_builder.h writes, and hold their refusals to the form of errors.
 */
#ifndef TESTS_BUILT_IMAGE_H
#define TESTS_BUILT_IMAGE_H

#include "container_builder.h"
#include "image/image.h"

/* The image, which must open; the caller's to close. */
struct sic_image *built_image_open(const struct built_file *file);

/* The refusal is one line that begins with the image's name and contains `word`. */
void built_image_expect_refusal(const struct built_file *file, enum sic_status status, const char *word);

#endif
