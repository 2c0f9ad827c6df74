/* What the layouts of crash dumps share. */
#ifndef SIC_IMAGE_DUMP_H
#define SIC_IMAGE_DUMP_H

#include "image/backend.h"

#define DUMP_HEADER_SIZE 0x2000u
#define DUMP_UNSET       0x45474150u /* "PAGE" */

/* The layouts; the common header is parsed and image->container set when they are called. */
enum sic_status image_dump_open_full(struct sic_image *image, struct sic_error *error);
enum sic_status image_dump_open_bitmap(struct sic_image *image, struct sic_error *error);
enum sic_status image_dump_open_ranges(struct sic_image *image, struct sic_error *error);
enum sic_status image_dump_open_triage(struct sic_image *image, struct sic_error *error);

/* Whether the signature of a bitmap stands behind the header. */
bool image_dump_has_bitmap(const struct image_bytes *file);

/* Whether the signature of a list of ranges stands behind the header. */
bool image_dump_has_ranges(const struct image_bytes *file);

#endif
