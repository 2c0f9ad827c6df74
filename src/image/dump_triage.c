#include "image/dump.h"

enum sic_status image_dump_open_triage(struct sic_image *image, struct sic_error *error)
{
    return sic_error_set(error, SIC_UNSUPPORTED, "%s: this is a triage minidump, not read yet", image->name);
}
