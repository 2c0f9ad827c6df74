#include "image/backend.h"

static enum sic_status foreign_open(struct sic_image *image, struct sic_error *error)
{
    (void)image;
    (void)error;
    return SIC_NOT_MINE;
}

const struct image_backend image_backend_foreign = {
    .name = "foreign",
    .open = foreign_open,
};
