/*
 * Where an answer comes from: which image, which kernel, which layout. It travels with a saved scan, so that a listing
 * of one says the same as a listing of its image.
 */
#ifndef SIC_CLI_ORIGIN_H
#define SIC_CLI_ORIGIN_H

#include "image/image.h"
#include "kernel/kernel.h"
#include "sic/wire.h"

/* `image` is NULL for the live kernel. Texts are cut to their places, and what is no printable ASCII is shown as '?'.
 */
void sic_origin_describe(const struct sic_image *image, const struct sic_kernel *kernel,
                         struct sic_wire_origin *origin);

/* Whether it was a live kernel's memory, and no image. */
bool sic_origin_is_live(const struct sic_wire_origin *origin);

/* "ntkrnlmp.pdb 5278AFF8…1", or "PDB unknown". */
void sic_origin_pdb(const struct sic_wire_origin *origin, char text[SIC_PDB_REFERENCE_TEXT_SIZE]);

#endif
